"""`circleshield train`: from files to a model that can be used."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from circleshield.commands.train import command
from circleshield_model.errors import InputError
from circleshield_model.scorer import Scorer
from circleshield_training import samples as samples_module


@pytest.fixture(autouse=True)
def small_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the seed corpus, so that training takes a second or two."""
    folder = tmp_path / "seed"
    folder.mkdir()
    rows = [
        line for file in sorted(samples_module.SEED.glob("*.jsonl")) for line in file.read_text("utf-8").splitlines()
    ]
    (folder / "few.jsonl").write_text("\n".join(rows[::10]), "utf-8")
    monkeypatch.setattr(samples_module, "SEED", folder)


def test_writes_a_model_and_says_how_far_it_is(tmp_path: Path) -> None:
    mine = tmp_path / "mine.jsonl"
    mine.write_text(json.dumps({"text": "鲸落家的蓝色小药丸", "label": "sales_spam"}) + "\n", "utf-8")
    out = tmp_path / "model"
    done = CliRunner().invoke(command, [str(mine), "--out", str(out)], catch_exceptions=False)
    assert done.exit_code == 0
    assert "posts" in done.stderr
    assert done.stdout == ""
    assert Scorer.load(out).scores(["x"]).shape == (1,)


def test_default_is_the_users_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platformdirs.user_data_dir", lambda name: str(tmp_path / name))
    done = CliRunner().invoke(command, [], catch_exceptions=False)
    assert done.exit_code == 0
    assert Scorer.load(tmp_path / "circleshield" / "model").version


def test_a_bad_row_stops_it_before_anything_is_written(tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"text": "x", "label": "maybe"}\n', "utf-8")
    with pytest.raises(InputError, match=r"bad\.jsonl:1: label 'maybe'"):
        CliRunner().invoke(command, [str(bad), "--out", str(tmp_path / "model")], catch_exceptions=False)
    assert not (tmp_path / "model").exists()

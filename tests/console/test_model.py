"""`circleshield model`: list, info, diff, rollback."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.console.recorded import record, verdict

from circleshield.commands.model import command
from circleshield_model import artefact, versions
from circleshield_model.errors import InputError
from circleshield_model.scorer import Scorer
from circleshield_training.gate import read_hold_out
from circleshield_training.samples import read_seed


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two versions: the packaged model by another name, in use, and one that removes what is put up for review."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("same", "stricter"):
        shutil.copytree(artefact.PACKAGED, versions.models(tmp_path) / name)
    path = versions.models(tmp_path) / "stricter" / artefact.MANIFEST
    manifest = json.loads(path.read_bytes())
    path.write_text(json.dumps({**manifest, "remove_at": manifest["review_at"]}), "utf-8")
    versions.put_in_use(tmp_path, "same")
    return tmp_path


def model(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command, [arguments[0], "--home", str(home), *arguments[1:]])


def test_list(home: Path) -> None:
    rows = json.loads(model(home, "list", "--json").stdout)
    assert {row["version"] for row in rows} == {"packaged", "same", "stricter"}
    assert [row["version"] for row in rows if row["in_use"]] == ["same"]
    lines = model(home, "list").stdout.splitlines()
    assert [line.split()[1] for line in lines if line.startswith("*")] == ["same"]


def test_list_goes_on_past_a_damaged_version(home: Path) -> None:
    (versions.models(home) / "stricter" / artefact.MANIFEST).write_text("{", "utf-8")
    done = model(home, "list")
    assert done.exit_code == 0
    assert "stricter: " in done.stderr
    assert "same" in done.stdout


def test_info(home: Path) -> None:
    said = model(home, "info").stdout
    assert "version    same (in use)" in said
    assert "in use     from " in said
    found = json.loads(model(home, "info", "packaged", "--json").stdout)
    assert found["remove_at"] == artefact.read_manifest(artefact.PACKAGED)["remove_at"]
    assert found["gate"] is None


def test_diff(home: Path) -> None:
    scorer = Scorer.load()
    texts = [s.text for s in (*read_hold_out(), *read_seed()[::20])]
    between = next(t for t in texts if scorer.review_at <= scorer.scores([t])[0] < scorer.remove_at)
    record(home, verdict("1", "review", text=between), verdict("2", "review", text="好看的晚霞"))
    found = json.loads(model(home, "diff", "same", "stricter", "--json").stdout)
    assert [(c["post_id"], c["removed"]) for c in found["changes"]] == [("1", True)]
    assert any(f["figure"] == "wrongly removed" and f["now"] > f["before"] for f in found["gate"]["findings"])
    said = model(home, "diff", "stricter").stdout
    assert "of recent posts 0 would now be removed, 1 restored" in said


def test_rollback(home: Path) -> None:
    assert model(home, "rollback").stdout == "model packaged is in use now\n"
    assert json.loads(model(home, "rollback", "stricter", "--json").stdout) == {"in_use": "stricter"}
    assert versions.in_use(home) == "stricter"
    again = model(home, "rollback", "none")
    assert isinstance(again.exception, InputError)
    assert versions.in_use(home) == "stricter"


def test_a_version_that_cannot_be_loaded_is_not_put_in_use(home: Path) -> None:
    (versions.models(home) / "stricter" / artefact.ARRAYS).write_bytes(b"x")
    done = model(home, "rollback", "stricter")
    assert isinstance(done.exception, InputError)
    assert versions.in_use(home) == "same"

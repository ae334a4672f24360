"""`circleshield evaluate`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from circleshield.commands.evaluate import command
from circleshield_model.errors import InputError
from circleshield_training.samples import SEED


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rows = [line for part in sorted(SEED.glob("*.jsonl")) for line in part.read_text("utf-8").splitlines()]
    path = tmp_path / "some.jsonl"
    path.write_text("\n".join(rows[::60]) + "\n", "utf-8")
    return path


def test_tables(file: Path) -> None:
    done = CliRunner().invoke(command, [str(file)], env={"COLUMNS": "80"}, catch_exceptions=False)
    assert done.exit_code == 0
    for word in ("some", "R@0.5 %", "PR-AUC", "full-width", "padded with 4", "highest social", "lowest sales", "cost"):
        assert word in done.stdout
    assert "…" not in "".join(line for line in done.stdout.splitlines() if line.startswith("  "))  # no cell is cut


def test_json_and_report(file: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    arguments = [str(file), "--json", "--report", str(tmp_path / "out"), "--cost-lost", "3"]
    done = CliRunner().invoke(command, arguments, catch_exceptions=False)
    found = json.loads(done.stdout)
    assert done.exit_code == 0
    assert found["sources"][0]["source"] == "some"
    assert found["cost"]["lost"] == 3
    assert (tmp_path / "out" / "report.html").stat().st_mode & 0o777 == 0o600  # it quotes posts
    done = CliRunner().invoke(command, [str(file), "--json", "--report", str(file / "out")])
    assert "cannot be written" in str(done.exception)
    assert json.loads(done.stdout)["sources"] == found["sources"]  # they are not lost


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(InputError, match="no labelled posts"):
        CliRunner().invoke(command, [str(tmp_path / "empty.jsonl")], catch_exceptions=False)


def test_posts_cannot_steer_the_terminal(tmp_path: Path) -> None:
    rows = [{"text": f"\x1b[2J下雨了{n}", "label": "social" if n % 2 else "sales_spam"} for n in range(4)]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    done = CliRunner().invoke(command, [str(tmp_path / "a.jsonl")], catch_exceptions=False)
    assert "下雨了" in done.stdout
    assert "\x1b[2J" not in done.stdout

"""`circleshield export`."""

import csv
import io
import json
import stat
from pathlib import Path

from tests.console.recorded import record, refused, said, verdict


def test_json_lines(tmp_path: Path) -> None:
    record(tmp_path, verdict("1", text="a\nb"), verdict("2", "keep"))
    rows = [json.loads(line) for line in said(tmp_path, "export").splitlines()]
    assert [(row["post_id"], row["text"], row["action"]) for row in rows] == [
        ("1", "a\nb", "remove"),
        ("2", None, "keep"),
    ]
    assert rows[0]["time"].endswith("Z")
    assert rows[0]["reasons"] == ["score 0.99 ≥ 0.95", "“代理” +3.5"]


def test_csv_holds_no_formula(tmp_path: Path) -> None:
    record(tmp_path, verdict("1", author='=HYPERLINK("http://x")', text='a\nb,"c"'))
    header, row = csv.reader(io.StringIO(said(tmp_path, "export", "--format", "csv")))
    got = dict(zip(header, row, strict=True))
    assert got["author_id"] == '\'=HYPERLINK("http://x")'
    assert got["text"] == 'a\nb,"c"'
    assert got["reasons"] == "score 0.99 ≥ 0.95 · “代理” +3.5"


def test_to_a_file_for_its_owner_alone(tmp_path: Path) -> None:
    record(tmp_path, verdict("1"))
    out = tmp_path / "out.jsonl"
    assert said(tmp_path, "export", str(out)) == ""
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert json.loads(out.read_text(encoding="utf-8"))["post_id"] == "1"


def test_to_where_nothing_can_be_written(tmp_path: Path) -> None:
    record(tmp_path, verdict("1"))
    assert "cannot be written" in refused(tmp_path, "export", str(tmp_path / "absent" / "out"))


def test_nothing_is_begun_without_a_ledger(tmp_path: Path) -> None:
    assert "nothing is recorded" in refused(tmp_path, "export", str(tmp_path / "out"))
    assert not list(tmp_path.iterdir())

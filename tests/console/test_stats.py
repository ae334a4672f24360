"""`circleshield stats`."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from tests.console.recorded import record, said, verdict


@pytest.fixture
def home(tmp_path: Path) -> Path:
    record(tmp_path, verdict("1"), verdict("2"), verdict("3", "keep"), verdict("4", "fold", "[b]8"))
    record(tmp_path, verdict("5", "review"), platform="x")
    record(tmp_path, verdict("6"), hours_ago=24 * 20)
    return tmp_path


def test_as_json(home: Path) -> None:
    today = datetime.now().astimezone().date().isoformat()
    assert json.loads(said(home, "stats", "--json")) == {
        "days": {today: {"fold": 1, "keep": 1, "remove": 2, "review": 1}},
        "platforms": {"weibo": {"fold": 1, "keep": 1, "remove": 2}, "x": {"review": 1}},
        "authors": [["weibo:7", "名7", 2, 3], ["weibo:[b]8", "名[b]8", 1, 1]],
        "reasons": [["score ≥ 0.95", 3], ["“代理”", 3]],
    }
    assert len(json.loads(said(home, "stats", "--json", "--days", "30"))["days"]) == 2


def test_tables_with_bars(home: Path) -> None:
    lines = said(home, "stats").splitlines()
    assert lines[0] == "5 posts; 3 of them sales posts (60.0%), 1 unsure"
    (weibo,) = [line for line in lines if "│ weibo " in line]
    assert weibo.split("│")[2:6] == ["     4 ", "       2 ", "      1 ", "      0 "]
    assert "█" * 20 in weibo
    assert any("名7 (weibo:7)" in line and "2 of 3" in line for line in lines)
    assert any("名[b]8 (weibo:[b]8)" in line and "1 of 1" in line and "█" * 10 in line for line in lines)
    assert any("“代理”" in line for line in lines)


def test_nothing_but_kept_posts(tmp_path: Path) -> None:
    record(tmp_path, verdict("1", "keep"))
    assert "█" not in said(tmp_path, "stats")
    assert said(tmp_path, "stats", "--days", "1") == said(tmp_path, "stats")


def test_nothing_at_all(tmp_path: Path) -> None:
    record(tmp_path)
    assert said(tmp_path, "stats") == "no posts in these days\n"

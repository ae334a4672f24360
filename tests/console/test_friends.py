"""`circleshield friends`: whom it lists, and what it undoes."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.console.recorded import record, refused, run, said, verdict

from circleshield_addon.post import Verdict


def _sales(*posts: int, author: str = "7", sales: bool = True) -> tuple[Verdict, ...]:
    return tuple(replace(verdict(f"{author}-{n}", "remove" if sales else "keep", author), sales=sales) for n in posts)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """7 sells now and then, 8 a lot, 9 never; 7 is somebody else on X."""
    record(tmp_path, *_sales(1, 2), *_sales(3, 4, 5, sales=False), *_sales(*range(6), author="8"))
    record(tmp_path, *_sales(1, 2, author="9", sales=False))
    record(tmp_path, *_sales(1), platform="x")
    (tmp_path / "config.toml").write_text("[friends]\nsuggest_after = 5\n", encoding="utf-8")
    return tmp_path


def _listed(home: Path, *options: str) -> dict[str, tuple[int, int, int, str]]:
    lines = said(home, "friends", "--config", str(home / "config.toml"), "--json", *options).splitlines()
    rows = [json.loads(line) for line in lines]
    return {row["author"]: (row["sales"], row["posts"], row["labelled"], row["state"]) for row in rows}


def test_lists_who_had_sales_posts_most_first(home: Path) -> None:
    assert list(_listed(home).items()) == [
        ("weibo:8", (6, 6, 0, "suggested")),
        ("weibo:7", (2, 5, 0, "")),
        ("x:7", (1, 1, 0, "")),
    ]
    assert list(_listed(home, "--limit", "1")) == ["weibo:8"]


def test_as_a_table(home: Path) -> None:
    result = run(home, "friends", "--config", str(home / "config.toml"))
    assert "名8 (weibo:8)" in result.stdout
    assert "40%" in result.stdout
    assert "circleshield block-author" in result.stderr


def test_choices_labels_and_shields_are_shown(home: Path) -> None:
    (home / "config.toml").write_text("[friends]\nsuggest_after = 2\nshield_after = 6\n", encoding="utf-8")
    assert [state for *_, state in _listed(home).values()] == ["shielded", "suggested", ""]
    said(home, "restore", "weibo:7-1")
    assert _listed(home)["weibo:7"] == (1, 5, 1, "")
    said(home, "allow-author", "weibo:7")
    said(home, "block-author", "weibo:99")
    assert _listed(home)["weibo:7"] == (1, 5, 1, "allowed")
    assert _listed(home)["weibo:99"] == (0, 0, 0, "blocked")


def test_undo_stays_undone(home: Path) -> None:
    (home / "config.toml").write_text("[friends]\nshield_after = 2\n", encoding="utf-8")
    assert "neither shielded nor suggested" in said(home, "friends", "--undo", "weibo:8")
    record(home, *_sales(10, 11, 12, author="8"))
    assert _listed(home)["weibo:8"] == (9, 9, 0, "left to the filter")
    assert "left to the filter already" in refused(home, "friends", "--undo", "weibo:8")
    said(home, "block-author", "weibo:8")
    assert "block-author --undo weibo:8" in refused(home, "friends", "--undo", "weibo:8")
    assert "is not PLATFORM:ID" in refused(home, "friends", "--undo", "8")


def test_nobody(tmp_path: Path) -> None:
    record(tmp_path, *_sales(1, sales=False))
    result = run(tmp_path, "friends", "--config", str(tmp_path / "none.toml"))
    assert "no such config file" in str(result.exception)
    (tmp_path / "config.toml").write_text("", encoding="utf-8")
    result = run(tmp_path, "friends", "--config", str(tmp_path / "config.toml"))
    assert (result.stdout, result.stderr) == ("", "no author has had a sales post\n")

"""`circleshield allow-author` and `block-author`."""

from pathlib import Path

import pytest
from tests.console.recorded import record, refused, said


@pytest.fixture
def home(tmp_path: Path) -> Path:
    record(tmp_path)
    return tmp_path


def _listed(home: Path, choice: str) -> list[str]:
    return [line.split("  since ")[0] for line in said(home, f"{choice}-author", "--list").splitlines()]


@pytest.mark.parametrize("choice", ["allow", "block"])
def test_choose_list_undo(home: Path, choice: str) -> None:
    command = f"{choice}-author"
    assert said(home, command, "weibo:7").startswith("weibo:7: all posts are ")
    said(home, command, "bluesky:did:plc:abc")
    assert _listed(home, choice) == ["bluesky:did:plc:abc", "weibo:7"]
    assert said(home, command, "--undo", "weibo:7") == "weibo:7: left to the filter again\n"
    assert _listed(home, choice) == ["bluesky:did:plc:abc"]
    assert "has no such rule" in refused(home, command, "--undo", "weibo:7")


def test_the_newest_counts(home: Path) -> None:
    said(home, "block-author", "weibo:7")
    said(home, "allow-author", "weibo:7")
    assert (_listed(home, "allow"), _listed(home, "block")) == (["weibo:7"], [])
    assert "has no such rule" in refused(home, "block-author", "--undo", "weibo:7")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("weibo",), "is not PLATFORM:ID"),
        (("weibo:",), "is not PLATFORM:ID"),
        ((":7",), "is not PLATFORM:ID"),
        (("nowhere:7",), "is no platform; there are: bilibili, "),
        (("webo:7",), "did you mean weibo?"),
        (("weibo_web:7",), "did you mean weibo?"),
        ((), "or --list"),
        (("--list", "weibo:7"), "or --list"),
    ],
)
def test_what_is_no_author(home: Path, arguments: tuple[str, ...], says: str) -> None:
    assert says in refused(home, "block-author", *arguments)

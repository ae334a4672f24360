"""`circleshield forget`."""

from pathlib import Path

import pytest
from tests.console.recorded import record, refused, run, said, verdict


@pytest.fixture
def home(tmp_path: Path) -> Path:
    record(tmp_path, verdict("1"), hours_ago=24 * 3)
    record(tmp_path, verdict("2", "keep"), verdict("3", author="8"))
    return tmp_path


def _left(home: Path) -> int:
    return len(said(home, "export").splitlines())


@pytest.mark.parametrize(
    ("which", "says", "left"),
    [
        (("--author", "weibo:7"), "forgot 2 of 2 posts\n", 1),
        (("--author", "名8"), "forgot 1 of 1 post\n", 2),
        (("--before", "2d"), "forgot 1 of 1 post\n", 2),
        (("--before", "2000-01-01"), "nothing to forget\n", 3),
        (("--all",), "forgot 3 of 3 posts\n", 0),
    ],
)
def test_which(home: Path, which: tuple[str, ...], says: str, left: int) -> None:
    assert said(home, "forget", "--yes", *which) == says
    assert _left(home) == left


def test_asks_first(home: Path) -> None:
    result = run(home, "forget", "--all", stdin="n\n")
    assert result.exit_code == 1
    assert "Forget 3 posts? [y/N]" in result.output
    assert "--yes" in refused(home, "forget", "--all")  # nobody is there to answer
    assert _left(home) == 3
    assert run(home, "forget", "--all", stdin="y\n").exit_code == 0
    assert _left(home) == 0


@pytest.mark.parametrize("which", [(), ("--all", "--author", "7"), ("--author", "7", "--before", "2d")])
def test_exactly_one(home: Path, which: tuple[str, ...]) -> None:
    assert "name one of" in refused(home, "forget", "--yes", *which)
    assert _left(home) == 3


def test_choices_stay(home: Path) -> None:
    said(home, "allow-author", "weibo:7")
    said(home, "forget", "--all", "--yes")
    assert said(home, "allow-author", "--list").startswith("weibo:7  since ")

"""`circleshield log`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.console.recorded import record, refused, said, verdict

from circleshield_addon.ledger import FILE


def _ids(home: Path, *options: str) -> list[str]:
    return [json.loads(line)["post_id"] for line in said(home, "log", "--json", *options).splitlines()]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    record(tmp_path, verdict("1"), hours_ago=30)
    record(tmp_path, verdict("2", "keep"), verdict("3", "review", "8"), hours_ago=3)
    record(tmp_path, verdict("4"), platform="x")
    return tmp_path


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ("", "1 3 4"),
        ("--limit 2", "3 4"),
        ("--since 2h", "4"),
        ("--since 1d", "3 4"),
        ("--since 2020-01-01", "1 3 4"),
        ("--platform x", "4"),
        ("--platform weibo_web", "1 3"),
        ("--author weibo:7", "1"),
        ("--author 7", "1 4"),
        ("--author 名8", "3"),
        ("--action keep", "2"),
        ("--action review", "3"),
        ("--author nobody", ""),
    ],
)
def test_which(home: Path, options: str, wanted: str) -> None:
    assert _ids(home, *options.split()) == wanted.split()


def test_in_words(home: Path) -> None:
    lines = said(home, "log", "--limit", "1").splitlines()
    assert lines[0].endswith("remove 0.99  x:4  名7 (x:7)")
    assert lines[1:] == ["    诚招代理", "    score 0.99 ≥ 0.95 · “代理” +3.5"]


def test_nothing_steers_the_terminal(tmp_path: Path) -> None:
    record(tmp_path, verdict("1\x1b[2J", author="\x1b]0;x\x07", text="a\x1b[31mb\nc\u202ed"))
    out = said(tmp_path, "log")
    assert not {"\x1b", "\x07", "\u202e"} & set(out)
    assert "a[31mb cd" in out


@pytest.mark.parametrize("since", ["2", "2y", "yesterday", "99999999999d", "999999w"])
def test_since_what(home: Path, since: str) -> None:
    assert "is neither a time ago" in refused(home, "log", "--since", since)


def test_a_platform_misspelt(home: Path) -> None:
    assert "webo is no platform; did you mean weibo?" in refused(home, "log", "--platform", "webo")
    assert said(home, "log", "--platform", "weibo_web") == said(home, "log", "--platform", "weibo")


def test_no_ledger_yet(tmp_path: Path) -> None:
    assert "nothing is recorded there yet" in refused(tmp_path, "log")
    assert not list(tmp_path.iterdir())


def test_a_damaged_ledger(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"\x17" * 5000)
    assert "a running proxy sets it aside" in refused(tmp_path, "log")


def test_follow(home: Path) -> None:
    command = [sys.executable, "-m", "circleshield", "log", "--home", str(home), "--json", "--follow", "--limit", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["post_id"] == "4"
        record(home, verdict("5", "keep"), verdict("6"))
        assert json.loads(process.stdout.readline())["post_id"] == "6"
        for file in home.iterdir():  # set aside
            file.rename(file.with_name("old-" + file.name))
        record(home, verdict("7"))
        assert json.loads(process.stdout.readline())["post_id"] == "7"
        process.kill()

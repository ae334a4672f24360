"""`circleshield restore`, and the samples that it adds."""

import json
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.console.recorded import record, refused, said, verdict

from circleshield_addon.ledger import FILE, Ledger
from circleshield_training import user_samples
from circleshield_training.samples import read_file


def _samples(home: Path) -> list[dict[str, Any]]:
    file = home / user_samples.FILE
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def _restored(home: Path) -> set[tuple[str, str]]:
    with closing(Ledger(home / FILE)) as ledger:
        return set(ledger.choices().posts)


@pytest.mark.parametrize("post", ["1", "weibo:1"])
def test_restores_and_learns(tmp_path: Path, post: str) -> None:
    record(tmp_path, verdict("1"))
    assert said(tmp_path, "restore", post).startswith("weibo:1 shows again")
    assert _restored(tmp_path) == {("weibo", "1")}
    (sample,) = _samples(tmp_path)
    assert sample.pop("time").endswith("Z")
    assert sample == {
        "text": "诚招代理",
        "label": "social",
        "lang": "zh",
        "source": "user",
        "author": "weibo:7",
        "post": "weibo:1",
    }
    file = tmp_path / user_samples.FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [(s.text, s.spam, s.source) for s in read_file(file)] == [("诚招代理", False, "user")]
    assert "is restored already" in refused(tmp_path, "restore", post)


@pytest.mark.parametrize("post", ["1", "weibo:1"])
def test_undo(tmp_path: Path, post: str) -> None:
    record(tmp_path, verdict("1"), verdict("2", text="buy now"))
    said(tmp_path, "restore", "1")
    said(tmp_path, "restore", "2")
    with (tmp_path / user_samples.FILE).open("a", encoding="utf-8") as file:
        file.write("a line of something else\n")
    said(tmp_path, "forget", "--all", "--yes")
    assert said(tmp_path, "restore", "--undo", post) == "weibo:1 is left to the filter again, its sample is forgotten\n"
    assert _restored(tmp_path) == {("weibo", "2")}
    first, rest = (tmp_path / user_samples.FILE).read_text(encoding="utf-8").split("\n", 1)
    assert (json.loads(first)["text"], json.loads(first)["lang"]) == ("buy now", "en")
    assert rest == "a line of something else\n"
    assert "is not restored" in refused(tmp_path, "restore", "--undo", post)


def test_which_post(tmp_path: Path) -> None:
    record(tmp_path, verdict("1"), verdict("2", "keep"))
    record(tmp_path, verdict("1"), platform="x")
    assert refused(tmp_path, "restore", "1") == "1 may be: weibo:1, x:1"
    assert "no post 3 is in the ledger" in refused(tmp_path, "restore", "3")
    assert "is not taken out" in refused(tmp_path, "restore", "2")
    said(tmp_path, "restore", "weibo:1")
    said(tmp_path, "restore", "x:1")
    assert refused(tmp_path, "restore", "--undo", "1") == "1 may be: weibo:1, x:1"


def test_without_the_text_nothing_is_learned(tmp_path: Path) -> None:
    record(tmp_path, verdict("1"), store_text=False)
    assert "nothing is learned" in said(tmp_path, "restore", "1")
    assert _samples(tmp_path) == []
    assert said(tmp_path, "restore", "--undo", "1") == "weibo:1 is left to the filter again\n"


def test_a_post_without_an_id(tmp_path: Path) -> None:
    record(tmp_path, verdict(""))
    (row,) = map(json.loads, said(tmp_path, "export").splitlines())
    assert "shows again" in said(tmp_path, "restore", f"weibo:{row['post_id']}")
    assert _restored(tmp_path) == {("weibo", row["post_id"])}

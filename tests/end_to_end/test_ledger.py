"""What a running proxy records, and how it follows what the user chooses meanwhile."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.end_to_end.client import Client
from tests.end_to_end.commands import said, wait_until
from tests.end_to_end.feed import FRIENDS, SALES, timeline, timeline_without_sales
from tests.end_to_end.origin import Answer, Origin
from tests.end_to_end.proxy_process import CONFIG, running_proxy, wait_for

TEXTS = (FRIENDS[0], SALES[0], FRIENDS[1], SALES[1])
FIRST = 9_007_199_254_740_993  # the id of the first post


def logged(home: Path, *options: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said(home, "log", "--json", *options).splitlines()]


def test_log_restore_block_damage_and_forget(origin: Origin, direct: Client, tmp_path: Path, origin_ca: Path) -> None:
    path = origin.add(Answer([timeline(*TEXTS)]))
    whole = timeline(*TEXTS)
    with running_proxy(tmp_path, origin_ca) as proxy:
        through = replace(direct, ca=proxy.ca, proxy=proxy.port)

        def shown() -> list[int]:
            return [int(post["id"]) - FIRST for post in json.loads(through.get(path).body)]

        # What was taken out is in the log within a second, kept posts are there without their text.
        assert through.get(path).body == timeline_without_sales(*TEXTS)
        wait_until(lambda: len(logged(tmp_path)) == 2)
        removed = logged(tmp_path)
        assert [(row["post_id"], row["text"]) for row in removed] == [
            (str(FIRST + 1), SALES[0]),
            (str(FIRST + 3), SALES[1]),
        ]
        assert {(row["platform"], row["action"], row["device"]) for row in removed} == {
            ("mastodon", "remove", "127.0.0.1")
        }
        assert all(len(row["reasons"]) > 1 for row in removed)
        assert [row["text"] for row in logged(tmp_path, "--action", "keep")] == [None, None]
        stored = b"".join(file.read_bytes() for file in tmp_path.glob("ledger.sqlite3*"))
        assert FRIENDS[0].encode() not in stored
        assert SALES[0].encode() in stored

        # A restored post shows within a second, byte for byte; undone, it goes again.
        said(tmp_path, "restore", f"mastodon:{FIRST + 1}")
        wait_until(lambda: shown() == [0, 1, 2])
        said(tmp_path, "restore", "--undo", str(FIRST + 1))
        wait_until(lambda: shown() == [0, 2])

        # Authors: block a friend, allow a seller.
        said(tmp_path, "block-author", "mastodon:72")
        wait_until(lambda: shown() == [0])
        said(tmp_path, "block-author", "--undo", "mastodon:72")
        said(tmp_path, "allow-author", "mastodon:71")
        said(tmp_path, "allow-author", "mastodon:73")
        wait_until(lambda: through.get(path).body == whole)
        said(tmp_path, "allow-author", "--undo", "mastodon:73")
        wait_until(lambda: shown() == [0, 1, 2])

        # The ledger is written over: traffic goes on, it is set aside, the choices are carried over.
        proxy.new_log()
        (tmp_path / "ledger.sqlite3").write_bytes(b"\x17" * 30_000)
        wait_for(proxy.process, proxy.stderr, "ledger: ")
        assert shown() == [0, 1, 2]
        (aside,) = tmp_path.glob("ledger.sqlite3.corrupt-*Z")
        assert aside.read_bytes() == b"\x17" * 30_000
        assert len([line for line in proxy.new_log() if "ledger:" in line]) == 1
        assert f"a damaged one was set aside: {aside.name}" in said(tmp_path, "status")
        wait_until(lambda: [row["post_id"] for row in logged(tmp_path)] == [str(FIRST + 3)])

        # Forgotten for good, and recorded anew with the next load.
        assert aside.name in said(tmp_path, "forget", "--all", "--yes")
        assert logged(tmp_path) == []
        stored = b"".join(file.read_bytes() for file in tmp_path.glob("ledger*") if "corrupt" not in file.name)
        assert SALES[1].encode() not in stored
        assert shown() == [0, 1, 2]
        proxy.process.terminate()
        assert proxy.wait() == 0
        assert "Traceback" not in proxy.whole_log()
    assert [row["post_id"] for row in logged(tmp_path)] == [str(FIRST + 3)]  # what waited was written at the end


def test_a_ledger_that_cannot_be_written_costs_no_traffic(
    origin: Origin, direct: Client, tmp_path: Path, origin_ca: Path
) -> None:
    (tmp_path / "ledger.sqlite3").mkdir()
    path = origin.add(Answer([timeline(*TEXTS)]))
    with running_proxy(tmp_path, origin_ca) as proxy:
        through = replace(direct, ca=proxy.ca, proxy=proxy.port)
        assert through.get(path).body == timeline_without_sales(*TEXTS)
        wait_for(proxy.process, proxy.stderr, "ledger: ")
        assert "nothing is recorded: it cannot be opened" in said(tmp_path, "status")
        assert proxy.whole_log().count("ledger: nothing is recorded at present: it cannot be opened") == 1


def test_off(origin: Origin, direct: Client, tmp_path: Path, origin_ca: Path) -> None:
    path = origin.add(Answer([timeline(*TEXTS)]))
    with running_proxy(tmp_path, origin_ca, config=CONFIG + "[ledger]\nenabled = false\n") as proxy:
        through = replace(direct, ca=proxy.ca, proxy=proxy.port)
        assert through.get(path).body == timeline_without_sales(*TEXTS)
        assert "ledger     off" in said(tmp_path, "status")
    assert not list(tmp_path.glob("ledger*"))

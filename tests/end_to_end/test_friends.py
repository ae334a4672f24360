"""A soft advertisement that only its author's earlier posts give away, in a real proxy; and what undoes it."""

import json
import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.end_to_end.client import Client
from tests.end_to_end.commands import said, wait_until
from tests.end_to_end.feed import FRIENDS, SALES
from tests.end_to_end.origin import Answer, Origin
from tests.end_to_end.proxy_process import CONFIG, running_proxy

from circleshield_model.scorer import Scorer

SOFT = "用了半个月，脸真的透亮了，姐妹们的反馈我天天看到手软"
SELLER, FRIEND = "71", "72"
ADS, LATER = 100, 200  # the first ids of the posts of two pages


def _page(first: int, *posts: tuple[str, str]) -> bytes:
    """Of author and text."""
    return json.dumps(
        [
            {"id": str(first + n), "account": {"id": author, "acct": f"u{author}"}, "content": f"<p>{text}</p>"}
            for n, (author, text) in enumerate(posts)
        ]
    ).encode()


def _config(friends: str = "") -> str:
    """What the soft post lacks to be removed is less than the most that history adds."""
    (score,) = Scorer.load().scores([SOFT]).tolist()
    cut_off = 1 / (1 + math.exp(-math.log(score / (1 - score)) - 1.0))
    return f"{CONFIG}[filter]\nremove_at = {cut_off}\nreview_at = 0.3\n[friends]\n{friends}\n"


def test_history_restart_undo_and_forget(origin: Origin, direct: Client, tmp_path: Path, origin_ca: Path) -> None:
    ads = origin.add(Answer([_page(ADS, *((SELLER, text) for text in SALES), (FRIEND, FRIENDS[0]))]))
    later = origin.add(Answer([_page(LATER, (SELLER, SOFT), (SELLER, FRIENDS[2]), (FRIEND, FRIENDS[1]))]))
    config = tmp_path / "config.toml"

    def listed() -> dict[str, dict[str, Any]]:
        lines = said(tmp_path, "friends", "--config", str(config), "--json").splitlines()
        return {row["author"]: row for row in map(json.loads, lines)}

    def noted(post: int) -> dict[str, Any]:
        rows = map(json.loads, said(tmp_path, "log", "--json").splitlines())
        found: dict[str, dict[str, Any]] = {row["post_id"]: row for row in rows}
        return found[str(post)]

    with running_proxy(tmp_path, origin_ca, config=_config()) as proxy:
        through = replace(direct, ca=proxy.ca, proxy=proxy.port)

        def shown(path: str) -> list[int]:
            return [int(post["id"]) for post in json.loads(through.get(path).body)]

        # Of a new author it is shown; the author's ads go by their text alone; then it goes, and the rest stays.
        assert shown(later) == [LATER, LATER + 1, LATER + 2]
        assert shown(ads) == [ADS + 3]
        wait_until(lambda: shown(later) == [LATER + 1, LATER + 2])
        wait_until(lambda: noted(LATER)["action"] == "remove")
        entry = noted(LATER)
        assert entry["reasons"][0].startswith("score 0.9")
        assert " (text 0." in entry["reasons"][0]
        assert entry["reasons"][1] == "3 of 4 earlier posts were sales +1.5"
        assert listed()[f"mastodon:{SELLER}"]["sales"] == 3

        # The switch is taken up at once.
        config.write_text(_config("history = false"), encoding="utf-8")
        wait_until(lambda: shown(later) == [LATER, LATER + 1, LATER + 2])

    # It outlives a restart. The user's own word turns it: one ad was none, and neither was this post.
    with running_proxy(tmp_path, origin_ca, config=_config()) as proxy:
        through = replace(direct, ca=proxy.ca, proxy=proxy.port)
        assert shown(later) == [LATER + 1, LATER + 2]
        said(tmp_path, "restore", f"mastodon:{ADS}")
        wait_until(lambda: shown(later) == [LATER, LATER + 1, LATER + 2])
        said(tmp_path, "restore", "--undo", f"mastodon:{ADS}")
        wait_until(lambda: shown(later) == [LATER + 1, LATER + 2])

        # An allowed author is never touched.
        said(tmp_path, "allow-author", f"mastodon:{SELLER}")
        wait_until(lambda: shown(later) == [LATER, LATER + 1, LATER + 2])
        said(tmp_path, "allow-author", "--undo", f"mastodon:{SELLER}")
        wait_until(lambda: shown(later) == [LATER + 1, LATER + 2])

        # A shield takes out everything; undone by one command, it does not come back with the next ads.
        config.write_text(_config("shield_after = 3"), encoding="utf-8")
        wait_until(lambda: shown(later) == [LATER + 2])
        assert listed()[f"mastodon:{SELLER}"]["state"] == "shielded"
        said(tmp_path, "friends", "--undo", f"mastodon:{SELLER}")
        wait_until(lambda: shown(later) == [LATER + 1, LATER + 2])
        assert shown(ads) == [ADS + 3]
        time.sleep(0.7)
        assert shown(later) == [LATER + 1, LATER + 2]

        # What is forgotten is no history.
        said(tmp_path, "forget", "--yes", "--author", f"mastodon:{SELLER}")
        wait_until(lambda: shown(later) == [LATER, LATER + 1, LATER + 2])
        assert "Traceback" not in proxy.whole_log()

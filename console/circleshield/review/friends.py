"""Friends: how many of their posts were sales posts, week by week, who had better be shielded, and who is."""

import time

from flask import Blueprint, render_template, request

from circleshield.friend_list import Friend, friend_list, named
from circleshield.home import open_ledger
from circleshield.review.charts import shares
from circleshield.review.guard import owner_only
from circleshield.review.served import served
from circleshield_addon.friends import Friends
from circleshield_addon.history import sales_by_week
from circleshield_addon.ledger import FILE, Ledger

WEEKS = 13  # as long as the ledger remembers unless it is told otherwise
_PAGE = 40
_ORDER = ("suggested", "shielded", "blocked", "", "left to the filter", "allowed")

pages = Blueprint("friends", __name__)


@pages.get("/friends")
@owner_only
def friends() -> str:
    """A page of them, from the number `start` on, those that are suggested first; `author` picks one."""
    start, wanted = max(0, request.args.get("start", 0, int)), request.args.get("author")
    found: list[Friend] = []
    shown: list[Friend] = []
    weeks: dict[str, list[float | None]] = {}
    if (served().home / FILE).exists():
        with open_ledger(served().home) as ledger:
            every = friend_list(ledger, _known(ledger), served().shield.settings.friends)
            found = sorted(every, key=lambda friend: _ORDER.index(friend.state))
            if wanted:
                found = [friend for friend in found if friend.author == wanted]
            shown = named(ledger, found[start : start + _PAGE])
            weeks = {friend.author: _weeks(ledger, friend.author) for friend in shown}
    more = start + _PAGE if start + _PAGE < len(found) else None
    charts = {"shares": shares, "in_words": _in_words}
    return render_template("friends.html", friends=shown, weeks=weeks, start=start, more=more, wanted=wanted, **charts)


def _known(ledger: Ledger) -> Friends:
    recorder = served().shield.recorder
    if recorder is not None:
        return recorder.friends
    known = Friends()
    known.load(ledger)
    return known


def _weeks(ledger: Ledger, author: str) -> list[float | None]:
    """The share of sales posts in each of the last weeks, oldest first; None for a week without posts."""
    platform, _, author_id = author.partition(":")
    counts = sales_by_week(ledger, platform, author_id, time.time_ns() // 1_000_000)
    return [counts[ago][0] / counts[ago][1] if ago in counts else None for ago in reversed(range(WEEKS))]


def _in_words(weeks: list[float | None]) -> str:
    return ", ".join("–" if share is None else f"{share:.0%}" for share in weeks)

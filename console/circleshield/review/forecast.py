"""What other cut-offs would have done to the posts of the last weeks."""

from collections.abc import Mapping
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

from circleshield_addon.ledger import Ledger
from circleshield_addon.totals import scores

DAYS = 28
# Where scores crowd, near 0 and 1, bars are narrower.
_EDGES = (0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999, 1.01)

Cuts = tuple[float, float]
"""From which score on a post is removed, and from which it is unsure."""


class Forecast(NamedTuple):
    """Figures a week, but for `restored`: of the posts that would be removed, or no longer be, how many the user had
    shown again in all the `days`. Bars are counts of removed, unsure and shown posts by the lowest score in each."""

    more: float
    restored: int
    unsure: float
    unsure_now: float
    posts: int
    days: int
    bars: dict[float, tuple[int, int, int]]


def forecast(ledger: Ledger, now: Cuts, then: Cuts) -> Forecast | None:
    """From posts with the scores they had, in thousandths; None without any. Less than a week is scaled up.

    Raises sqlite3.Error.
    """
    today = date.today()
    found = scores(ledger, today - timedelta(DAYS))
    if found is None:
        return None
    days = max(1, (today - found.first).days)
    weeks = days / 7
    before, after = _counts(found.posts, now), _counts(found.posts, then)
    low, high = sorted((_thousandths(now[0]), _thousandths(then[0])))
    return Forecast(
        (after[0] - before[0]) / weeks,
        sum(posts for score, posts in found.restored.items() if low <= score < high),
        after[1] / weeks,
        before[1] / weeks,
        found.posts.total(),
        days,
        {low: _counts(_between(found.posts, low, high), then) for low, high in pairwise(_EDGES)},
    )


def _counts(posts: Mapping[int, int], cuts: Cuts) -> tuple[int, int, int]:
    remove, review = map(_thousandths, cuts)
    removed = sum(number for score, number in posts.items() if score >= remove)
    unsure = sum(number for score, number in posts.items() if review <= score < remove)
    return removed, unsure, sum(posts.values()) - removed - unsure


def _between(posts: Mapping[int, int], low: float, high: float) -> dict[int, int]:
    return {score: posts[score] for score in posts if _thousandths(low) <= score < _thousandths(high)}


def _thousandths(score: float) -> int:
    return round(1000 * score)

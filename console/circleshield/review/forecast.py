"""What other cut-offs would have done to the posts of the last weeks."""

import time
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from circleshield_addon import history
from circleshield_addon.ledger import Ledger

DAYS = 28
_DAY = 86_400_000
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
    """From posts with the scores they had; None without any. Less than a week is scaled up, less than a day as a day.

    Raises sqlite3.Error.
    """
    moment = time.time_ns() // 1_000_000
    posts = history.weighed(ledger, moment - DAYS * _DAY)
    if not posts:
        return None
    days = max(1.0, (moment - min(time for time, _, _ in posts)) / _DAY)
    weeks = days / 7
    scores = [score for _, score, _ in posts]
    before, after = _counts(scores, now), _counts(scores, then)
    low, high = sorted((now[0], then[0]))
    restored = sum(restored and low <= score < high for _, score, restored in posts)
    return Forecast(
        (after[0] - before[0]) / weeks,
        restored,
        after[1] / weeks,
        before[1] / weeks,
        len(posts),
        round(days),
        {low: _counts([s for s in scores if low <= s < high], then) for low, high in pairwise(_EDGES)},
    )


def _counts(scores: Sequence[float], cuts: Cuts) -> tuple[int, int, int]:
    removed = sum(score >= cuts[0] for score in scores)
    unsure = sum(cuts[1] <= score < cuts[0] for score in scores)
    return removed, unsure, len(scores) - removed - unsure

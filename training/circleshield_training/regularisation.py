"""How strongly the n-grams' weights are held back: the C that finds the most advertisements among posts held out."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

DEFAULT = 30.0
TRIED = (10.0, DEFAULT, 90.0)
RATES = (0.001, 0.002, 0.005)  # share of ordinary posts removed at which the advertisements found are counted
_HELD = 5_000  # posts that are enough to choose by
_DRAWS = 200
_SPAM, _SOCIAL = 50, 1000  # posts below which nothing can be said


class Choice(NamedTuple):
    """The C taken, and the share of advertisements found by each C, a mean over `RATES`; none if it was not tried."""

    C: float
    recall: dict[float, float]


def folds_tried(posts: int, folds: int) -> int:
    """How many of the folds are held out in the search: as many as have posts enough, and so fewer of large ones."""
    return int(np.clip(np.ceil(_HELD * folds / max(posts, 1)), 1, folds))


def possible(spam: NDArray[np.bool_], weight: NDArray[np.float64]) -> bool:
    """Whether there are posts enough to choose by."""
    used = spam[weight > 0]
    return int(used.sum()) >= _SPAM and int((~used).sum()) >= _SOCIAL


def choose(
    scores: dict[float, NDArray[np.float64]],
    spam: NDArray[np.bool_],
    weight: NDArray[np.float64],
    group: NDArray[np.int64],
) -> Choice:
    """The best C by the scores (n,) that posts held out have with each; another than the default only beyond noise.

    All counts are weighted. Beyond noise is a gain in all but one in forty of 200 bootstrap draws of groups.
    """
    found = {C: _Ranked(s, spam, weight, group) for C, s in scores.items()}
    once = np.ones(int(group.max()) + 1)
    recall = {C: ranked.recall(once) for C, ranked in found.items()}
    best = max(recall, key=lambda C: (recall[C], C == DEFAULT))
    rng = np.random.default_rng(0)
    gains = []
    for _ in range(_DRAWS if best != DEFAULT else 0):
        times = rng.multinomial(once.size, once / once.size)
        gains.append(found[best].recall(times) - found[DEFAULT].recall(times))
    better = best != DEFAULT and float(np.quantile(gains, 0.025)) > 0
    return Choice(best if better else DEFAULT, {C: round(value, 5) for C, value in sorted(recall.items())})


class _Ranked:
    """Posts by score, highest first."""

    def __init__(
        self,
        scores: NDArray[np.float64],
        spam: NDArray[np.bool_],
        weight: NDArray[np.float64],
        group: NDArray[np.int64],
    ) -> None:
        order = np.argsort(-scores, kind="stable")
        self._group = group[order]
        self._spam, self._social = weight[order] * spam[order], weight[order] * ~spam[order]

    def recall(self, times: NDArray[Any]) -> float:
        """Share of advertisements above the cuts, a mean over `RATES`, if each group is there so many times."""
        spam = np.cumsum(self._spam * times[self._group])
        social = np.cumsum(self._social * times[self._group])
        above = np.searchsorted(social, np.array(RATES) * social[-1])
        return float(np.mean(np.where(above > 0, spam[above - 1], 0)) / spam[-1])

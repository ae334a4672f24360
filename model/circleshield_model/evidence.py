"""The few figures that a post is judged by: what its n-grams weigh, as a whole and in windows, and cues."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from circleshield_model import cues
from circleshield_model.ngrams import ORDERS, best_windows, hashes, inside
from circleshield_model.normalise import SIGNS, Units

WIDTHS = (12, 24, 48)  # units in a window
DAMPING = 4.0  # added to the number of units before the root: very short posts weigh less
_PLAIN = {
    "hash": "hashtags",
    "exclaim": "exclamation marks",
    "question": "question marks",
    "bracket": "brackets",
    "link": "links",
    "mention": "mentions",
    "digit": "figures",
    "repeat": "repetition",
}
_MOST_SIGNS = 4  # more of one sign says no more: a style of writing is not an offer
SUMS = ("whole", "topics", "body", *(f"window of {w}" for w in WIDTHS))
SHAPE = ("length", "length of topics", *_PLAIN.values(), *cues.NAMES)
COLUMNS = SUMS + SHAPE

_SIGN_COLUMNS = [SIGNS.index(name) for name in _PLAIN]

# From the hashes of one order's n-grams to what each weighs (m - n + 1,), in fixed point.
Weigh = Callable[[NDArray[np.uint64]], NDArray[np.int16]]


def gather(units: Units, weigh: Weigh) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What the n-grams that begin at each unit weigh together (m,), and how often each cue occurs (n, cues)."""
    total = np.zeros(units.post.size, np.int64)
    found = np.zeros((units.bounds.size - 1, len(cues.NAMES)), np.int64)
    here = {n: inside(units, n) for n in {n for _, n in ORDERS}}
    for order, hashed in zip(ORDERS, hashes(units), strict=True):
        weight = weigh(hashed) * here[order[1]]
        total[: weight.size] += weight
        cues.count(units, order, hashed, found)
    return total, found


class Outline(Protocol):
    """What of `Units` is looked at besides the n-grams."""

    @property
    def tagged(self) -> NDArray[np.bool_]: ...
    @property
    def bounds(self) -> NDArray[Any]: ...
    @property
    def signs(self) -> NDArray[Any]: ...


def evidence(units: Outline, each: NDArray[np.int64], cue_counts: NDArray[Any], step: float) -> NDArray[np.float64]:
    """Columns as in `COLUMNS` (n, len(COLUMNS)), from what `gather` found.

    `step` is what one in fixed point is in log-odds. A sum over k units is divided by sqrt(k + DAMPING), as a document
    vector is by its length.
    """
    bounds = units.bounds
    begin, end = bounds[:-1], bounds[1:]
    sums = _running(each)
    count = end - begin
    whole = sums[end] - sums[begin]
    if units.tagged.any():
        in_topics, topics = _running(units.tagged), _running(each * units.tagged)
        topic_count, topic = in_topics[end] - in_topics[begin], topics[end] - topics[begin]
    else:
        topic_count = topic = np.zeros_like(count)
    columns = np.empty((count.size, len(COLUMNS)))
    columns[:, 0] = whole / np.sqrt(count + DAMPING)
    columns[:, 1] = topic / np.sqrt(topic_count + DAMPING)
    columns[:, 2] = (whole - topic) / np.sqrt(count - topic_count + DAMPING)
    for i, width in enumerate(WIDTHS, 3):
        columns[:, i] = best_windows(sums, bounds, width) / np.sqrt(np.minimum(count, width) + DAMPING)
    columns[:, : len(SUMS)] *= step
    shape = columns[:, len(SUMS) :]
    shape[:, 0], shape[:, 1] = count, topic_count
    shape[:, 2 : 2 + len(_PLAIN)] = np.minimum(units.signs[:, _SIGN_COLUMNS], _MOST_SIGNS)
    shape[:, 2 + len(_PLAIN) :] = cue_counts
    np.log1p(shape, out=shape)
    return columns


def _running(values: NDArray[np.int64] | NDArray[np.bool_]) -> NDArray[np.int64]:
    """Running sums from 0 (m + 1,)."""
    sums = np.zeros(values.size + 1, np.int64)
    np.cumsum(values, out=sums[1:])
    return sums

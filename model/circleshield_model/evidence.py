"""The few figures that a post is judged by: what its n-grams weigh, as a whole and in windows, and cues."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from circleshield_model import cues
from circleshield_model.ngrams import best_windows
from circleshield_model.traits import SIGNS

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


class Outline(Protocol):
    """What of `Units` is looked at besides the n-grams."""

    @property
    def tagged(self) -> NDArray[np.bool_]: ...
    @property
    def bounds(self) -> NDArray[Any]: ...
    @property
    def signs(self) -> NDArray[Any]: ...


def evidence(units: Outline, each: NDArray[np.int64], cue_counts: NDArray[Any], step: float) -> NDArray[np.float64]:
    """Columns as in `COLUMNS` (n, len(COLUMNS)), from what the n-grams that begin at each unit weigh and how often
    each cue occurs (n, cues).

    `step` is what one in fixed point is in log-odds. A sum over k units is divided by sqrt(k + DAMPING), as a document
    vector is by its length.
    """
    bounds = units.bounds
    sums = _running(each)
    at_bounds = sums[bounds]
    # What is added up, (n, sums), and over how many units.
    added, count = np.empty((2, bounds.size - 1, len(SUMS)), np.int64)
    np.subtract(bounds[1:], bounds[:-1], out=count[:, 0])
    np.subtract(at_bounds[1:], at_bounds[:-1], out=added[:, 0])
    tagged = units.tagged.nonzero()[0]
    before = tagged.searchsorted(bounds)
    count[:, 1] = before[1:] - before[:-1]
    before = _running(each[tagged])[before]
    added[:, 1] = before[1:] - before[:-1]
    for figures in (added, count):
        np.subtract(figures[:, 0], figures[:, 1], out=figures[:, 2])
    added[:, 3:] = best_windows(sums, bounds, WIDTHS)
    np.minimum(count[:, :1], WIDTHS, out=count[:, 3:])
    columns = np.empty((bounds.size - 1, len(COLUMNS)))
    columns[:, : len(SUMS)] = added / np.sqrt(count + DAMPING) * step
    shape = columns[:, len(SUMS) :]
    shape[:, :2] = count[:, :2]
    shape[:, 2 : 2 + len(_PLAIN)] = np.minimum(units.signs.take(_SIGN_COLUMNS, axis=1), _MOST_SIGNS)
    shape[:, 2 + len(_PLAIN) :] = cue_counts
    np.log1p(shape, out=shape)
    return columns


def _running(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Running sums from 0 (m + 1,)."""
    sums = np.zeros(values.size + 1, np.int64)
    np.add.accumulate(values, out=sums[1:])
    return sums

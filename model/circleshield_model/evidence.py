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
_MOST_SIGNS = np.array(4)  # more of one sign says no more: a style of writing is not an offer
SUMS = ("whole", "topics", "body", *(f"window of {w}" for w in WIDTHS))
SHAPE = ("length", "length of topics", *_PLAIN.values(), *cues.NAMES)
COLUMNS = SUMS + SHAPE

_WIDTHS = np.array(WIDTHS)[:, None]
_SIGN_COLUMNS = np.array([SIGNS.index(name) for name in _PLAIN])


class Outline(Protocol):
    """What of `Units` is looked at besides the n-grams."""

    @property
    def tagged(self) -> NDArray[np.bool_]: ...
    @property
    def bounds(self) -> NDArray[Any]: ...
    @property
    def signs(self) -> NDArray[Any]: ...


def evidence(units: Outline, each: NDArray[Any], cue_counts: NDArray[Any], step: float) -> NDArray[np.float64]:
    """Columns as in `COLUMNS` (n, len(COLUMNS)), from what the n-grams that begin at each unit weigh and how often
    each cue occurs (n, cues).

    `step` is what one in fixed point is in log-odds. A sum over k units is divided by sqrt(k + DAMPING), as a document
    vector is by its length.
    """
    bounds, posts = units.bounds, units.bounds.size - 1
    sums = _running(each)
    # What is added up and over how many units: (sums, n).
    both = np.zeros((2, len(SUMS), posts))
    added, count = both
    up_to = np.array((sums[bounds], bounds))
    whole = both[:, 0] = up_to[:, 1:] - up_to[:, :-1]
    tagged = units.tagged.nonzero()[0]
    if tagged.size:
        in_topics = tagged.searchsorted(bounds)
        up_to = np.array((_running(each[tagged])[in_topics], in_topics))
        both[:, 1] = up_to[:, 1:] - up_to[:, :-1]
    both[:, 2] = both[:, 0] - both[:, 1]
    added[3:], count[3:] = best_windows(sums, bounds, _WIDTHS), np.minimum(whole[1], _WIDTHS)
    columns = np.empty((len(COLUMNS), posts))
    np.multiply(added / np.sqrt(count + DAMPING), step, columns[: len(SUMS)])
    signs = np.minimum(units.signs.T.take(_SIGN_COLUMNS, axis=0), _MOST_SIGNS)
    np.log1p(np.concatenate((count[:2], signs, cue_counts.T)), columns[len(SUMS) :])
    return columns.T


def _running(values: NDArray[Any]) -> NDArray[np.int64]:
    """Running sums from 0 (m + 1,)."""
    sums = np.zeros(values.size + 1, np.int64)
    sums[1:] = values
    np.add.accumulate(sums, out=sums)
    return sums


def _steps(figures: NDArray[np.int64]) -> NDArray[np.int64]:
    """From each figure to the next one."""
    return figures[1:] - figures[:-1]

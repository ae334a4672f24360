"""The few figures about a post that the decision is made from: what its n-grams weigh, whole and in windows, and signs."""

import numpy as np
from numpy.typing import NDArray

from circleshield_model.ngrams import best_windows
from circleshield_model.normalise import SIGNS, Units

WIDTHS = (12, 24, 48)  # units in a window
DAMPING = 4.0  # added to the number of units before the root: very short posts weigh less
_CUES = ("emoji", "hash", "exclaim", "question", "bracket", "link", "mention", "digit")
COLUMNS = ("whole", *(f"window {w}" for w in WIDTHS), "length", *_CUES)

_SIGN_COLUMNS = [SIGNS.index(name) for name in _CUES]


def evidence(units: Units, sums: NDArray[np.int64], unit_weight: float) -> NDArray[np.float64]:
    """Columns as in `COLUMNS` (n, len(COLUMNS)).

    `sums` (m + 1,) are running sums of the contributions in fixed point, of which one step is `unit_weight` log-odds.
    A sum over k units is divided by sqrt(k + DAMPING), as a document vector is by its length.
    """
    count = np.diff(units.bounds)
    columns = np.empty((count.size, len(COLUMNS)))
    whole = sums[units.bounds[1:]] - sums[units.bounds[:-1]]
    columns[:, 0] = whole * (unit_weight / np.sqrt(count + DAMPING))
    for i, width in enumerate(WIDTHS, 1):
        best = best_windows(sums, units.bounds, width)
        columns[:, i] = best * (unit_weight / np.sqrt(np.minimum(count, width) + DAMPING))
    columns[:, 4] = np.log1p(count)
    signs = units.signs
    columns[:, 5:] = np.log1p(signs[:, _SIGN_COLUMNS])
    return columns

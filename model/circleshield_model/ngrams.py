"""Hashed n-grams of units and what they weigh, over a whole batch at once.

Every n-gram has a bucket in one table. Weights are whole numbers (fixed point), so sums are exact and a post's score
cannot depend on the batch it is in.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from circleshield_model.characters import LINK, NUMBER, TABLE_SIZE
from circleshield_model.normalise import Units

# (what the units are compared by, how many in a row)
ORDERS = (("glyph", 1), ("glyph", 2), ("sound", 1), ("sound", 2), ("sound", 3))

_ODD = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)


def _multipliers(order: int, n: int) -> list[np.uint64]:
    """Odd 64-bit constants, other ones for each place of each order (splitmix64)."""
    found = []
    for place in range(n):
        z = (0x1234567 + (order * 8 + place + 1) * 0x9E3779B97F4A7C15) % 2**64
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        found.append(np.uint64((z ^ (z >> 31)) | 1))
    return found


_PLACES = [_multipliers(i, n) for i, (_, n) in enumerate(ORDERS)]


def hashes(units: Units) -> Iterator[NDArray[np.uint64]]:
    """For each of `ORDERS` the 64-bit hashes (m - n + 1,) of the n-grams that begin at each unit.

    The last n - 1 of each post reach into the next one: see `inside`.
    """
    for order, (channel, _) in enumerate(ORDERS):
        yield hashed(getattr(units, channel), order)


def hashed(ids: NDArray[np.uint64], order: int) -> NDArray[np.uint64]:
    """The hashes of one of `ORDERS`, by its number, for units (m,) that are next to each other: (m - n + 1,)."""
    places = _PLACES[order]
    size = max(ids.size - len(places) + 1, 0)
    mixed = ids[:size] * places[0]
    for k in range(1, len(places)):
        mixed += ids[k : k + size] * places[k]
    mixed ^= mixed >> _HALF
    mixed *= _ODD
    return mixed


def inside(units: Units, n: int) -> NDArray[np.bool_]:
    """Which n-grams (m - n + 1,) lie in one post. A number, link or mention by itself says nothing."""
    if n == 1:
        alone: NDArray[np.bool_] = (units.glyph - np.uint64(LINK)) > np.uint64(NUMBER - LINK)  # wraps below LINK
        return alone
    size = max(units.post.size - n + 1, 0)
    within: NDArray[np.bool_] = units.post[:size] == units.post[n - 1 : n - 1 + size]
    return within


def in_table(hashed: NDArray[np.uint64], bits: int) -> NDArray[np.int64]:
    """Where n-grams of these hashes are in a table of 2**bits."""
    return (hashed >> np.uint64(64 - bits)).view(np.int64)


class Table:
    """What each n-gram weighs, in fixed point: `weights` (2**bits,) by bucket.

    Most units are characters: what they weigh by themselves is found by code point, without a hash.
    """

    def __init__(self, weights: NDArray[np.int16]) -> None:
        self.weights = weights
        self._bits = weights.size.bit_length() - 1
        codes = np.arange(TABLE_SIZE, dtype=np.uint64)
        self._single = {order: self.of(hashed(codes, order)) for order, (_, n) in enumerate(ORDERS) if n == 1}
        for weight in self._single.values():
            weight[LINK : NUMBER + 1] = 0  # say nothing: see `inside`

    def of(self, hashed: NDArray[np.uint64]) -> NDArray[np.int16]:
        """What n-grams of these hashes weigh."""
        return self.weights.take(in_table(hashed, self._bits), mode="clip")

    def single(self, ids: NDArray[np.uint64], order: int) -> NDArray[np.int16]:
        """What units below TABLE_SIZE weigh by themselves, for an order of one unit; something else for others."""
        return self._single[order].take(ids.view(np.int64), mode="clip")


def best_windows(sums: NDArray[np.int64], bounds: NDArray[np.int64], widths: Sequence[int]) -> NDArray[np.int64]:
    """The largest sum of so many units in a row of each post (n, widths); of the whole post where it is shorter.

    `sums` (m + 1,) are running sums from 0, `bounds` (n + 1,) the posts' first units. 0 for a post without units.
    """
    begin, end = bounds[:-1, None], bounds[1:, None]
    wide = np.array(widths)
    windows = np.zeros((wide.size, sums.size), np.int64)  # by width and first unit
    for row, width in zip(windows, widths, strict=True):
        np.subtract(sums[width:], sums[:-width], out=row[: max(sums.size - width, 0)])
    # reduceat over [begin, end - width + 1) of each post that is long enough; what lies between is thrown away
    edges = np.empty((wide.size, bounds.size - 1, 2), np.int64)
    edges[:, :, 0] = begin.T
    edges[:, :, 1] = np.maximum(end - wide + 1, begin).T
    edges += np.arange(wide.size)[:, None, None] * sums.size
    best = np.maximum.reduceat(windows.ravel(), edges.ravel())[::2].reshape(wide.size, -1).T
    whole = sums[end] - sums[begin]
    return np.where(end - begin > wide, best, whole)

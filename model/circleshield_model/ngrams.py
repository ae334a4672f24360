"""Hashed n-grams of units and what they weigh, over a whole batch at once.

Every n-gram has a bucket in one table. Weights are whole numbers (fixed point), so sums are exact and a post's score
cannot depend on the batch it is in.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from circleshield_model.characters import LINK, NUMBER
from circleshield_model.normalise import Units

# (what the units are compared by, how many in a row)
ORDERS = (("glyph", 1), ("glyph", 2), ("sound", 1), ("sound", 2), ("sound", 3))

_ODD = np.uint64(0x9E3779B97F4A7C15)


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
    for (channel, n), places in zip(ORDERS, _PLACES, strict=True):
        ids: NDArray[np.uint64] = getattr(units, channel)
        size = max(ids.size - n + 1, 0)
        mixed = ids[:size] * places[0]
        for k in range(1, n):
            mixed += ids[k : k + size] * places[k]
        mixed ^= mixed >> np.uint64(32)
        mixed *= _ODD
        yield mixed


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


def best_windows(sums: NDArray[np.int64], bounds: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    """The largest sum of any `width` units in a row of each post (n,); of the whole post where it is shorter.

    `sums` (m + 1,) are running sums from 0, `bounds` (n + 1,) the posts' first units. 0 for a post without units.
    """
    best = np.zeros(bounds.size - 1, np.int64)
    full = np.flatnonzero(bounds[1:] > bounds[:-1])
    if full.size == 0:
        return best
    begin, end = bounds[:-1][full], bounds[1:][full]
    best[full] = sums[end] - sums[begin]
    long = end - begin > width
    if long.any():
        begin, end = begin[long], end[long] - width + 1
        window = sums[width:] - sums[:-width]
        # reduceat over [begin, end) of each long post; the stretches between are computed and thrown away
        edges = np.empty(2 * begin.size, np.int64)
        edges[::2], edges[1::2] = begin, end
        if edges[-1] == window.size:
            edges = edges[:-1]
        best[full[long]] = np.maximum.reduceat(window, edges)[::2]
    return best

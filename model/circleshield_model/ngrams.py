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
_LONGEST = max(n for _, n in ORDERS)
_HALF = np.uint64(32)
_LINK, _LINK_TO_NUMBER = np.uint64(LINK), np.uint64(NUMBER - LINK)


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


def hash_rows(units: Units) -> NDArray[np.uint64]:
    """For each of `ORDERS` the 64-bit hashes (orders, m + longest - 1) of the n-grams that begin at each unit.

    The last n - 1 of each post reach into the next one. What follows the last n-gram is padding.
    """
    rows = np.zeros((len(ORDERS), units.glyph.size + _LONGEST - 1), np.uint64)
    for row, (channel, n), places in zip(rows, ORDERS, _PLACES, strict=True):
        ids: NDArray[np.uint64] = getattr(units, channel)
        mixed = row[: max(ids.size - n + 1, 0)]
        np.multiply(ids[: mixed.size], places[0], out=mixed)
        for k in range(1, n):
            mixed += ids[k : k + mixed.size] * places[k]
        mixed ^= mixed >> _HALF
        mixed *= _ODD
    return rows


def hashes(units: Units) -> Iterator[NDArray[np.uint64]]:
    """The rows of `hash_rows` without padding (m - n + 1,)."""
    for row, (_, n) in zip(hash_rows(units), ORDERS, strict=True):
        yield row[: max(units.glyph.size - n + 1, 0)]


def inside(units: Units, n: int) -> NDArray[np.bool_]:
    """Which n-grams (m - n + 1,) lie in one post. A number, link or mention by itself says nothing."""
    if n == 1:
        return ~_says_nothing(units)
    post = units.posts()
    size = max(post.size - n + 1, 0)
    within: NDArray[np.bool_] = post[:size] == post[n - 1 : n - 1 + size]
    return within


def _says_nothing(units: Units) -> NDArray[np.bool_]:
    """Which units (m,) are numbers, links and mentions."""
    found: NDArray[np.bool_] = (units.glyph - _LINK) <= _LINK_TO_NUMBER  # wraps below LINK
    return found


def weigh(weights: NDArray[np.int16], rows: NDArray[np.uint64], units: Units) -> NDArray[np.int64]:
    """What the n-grams that begin at each unit weigh together (m,), for a table (2**bits,) and their `hash_rows`."""
    each = weights.take(in_table(rows, weights.size.bit_length() - 1), mode="clip")
    alone, ends = _says_nothing(units).nonzero()[0], units.bounds[1:]
    for row, (_, n) in zip(each, ORDERS, strict=True):
        if n == 1:
            row[alone] = 0
        for k in range(1, n):
            row[ends - k] = 0  # reaches into the next post; below 0 is padding
    found: NDArray[np.int64] = np.add.reduce(each[:, : units.glyph.size], axis=0, dtype=np.int64)
    return found


def in_table(hashed: NDArray[np.uint64], bits: int) -> NDArray[np.int64]:
    """Where n-grams of these hashes are in a table of 2**bits."""
    return (hashed >> np.uint64(64 - bits)).view(np.int64)


def best_windows(sums: NDArray[np.int64], bounds: NDArray[np.int64], widths: NDArray[np.int64]) -> NDArray[np.int64]:
    """The largest sum of so many units in a row (widths, n) of each post; of the whole post where it is shorter.

    `sums` (m + 1,) are running sums from 0, `bounds` (n + 1,) the posts' first units, `widths` (widths, 1) how many.
    0 for a post without units.
    """
    begin, end = bounds[:-1], bounds[1:]
    windows = np.zeros((widths.size, sums.size), np.int64)  # from each unit on
    for row, width in zip(windows, widths.ravel().tolist(), strict=True):
        np.subtract(sums[width:], sums[:-width], out=row[: max(sums.size - width, 0)])
    # reduceat over [begin, end - width + 1) of each post that is long enough; what lies between is thrown away
    edges = np.empty((widths.size, begin.size, 2), np.int64)
    edges[:, :, 0] = begin
    edges[:, :, 1] = np.maximum(end + 1 - widths, begin)
    edges += np.arange(0, windows.size, sums.size)[:, None, None]
    best = np.maximum.reduceat(windows.ravel(), edges.ravel())[::2].reshape(widths.size, -1)
    whole = sums[end] - sums[begin]
    np.copyto(best, whole, where=end - begin <= widths)
    return best

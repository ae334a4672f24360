"""Hashed n-grams of units and what they weigh, over a whole batch at once.

Every n-gram has a bucket in one table. Weights are whole numbers (fixed point), so sums are exact and a post's score
cannot depend on the batch it is in.
"""

import sys
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from circleshield_model.characters import LINK, NUMBER
from circleshield_model.normalise import Units
from circleshield_model.traits import array

# (what the units are compared by, how many in a row)
ORDERS = (("glyph", 1), ("glyph", 2), ("sound", 1), ("sound", 2), ("sound", 3))

_ODD = array(0x9E3779B97F4A7C15)
_LONGEST = max(n for _, n in ORDERS)
_LOWER, _UPPER = (0, 1) if sys.byteorder == "little" else (1, 0)  # which half of a number comes first
_LINK, _LINK_TO_NUMBER = array(LINK), array(NUMBER - LINK)


def _multiplier(order: int, place: int) -> int:
    """An odd 64-bit constant, another one for each place of each order (splitmix64)."""
    z = (0x1234567 + (order * 8 + place + 1) * 0x9E3779B97F4A7C15) % 2**64
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
    return (z ^ (z >> 31)) | 1


def _multipliers(place: int) -> NDArray[np.uint64]:
    """Those of the orders that have such a place (orders, 1)."""
    return np.array([[_multiplier(i, place)] for i, (_, n) in enumerate(ORDERS) if place < n], np.uint64)


_FIRST, _SECOND, _THIRD = (_multipliers(place) for place in range(_LONGEST))
_SINGLE = [i for i, (_, n) in enumerate(ORDERS) if n == 1]
# Which n-grams reach into the next post: of these orders, if they begin so many units before it (reaching, 1).
_REACHING = np.array([i for i, (_, n) in enumerate(ORDERS) for _ in range(1, n)])[:, None]
_BEFORE = np.array([k for _, n in ORDERS for k in range(1, n)])[:, None]


def hash_rows(units: Units) -> NDArray[np.uint64]:
    """For each of `ORDERS` the 64-bit hashes (orders, m + longest - 1) of the n-grams that begin at each unit.

    The last n - 1 of each post reach into the next one, or are cut short. What follows is padding.
    """
    glyph, sound = units.glyph, units.sound
    size = glyph.size
    rows = np.zeros((len(ORDERS), size + _LONGEST - 1), np.uint64)
    np.multiply(_FIRST[:2], glyph, rows[:2, :size])
    np.multiply(_FIRST[2:], sound, rows[2:, :size])
    for orders, later, multipliers in (
        (rows[1:2], glyph[1:], _SECOND[:1]),
        (rows[3:], sound[1:], _SECOND[1:]),
        (rows[4:], sound[2:], _THIRD),
    ):
        mixed = orders[:, : later.size]
        mixed += later * multipliers
    halves = rows.view(np.uint32)
    lower = halves[:, _LOWER::2]
    lower ^= halves[:, _UPPER::2]
    rows *= _ODD
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


def weigh(weights: NDArray[np.int16], rows: NDArray[np.uint64], units: Units) -> NDArray[np.int32]:
    """What the n-grams that begin at each unit weigh together (m,), for a table (2**bits,) and their `hash_rows`."""
    each = weights.take(in_table(rows, weights.size.bit_length() - 1), mode="clip")
    each[_REACHING, units.bounds[1:] - _BEFORE] = 0  # below 0 is padding
    alone = _says_nothing(units).nonzero()[0]
    for order in _SINGLE:
        row = each[order]
        row[alone] = 0
    found: NDArray[np.int32] = np.add.reduce(each[:, : units.glyph.size], axis=0, dtype=np.int32)
    return found


def in_table(hashed: NDArray[np.uint64], bits: int) -> NDArray[np.int64]:
    """Where n-grams of these hashes are in a table of 2**bits."""
    return (hashed >> array(64 - bits)).view(np.int64)


def best_windows(sums: NDArray[np.int64], bounds: NDArray[np.int64], widths: NDArray[np.int64]) -> NDArray[np.int64]:
    """The largest sum of so many units in a row (widths, n) of each post; of the whole post where it is shorter.

    `sums` (m + 1,) are running sums from 0, `bounds` (n + 1,) the posts' first units, `widths` (widths, 1) how many.
    0 for a post without units.
    """
    windows = np.zeros((widths.size, sums.size), np.int64)  # from each unit on
    for row, width in zip(windows, widths.ravel().tolist(), strict=True):
        np.subtract(sums[width:], sums[:-width], row[: max(sums.size - width, 0)])
    # reduceat over all windows of each post that is long enough; what lies between is thrown away
    begin, length = bounds[:-1], bounds[1:] - bounds[:-1]
    spare = length - widths
    edges = np.empty((*spare.shape, 2), np.int64)
    first, end = edges[:, :, 0], edges[:, :, 1]
    np.add(begin, np.arange(0, windows.size, sums.size)[:, None], first)
    np.add(first, np.maximum(spare + 1, 0), end)
    best = np.maximum.reduceat(windows.ravel(), edges.ravel())[::2].reshape(spare.shape)
    whole = sums[bounds]
    np.copyto(best, whole[1:] - whole[:-1], where=spare <= 0)
    return best

"""The n-grams of a model that weigh most, as they stand in posts: the table itself only knows their hashes."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from circleshield_model.ngrams import ORDERS, hashes, in_table, inside
from circleshield_model.normalise import Units, units
from circleshield_training.chunks import NORMALISED

_OFTEN = 5  # times an n-gram must occur to be listed: what the model is made of, not chance


class Feature(NamedTuple):
    """An n-gram: how it is written where it first occurs, its weight in log-odds, and how often it occurs."""

    text: str
    weight: float
    times: int


def strongest(
    weights: NDArray[np.int16], step: float, texts: Sequence[str], most: int = 30
) -> tuple[list[Feature], list[Feature]]:
    """Of the n-grams in these texts those that speak for sales spam most, and those against it, strongest first.

    What is the same in writing is listed once, though it counts as written and as spoken.
    """
    bits = weights.size.bit_length() - 1
    batches = [texts[i : i + NORMALISED] for i in range(0, len(texts), NORMALISED)]
    times = np.zeros(weights.size, np.int64)
    for batch in batches:
        cut = units(batch)
        for _, _, buckets in _buckets(cut, bits):
            times += np.bincount(buckets, minlength=weights.size)
    often = np.flatnonzero((times >= _OFTEN) & (weights != 0))
    order = often[np.argsort(-weights[often].astype(np.int64), kind="stable")]
    wanted = np.zeros(weights.size, bool)
    wanted[order[: 3 * most]] = wanted[order[-3 * most :]] = True
    written: dict[int, str] = {}
    for batch in batches:
        cut = units(batch)
        number, (begin, end) = cut.posts(), cut.offsets()
        for n, starts, buckets in _buckets(cut, bits):
            for at in np.flatnonzero(wanted[buckets]).tolist():
                first, last = int(starts[at]), int(starts[at]) + n - 1
                post = batch[int(number[first])]
                written.setdefault(int(buckets[at]), post[int(begin[first]) : int(end[last])])
    return _listed(order, weights, step, times, written, most), _listed(
        order[::-1], -weights, step, times, written, most
    )


def _listed(
    order: NDArray[np.int64],
    weights: NDArray[np.int16],
    step: float,
    times: NDArray[np.int64],
    written: dict[int, str],
    most: int,
) -> list[Feature]:
    found: dict[str, Feature] = {}
    for bucket in order.tolist():
        if weights[bucket] <= 0 or len(found) == most or bucket not in written:
            break
        text = " ".join(written[bucket].split())
        found.setdefault(text, Feature(text, float(weights[bucket] * step), int(times[bucket])))
    return list(found.values())


def _buckets(cut: Units, bits: int) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
    """Of each order how many units its n-grams have, where they begin, and their buckets."""
    for (_, n), hashed in zip(ORDERS, hashes(cut), strict=True):
        starts = np.flatnonzero(inside(cut, n))
        yield n, starts, in_table(hashed, bits)[starts]

"""Which posts are nearly the same: MinHash in bands (Leskovec et al., Mining of Massive Datasets, ch. 3)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from circleshield_model.ngrams import hashes, inside
from circleshield_model.normalise import Units, units

_BANDS, _ROWS = 10, 4  # texts of Jaccard .8 share a band with a chance of .995, of .5 with .48, of .2 with .02
_CHUNK = 4000
_FACTORS = np.random.default_rng(0).integers(0, 2**63, _BANDS * _ROWS, np.uint64) * np.uint64(2) + np.uint64(1)


def near_duplicates(texts: Sequence[str]) -> NDArray[np.int64]:
    """A group number for each text (n,): what is alike once normalised, or alike to one of its group, shares one."""
    parts = [_signatures(units(texts[i : i + _CHUNK])) for i in range(0, len(texts), _CHUNK)]
    signatures = np.concatenate([np.empty((0, _FACTORS.size), np.uint64), *parts])
    rows = np.arange(len(texts))
    pairs = []
    for band in np.split(signatures, _BANDS, axis=1):
        _, leader, member = np.unique(band, axis=0, return_index=True, return_inverse=True)
        pairs.append(np.stack([rows, leader[member.ravel()]]))
    from_, to = np.concatenate(pairs, axis=1)
    alike = coo_matrix((np.ones(from_.size, bool), (from_, to)), (len(texts), len(texts)))
    return np.asarray(connected_components(alike, directed=False)[1], np.int64)


def _signatures(cut: Units) -> NDArray[np.uint64]:
    """Of each text the least of its pairs of units, or of its one unit, under each hash function (n, functions)."""
    single, double, *_ = hashes(cut)
    pair = inside(cut, 2)
    count = np.diff(cut.bounds)
    shingle = single.copy()
    shingle[: pair.size][pair] = double[pair]
    last = cut.bounds[1:][count > 1] - 1  # begins no pair
    shingle[last] = shingle[last - 1]
    full = np.flatnonzero(count)
    found = np.repeat(np.arange(count.size, dtype=np.uint64)[:, None], _FACTORS.size, axis=1)  # without units: alone
    for i, factor in enumerate(_FACTORS):
        mixed = shingle * factor
        found[full, i] = np.minimum.reduceat(mixed ^ (mixed >> np.uint64(29)), cut.bounds[:-1][full])
    return found

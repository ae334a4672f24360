"""The model as scikit-learn sees it: a transformer from posts to evidence, through a linear model on hashed n-grams."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import check_is_fitted

from circleshield_model import cues
from circleshield_model.evidence import COLUMNS, DAMPING, WIDTHS, evidence
from circleshield_model.ngrams import ORDERS, hashes, in_table, inside
from circleshield_model.normalise import Units, units

CHUNK = 4000  # posts normalised at a time
_WINDOW_SHARE = 0.5  # of a long post's weight in training goes to its windows


class Corpus(NamedTuple):
    """Posts as n-gram buckets: `grams` (units, orders), beyond the table where there is none; `bounds` (posts + 1,)."""

    grams: NDArray[np.int32]
    bounds: NDArray[np.int64]
    bits: int

    def rows(self, begin: NDArray[np.int64], end: NDArray[np.int64]) -> sparse.csr_matrix:
        """n-gram counts of stretches of units, scaled as `evidence` scales sums: (stretches, 2**bits + 1)."""
        size = end - begin
        starts = np.concatenate(([0], np.cumsum(size)))
        at = np.repeat(begin - starts[:-1], size) + np.arange(starts[-1])
        columns = self.grams[at].ravel()
        values = np.repeat((1 / np.sqrt(size + DAMPING)).astype(np.float32), size * len(ORDERS))
        values[columns == 1 << self.bits] = 0
        shape = (size.size, (1 << self.bits) + 1)
        return sparse.csr_matrix((values, columns, starts * len(ORDERS)), shape)


def corpus(texts: Sequence[str], bits: int) -> Corpus:
    """Normalises posts and finds the buckets of their n-grams."""
    parts, counts = [], [np.zeros(1, np.int64)]
    for i in range(0, len(texts), CHUNK):
        cut = units(texts[i : i + CHUNK])
        grams = np.full((cut.post.size, len(ORDERS)), 1 << bits, np.int32)
        for k, ((_, n), hashed) in enumerate(zip(ORDERS, hashes(cut), strict=True)):
            grams[: hashed.size, k] = np.where(inside(cut, n), in_table(hashed, bits), 1 << bits)
        parts.append(grams)
        counts.append(np.diff(cut.bounds))
    return Corpus(np.concatenate(parts), np.cumsum(np.concatenate(counts)), bits)


class NgramEvidence(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Posts (strings) to the columns of `evidence`, with a logistic regression on hashed n-grams inside.

    The regression is fitted on whole posts, then again on whole posts and the windows of each that it finds the most
    like sales spam: in an advertisement that is where the advertisement is, in an ordinary post it is the hardest
    counter-example.

    As in scikit-learn's TargetEncoder, `fit_transform` is not `fit` and `transform`: what it returns for the training
    posts is made by models that have not seen the post's group, so that the step after it learns from honest figures.
    """

    def __init__(self, bits: int = 20, C: float = 30.0, least: int = 2, folds: int = 5, seed: int = 0) -> None:
        self.bits = bits
        self.C = C
        self.least = least  # posts an n-gram must occur in
        self.folds = folds
        self.seed = seed

    def fit(self, X: Sequence[str], y: NDArray[Any], sample_weight: NDArray[Any] | None = None) -> Self:
        """Learns the n-grams' weights from posts X, labels y (1 is sales spam); posts of weight 0 are left out."""
        return self._fit(corpus(X, self.bits), np.asarray(y), _weights(sample_weight, len(X)))

    def fit_transform(
        self,
        X: Sequence[str],
        y: NDArray[Any],
        sample_weight: NDArray[Any] | None = None,
        groups: NDArray[Any] | None = None,
    ) -> NDArray[np.float64]:
        """Fits, and returns evidence from models that have not seen the post's group (by default: the post)."""
        texts, labels, weight = corpus(X, self.bits), np.asarray(y), _weights(sample_weight, len(X))
        group = np.arange(len(X)) if groups is None else np.unique(groups, return_inverse=True)[1]
        fold = np.random.default_rng(self.seed).permutation(int(group.max()) + 1)[group] % self.folds
        columns = np.empty((len(X), len(COLUMNS)))
        for k in range(self.folds):
            held = np.flatnonzero(fold == k)
            self._fit(texts, labels, np.where(fold == k, 0, weight))
            columns[held] = self.transform([X[i] for i in held.tolist()])
        self._fit(texts, labels, weight)
        return columns

    def _fit(self, texts: Corpus, y: NDArray[Any], weight: NDArray[np.float64]) -> Self:
        used = np.flatnonzero(weight > 0)
        begin, end = texts.bounds[:-1][used], texts.bounds[1:][used]
        whole = texts.rows(begin, end)
        posts = np.bincount(whole.indices, minlength=whole.shape[1])[: 1 << self.bits]
        frequent = np.flatnonzero(posts >= self.least)
        # Rare n-grams are scaled up in fitting, which penalises their weights less (inverse document frequency); the
        # mean square stays 1, so that C keeps its meaning, and the scale ends up in the weights.
        rarity = np.log(used.size / posts[frequent]).clip(0.5)
        rarity /= np.sqrt(np.average(rarity**2, weights=posts[frequent]))
        scale = sparse.diags(rarity.astype(np.float32))

        def fitted(rows: sparse.csr_matrix, labels: NDArray[Any], weights: NDArray[np.float64]) -> NDArray[np.float64]:
            model = LogisticRegression(C=self.C, max_iter=400, tol=1e-4)
            found = np.zeros((1 << self.bits) + 1)
            found[frequent] = model.fit(rows[:, frequent] @ scale, labels, weights).coef_[0] * rarity
            return found

        coefficients = fitted(whole, y[used], weight[used])
        sums = np.concatenate(([0], np.cumsum(coefficients[texts.grams].sum(axis=1))))
        widths = (end - begin)[:, None] > np.array(WIDTHS)
        windows = widths.sum(axis=1)
        rows, labels = [whole], [y[used]]
        weights = [weight[used] * np.where(windows > 0, 1 - _WINDOW_SHARE, 1)]
        for i, width in enumerate(WIDTHS):
            long = np.flatnonzero(widths[:, i])
            if long.size:
                first = best_starts(sums, begin[long], end[long], width)
                rows.append(texts.rows(first, first + width))
                labels.append(y[used][long])
                weights.append(weight[used][long] * _WINDOW_SHARE / windows[long])
        if len(rows) > 1:
            coefficients = fitted(sparse.vstack(rows, "csr"), np.concatenate(labels), np.concatenate(weights))
        return self.set_weights(coefficients[:-1])

    def set_weights(self, weights: NDArray[np.float64]) -> Self:
        """Takes the n-grams' weights (2**bits,) as if they had been fitted."""
        self.step_ = float(np.abs(weights).max()) / 32000 or 1.0
        self.weights_ = np.round(weights / self.step_).astype(np.int16)
        self.n_features_in_ = 1
        return self

    def transform(self, X: Sequence[str]) -> NDArray[np.float64]:
        """Evidence (posts, columns). Sparse matrices and scipy do here what the proxy's scorer does with look-ups."""
        check_is_fitted(self, "weights_")
        parts = [np.empty((0, len(COLUMNS)))]
        weights = self.weights_.astype(np.float64)
        for i in range(0, len(X), CHUNK):
            cut = units(X[i : i + CHUNK])
            found = np.zeros((cut.bounds.size - 1, len(cues.NAMES)), np.int64)
            for order, hashed in zip(ORDERS, hashes(cut), strict=True):
                cues.count(cut, order, hashed, found)
            each = np.rint(unit_matrix(cut, self.bits) @ weights).astype(np.int64)
            parts.append(evidence(cut, each, found, self.step_))
        return np.concatenate(parts)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """The columns' names."""
        return np.array(COLUMNS, object)


def unit_matrix(cut: Units, bits: int) -> sparse.csr_matrix:
    """Which n-grams begin at which unit: (units, 2**bits), counts."""
    rows, columns = [], []
    for (_, n), hashed in zip(ORDERS, hashes(cut), strict=True):
        here = np.flatnonzero(inside(cut, n))
        rows.append(here)
        columns.append(in_table(hashed, bits)[here])
    row, column = np.concatenate(rows), np.concatenate(columns)
    return sparse.csr_matrix((np.ones(row.size), (row, column)), (cut.post.size, 1 << bits))


def best_starts(
    sums: NDArray[np.float64], begin: NDArray[np.int64], end: NDArray[np.int64], width: int
) -> NDArray[np.int64]:
    """Where in each stretch, in order and apart, the window of this width with the largest sum begins."""
    window = sums[width:] - sums[:-width]
    last = end - width + 1
    edges = np.stack([begin, last], axis=1).ravel()
    best = np.maximum.reduceat(window, edges[:-1] if edges[-1] == window.size else edges)[::2]
    hits = np.full(window.size, np.inf)
    size = last - begin
    at = np.repeat(begin - np.concatenate(([0], np.cumsum(size)[:-1])), size) + np.arange(size.sum())
    hits[at] = np.repeat(best, size)
    found = np.flatnonzero(window == hits)
    return found[np.searchsorted(found, begin)]


def _weights(given: NDArray[Any] | None, size: int) -> NDArray[np.float64]:
    return np.ones(size) if given is None else np.asarray(given, np.float64)

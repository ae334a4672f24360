"""The model as scikit-learn sees it: a transformer from posts to evidence, through a linear model on hashed n-grams."""

from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from circleshield_model.evidence import COLUMNS, DAMPING, WIDTHS
from circleshield_model.ngrams import ORDERS, hashes, in_table, inside
from circleshield_model.normalise import Units
from circleshield_training import logistic
from circleshield_training.chunks import NORMALISED, Chunk, Corpus, in_memory

_WINDOW_SHARE = 0.5  # of a long post's weight in training goes to its windows
_FEW = 0.5  # if fewer of a chunk's posts than this are learnt from, the others are left out before the sums, not after


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
        return self.fit_corpus(in_memory(X, self.bits), np.asarray(y), _weights(sample_weight, len(X)))

    def fit_transform(
        self,
        X: Sequence[str],
        y: NDArray[Any],
        sample_weight: NDArray[Any] | None = None,
        groups: NDArray[Any] | None = None,
    ) -> NDArray[np.float64]:
        """Fits, and returns evidence from models that have not seen the post's group (by default: the post)."""
        posts, labels, weight = in_memory(X, self.bits), np.asarray(y), _weights(sample_weight, len(X))
        group = np.arange(len(X)) if groups is None else np.unique(groups, return_inverse=True)[1]
        fold = self.folds_of(group)
        columns = np.empty((len(X), len(COLUMNS)))
        for k in range(self.folds):
            self.fit_corpus(posts, labels, np.where(fold == k, 0, weight))
            held = np.flatnonzero(fold == k)
            columns[held] = np.concatenate([np.empty((0, len(COLUMNS))), *self.transform_corpus(posts, held)])
        self.fit_corpus(posts, labels, weight)
        return columns

    def folds_of(self, group: NDArray[np.int64]) -> NDArray[np.int64]:
        """The fold of each post, by its group's number from 0 on."""
        return np.random.default_rng(self.seed).permutation(int(group.max()) + 1)[group] % self.folds

    def fit_corpus(self, posts: Corpus, y: NDArray[Any], weight: NDArray[np.float64]) -> Self:
        """`fit` on posts in chunks, which are gone through many times; y and weight are of all posts in order."""
        whole = _Parts(posts, y, weight)
        occurrences, used = np.zeros(posts.buckets.size, np.int64), 0
        for part in whole:
            occurrences += part.occurrences()
            used += part.y.size
        # Rare n-grams are scaled up in fitting, which penalises their weights less (inverse document frequency); the
        # mean square stays 1, so that C keeps its meaning, and the scale ends up in the weights.
        frequent = np.flatnonzero(occurrences >= self.least)
        rarity = np.zeros(posts.buckets.size)
        if frequent.size:
            found = np.log(used / occurrences[frequent]).clip(0.5)
            rarity[frequent] = found / np.sqrt(np.average(found**2, weights=occurrences[frequent]))
        coefficients = logistic.fit(whole, rarity, self.C, max_iter=400).coefficients
        windows = [part.windows(coefficients) for part in whole]
        if any((starts >= 0).any() for starts in windows):
            coefficients = logistic.fit(_Parts(posts, y, weight, windows), rarity, self.C, max_iter=400).coefficients
        weights = np.zeros(1 << self.bits)
        weights[posts.buckets] = coefficients
        return self.set_weights(weights)

    def set_weights(self, weights: NDArray[np.float64]) -> Self:
        """Takes the n-grams' weights (2**bits,) as if they had been fitted."""
        step = float(np.abs(weights).max()) / 32000 or 1.0
        return self.take(np.round(weights / step).astype(np.int16), step)

    def take(self, weights: NDArray[np.int16], step: float) -> Self:
        """Takes the n-grams' weights (2**bits,) in fixed point of this step as if they had been fitted."""
        self.step_, self.weights_ = step, weights
        self.n_features_in_ = 1
        return self

    def transform(self, X: Sequence[str]) -> NDArray[np.float64]:
        """Evidence (posts, columns). Sparse matrices and scipy do here what the proxy's scorer does with look-ups."""
        check_is_fitted(self, "weights_")
        parts = [np.empty((0, len(COLUMNS)))]
        for i in range(0, len(X), NORMALISED):
            parts.append(Chunk.of(X[i : i + NORMALISED], self.bits).evidence(self.weights_, self.step_))
        return np.concatenate(parts)

    def transform_corpus(self, posts: Corpus, rows: NDArray[np.int64]) -> Iterator[NDArray[np.float64]]:
        """Evidence of the posts with these numbers, ascending, chunk by chunk."""
        weights = self.weights_[posts.buckets]
        first = 0
        for chunk in posts.chunks:
            here = rows[np.searchsorted(rows, first) : np.searchsorted(rows, first + chunk.posts)] - first
            if here.size:
                yield (chunk if here.size == chunk.posts else chunk.take(here)).evidence(weights, self.step_)
            first += chunk.posts

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """The columns' names."""
        return np.array(COLUMNS, object)


class _Part:
    """A chunk's posts of weight above 0 as rows for the regression, by the stretches of units that they are.

    What is looked up by n-gram is in single precision, as memory is what limits the speed; sums over units are not.

    A row is the sum over its units' n-grams, scaled as `evidence` scales sums. Rows overlap where windows are among
    them; as each is a stretch, running sums serve all of them and no n-gram is looked up twice.
    """

    def __init__(
        self,
        chunk: Chunk,
        y: NDArray[np.float64],
        weight: NDArray[np.float64],
        size: int,
        ones: NDArray[np.float32],
    ) -> None:
        used = np.flatnonzero(weight > 0)
        self.y, self.weight = y[used].astype(np.float64), weight[used]
        if used.size < _FEW * chunk.posts:
            chunk, used = chunk.take(used), np.arange(used.size)
        self._columns, self._starts = chunk.columns, chunk.starts
        self._matrix = chunk.matrix(size, ones)
        self._rows(chunk.bounds[:-1][used].astype(np.int64), chunk.bounds[1:][used].astype(np.int64))

    def _rows(self, begin: NDArray[np.int64], end: NDArray[np.int64]) -> None:
        self.begin, self.end = begin, end
        self._scale = 1 / np.sqrt(end - begin + DAMPING)

    def add_windows(self, starts: NDArray[np.int32]) -> None:
        """Adds the windows that begin there, (rows, widths) and -1 for none; they share the post's weight with it."""
        some = starts >= 0
        count = some.sum(axis=1)
        begin, end, y = [self.begin], [self.end], [self.y]
        weight = [self.weight * np.where(count > 0, 1 - _WINDOW_SHARE, 1)]
        for i, width in enumerate(WIDTHS):
            long = np.flatnonzero(some[:, i])
            begin.append(starts[long, i])
            end.append(starts[long, i] + width)
            y.append(self.y[long])
            weight.append(self.weight[long] * _WINDOW_SHARE / count[long])
        self._rows(np.concatenate(begin), np.concatenate(end))
        self.y, self.weight = np.concatenate(y), np.concatenate(weight)

    def occurrences(self) -> NDArray[np.int64]:
        """How often each n-gram occurs (size,) in the rows, which must not overlap."""
        units, n_grams = self._matrix.shape
        edges = np.bincount(self.begin, minlength=units + 1) - np.bincount(self.end, minlength=units + 1)
        inside = np.repeat(np.cumsum(edges[:-1]) > 0, np.diff(self._starts))
        return np.bincount(self._columns[inside], minlength=n_grams)

    def product(self, w: NDArray[np.float64]) -> NDArray[np.float64]:
        sums = _running(self._matrix @ w.astype(np.float32))
        return (sums[self.end] - sums[self.begin]) * self._scale

    def adjoint(self, g: NDArray[np.float64]) -> NDArray[np.float64]:
        size = self._matrix.shape[0] + 1
        scaled = g * self._scale
        each = np.cumsum(np.bincount(self.begin, scaled, size) - np.bincount(self.end, scaled, size))[:-1]
        found: NDArray[np.float32] = self._matrix.T @ each.astype(np.float32)
        return found.astype(np.float64)

    def windows(self, coefficients: NDArray[np.float64]) -> NDArray[np.int32]:
        """Where the window of each width with the largest sum begins (rows, widths); -1 in rows no longer than it."""
        sums = _running(self._matrix @ coefficients.astype(np.float32))
        starts = np.full((self.y.size, len(WIDTHS)), -1, np.int32)
        for i, width in enumerate(WIDTHS):
            long = np.flatnonzero(self.end - self.begin > width)
            if long.size:
                starts[long, i] = best_starts(sums, self.begin[long], self.end[long], width)
        return starts


class _Parts:
    """All chunks as `_Part`s, as often as wanted."""

    def __init__(
        self,
        posts: Corpus,
        y: NDArray[Any],
        weight: NDArray[np.float64],
        windows: Sequence[NDArray[np.int32]] | None = None,
    ) -> None:
        self._posts, self._y, self._weight, self._windows = posts, y, weight, windows

    def __iter__(self) -> Iterator[_Part]:
        first, ones = 0, np.ones(0, np.float32)
        for i, chunk in enumerate(self._posts.chunks):
            last = first + chunk.posts
            if ones.size < chunk.columns.size:
                ones = np.ones(chunk.columns.size, np.float32)
            part = _Part(chunk, self._y[first:last], self._weight[first:last], self._posts.buckets.size, ones)
            if self._windows is not None:
                part.add_windows(self._windows[i])
            yield part
            first = last


def unit_matrix(cut: Units, bits: int) -> sparse.csr_matrix:
    """Which n-grams begin at which unit: (units, 2**bits), counts."""
    rows, columns = [], []
    for (_, n), hashed in zip(ORDERS, hashes(cut), strict=True):
        here = np.flatnonzero(inside(cut, n))
        rows.append(here)
        columns.append(in_table(hashed, bits)[here])
    row, column = np.concatenate(rows), np.concatenate(columns)
    return sparse.csr_matrix((np.ones(row.size), (row, column)), (cut.glyph.size, 1 << bits))


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


def _running(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Running sums from 0 (m + 1,)."""
    return np.concatenate(([0.0], np.cumsum(values, dtype=np.float64)))


def _weights(given: NDArray[Any] | None, size: int) -> NDArray[np.float64]:
    return np.ones(size) if given is None else np.asarray(given, np.float64)

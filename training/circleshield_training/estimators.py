"""The model as scikit-learn sees it: a transformer from posts to evidence, and a logistic regression on top."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression

from circleshield_model.evidence import COLUMNS, DAMPING, evidence
from circleshield_model.ngrams import buckets, inside
from circleshield_model.normalise import Units, units

CHUNK = 2000  # posts normalised at a time


def unit_matrix(cut: Units, bits: int) -> sparse.csr_matrix:
    """Which n-grams begin at which unit: (units, 2**bits), counts."""
    rows, columns = [], []
    for n, found in buckets(cut, bits):
        here = np.flatnonzero(inside(cut, n))
        rows.append(here)
        columns.append(found[here])
    row, column = np.concatenate(rows), np.concatenate(columns)
    return sparse.csr_matrix((np.ones(row.size, np.float32), (row, column)), (cut.post.size, 1 << bits))


def post_matrix(cut: Units, bits: int) -> sparse.csr_matrix:
    """n-gram counts of each post, scaled as `evidence` scales sums: (posts, 2**bits)."""
    posts = cut.bounds.size - 1
    member = sparse.csr_matrix((np.ones(cut.post.size, np.float32), (cut.post, np.arange(cut.post.size))), (posts, cut.post.size))
    counts = sparse.csr_matrix(member @ unit_matrix(cut, bits))
    scale = 1 / np.sqrt(np.diff(cut.bounds) + DAMPING)
    return sparse.csr_matrix(sparse.diags(scale.astype(np.float32)) @ counts)


class NgramEvidence(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Posts (strings) to evidence columns, through a linear model on hashed n-grams.

    As in scikit-learn's TargetEncoder, `fit_transform` is not `fit` and `transform`: what it returns for the training
    posts is made by models that have not seen the post's group, so that the step after it learns from honest figures.
    """

    def __init__(self, bits: int = 20, C: float = 10.0, folds: int = 4, seed: int = 0) -> None:
        self.bits = bits
        self.C = C
        self.folds = folds
        self.seed = seed

    def _fit_weights(self, X: sparse.csr_matrix, y: NDArray[Any], weight: NDArray[Any] | None) -> tuple[NDArray[np.int16], float]:
        model = LogisticRegression(C=self.C, max_iter=60, tol=1e-3)
        model.fit(X, y, weight)
        coefficients = model.coef_[0]
        step = float(np.abs(coefficients).max()) / 32000
        return np.round(coefficients / step).astype(np.int16), step

    def _matrix(self, X: Sequence[str]) -> sparse.csr_matrix:
        return sparse.vstack([post_matrix(units(X[i : i + CHUNK]), self.bits) for i in range(0, len(X), CHUNK)], "csr")

    def fit(self, X: Sequence[str], y: NDArray[Any], sample_weight: NDArray[Any] | None = None) -> Self:
        self.weights_, self.step_ = self._fit_weights(self._matrix(X), y, sample_weight)
        self.n_features_in_ = 1
        return self

    def fit_transform(
        self, X: Sequence[str], y: NDArray[Any], sample_weight: NDArray[Any] | None = None, groups: NDArray[Any] | None = None
    ) -> NDArray[np.float64]:
        matrix = self._matrix(X)
        groups = np.arange(len(X)) if groups is None else groups
        fold = np.random.default_rng(self.seed).permutation(groups.max() + 1)[groups] % self.folds
        out = np.empty((len(X), len(COLUMNS)))
        for k in range(self.folds):
            held, rest = np.flatnonzero(fold == k), np.flatnonzero(fold != k)
            found = self._fit_weights(matrix[rest], y[rest], None if sample_weight is None else sample_weight[rest])
            out[held] = self._columns([X[i] for i in held], *found)
        self.weights_, self.step_ = self._fit_weights(matrix, y, sample_weight)
        self.n_features_in_ = 1
        return out

    def _columns(self, X: Sequence[str], weights: NDArray[np.int16], step: float) -> NDArray[np.float64]:
        parts = []
        for i in range(0, len(X), CHUNK):
            cut = units(X[i : i + CHUNK])
            each = unit_matrix(cut, self.bits) @ weights.astype(np.float64)
            parts.append(evidence(cut, np.concatenate(([0], np.cumsum(each))), step))
        return np.concatenate(parts)

    def transform(self, X: Sequence[str]) -> NDArray[np.float64]:
        return self._columns(X, self.weights_, self.step_)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        return np.array(COLUMNS, object)

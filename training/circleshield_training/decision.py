"""The second step: from evidence to a probability."""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from circleshield_training import logistic


class _Rows:
    def __init__(self, x: NDArray[np.float64], y: NDArray[np.float64], weight: NDArray[np.float64]) -> None:
        self._x, self.y, self.weight = x, y, weight

    def product(self, w: NDArray[np.float64]) -> NDArray[np.float64]:
        return self._x @ w

    def adjoint(self, g: NDArray[np.float64]) -> NDArray[np.float64]:
        return g @ self._x


class _Parts:
    def __init__(
        self,
        blocks: Iterable[NDArray[np.float64]],
        y: NDArray[np.bool_],
        weight: NDArray[np.float64],
        scale: StandardScaler,
    ) -> None:
        self._blocks, self._y, self._weight, self._scale = blocks, y, weight, scale

    def __iter__(self) -> Iterator[_Rows]:
        first = 0
        for block in self._blocks:
            last = first + block.shape[0]
            y = self._y[first:last].astype(np.float64)
            yield _Rows(self._scale.transform(block), y, self._weight[first:last])
            first = last


def fit(blocks: Iterable[NDArray[np.float64]], y: NDArray[np.bool_], weight: NDArray[np.float64]) -> Pipeline:
    """Scaling and logistic regression of evidence in blocks (any, columns); y and weight are of all posts in order."""
    scale, decide = StandardScaler(), LogisticRegression(max_iter=2000)
    for block in blocks:
        scale.partial_fit(block)
    parts = _Parts(blocks, y, weight, scale)
    found = logistic.fit(parts, np.ones(scale.n_features_in_), decide.C, decide.max_iter)
    decide.classes_ = np.array([0, 1])
    decide.coef_ = found.coefficients[None, :]
    decide.intercept_ = np.array([found.intercept])
    decide.n_iter_ = np.array([found.iterations], np.int32)
    decide.n_features_in_ = scale.n_features_in_
    return Pipeline([("scale", scale), ("decide", decide)])


def scores(decision: Pipeline, blocks: Iterable[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Probability of sales spam of all posts in the blocks (n,)."""
    return np.concatenate([np.empty(0), *(decision.predict_proba(block)[:, 1] for block in blocks)])

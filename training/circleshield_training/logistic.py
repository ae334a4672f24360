"""Logistic regression on posts that come in parts, so that only one part need be in memory.

Loss, solver and settings are those of scikit-learn's LogisticRegression(solver="lbfgs"), which wants all rows at once.
Sums over parts are added in the order of the parts: the same parts give the same weights, whoever computes them.
"""

import warnings
from collections.abc import Iterable
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.exceptions import ConvergenceWarning


class Part(Protocol):
    """Some rows X (n, columns), with labels y (n,) of 0 and 1 and weights (n,)."""

    y: NDArray[np.float64]
    weight: NDArray[np.float64]

    def product(self, w: NDArray[np.float64]) -> NDArray[np.float64]:
        """X w (n,), for w (columns,)."""

    def adjoint(self, g: NDArray[np.float64]) -> NDArray[np.float64]:
        """Xᵀ g (columns,), for g (n,)."""


class Fitted(NamedTuple):
    """Coefficients (columns,), the intercept, and how many iterations it took."""

    coefficients: NDArray[np.float64]
    intercept: float
    iterations: int


def fit(parts: Iterable[Part], scale: NDArray[np.float64], C: float, max_iter: int, tol: float = 1e-4) -> Fitted:
    """Minimises the mean of the weighted log loss + |w|² / (2 C · whole weight) of the columns times `scale`.

    `parts` is gone through many times. Columns of scale 0 are left out: their coefficient is 0.
    """
    used = np.flatnonzero(scale)
    total = sum(float(part.weight.sum()) for part in parts)
    penalty = 1 / (C * total)

    def loss(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        free = point[:-1]
        w = np.zeros(scale.size)
        w[used] = free * scale[used]
        value, slope, gradient = 0.0, 0.0, np.zeros(scale.size)
        for part in parts:
            z = part.product(w) + point[-1]
            value += float(part.weight @ (np.logaddexp(0, z) - part.y * z))
            residual = part.weight * (expit(z) - part.y)
            gradient += part.adjoint(residual)
            slope += float(residual.sum())
        found = np.append(gradient[used] * scale[used] / total + penalty * free, slope / total)
        return value / total + penalty / 2 * float(free @ free), found

    options = {"maxiter": max_iter, "maxls": 50, "gtol": tol, "ftol": 64 * np.finfo(float).eps}
    found = minimize(loss, np.zeros(used.size + 1), jac=True, method="L-BFGS-B", options=options)
    if found.status == 1:
        warnings.warn(f"not converged after {max_iter} iterations", ConvergenceWarning, stacklevel=2)
    coefficients = np.zeros(scale.size)
    coefficients[used] = found.x[:-1] * scale[used]
    return Fitted(coefficients, float(found.x[-1]), int(found.nit))

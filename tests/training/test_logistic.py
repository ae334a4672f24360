"""Regression on parts is scikit-learn's on the whole."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from circleshield_training import decision, logistic
from circleshield_training.chunks import in_memory
from circleshield_training.estimators import _Parts
from circleshield_training.samples import read_seed

SAMPLES = read_seed()[::20]
LABELS = np.array([s.spam for s in SAMPLES])
WEIGHT = np.random.default_rng(0).uniform(0, 50, LABELS.size) * (np.arange(LABELS.size) % 7 > 0)


def test_n_grams_weigh_what_scikit_learn_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("circleshield_training.chunks.NORMALISED", 100)
    posts = in_memory([s.text for s in SAMPLES], 20)
    assert len(list(posts.chunks)) > 4
    rows = []
    for chunk in posts.chunks:
        size = np.diff(chunk.bounds)
        units = sparse.csr_matrix((np.ones(size.sum()), np.arange(size.sum()), chunk.bounds))
        whole = units @ chunk.matrix(posts.buckets.size, np.ones(chunk.columns.size))
        rows.append(sparse.diags(1 / np.sqrt(size + 4.0)) @ whole)
    scale = np.where(np.arange(posts.buckets.size) % 3, 1.5, 0.0)
    want = LogisticRegression(C=3.0, max_iter=400).fit(sparse.vstack(rows, "csr")[:, scale > 0] * 1.5, LABELS, WEIGHT)
    found = logistic.fit(_Parts(posts, LABELS, WEIGHT), scale, 3.0, 400)
    assert np.abs(found.coefficients[scale > 0] - want.coef_[0] * 1.5).max() < 1e-4 * np.abs(want.coef_).max()
    assert not found.coefficients[scale == 0].any()
    assert np.isclose(found.intercept, want.intercept_[0], atol=1e-3)


def test_the_decision_is_scikit_learns() -> None:
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    x = np.random.default_rng(1).normal(size=(LABELS.size, 5)) * [1, 5, 9, 0.1, 1] + LABELS[:, None]

    class Blocks:
        def __iter__(self) -> Iterator[NDArray[np.float64]]:
            return iter(np.array_split(x, 4))

    found = decision.fit(Blocks(), LABELS, WEIGHT)
    want = Pipeline([("scale", StandardScaler()), ("decide", LogisticRegression(max_iter=2000))])
    want.fit(x, LABELS, decide__sample_weight=WEIGHT)
    assert np.abs(decision.scores(found, Blocks()) - want.predict_proba(x)[:, 1]).max() < 1e-9


def test_one_that_does_not_converge_says_so() -> None:
    posts = in_memory([s.text for s in SAMPLES], 20)
    with pytest.warns(UserWarning, match="not converged after 1 iterations"):
        logistic.fit(_Parts(posts, LABELS, WEIGHT), np.ones(posts.buckets.size), 30.0, 1)

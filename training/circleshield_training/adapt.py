"""Learning from a handful: a trained pipeline, and a small correction of what its n-grams weigh.

Only n-grams that occur in the user's own posts are corrected. The correction t is that of a penalised logistic
regression with the pipeline's log-odds as offset, the least

    sum of v (log(1 + e^z) - y z) + penalty / 2 |t|^2,    z = log-odds of the pipeline + x t

over the own posts with their labels y (z less a margin for sales posts, as they are to be removed and not only
suspected), and over the project's posts with the pipeline's own probabilities as y: these are ballast, as any change
costs on them (learning without forgetting, Li and Hoiem 2016). x is the slope of a post's log-odds in the weights of
its n-grams, for the windows that weigh most.

A correction always starts from the packaged pipeline, never from an earlier correction, and depends on the set of
posts alone. So a post that is taken out leaves nothing behind. The decision and its cut-offs are the pipeline's.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import expit, logit
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from circleshield_model.errors import InputError
from circleshield_model.evidence import DAMPING, SUMS, WIDTHS
from circleshield_model.normalise import Units, units
from circleshield_training import mixing
from circleshield_training.chunks import NORMALISED
from circleshield_training.estimators import best_starts, unit_matrix
from circleshield_training.near_duplicates import near_duplicates
from circleshield_training.runs import Progress
from circleshield_training.samples import Sample
from circleshield_training.write import arrays_of

FOLDS = 5
MOST = 50_000  # posts that a correction is made from: all are held in memory
_PENALTY = 0.05
_MARGIN = 5.0  # log-odds, a little beyond remove_at, below which a sales post of the user's is not learnt yet
_SHARED = 5  # own posts that an n-gram must be in for its correction to be penalised as it stands
_PER_MENTION = 2500  # own posts for each that an n-gram must be in one more of them; of few posts all n-grams count
_ROUNDS = 2  # the windows that weigh most are looked for again after the first
_RARITY = 5.0  # log of one in how many posts an n-gram must be in for its correction to be penalised as it stands


class Adapted(NamedTuple):
    """A corrected pipeline, and what corrections that had not seen the post, nor a near-duplicate of it, say of each.

    `own` are probabilities of the own posts, in the order given; `ballast` of the ballast, by what is changed of its
    honest ones.
    """

    pipeline: Pipeline
    own: NDArray[np.float64]
    ballast: NDArray[np.float64]


def adapted(
    base: Pipeline,
    own: Sequence[Sample],
    ballast: Sequence[Sample],
    honest: NDArray[np.float64],
    progress: Progress = lambda *_: None,
) -> Adapted:
    """Corrects a pipeline by the user's own posts. The project's posts should be of the kinds it was trained on;
    `honest` (ballast,) are their probabilities from models like it that had not seen them.

    InputError if the posts are more than memory is meant for.
    """
    check_size(len(own))
    order = sorted(range(len(own)), key=lambda i: (own[i].text, own[i]))
    samples = [*(own[i] for i in order), *ballast]
    number, texts = len(own), [s.text for s in samples]
    progress(0.0, "reading posts")
    correction = _Correction(base, texts)
    log_odds = np.array(base.decision_function(texts))
    offset = log_odds.copy()
    offset[:number] -= np.where([s.spam for s in samples[:number]], _MARGIN, 0.0)
    target = np.concatenate([[s.spam for s in samples[:number]], expit(offset[number:])])
    weight = np.concatenate([mixing.correcting(samples[:number]), np.ones(len(ballast))])
    group = near_duplicates(texts)
    fold = np.random.default_rng(0).permutation(int(group.max(initial=0)) + 1)[group] % FOLDS
    found = np.empty(len(texts))
    for k in range(FOLDS):
        progress((k + 1) / (FOLDS + 2), "proving on posts left out")
        held = fold == k
        tried = correction.fitted(offset, target, np.where(held, 0, weight), number)
        found[held] = tried.decision_function([texts[i] for i in np.flatnonzero(held)])
    progress((FOLDS + 1) / (FOLDS + 2), "learning")
    pipeline = correction.fitted(offset, target, weight, number)
    progress(1.0, "done")
    own_scores = np.empty(number)
    own_scores[order] = expit(found[:number])
    return Adapted(pipeline, own_scores, expit(logit(honest) + (found - log_odds)[number:]))


def check_size(posts: int) -> None:
    """InputError if so many own posts are more than memory is meant for."""
    if posts > MOST:
        raise InputError(
            f"{posts:,} posts are too many to correct the packaged model by; train a new one: --from-scratch"
        )


class _Correction:
    """Fits corrections of one pipeline on one list of posts, differently weighed."""

    def __init__(self, base: Pipeline, texts: Sequence[str]) -> None:
        evidence = base.named_steps["evidence"]
        self._base = base
        self._coefficients: NDArray[np.float64] = arrays_of(base)["coefficients"][: len(SUMS)]
        self._weights = evidence.weights_.astype(np.float64) * evidence.step_
        cuts = [units(texts[i : i + NORMALISED]) for i in range(0, len(texts), NORMALISED)]
        self._parts = [(cut, unit_matrix(cut, evidence.bits)) for cut in cuts]
        self._before = self._slopes(self._weights)

    def fitted(self, offset: NDArray[Any], target: NDArray[Any], weight: NDArray[Any], own: int) -> Pipeline:
        """The pipeline corrected; of the posts, the first `own` say which n-grams may be."""
        used = np.flatnonzero(weight)
        occurring = np.bincount(self._before[used[used < own]].indices, minlength=self._weights.size)
        active = np.flatnonzero(occurring > own // _PER_MENTION)
        shared = np.minimum(occurring[active], _SHARED) / _SHARED
        weights = self._weights
        for round_ in range(_ROUNDS):
            x = self._slopes(weights) if round_ else self._before
            rows = x[used]
            # Euler's theorem for homogeneous functions: the sums' part of the log-odds is slopes times weights.
            start = (offset - self._before @ self._weights + x @ self._weights)[used]
            columns = rows[:, active]
            posts = np.bincount(columns.indices, minlength=active.size).clip(1)
            # Scaled up, an n-gram's correction is penalised less: if it is rare, as in NgramEvidence, and if it is
            # what own posts have in common rather than what one has alone.
            scale = np.log(used.size / posts).clip(0.5) / _RARITY * shared
            scaled = columns @ sparse.diags(scale)
            weights = self._weights.copy()
            weights[active] += _solved(scaled, start, target[used], weight[used]) * scale
        fresh = clone(self._base.named_steps["evidence"])
        fresh.set_weights(weights)
        return Pipeline([("evidence", fresh), *self._base.steps[1:]])

    def _slopes(self, weights: NDArray[np.float64]) -> sparse.csr_matrix:
        """How the log-odds of each post grow with the weight of each n-gram: (posts, n-grams)."""
        found = [_unit_slopes(cut, grams @ weights, self._coefficients) @ grams for cut, grams in self._parts]
        return sparse.vstack(found, "csr")


def _solved(
    x: sparse.csr_matrix, offset: NDArray[Any], target: NDArray[Any], weight: NDArray[Any]
) -> NDArray[np.float64]:
    """The t that minimises the sum in the module's docstring."""

    def loss(t: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = offset + x @ t
        value = (weight * (np.logaddexp(0, z) - target * z)).sum() + _PENALTY / 2 * (t @ t)
        return float(value), x.T @ (weight * (expit(z) - target)) + _PENALTY * t

    found = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 500, "gtol": 1e-4})
    return np.asarray(found.x, np.float64)


def _unit_slopes(cut: Units, each: NDArray[np.float64], coefficients: NDArray[np.float64]) -> sparse.csr_matrix:
    """How the log-odds of each post grow with what its units weigh: (posts, units). See `evidence.evidence`."""
    begin, end = cut.bounds[:-1], cut.bounds[1:]
    count = end - begin
    topics = np.bincount(cut.posts(), cut.tagged, count.size)
    whole, topic, body, *windows = coefficients
    slope = np.where(
        cut.tagged,
        np.repeat(topic / np.sqrt(topics + DAMPING), count),
        np.repeat(body / np.sqrt(count - topics + DAMPING), count),
    ) + np.repeat(whole / np.sqrt(count + DAMPING), count)
    sums = np.concatenate(([0], np.cumsum(each)))
    for width, coefficient in zip(WIDTHS, windows, strict=True):
        size = np.minimum(count, width)
        first, long = begin.copy(), np.flatnonzero(count > width)
        if long.size:
            first[long] = best_starts(sums, begin[long], end[long], width)
        places = np.repeat(first - np.concatenate(([0], np.cumsum(size)[:-1])), size) + np.arange(size.sum())
        slope[places] += np.repeat(coefficient / np.sqrt(size + DAMPING), size)
    return sparse.csr_matrix((slope, np.arange(slope.size), cut.bounds), (count.size, slope.size))

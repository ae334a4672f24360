"""Figures on scored posts."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

RATES = (0.001, 0.005, 0.01)  # false-positive rates at which recall is given


class Interval(NamedTuple):
    """A figure with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


def cut_for(social: NDArray[np.float64], rate: float) -> float:
    """The lowest cut that at most this share of the social scores lies above."""
    return float(np.quantile(social, 1 - rate, method="higher"))


def recall_at(spam: NDArray[np.float64], social: NDArray[np.float64], rate: float, draws: int = 200) -> Interval:
    """Share of spam above the cut that lets at most `rate` of social through; both are resampled for the interval."""
    rng = np.random.default_rng(0)
    value = float((spam > cut_for(social, rate)).mean())
    found = [
        float((rng.choice(spam, spam.size) > cut_for(rng.choice(social, social.size), rate)).mean())
        for _ in range(draws)
    ]
    return Interval(value, *(float(q) for q in np.quantile(found, (0.025, 0.975))))


def pr_auc(spam: NDArray[np.float64], social: NDArray[np.float64]) -> float:
    """Average precision, the area under the precision-recall curve."""
    labels = np.concatenate([np.ones(spam.size), np.zeros(social.size)])
    return float(average_precision_score(labels, np.concatenate([spam, social])))


def reliability(
    scores: NDArray[np.float64], spam: NDArray[np.bool_], bins: int = 10
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Per bin of equal width: mean score, share of spam, posts; empty bins are left out."""
    at = np.minimum((scores * bins).astype(np.int64), bins - 1)
    count = np.bincount(at, minlength=bins)
    full = count > 0
    mean = np.bincount(at, scores, bins)[full] / count[full]
    share = np.bincount(at, spam.astype(float), bins)[full] / count[full]
    return mean, share, count[full]


def calibration_error(scores: NDArray[np.float64], spam: NDArray[np.bool_]) -> float:
    """Expected calibration error over ten bins (Guo et al. 2017, eq. 3)."""
    mean, share, count = reliability(scores, spam)
    return float((np.abs(mean - share) * count).sum() / count.sum())

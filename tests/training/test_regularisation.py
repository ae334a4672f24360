"""The search takes another C only if that is better beyond noise."""

import numpy as np
import pytest
from numpy.typing import NDArray

from circleshield_training import regularisation
from circleshield_training.regularisation import DEFAULT, choose, folds_tried, possible

SPAM = np.arange(4000) % 2 == 0
GROUP = np.arange(4000) // 2
ONES = np.ones(4000)


def scores(gap: float, seed: int) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.random.default_rng(seed).normal(size=SPAM.size) + gap * SPAM
    return found


def test_a_c_that_finds_more_is_taken() -> None:
    found = choose({10.0: scores(5, 1), DEFAULT: scores(2, 1)}, SPAM, ONES, GROUP)
    assert found.C == 10.0
    assert found.recall[10.0] > found.recall[DEFAULT] + 0.5


def test_chance_decides_nothing() -> None:
    taken = [choose({10.0: scores(2, s), DEFAULT: scores(2, 100 + s)}, SPAM, ONES, GROUP).C for s in range(20)]
    assert taken.count(DEFAULT) >= 18


def test_recall_is_of_weight_at_a_share_of_weight() -> None:
    """Of three ordinary posts the highest weighs next to nothing: the cut lies below it, and above the others."""
    values = np.array([0.95, 0.9, 0.8, 0.3, 0.2])
    spam = np.array([True, False, True, False, False])
    weight = np.array([1.0, 0.0001, 3.0, 1.0, 1.0])
    found = choose({DEFAULT: values}, spam, weight, np.arange(5))
    assert found.recall == {DEFAULT: 1.0}
    heavy = choose({DEFAULT: values}, spam, np.array([1.0, 1.0, 3.0, 1.0, 1.0]), np.arange(5))
    assert heavy.recall == {DEFAULT: 0.25}


@pytest.mark.parametrize(("posts", "folds"), [(1, 5), (5_000, 5), (12_000, 3), (1_000_000, 1)])
def test_large_sets_need_fewer_folds(posts: int, folds: int) -> None:
    assert folds_tried(posts, 5) == folds


def test_a_few_posts_say_nothing() -> None:
    assert possible(SPAM, ONES)
    assert not possible(SPAM, np.where(SPAM, ONES, 0))
    assert not possible(SPAM[: 2 * regularisation._SOCIAL - 2], ONES[: 2 * regularisation._SOCIAL - 2])

"""What cut-offs cost, against counting by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circleshield_training.cutoffs import Evidence, chances, tune
from circleshield_training.evaluate import Costs

NONE = np.zeros(0)
NO_LABELS = np.zeros(0, bool)


def labels(*scored: tuple[float, bool]) -> Evidence:
    return Evidence(np.array([s for s, _ in scored]), np.array([spam for _, spam in scored], bool), NONE, 1.0)


def test_counted_on_labels() -> None:
    found = tune(
        labels((0.99, True), (0.97, False), (0.9, True), (0.9, False), (0.2, True)), Costs(), "remove_at", 0.98, 0.85
    )
    now, lower = found.at(0.98).labelled, found.at(0.5).labelled
    assert now == pytest.approx((1, 0, 3, 1, 0.6 + 1))
    assert lower == pytest.approx((4, 2, 0, 1, 20 + 1))  # review_at is drawn along
    assert found.at(1.0).labelled == pytest.approx((0, 0, 4, 1, 0.8 + 1))
    assert found.now == found.cheapest == 0.98


def test_the_cheapest_and_of_equals_the_nearest() -> None:
    evidence = labels((0.99, True), (0.93, True), (0.6, False))
    found = tune(evidence, Costs(), "remove_at", 0.97, 0.5)
    assert found.cheapest == 0.93  # both ads, not the friend
    assert {0.97, 0.93} <= {choice.cut for choice in found.shown}
    assert tune(evidence, Costs(lost=0, missed=5, review=1), "remove_at", 0.97, 0.5).cheapest == 0.6
    assert tune(evidence, Costs(review=0), "remove_at", 0.97, 0.5).cheapest == 0.97  # nothing to gain


def test_the_cut_off_for_review_stays_below_that_for_removing() -> None:
    found = tune(labels((0.99, True), (0.7, True), (0.4, False)), Costs(), "review_at", 0.95, 0.9)
    assert max(choice.cut for choice in found.choices) == 0.95
    assert 0.4 < found.cheapest <= 0.7
    assert found.at(0.9).labelled == pytest.approx((1, 0, 0, 1, 1))


def test_a_week_by_the_models_own_probabilities_where_nothing_is_labelled() -> None:
    found = tune(Evidence(NONE, NO_LABELS, np.array([0.99, 0.9, 0.1]), 0.5), Costs(), "remove_at", 0.95, 0.5)
    weekly = found.at(0.95).weekly
    assert found.at(0.95).labelled is None
    assert weekly == pytest.approx((2, 0.02, 2, 0.2, 0.2 + 0.2 + 0.4), abs=1e-6)


def test_labels_correct_the_models_probabilities_where_they_are() -> None:
    friends = [(0.97, False)] * 18
    found = Evidence(np.array([s for s, _ in friends]), np.zeros(18, bool), np.array([0.97, 0.5]), 1.0)
    assert chances(found) == pytest.approx([2 * 0.97 / 20, 0.5])


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40), st.floats(0.05, 1))
@settings(max_examples=100, deadline=None)
def test_every_post_is_somewhere_and_a_higher_cut_off_removes_no_more(
    scored: list[tuple[float, bool]], now: float
) -> None:
    found = tune(labels(*scored), Costs(), "remove_at", now, now / 2)
    before = len(scored) + 1.0
    for choice in found.choices:
        outcome = choice.labelled
        assert outcome is not None
        assert outcome.wrongly <= outcome.removed <= before
        assert min(outcome) >= 0
        assert outcome.removed + outcome.unsure + outcome.missed <= len(scored)
        assert outcome.cost >= found.at(found.cheapest).cost
        before = outcome.removed

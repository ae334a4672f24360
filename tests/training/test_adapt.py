"""A few labels change what they should, and nothing else; what is taken out leaves nothing behind."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from circleshield_model.errors import InputError
from circleshield_model.scorer import Scorer
from circleshield_training import adapt
from circleshield_training.adapt import adapted
from circleshield_training.gate import read_hold_out
from circleshield_training.samples import Sample, read_all, read_seed
from circleshield_training.write import arrays_of, read_pipeline, scorer_of

BALLAST = read_seed()[::10]
HONEST = np.full(len(BALLAST), 0.1)
SELLERS = read_all([Path(__file__).parents[2] / "benchmarks" / "sellers.jsonl"])
ANGLER = [s._replace(source="user") for s in SELLERS if s.author == "老周渔具"]


@pytest.fixture(scope="module")
def base() -> Pipeline:
    return read_pipeline()


def scorer(pipeline: Pipeline) -> Scorer:
    packaged = Scorer.load()
    return scorer_of(pipeline, {"remove_at": packaged.remove_at, "review_at": packaged.review_at})


def same(one: Pipeline, other: Pipeline) -> bool:
    return all((value == arrays_of(other)[name]).all() for name, value in arrays_of(one).items())


def test_twenty_labels_of_one_seller(base: Pipeline) -> None:
    seed, rest = read_seed(), [s.text for s in ANGLER[20:]]
    others = [s.text for s in read_hold_out()]
    before, now = Scorer.load(), scorer(adapted(base, ANGLER[:20], seed, np.full(len(seed), 0.1)).pipeline)
    assert (before.scores(rest) >= before.remove_at).mean() < 0.3
    assert (now.scores(rest) >= now.remove_at).mean() >= 0.9
    moved = (now.scores(others) >= now.remove_at) != (before.scores(others) >= before.remove_at)
    assert moved.mean() < 0.005


def test_restored_posts_pass_from_now_on(base: Pipeline) -> None:
    """What a friend offers week after week is no sales post once the user has said so a few times."""
    texts = [f"{what}，老家{place}自己种的，五斤装包邮，想要的私信我下单" for what in ("脐橙", "蜜柚", "血橙", "砂糖橘")
             for place in ("后山", "河边", "院子里")]  # fmt: skip
    own = [Sample(text, False, source="user") for text in texts[:9]]
    before, now = Scorer.load(), scorer(adapted(base, own, BALLAST, HONEST).pipeline)
    assert (before.scores(texts[9:]) >= before.remove_at).any()
    assert (now.scores(texts[9:]) < now.remove_at).all()


def test_taking_a_sample_out_is_as_if_it_had_never_been_there(base: Pipeline) -> None:
    never = adapted(base, ANGLER[:8], BALLAST, HONEST)
    with_it = adapted(base, ANGLER[:9], BALLAST, HONEST)
    again = adapted(base, [s for s in ANGLER[:9] if s is not ANGLER[8]], BALLAST, HONEST)
    assert not same(with_it.pipeline, never.pipeline)
    assert same(again.pipeline, never.pipeline)
    assert (again.own == never.own).all()


def test_the_order_of_labels_makes_no_difference(base: Pipeline) -> None:
    one, other = adapted(base, ANGLER[:8], BALLAST, HONEST), adapted(base, ANGLER[7::-1], BALLAST, HONEST)
    assert same(one.pipeline, other.pipeline)
    assert (one.own == other.own[::-1]).all()


def test_without_labels_nothing_changes(base: Pipeline) -> None:
    assert same(adapted(base, [], BALLAST, HONEST).pipeline, base)


def test_both_engines_agree(base: Pipeline) -> None:
    texts = ["", *(s.text for s in BALLAST[:300]), *(s.text for s in SELLERS)]
    made = adapted(base, ANGLER[:10], BALLAST, HONEST).pipeline
    assert np.abs(scorer(made).scores(texts) - made.predict_proba(texts)[:, 1]).max() < 1e-6


def test_a_label_does_not_vouch_for_itself(base: Pipeline) -> None:
    own = [Sample("蜂蛹酒蜂蛹酒已窖藏", True, source="user")]
    found = adapted(base, own, BALLAST, HONEST)
    learnt = float(found.pipeline.predict_proba([own[0].text])[0, 1])
    assert found.own[0] == pytest.approx(base.predict_proba([own[0].text])[0, 1], abs=1e-4)
    assert learnt > found.own[0] + 0.1


def test_a_weight_of_two_is_the_sample_twice_as_much(base: Pipeline) -> None:
    def score(weight: float) -> float:
        own = [s._replace(weight=weight) for s in ANGLER[:5]]
        return float(adapted(base, own, BALLAST, HONEST).pipeline.predict_proba([ANGLER[9].text])[0, 1])

    assert score(0.1) < score(1) < score(4)


def test_too_many_to_hold_in_memory(base: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapt, "MOST", 3)
    with pytest.raises(InputError, match="--from-scratch"):
        adapted(base, ANGLER[:4], BALLAST, HONEST)

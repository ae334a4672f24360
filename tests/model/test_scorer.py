"""The scorer: one score whatever the batch, numpy alone, explanations in the original's words."""

import subprocess
import sys
import threading
from itertools import chain

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from circleshield_model.normalise import units
from circleshield_model.scorer import Scorer, _few

AD = "招代理啦！一件代发，月入过万，加微信 abc12345 领价格表"
POST = "今天和妈妈去公园走了一圈，花都开了"


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return Scorer.load()


def test_tells_an_ad_from_a_post(scorer: Scorer) -> None:
    ad, post = scorer.scores([AD, POST])
    assert ad >= scorer.remove_at > scorer.review_at > post


def test_no_posts_no_scores(scorer: Scorer) -> None:
    assert scorer.scores([]).shape == (0,)


def test_nothing_is_social(scorer: Scorer) -> None:
    assert (scorer.scores(["", " ", "\n", "\u200b", "🌞"]) < scorer.review_at).all()


@settings(deadline=None)
@example(texts=["刷丹唰单涮单"])  # a loop in a short post
@given(texts=st.lists(st.text(max_size=80), min_size=1, max_size=8))
def test_a_score_does_not_depend_on_the_batch(scorer: Scorer, texts: list[str]) -> None:
    together = scorer.scores([*texts, AD, POST])
    assert ((together >= 0) & (together <= 1)).all()
    assert together[: len(texts)].tolist() == [float(scorer.scores([t])[0]) for t in texts]


def test_threads_share_a_scorer(scorer: Scorer) -> None:
    texts = [AD, POST] * 50
    want = scorer.scores(texts).tolist()
    got: list[list[float]] = []
    threads = [threading.Thread(target=lambda: got.append(scorer.scores(texts).tolist())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [want] * 4


def test_a_padded_ad_stays_an_ad(scorer: Scorer) -> None:
    filler = ["中午食堂的土豆有点咸", "外面下雨了", "猫把杯子打翻了", "周末想去看一场电影"]
    assert scorer.scores(["。".join([*filler[:2], AD, *filler[2:]])])[0] >= scorer.review_at


def test_many_ordinary_sentences_do_not_become_an_ad(scorer: Scorer) -> None:
    lines = [POST, "早饭吃了两个包子", "地铁上人很多", "老板今天没来", "晚上跟同学打球", "输了三场还挺开心"]
    assert scorer.scores(["。".join(lines * 4)])[0] < scorer.review_at


def test_explanations_quote_the_original(scorer: Scorer) -> None:
    text = "家人们，招\u200b代 理了🔥加🔥V信"
    found = scorer.explain([text])[0]
    pieces = [e for e in found if e.start is not None]
    assert pieces
    assert all(e.text == text[e.start : e.end] for e in pieces)
    assert [abs(e.weight) for e in found] == sorted((abs(e.weight) for e in found), reverse=True)
    assert any("代 理" in e.text and e.weight > 0 for e in pieces)


def test_a_piece_is_a_few_units_and_their_weight(scorer: Scorer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a run the strongest ones; what they weigh together is what the run does."""
    text = "专业祛斑，黄褐斑、晒斑、雀斑、老年斑、黑斑、激素斑、妊娠斑"
    found = scorer.explain([text])[0]
    assert all(units([e.text]).glyph.size <= 11 for e in found if e.start is not None)
    monkeypatch.setattr("circleshield_model.scorer._MOST", len(text))
    runs = scorer.explain([text])[0]
    assert len(runs) < len(found)
    assert sum(e.weight for e in found) == pytest.approx(sum(e.weight for e in runs))


@given(st.lists(st.lists(st.integers(1, 50), min_size=1, max_size=45), min_size=1, max_size=6))
def test_the_strongest_units_of_a_run_are_one_piece(runs: list[list[int]]) -> None:
    at = np.cumsum([0, *map(len, runs[:-1])])
    found = _few(at, np.concatenate(runs)).tolist()
    assert set(found) >= set(at.tolist())
    ends = [*found[1:], sum(map(len, runs))]
    assert all(0 < end - begin <= 10 for begin, end in zip(found, ends, strict=True))
    strengths = list(chain.from_iterable(runs))
    for begin, run in zip(at.tolist(), runs, strict=True):
        if len(run) > 10:
            best = max(sum(run[i : i + 10]) for i in range(len(run) - 9))
            parts = [sum(strengths[a:b]) for a, b in zip(found, ends, strict=True) if begin <= a < begin + len(run)]
            assert best == max(parts)


def test_an_explanation_does_not_depend_on_the_batch(scorer: Scorer) -> None:
    texts = [AD, "", POST, AD * 9, "代理", POST + AD, "#" + AD]
    assert scorer.explain(texts) == [scorer.explain([text])[0] for text in texts]
    assert scorer.explain([]) == []


def test_reasons_are_words(scorer: Scorer) -> None:
    reasons = scorer.reasons([AD], [True])[0]
    assert 1 <= len(reasons) <= 3
    assert all(isinstance(r, str) and "+" in r for r in reasons)


def test_scoring_imports_neither_scikit_learn_nor_scipy() -> None:
    code = (
        "import sys; from circleshield_model.scorer import Scorer; Scorer.load().scores(['x']);"
        "print([m for m in ('sklearn', 'scipy', 'pandas', 'joblib', 'circleshield_training') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_explaining_costs_no_second_opinion(scorer: Scorer) -> None:
    """Pieces and cues that speak for sales outweigh the others in an ad, and the other way round."""
    assert sum(e.weight for e in scorer.explain([AD])[0]) > sum(e.weight for e in scorer.explain([POST])[0])
    assert np.isfinite([e.weight for e in scorer.explain([AD * 20])[0]]).all()

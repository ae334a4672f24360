"""The figures mean what they say."""

import json
import random
import stat
from pathlib import Path

import numpy as np
import pytest

from circleshield_model.errors import InputError
from circleshield_model.normalise import units
from circleshield_model.scorer import Scorer
from circleshield_training.attacks import DISGUISES, padded
from circleshield_training.evaluate import Costs, Evaluation, evaluate
from circleshield_training.measures import calibration_error, cut_for, pr_auc, recall_at
from circleshield_training.samples import Sample, read_seed


@pytest.fixture(scope="module")
def found() -> Evaluation:
    mixed = [s._replace(source="one") for s in read_seed()[::40]]
    ads = [s._replace(source="ads") for s in read_seed()[7::40] if s.spam]
    return evaluate([*mixed, *ads], Scorer.load(), Costs())


def test_recall_at_a_rate() -> None:
    social = np.linspace(0, 0.5, 1000)
    spam = np.array([0.1, 0.49, 0.6, 0.9])
    assert (social > cut_for(social, 0.01)).mean() <= 0.01
    assert recall_at(spam, social, 0.01).value == 0.5
    value, low, high = recall_at(spam, social, 0.1)
    assert low <= value <= high


def test_perfect_figures() -> None:
    spam, social = np.full(50, 0.95), np.full(50, 0.05)
    assert pr_auc(spam, social) == 1
    scores, truth = np.concatenate([spam, social]), np.repeat([True, False], 50)
    assert calibration_error(scores, truth) == pytest.approx(0.05)


def test_every_source_has_its_row(found: Evaluation) -> None:
    one, ads = sorted(found.sources, key=lambda s: s.source != "one")
    assert one.source == "one"
    assert one.social
    assert one.spam
    assert one.pr_auc is not None
    assert one.recall is not None
    assert ads.social == 0
    assert ads.false_removed is None
    assert ads.pr_auc is None
    assert ads.recall is not None
    assert set(ads.recall) == {0.001, 0.005, 0.01}
    assert len(one.worst_misses) == len(one.worst_false_positives) == 5


def test_every_disguise_is_measured_on_both_labels(found: Evaluation) -> None:
    names = [a.name for a in found.attacks]
    assert names == ["as it is", *DISGUISES, "padded with 1", "padded with 2", "padded with 4"]
    assert all(a.recall is not None and a.false_positives is not None for a in found.attacks)


def test_cost(found: Evaluation) -> None:
    cost = found.cost
    assert cost["without"] == np.count_nonzero(found.spam)
    assert cost["lost"] == 10
    assert cost["missed"] == 1
    assert cost["review"] == 0.2


def test_the_figures_are_json(found: Evaluation) -> None:
    plain = json.loads(json.dumps(found.as_json()))
    assert {"sources", "attacks", "cost", "remove_at", "review_at"} <= plain.keys()
    assert set(next(s for s in plain["sources"] if s["source"] == "one")["recall"]) == {"0.001", "0.005", "0.01"}


def test_one_label_alone() -> None:
    ads = evaluate([Sample("招代理", True)], Scorer.load(), Costs())
    assert ads.sources[0].recall is None
    assert ads.attacks == ()
    posts = evaluate([Sample("好天气", False)] * 3, Scorer.load(), Costs())
    assert posts.sources[0].recall is None
    assert posts.attacks[0].recall is None


@pytest.mark.parametrize("name", ["zero-width", "spaces", "dots", "emoji", "traditional"])
def test_the_normaliser_undoes(name: str) -> None:
    text = "护肤课程招代理，线上开讲，时间地点发给你"
    disguised = DISGUISES[name](text, random.Random(3))
    assert disguised != text
    assert units([disguised]).glyph.tolist() == units([text]).glyph.tolist()


def test_full_width_pinyin_and_homophones_change_the_text() -> None:
    rng = random.Random(3)
    assert DISGUISES["full-width"]("v123", rng) == "ｖ１２３"
    assert DISGUISES["pinyin"]("护肤" * 20, rng) != DISGUISES["homophones"]("护肤" * 20, rng) != "护肤" * 20
    assert padded("x", ["a", "b"], rng).count("。") == 2


def test_the_report_is_one_file(found: Evaluation, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from circleshield_training.report import write

    file = write(found, tmp_path / "out", "a <title>")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600  # it quotes posts
    page = file.read_text("utf-8")
    assert page.count("data:image/png;base64,") == 3
    assert "a &lt;title&gt;" in page
    assert "padded with 4" in page
    assert 'src="http' not in page
    assert 'href="http' not in page
    with pytest.raises(InputError, match=r"report\.html: cannot be written"):
        write(found, file, "a <title>")

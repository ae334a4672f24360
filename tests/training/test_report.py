"""What the page on a training holds, and that its figures are of held-out posts."""

from pathlib import Path

import pytest

from circleshield_training import fit, report
from circleshield_training.features import strongest
from circleshield_training.posts import scratch
from circleshield_training.samples import read_seed

FEW = read_seed()[::12]


@pytest.fixture(scope="module")
def trained() -> tuple[fit.Trained, report.Learnt]:
    with scratch() as folder:
        made = fit.train(FEW, 0, folder, lambda _: None, curve=True)
        return made, report.Learnt.drawn(made)


def test_a_training_has_a_page(trained: tuple[fit.Trained, report.Learnt]) -> None:
    pytest.importorskip("matplotlib")
    made, learnt = trained
    flips = [report.Flip(True, 0.2, 0.99, "老王<b>", "代理招募"), report.Flip(False, 0.99, 0.1, "阿珍", "下雨了")]
    page = report.of_training(made.pipeline, made.facts, learnt, ["seed: caught more"], flips)
    assert page.count("data:image/png;base64,") == 4
    for wanted in (
        "Learning curve",
        "Precision and recall",
        "Reliability",
        "seed: caught more",
        "老王&lt;b&gt;: 代理招募",
    ):
        assert wanted in page
    assert "1 would now be removed,\n1 restored" in page
    assert made.facts["fingerprint"] in page
    assert "<h2>Disguises</h2>" not in page
    assert 'src="http' not in page


def test_the_learning_curve_is_of_growing_sets(trained: tuple[fit.Trained, report.Learnt]) -> None:
    made, learnt = trained
    sizes = [point.posts for point in made.curve]
    assert sizes == sorted(sizes)
    assert len(sizes) == len(fit.CURVE) + 1
    assert sizes[-1] + made.held.size == len(FEW)
    assert all(point.scores.size == learnt.held.size == made.held.size for point in made.curve)


def test_figures_are_of_models_that_had_not_seen_the_post(trained: tuple[fit.Trained, report.Learnt]) -> None:
    made, learnt = trained
    assert [s.text for s in learnt.samples] == [s.text for s in FEW]
    seen = made.pipeline.predict_proba([s.text for s in FEW])[:, 1]
    spam = made.posts.spam
    assert seen[spam].mean() > learnt.scores[spam].mean() + 0.05


def test_a_large_source_is_drawn_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "_DRAWN", 20)
    made = fit.train(FEW[:300], 0, tmp_path, lambda _: None)
    learnt = report.Learnt.drawn(made)
    assert len(learnt.samples) == len(learnt.scores) == 40
    assert sum(learnt.counts["seed"]) == 300
    texts = [s.text for s in FEW[:300]]
    for sample, score in zip(learnt.samples, learnt.scores, strict=True):
        at = texts.index(sample.text)
        assert FEW[at].spam == sample.spam
        assert made.honest[at] == score


def test_strongest_features_are_words_of_the_posts(trained: tuple[fit.Trained, report.Learnt]) -> None:
    made, _ = trained
    evidence = made.pipeline.named_steps["evidence"]
    texts = [s.text for s in FEW]
    for_spam, against = strongest(evidence.weights_, evidence.step_, texts, 10)
    assert len(for_spam) == len(against) == 10
    assert [f.weight for f in for_spam] == sorted((f.weight for f in for_spam), reverse=True)
    assert for_spam[-1].weight > 0
    assert against[0].weight > 0
    assert all(any(f.text in " ".join(text.split()) for text in texts) for f in for_spam + against)
    names = {f.text for f in for_spam}
    share = [sum(s.spam for s in FEW if name in s.text) / sum(name in s.text for s in FEW) for name in names]
    assert sum(share) / len(share) > 0.6

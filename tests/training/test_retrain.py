"""From labels to a model that can be judged."""

from pathlib import Path

import pytest

from circleshield_model.errors import InputError
from circleshield_training import retrain
from circleshield_training.retrain import gathered
from circleshield_training.samples import Sample, read_seed
from circleshield_training.user_samples import keys


def test_a_text_counts_once_and_the_users_label_wins() -> None:
    own = [Sample("招代理！", False, source="user")]
    given = [Sample("招代理", True), Sample("好天气", False), Sample("好天气", False)]
    samples, notes = gathered(lambda: iter([*own, *given]))
    assert list(samples) == list(samples) == [own[0], given[1]]
    assert any("4 posts are 2 different ones" in note for note in notes)
    assert any("1 posts have both labels" in note for note in notes)


def test_one_label_and_few_posts_are_said() -> None:
    _, notes = gathered(lambda: iter([Sample("招代理", True, source="user")]))
    assert any("all labels are of sales posts" in note for note in notes)
    assert any("1 labelled posts are few" in note for note in notes)
    nothing, notes = gathered(lambda: iter([]))
    assert (list(nothing), notes) == ([], [])


def test_nothing_to_learn() -> None:
    with pytest.raises(InputError, match="nothing to learn"):
        retrain.corrected(gathered(lambda: iter([])).samples, lambda *_: None)


def test_scores_of_learnt_posts_are_held_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    few = read_seed()[::12]
    monkeypatch.setattr(retrain, "read_seed", lambda: few)
    own = [Sample("蜂蛹酒蜂蛹酒已窖藏", True, source="user"), Sample("蜂蛹酒就是难喝", False, source="user")]
    key = int(keys([own[0].text])[0])
    samples = gathered(lambda: iter(own)).samples
    corrected = retrain.corrected(samples, lambda *_: None)
    anew = retrain.from_nothing(samples, 0, tmp_path, lambda _: None, lambda *_: None, False)
    for made in (corrected, anew):
        assert set(made.contender.held_out) == set(keys([s.text for s in (*few, *own)]).tolist())
        assert made.contender.held_out[key] < made.contender.scorer.scores([own[0].text])[0]

"""The transformer as scikit-learn wants it, and one score from two engines."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline

from circleshield_model.evidence import COLUMNS
from circleshield_model.scorer import Scorer
from circleshield_training.attacks import DISGUISES
from circleshield_training.estimators import NgramEvidence
from circleshield_training.evaluate import score_all
from circleshield_training.samples import read_all, read_seed
from circleshield_training.write import read_pipeline

POSTS = ["招代理 加微信", "今天吃火锅", "一件代发 加微信 招代理", "今天下雨", "加微信 领优惠券", "妈妈做的火锅"] * 4
LABELS = np.array([1, 0, 1, 0, 1, 0] * 4)
CORPORA = Path(__file__).parents[3] / "shared" / "corpora"


def small() -> NgramEvidence:
    return NgramEvidence(bits=12, folds=2)


def test_parameters_survive_cloning() -> None:
    assert clone(small().set_params(C=2.0)).get_params() == {"bits": 12, "C": 2.0, "least": 2, "folds": 2, "seed": 0}


def test_not_fitted() -> None:
    with pytest.raises(NotFittedError):
        small().transform(["x"])


def test_shapes_and_names() -> None:
    fitted = small().fit(POSTS, LABELS)
    assert fitted.transform(POSTS[:5]).shape == (5, len(COLUMNS))
    assert fitted.transform([]).shape == (0, len(COLUMNS))
    assert fitted.get_feature_names_out().tolist() == list(COLUMNS)


def test_fitting_twice_gives_the_same() -> None:
    one, other = small().fit(POSTS, LABELS), small().fit(POSTS, LABELS)
    assert (one.weights_ == other.weights_).all()
    assert one.step_ == other.step_


def test_posts_of_no_weight_are_not_learnt_from() -> None:
    odd = [*POSTS, "火锅 火锅 底料", "火锅 火锅 底料"]
    with_them = small().fit(odd, np.append(LABELS, [1, 1]), np.append(np.ones(len(POSTS)), [0, 0]))
    assert (with_them.weights_ == small().fit(POSTS, LABELS).weights_).all()


def test_training_evidence_is_of_models_that_have_not_seen_the_group() -> None:
    """The one ad with this word cannot vouch for itself; with `fit` and `transform` it would."""
    posts = [*POSTS, "蜂蛹酒 蜂蛹酒", "蜂蛹酒 蜂蛹酒"]
    labels, groups = np.append(LABELS, [1, 1]), np.append(np.arange(len(POSTS)), [99, 99])
    transformer = small()
    honest = transformer.fit_transform(posts, labels, groups=groups)
    assert honest[-1, 0] < transformer.transform(posts)[-1, 0]


def test_both_engines_agree_on_20000_posts() -> None:
    """Seed posts as they are and disguised, and where they are there the shared corpora."""
    import random

    rng = random.Random(1)
    texts = [s.text for s in read_seed()]
    if CORPORA.is_dir():
        texts += rng.sample([s.text for s in read_all([CORPORA])], 8000)
    ways = list(DISGUISES.values())
    texts += [rng.choice(ways)(rng.choice(texts), rng) for _ in range(20_000 - len(texts))]
    texts = texts[:20_000]
    pipeline: Pipeline = read_pipeline()
    want = pipeline.predict_proba(texts)[:, 1]
    assert np.abs(score_all(Scorer.load(), texts) - want).max() < 1e-6

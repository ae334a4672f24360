"""Training from samples to an artefact: same bytes each time, whole or not at all."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from circleshield_model import artefact
from circleshield_model.errors import InputError
from circleshield_model.scorer import Scorer
from circleshield_training import fit, mixing, write
from circleshield_training.posts import scratch, spooled
from circleshield_training.samples import Sample, read_seed

FEW = read_seed()[::12]


def quiet(_: str) -> None:
    pass


def train(samples: Iterable[Sample], out: Path) -> None:
    with scratch() as folder:
        trained = fit.train(samples, 0, folder, quiet)
    write.write(trained.pipeline, trained.facts, out)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trained") / "model"
    train(FEW, out)
    return out


def test_same_data_same_bytes(trained: Path, tmp_path: Path) -> None:
    train(iter(FEW), tmp_path / "again")
    for name in (artefact.PIPELINE, artefact.ARRAYS, artefact.MANIFEST):
        assert (tmp_path / "again" / name).read_bytes() == (trained / name).read_bytes()


def test_the_manifest_says_what_it_was_made_from(trained: Path) -> None:
    manifest = artefact.read_manifest(trained)
    assert manifest["fingerprint"] == fit.fingerprint(FEW) == fit.fingerprint(FEW[::-1])
    assert manifest["rows"]["social"] + manifest["rows"]["sales_spam"] == len(FEW)
    assert {"numpy", "scikit-learn", "python"} <= manifest["libraries"].keys()
    assert 0 < manifest["review_at"] <= manifest["remove_at"] <= 1
    assert manifest["metrics"]


def test_both_engines_agree(trained: Path) -> None:
    texts = [s.text for s in read_seed()[5::50]]
    want = write.read_pipeline(trained).predict_proba(texts)[:, 1]
    assert np.abs(Scorer.load(trained).scores(texts) - want).max() < 1e-6


def test_a_pipeline_of_another_scikit_learn_is_used_if_it_scores_the_same(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline, facts = write.read_pipeline(trained), {"remove_at": 0.9, "review_at": 0.5}
    with monkeypatch.context() as patched:
        patched.setattr("sklearn.base.__version__", "1.9.99")  # what the pickle says it was written by
        write.write(pipeline, facts, tmp_path / "model")
    again = write.read_pipeline(tmp_path / "model")
    texts = [s.text for s in FEW[:50]]
    assert np.array_equal(again.predict_proba(texts), pipeline.predict_proba(texts))
    # As if that version had meant something else by what it wrote.
    monkeypatch.setattr(
        "sklearn.linear_model.LogisticRegression.predict_proba", lambda self, X: np.full((len(X), 2), 0.5)
    )
    with pytest.raises(InputError, match="scores otherwise with"):
        write.read_pipeline(tmp_path / "model")


def test_the_former_model_stays_for_a_rollback(trained: Path, tmp_path: Path) -> None:
    out = tmp_path / "model"
    pipeline, facts = write.read_pipeline(trained), {"remove_at": 0.9, "review_at": 0.5}
    write.write(pipeline, facts, out)
    write.write(pipeline, {**facts, "remove_at": 0.8}, out)
    assert Scorer.load(out).remove_at == 0.8
    assert Scorer.load(tmp_path / "model.previous").remove_at == 0.9


def test_a_failed_write_leaves_the_former_model(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "model"
    pipeline, facts = write.read_pipeline(trained), {"remove_at": 0.9, "review_at": 0.5}
    write.write(pipeline, facts, out)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.rename", full)
    with pytest.raises(InputError, match="No space"):
        write.write(pipeline, {**facts, "remove_at": 0.8}, out)
    assert Scorer.load(out).remove_at == 0.9
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


def test_one_label_is_not_enough(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="both labels"):
        fit.train([Sample("a", True), Sample("b", True)], 0, tmp_path, quiet)


def test_a_sources_size_does_not_rule(tmp_path: Path) -> None:
    samples = [Sample(f"{i}", i % 2 == 0, source="nus_sms_zh") for i in range(1000)] + [
        Sample("a", True, source="weibo_covid/hand")
    ]
    weight = mixing.weights(spooled(samples, tmp_path))
    assert weight[-1] > weight[:-1].sum()
    assert np.isclose(weight.sum(), 20_000)


def test_a_samples_own_weight_counts_beside_others_of_its_source(tmp_path: Path) -> None:
    samples = [Sample("a", True, source="x"), Sample("b", True, source="x", weight=3.0), Sample("c", False, source="y")]
    weight = mixing.weights(spooled(samples, tmp_path))
    assert np.isclose(weight[1], 3 * weight[0])


def test_groups_keep_an_author_together(tmp_path: Path) -> None:
    samples = [Sample("a", True, author="x", source="s"), Sample("b", True, author="x", source="s"), Sample("c", False)]
    group = mixing.groups(spooled(samples, tmp_path), 0)
    assert group[0] == group[1] != group[2]


def test_ads_of_one_wording_are_a_group_even_if_not_all_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mixing, "_CLUSTERED", 60)
    goods = ("面膜", "口红", "奶粉", "茶叶", "手表", "酵素", "眼霜", "翡翠")
    samples = [Sample(f"{goods[i % 8] * 4}一件也是批发价{i}", True) for i in range(160)]
    group = mixing.groups(spooled(samples, tmp_path), 0)
    for brand in range(8):
        assert len(set(group[brand::8].tolist())) <= 3
    assert len(set(group.tolist())) >= 7


def test_corrections_quote_nothing_and_say_why() -> None:
    import json
    import re

    found = json.loads(mixing._CORRECTIONS.read_bytes())
    assert found
    assert all(re.fullmatch("[0-9a-f]{16}", name) for name in found)
    assert {row["action"] for row in found.values()} <= {"drop", "relabel"}
    assert all(row["reason"] for row in found.values())


def test_disguised_posts_are_of_both_labels(tmp_path: Path) -> None:
    made = list(mixing.disguised(spooled(FEW, tmp_path), 0))
    assert {s.spam for s, _ in made} == {True, False}
    assert {s.source for s, _ in made} == {"padded", "disguised"}
    assert all(s.spam == FEW[origin].spam for s, origin in made)


def test_a_full_scratch_folder_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(InputError, match=r"No space left on device.*--scratch"):
        fit.train(FEW, 0, tmp_path, quiet)


def test_memory_does_not_grow_with_the_texts(tmp_path: Path) -> None:
    """Of 60 MB of text no more than a few files' worth is ever held."""
    import tracemalloc

    long = "今天和朋友去吃火锅，味道很好。" * 100

    def many() -> Iterator[Sample]:
        for i in range(20_000):
            yield Sample(f"{long}{i}", i % 2 == 0, source="s")

    tracemalloc.start()
    try:
        found = spooled(many(), tmp_path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(found) == 20_000
    assert len(found.bounds) > 10
    assert peak < 30e6

"""Training from samples to an artefact: same bytes each time, whole or not at all."""

from pathlib import Path

import numpy as np
import pytest

from circleshield_model import artefact
from circleshield_model.errors import InputError
from circleshield_model.scorer import Scorer
from circleshield_training import fit, mixing, write
from circleshield_training.samples import Sample, read_seed

FEW = read_seed()[::12]


def quiet(_: str) -> None:
    pass


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trained") / "model"
    trained = fit.train(FEW, 0, quiet)
    write.write(trained.pipeline, trained.facts, out)
    return out


def test_same_data_same_bytes(trained: Path, tmp_path: Path) -> None:
    again = fit.train(FEW, 0, quiet)
    write.write(again.pipeline, again.facts, tmp_path / "again")
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


def test_one_label_is_not_enough() -> None:
    with pytest.raises(InputError, match="both labels"):
        fit.train([Sample("a", True), Sample("b", True)], 0, quiet)


def test_a_sources_size_does_not_rule() -> None:
    samples = [Sample(f"{i}", i % 2 == 0, source="nus_sms_zh") for i in range(1000)] + [
        Sample("a", True, source="weibo_covid/hand")
    ]
    weight = mixing.weights(samples)
    assert weight[-1] > weight[:-1].sum()
    assert np.isclose(weight.sum(), 20_000)


def test_groups_keep_an_author_together() -> None:
    group = mixing.groups(
        [Sample("a", True, author="x", source="s"), Sample("b", True, author="x", source="s"), Sample("c", False)], 0
    )
    assert group[0] == group[1] != group[2]


def test_corrections_quote_nothing_and_say_why() -> None:
    import json
    import re

    found = json.loads(mixing._CORRECTIONS.read_bytes())
    assert found
    assert all(re.fullmatch("[0-9a-f]{16}", name) for name in found)
    assert {row["action"] for row in found.values()} <= {"drop", "relabel"}
    assert all(row["reason"] for row in found.values())


def test_disguised_posts_are_of_both_labels() -> None:
    made, origins = mixing.disguised(FEW, 0)
    assert {s.spam for s in made} == {True, False}
    assert {s.source for s in made} == {"padded", "disguised"}
    assert all(made[i].spam == FEW[origins[i]].spam for i in range(len(made)))

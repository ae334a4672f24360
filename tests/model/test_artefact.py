"""What is wrong with a model folder is said in one line, and nothing in it is run."""

import io
import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from circleshield_model import artefact
from circleshield_model.errors import InputError
from circleshield_model.scorer import Scorer
from circleshield_training.write import read_pipeline


class Trap:
    """Raises when it is unpickled."""

    def __reduce__(self) -> Any:
        return (exec, ("raise SystemExit('unpickled')",))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(artefact.PACKAGED, tmp_path / "model"))


def rewrite(folder: Path, **changes: object) -> None:
    path = folder / artefact.MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_the_packaged_one_is_small_and_whole() -> None:
    assert Scorer.load().version
    assert sum(f.stat().st_size for f in artefact.PACKAGED.iterdir()) < 8_000_000


@pytest.mark.parametrize("name", [artefact.MANIFEST, artefact.ARRAYS])
def test_a_missing_file(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(InputError, match=name):
        Scorer.load(folder)


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no model in"):
        Scorer.load(tmp_path / "none")


def test_a_truncated_array_file(folder: Path) -> None:
    data = (folder / artefact.ARRAYS).read_bytes()
    (folder / artefact.ARRAYS).write_bytes(data[:-100])
    with pytest.raises(InputError, match="not the file its manifest names"):
        Scorer.load(folder)


@pytest.mark.parametrize("content", ["", "[]", "{}", "no json"])
def test_a_broken_manifest(folder: Path, content: str) -> None:
    (folder / artefact.MANIFEST).write_text(content)
    with pytest.raises(InputError, match=r"manifest\.json"):
        Scorer.load(folder)


def test_another_format(folder: Path) -> None:
    rewrite(folder, format=99)
    with pytest.raises(InputError, match="format 99"):
        Scorer.load(folder)


def test_canaries_that_score_otherwise(folder: Path) -> None:
    rewrite(folder, canaries=[{"text": "你好", "score": 0.5}])
    with pytest.raises(InputError, match="canaries"):
        Scorer.load(folder)


def test_arrays_with_objects_are_refused_unopened(folder: Path) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, weights=np.array([Trap()], object))
    (folder / artefact.ARRAYS).write_bytes(buffer.getvalue())
    manifest = json.loads((folder / artefact.MANIFEST).read_text())
    rewrite(folder, sha256={**manifest["sha256"], artefact.ARRAYS: artefact.sha256(buffer.getvalue())})
    with pytest.raises(InputError, match="cannot be read"):
        Scorer.load(folder)


def test_arrays_of_another_shape(folder: Path) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, weights=np.zeros(7, np.int16), step=1.0, coefficients=np.zeros(2), intercept=0.0)
    (folder / artefact.ARRAYS).write_bytes(buffer.getvalue())
    manifest = json.loads((folder / artefact.MANIFEST).read_text())
    rewrite(folder, sha256={**manifest["sha256"], artefact.ARRAYS: artefact.sha256(buffer.getvalue())})
    with pytest.raises(InputError, match="shape"):
        Scorer.load(folder)


def test_a_swapped_pipeline_is_refused_without_being_unpickled(folder: Path) -> None:
    (folder / artefact.PIPELINE).write_bytes(pickle.dumps(Trap()))
    with pytest.raises(InputError, match="not the file its manifest names"):
        read_pipeline(folder)

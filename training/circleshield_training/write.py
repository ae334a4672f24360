"""Writes a trained pipeline as an artefact, and reads one back for training."""

import io
import json
import os
import platform
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import scipy
import sklearn
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.pipeline import Pipeline

from circleshield_model import artefact
from circleshield_model.errors import InputError
from circleshield_model.scorer import Scorer

# Written for the purpose: what a loaded model must score as it did when it was written.
CANARIES = (
    "",
    "今天下班路上看到很好看的晚霞，拍了好多张",
    "招代理啦，一件代发，加微信领取价格表#宝妈##兼职#",
    "护肤的姐妹看过来，❤️薇❤️信同号，𝟙𝟛𝟠００００１１１１",
    "Happy birthday to my little brother!",
    "Work from home and earn daily, DM me to join my team",
)


def arrays_of(pipeline: Pipeline) -> dict[str, Any]:
    """The scorer's arrays: the n-grams' weights, and scaling and decision in one."""
    evidence, scale, decide = (pipeline.named_steps[name] for name in ("evidence", "scale", "decide"))
    coefficients = decide.coef_[0] / scale.scale_
    return {
        "weights": evidence.weights_,
        "step": np.float64(evidence.step_),
        "coefficients": coefficients,
        "intercept": np.float64(decide.intercept_[0] - (coefficients * scale.mean_).sum()),
    }


def write(pipeline: Pipeline, facts: dict[str, Any], out: Path, others: Mapping[str, bytes] | None = None) -> None:
    """Writes the artefact beside `out` and renames it whole; the one that was there stays as `<out>.previous`.

    `others` are more files by name. InputError if it cannot be written; what was there is then as it was.
    """
    files = _files(pipeline, facts) | dict(others or {})
    with _beside(out, files) as fresh:
        previous = out.with_name(out.name + ".previous")
        if out.exists():
            shutil.rmtree(previous, ignore_errors=True)
            out.rename(previous)
        fresh.rename(out)


def write_version(pipeline: Pipeline, facts: dict[str, Any], models: Path, others: dict[str, bytes]) -> str:
    """Writes the artefact as a folder of `models` that is named as its version, which is returned.

    A version that is there already scores the same and stays; only the `others`, files by name, are written anew.
    InputError if it cannot be written.
    """
    try:
        models.mkdir(parents=True, exist_ok=True, mode=0o700)  # what was learnt is the user's alone
    except OSError as e:
        raise InputError(f"{models}: cannot be made: {e.strerror}; the model in use is unchanged") from e
    files = _files(pipeline, facts)
    version = str(json.loads(files[artefact.MANIFEST])["version"])
    out = models / version
    if out.exists():
        with _beside(out, others, check=False) as fresh:
            for name in others:
                (fresh / name).replace(out / name)
            fresh.rmdir()
        return version
    with _beside(out, files | others) as fresh:
        fresh.rename(out)
    return version


def scorer_of(pipeline: Pipeline, facts: dict[str, Any]) -> Scorer:
    """The proxy's scorer of a pipeline that is not written yet."""
    arrays = {name: np.asarray(value) for name, value in arrays_of(pipeline).items()}
    return Scorer(artefact.Artefact(Path("(not written)"), {"version": "", **facts}, arrays))


def _files(pipeline: Pipeline, facts: dict[str, Any]) -> dict[str, bytes]:
    dump, arrays = io.BytesIO(), io.BytesIO()
    joblib.dump(pipeline, dump, compress=("zlib", 9))
    np.savez_compressed(arrays, **arrays_of(pipeline))
    files = {artefact.PIPELINE: dump.getvalue(), artefact.ARRAYS: arrays.getvalue()}
    digests = {name: artefact.sha256(data) for name, data in files.items()}
    scores = pipeline.predict_proba(list(CANARIES))[:, 1]
    manifest = {
        "format": artefact.FORMAT,
        "version": digests[artefact.ARRAYS][:12],
        "sha256": digests,
        "libraries": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "scikit-learn": sklearn.__version__,
            "joblib": joblib.__version__,
        },
        **facts,
        "canaries": [{"text": t, "score": round(float(s), 9)} for t, s in zip(CANARIES, scores, strict=True)],
    }
    files[artefact.MANIFEST] = (json.dumps(manifest, ensure_ascii=False, indent=1) + "\n").encode()
    return files


@contextmanager
def _beside(out: Path, files: dict[str, bytes], check: bool = True) -> Iterator[Path]:
    """A new folder beside `out` with the files in it, gone again if anything goes wrong."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
        try:
            fresh.chmod(0o755)
            for name, data in files.items():
                mode = 0o644 if name in artefact.FILES else 0o600  # the others may quote the user's posts
                (fresh / name).touch(mode)
                with (fresh / name).open("wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
            if check:
                Scorer.load(fresh)  # what cannot be loaded is not put in place
            yield fresh
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
    except OSError as e:
        raise InputError(f"{out}: cannot be written: {e.strerror}; the model before it is unchanged") from e


def read_pipeline(folder: Path | None = None) -> Pipeline:
    """Unpickles the pipeline of an artefact, after its hash was found in the manifest. InputError otherwise.

    The manifest lies beside it: only folders that the user's own training (or the package) wrote may be given here.
    """
    folder = folder or artefact.PACKAGED
    manifest = artefact.read_manifest(folder)
    data = artefact.checked_bytes(folder, artefact.PIPELINE, manifest)
    # scikit-learn promises its pickles to its own version alone; whether another reads them right is seen by scores.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        try:
            pipeline: Pipeline = joblib.load(io.BytesIO(data))
            scores = pipeline.predict_proba([canary["text"] for canary in manifest["canaries"]])[:, 1]
            right = np.allclose(scores, [canary["score"] for canary in manifest["canaries"]], atol=1e-6)
        except (AttributeError, ImportError, KeyError, TypeError, ValueError):
            right = False
    if not right:
        wrote = manifest.get("libraries", {}).get("scikit-learn", "another version")
        raise InputError(
            f"model {folder}: {artefact.PIPELINE} was written by scikit-learn {wrote} and scores otherwise with "
            f"{sklearn.__version__}; install that version, or use train --from-scratch"
        )
    return pipeline

"""Writes a trained pipeline as an artefact, and reads one back for training."""

import io
import json
import platform
import shutil
import tempfile
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import scipy
import sklearn
from sklearn.pipeline import Pipeline

from circleshield_model import artefact
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


def write(pipeline: Pipeline, facts: dict[str, Any], out: Path) -> None:
    """Writes the artefact beside `out` and renames it whole; the one that was there stays as `<out>.previous`."""
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
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        fresh.chmod(0o755)
        for name, data in files.items():
            (fresh / name).write_bytes(data)
        Scorer.load(fresh)  # what cannot be loaded is not put in place
        previous = out.with_name(out.name + ".previous")
        if out.exists():
            shutil.rmtree(previous, ignore_errors=True)
            out.rename(previous)
        fresh.rename(out)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def read_pipeline(folder: Path | None = None) -> Pipeline:
    """Unpickles the pipeline of an artefact, after its hash was found in the manifest. InputError otherwise.

    The manifest lies beside it: only folders that the user's own training (or the package) wrote may be given here.
    """
    folder = folder or artefact.PACKAGED
    data = artefact.checked_bytes(folder, artefact.PIPELINE, artefact.read_manifest(folder))
    pipeline = joblib.load(io.BytesIO(data))
    assert isinstance(pipeline, Pipeline)
    return pipeline

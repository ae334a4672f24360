"""From samples to an artefact."""

import hashlib
import io
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import scipy
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from circleshield_model import artefact
from circleshield_model.errors import InputError
from circleshield_training.estimators import NgramEvidence
from circleshield_training.samples import Sample

# How much a source weighs as a whole, in hand-labelled posts' worth a row of it, capped: size must not rule.
SOURCE_WEIGHT = {"retail_sms_zh": 0.3, "game_chat_ads_zh": 0.1, "sms_en": 0.2, "chat_sms_zh": 0.3, "product_reviews_zh": 0.3}

CANARIES = (
    "",
    "今天下班路上看到很好看的晚霞，拍了好多张",
    "招代理啦，一件代发，加微信领取价格表",
    "Happy birthday to my little brother!",
    "Work from home and earn daily, DM me to join my team",
)


def train(samples: Sequence[Sample], seed: int, say: Callable[[str], None]) -> tuple[Pipeline, dict[str, Any]]:
    """Fits the pipeline; returns it and what the manifest says of it."""
    texts = [s.text for s in samples]
    y = np.array([s.spam for s in samples], np.int64)
    if len(set(y.tolist())) < 2:
        raise InputError("training needs posts of both labels, social and sales_spam")
    weight = np.array([SOURCE_WEIGHT.get(s.source, 1.0) for s in samples])
    weight *= np.where(y == 1, (weight * (y == 0)).sum() / (weight * (y == 1)).sum() / 4, 1)
    names: dict[str, int] = {}
    groups = np.array([names.setdefault(s.author or s.text, len(names)) for s in samples])
    pipeline = Pipeline([("evidence", NgramEvidence(seed=seed)), ("decide", LogisticRegression(C=1.0, max_iter=1000))])
    say(f"fitting on {len(samples)} posts")
    columns = pipeline.named_steps["evidence"].fit_transform(texts, y, weight, groups)
    pipeline.named_steps["decide"].fit(columns, y, weight)
    scores = pipeline.named_steps["decide"].predict_proba(columns)[:, 1]
    social = np.sort(scores[y == 0])
    say(f"spam above the 0.5 % cut: {(scores[y == 1] > np.quantile(social, 0.995)).mean():.3f}")
    return pipeline, {
        "remove_at": round(float(np.quantile(social, 0.999)), 4),
        "review_at": round(float(np.quantile(social, 0.99)), 4),
        "rows": len(samples),
        "fingerprint": hashlib.sha256("\n".join(sorted(f"{s.spam:d}{s.text}" for s in samples)).encode("utf-8", "surrogatepass")).hexdigest(),
    }


def write(pipeline: Pipeline, facts: dict[str, Any], out: Path) -> None:
    """Writes the artefact beside `out` and renames it whole; the one that was there stays as `<out>.previous`."""
    evidence, decide = pipeline.named_steps["evidence"], pipeline.named_steps["decide"]
    dump, arrays = io.BytesIO(), io.BytesIO()
    joblib.dump(pipeline, dump, compress=("zlib", 6))
    np.savez_compressed(
        arrays, weights=evidence.weights_, step=np.float64(evidence.step_), coefficients=decide.coef_[0], intercept=np.float64(decide.intercept_[0])
    )
    files = {artefact.PIPELINE: dump.getvalue(), artefact.ARRAYS: arrays.getvalue()}
    digests = {name: artefact.sha256(data) for name, data in files.items()}
    scores = pipeline.predict_proba(list(CANARIES))[:, 1]
    manifest = {
        "format": artefact.FORMAT,
        "version": digests[artefact.ARRAYS][:12],
        "sha256": digests,
        "libraries": {"python": sys.version.split()[0], "numpy": np.__version__, "scipy": scipy.__version__, "scikit-learn": sklearn.__version__},
        "canaries": [{"text": t, "score": round(float(s), 9)} for t, s in zip(CANARIES, scores, strict=True)],
        **facts,
    }
    files[artefact.MANIFEST] = (json.dumps(manifest, ensure_ascii=False, indent=1) + "\n").encode()
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        fresh.chmod(0o755)
        for name, data in files.items():
            (fresh / name).write_bytes(data)
        previous = out.with_name(out.name + ".previous")
        if out.exists():
            shutil.rmtree(previous, ignore_errors=True)
            os.rename(out, previous)
        os.rename(fresh, out)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise

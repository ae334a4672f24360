"""Scores of labelled posts as if the model had not learnt them."""

from collections.abc import Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from circleshield_model.errors import InputError
from circleshield_model.scorer import Scorer
from circleshield_training.evaluate import score_all
from circleshield_training.samples import Sample
from circleshield_training.user_samples import keys

FILE = "held_out.npz"
"""Beside a trained model: the keys of the user's texts that it learnt, and what models without each said of it."""


def held_out_scores(scorer: Scorer, folder: Path | None, samples: Sequence[Sample]) -> tuple[NDArray[np.float64], int]:
    """Scores (n,), and how many of them may flatter the model because it may have learnt these very posts.

    None do with the packaged model (no folder), which has not seen the user's posts; nor where the folder of a model
    says which ones it learnt and what models without them said.
    """
    texts = [sample.text for sample in samples]
    scores = score_all(scorer, texts)
    if folder is None or not samples:
        return scores, 0
    try:
        with np.load(folder / FILE, allow_pickle=False) as arrays:
            known = dict(zip(arrays["keys"].tolist(), arrays["scores"].tolist(), strict=True))
    except FileNotFoundError:
        return scores, len(samples)
    except (OSError, ValueError, KeyError, BadZipFile) as e:
        raise InputError(f"model {folder}: {FILE} cannot be read; train it again") from e
    for i, key in enumerate(keys(texts).tolist()):
        scores[i] = known.get(key, scores[i])
    return scores, 0

"""Scores of labelled posts as if the model had not learnt them."""

from collections.abc import Sequence
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from circleshield_model.artefact import HELD_OUT, PACKAGED
from circleshield_model.errors import InputError
from circleshield_model.scorer import Scorer
from circleshield_training.evaluate import score_all
from circleshield_training.samples import Sample
from circleshield_training.user_samples import keys


def read_held_out(folder: Path) -> dict[int, float] | None:
    """By the keys of texts that a model learnt, what models without each said of it; None if the folder does not say.

    InputError if the file cannot be read.
    """
    try:
        with np.load(folder / HELD_OUT, allow_pickle=False) as arrays:
            return dict(zip(arrays["keys"].tolist(), arrays["scores"].tolist(), strict=True))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, BadZipFile) as e:
        raise InputError(f"model {folder}: {HELD_OUT} cannot be read; train it again") from e


def held_out_scores(scorer: Scorer, folder: Path, samples: Sequence[Sample]) -> tuple[NDArray[np.float64], int]:
    """Scores (n,), and how many of them may flatter the model because it may have learnt these very posts.

    None do with the packaged model, which has not seen the user's posts; nor where the folder of a model
    says which ones it learnt and what models without them said.
    """
    texts = [sample.text for sample in samples]
    scores = score_all(scorer, texts)
    known = read_held_out(folder)
    if known is None:
        return scores, 0 if folder == PACKAGED else len(samples)
    for i, key in enumerate(keys(texts).tolist()):
        scores[i] = known.get(key, scores[i])
    return scores, 0

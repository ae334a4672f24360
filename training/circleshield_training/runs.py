"""The models that one training fits: asked for by name, fitted together, their evidence kept in the scratch folder."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from circleshield_model.evidence import COLUMNS
from circleshield_training.estimators import NgramEvidence
from circleshield_training.posts import Posts, written
from circleshield_training.tasks import Columns, choose_buckets, everywhere, hash_posts, learn, put, renumber

Progress = Callable[[float, str], None]
"""Told which share of the work is done, and what comes next."""

_CUTTING = 0.1  # share of the work that cutting posts into n-grams is
_EXPECTED = 15  # models in an ordinary training


class Runs:
    """Models on the same posts. What is asked for with `add` is there after `fit`."""

    def __init__(self, folder: Path, posts: Posts, weight: NDArray[np.float64], seed: int, progress: Progress) -> None:
        self._folder, self._weight, self._seed, self._progress = folder, weight, seed, progress
        self._asked: dict[str, NgramEvidence] = {}
        self._fitted: dict[str, NgramEvidence] = {}
        self._files = len(posts.bounds) - 1
        bits = NgramEvidence().bits
        with written(folder):
            (folder / "numbered").mkdir()
        work = [(folder, number, bits) for number in range(self._files)]
        for i, _ in enumerate(everywhere(hash_posts, work)):
            progress(_CUTTING * i / self._files, "cutting posts into n-grams")
        choose_buckets(folder, self._files, bits)
        for _ in everywhere(renumber, work):
            pass
        put(folder, "spam", posts.spam)

    def add(self, name: str, C: float, weight: NDArray[np.float64], rows: NDArray[np.int64] | None = None) -> str:
        """Asks for a model by these weights of the posts, and for its evidence of these posts, ascending."""
        put(self._folder, f"{name}.weight", weight)
        put(self._folder, f"{name}.rows", np.empty(0, np.int64) if rows is None else rows)
        self._asked[name] = NgramEvidence(C=C, seed=self._seed)
        return name

    def fold(self, number: int, folds: NDArray[np.int64], C: float) -> str:
        """Asks for the model without a fold, and for its evidence of the posts of that fold, unless it is there."""
        name = f"fold-{number}-{C:g}"
        if name in self._asked or name in self._fitted:
            return name
        held = folds == number
        return self.add(name, C, np.where(held, 0, self._weight), np.flatnonzero(held))

    def fit(self) -> None:
        """Fits what was asked for."""
        work = [(self._folder, self._files, name, estimator) for name, estimator in self._asked.items()]
        total = max(_EXPECTED, len(self._fitted) + len(work))
        for name, found in zip(list(self._asked), everywhere(learn, work), strict=True):
            # An estimator of this process, so that its pickle is the same byte for byte wherever it was fitted.
            self._fitted[name] = clone(self._asked[name]).take(*found)
            self._progress(_CUTTING + (1 - _CUTTING) * len(self._fitted) / total, "learning")
        self._asked.clear()

    def fitted(self, name: str) -> NgramEvidence:
        """A fitted model."""
        return self._fitted[name]

    def columns(self, name: str) -> Columns:
        """A fitted model's evidence."""
        return Columns(self._folder / f"{name}.columns")

    def merged(self, name: str, names: list[str], part: NDArray[np.int64]) -> Columns:
        """Evidence of posts in order, post i by model names[part[i]]; posts of part -1 are left out."""
        path = self._folder / f"{name}.columns"
        with written(self._folder), path.open("wb") as out:
            readers = [(self._folder / f"{each}.columns").open("rb") for each in names]
            for first, last in pairwise([*range(0, part.size, 16_000), part.size]):
                here = part[first:last]
                block = np.empty((here.size, len(COLUMNS)))
                for k, reader in enumerate(readers):
                    rows = here == k
                    block[rows] = np.fromfile(reader, np.float64, rows.sum() * len(COLUMNS)).reshape(-1, len(COLUMNS))
                block[here >= 0].tofile(out)
            for reader in readers:
                reader.close()
        return Columns(path)

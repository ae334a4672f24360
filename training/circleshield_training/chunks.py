"""Posts cut into units and hashed, some thousands at a time, in memory or in files."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from circleshield_model import cues
from circleshield_model.evidence import evidence
from circleshield_model.ngrams import ORDERS, hash_rows, in_table, inside
from circleshield_model.normalise import units

NORMALISED = 4000  # posts normalised at a time


class Chunk(NamedTuple):
    """Posts as rows of n-grams, and what else their evidence is made of: m units, n posts.

    `columns[starts[i]:starts[i + 1]]` are the n-grams that begin at unit i, `starts` (m + 1,): by bucket, or once
    renumbered by place in `Corpus.buckets`. `tagged` (m,), `bounds` (n + 1,) and `signs` (n, signs) are as in `Units`,
    `cues` (n, cues) counts the cues.
    """

    columns: NDArray[np.int32]
    starts: NDArray[np.int32]
    tagged: NDArray[np.bool_]
    bounds: NDArray[np.int32]
    signs: NDArray[np.int32]
    cues: NDArray[np.int32]

    @classmethod
    def of(cls, texts: Sequence[str], bits: int) -> Self:
        """Normalises posts and finds the buckets of their n-grams."""
        columns, tagged, signs, counts = [], [], [], []
        per_unit, per_post = [np.zeros(1, np.int64)], [np.zeros(1, np.int64)]
        for i in range(0, max(len(texts), 1), NORMALISED):
            cut = units(texts[i : i + NORMALISED])
            buckets = np.full((cut.glyph.size, len(ORDERS)), -1, np.int32)
            rows = hash_rows(cut)
            for k, ((_, n), row) in enumerate(zip(ORDERS, rows, strict=True)):
                within = inside(cut, n)
                buckets[: within.size, k] = np.where(within, in_table(row[: within.size], bits), -1)
            there = buckets >= 0
            columns.append(buckets[there])
            per_unit.append(there.sum(axis=1))
            tagged.append(cut.tagged)
            signs.append(cut.signs.astype(np.int32))
            counts.append(cues.count(cut, rows).astype(np.int32))
            per_post.append(np.diff(cut.bounds))
        return cls(
            np.concatenate(columns),
            np.cumsum(np.concatenate(per_unit)).astype(np.int32),
            np.concatenate(tagged),
            np.cumsum(np.concatenate(per_post)).astype(np.int32),
            np.concatenate(signs),
            np.concatenate(counts),
        )

    def renumbered(self, numbers: NDArray[np.int32]) -> Self:
        """With new numbers for the n-grams, given by old one; without those whose new number is -1."""
        columns = numbers[self.columns]
        there = columns >= 0
        starts = np.concatenate(([0], np.cumsum(there)))[self.starts].astype(np.int32)
        return self._replace(columns=columns[there], starts=starts)

    @property
    def posts(self) -> int:
        """How many posts these are."""
        return self.bounds.size - 1

    def take(self, posts: NDArray[np.int64]) -> Self:
        """These posts alone."""
        at, bounds = _spread(self.bounds, posts)
        columns, starts = _spread(self.starts, at)
        return self.__class__(
            self.columns[columns], starts, self.tagged[at], bounds, self.signs[posts], self.cues[posts]
        )

    def matrix(self, size: int, ones: NDArray[Any]) -> sparse.csr_matrix:
        """Which n-grams begin at which unit: (m, size). `ones` has at least as many entries as there are n-grams."""
        return sparse.csr_matrix((ones[: self.columns.size], self.columns, self.starts), (self.tagged.size, size))

    def evidence(self, weights: NDArray[np.int16], step: float) -> NDArray[np.float64]:
        """Evidence (n, columns), for the n-grams' weights by their numbers, in fixed point of this step."""
        matrix = self.matrix(weights.size, np.ones(self.columns.size))
        each = np.rint(matrix @ weights.astype(np.float64)).astype(np.int64)  # whole numbers: exact in any order
        return evidence(self, each, self.cues, step)

    def save(self, folder: Path, number: int) -> None:
        """Writes the arrays as files of the folder; each is there whole or not at all."""
        for name, array in zip(self._fields, self, strict=True):
            path = _path(folder, number, name)
            unfinished = path.with_suffix(f".{os.getpid()}")
            with unfinished.open("wb") as file:
                np.save(file, array)
            unfinished.replace(path)

    @classmethod
    def load(cls, folder: Path, number: int) -> Self:
        """Chunk `number` of the folder, mapped into memory."""
        return cls(*(np.load(_path(folder, number, name), mmap_mode="r") for name in cls._fields))


@dataclass(frozen=True)
class Files:
    """The first `count` chunks in a folder. Going through them holds one of them at a time."""

    folder: Path
    count: int

    def __iter__(self) -> Iterator[Chunk]:
        return (Chunk.load(self.folder, number) for number in range(self.count))


@dataclass(frozen=True)
class Corpus:
    """Posts in renumbered chunks: n-gram i of theirs is in bucket `buckets[i]`."""

    chunks: Iterable[Chunk]
    buckets: NDArray[np.int64]


def in_memory(texts: Sequence[str], bits: int) -> Corpus:
    """The corpus of a few posts."""
    chunks = [Chunk.of(texts[i : i + NORMALISED], bits) for i in range(0, len(texts), NORMALISED)]
    buckets = chosen(sum((np.bincount(c.columns, minlength=1 << bits) for c in chunks), np.zeros(1 << bits, np.int64)))
    numbers = numbering(buckets, bits)
    return Corpus([chunk.renumbered(numbers) for chunk in chunks], buckets)


def chosen(occurrences: NDArray[np.int64]) -> NDArray[np.int64]:
    """Buckets that occur more than once, the commonest first: their weights then lie close together in memory."""
    order = np.argsort(-occurrences, kind="stable")
    return order[: np.count_nonzero(occurrences > 1)]


def numbering(buckets: NDArray[np.int64], bits: int) -> NDArray[np.int32]:
    """The place of each bucket (2**bits,) among these; -1 if it is not."""
    numbers = np.full(1 << bits, -1, np.int32)
    numbers[buckets] = np.arange(buckets.size)
    return numbers


def _spread(bounds: NDArray[np.int32], rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The indices of everything in these rows, of which row i is [bounds[i], bounds[i + 1]), and their new bounds."""
    size = np.diff(bounds)[rows].astype(np.int64)
    ends = np.cumsum(size)
    at = np.repeat(bounds[:-1][rows] - (ends - size), size) + np.arange(size.sum())
    return at, np.concatenate(([0], ends)).astype(np.int32)


def _path(folder: Path, number: int, name: str) -> Path:
    return folder / f"{number:06}.{name}.npy"

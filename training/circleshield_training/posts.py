"""Labelled posts in a scratch folder: the texts in files, a few numbers a post in memory."""

import json
import tempfile
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from circleshield_model.errors import InputError
from circleshield_training.samples import Sample

POSTS, CHARACTERS = 16_000, 2_000_000  # a file is closed when it has so many


@contextmanager
def scratch(inside: Path | None = None) -> Iterator[Path]:
    """A new folder that only the user can read, gone afterwards. InputError if it cannot be made."""
    try:
        folder = tempfile.TemporaryDirectory(prefix="circleshield-", dir=inside)
    except OSError as e:
        raise InputError(f"no scratch folder in {inside or tempfile.gettempdir()}: {e.strerror}") from e
    with folder as path:
        yield Path(path)


@dataclass(frozen=True)
class Posts:
    """n posts, of which file k holds the texts of [bounds[k], bounds[k + 1]).

    `source` (n,) are places in `sources`, `lang` (n,) in `languages`; `owner` (n,) is a hash of the author or, without
    one (`named` (n,)), of the text; `weight` (n,) is the samples' own.
    """

    folder: Path
    bounds: tuple[int, ...]
    sources: tuple[str, ...]
    languages: tuple[str, ...]
    spam: NDArray[np.bool_]
    source: NDArray[np.int32]
    lang: NDArray[np.int32]
    owner: NDArray[np.uint64]
    named: NDArray[np.bool_]
    weight: NDArray[np.float32]

    def __len__(self) -> int:
        return int(self.spam.size)

    def texts(self, rows: NDArray[np.int64]) -> dict[int, str]:
        """The texts of these posts, by number."""
        found, wanted = {}, np.sort(rows)
        for number, (first, last) in enumerate(pairwise(self.bounds)):
            here = wanted[np.searchsorted(wanted, first) : np.searchsorted(wanted, last)].tolist()
            if here:
                texts = texts_in(self.folder, number)
                found.update({row: texts[row - first] for row in here})
        return found


class Writer:
    """Takes posts into a scratch folder. OSErrors, as of a full disk, become an InputError."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._bounds, self._texts, self._characters = [0], list[str](), 0
        self._sources, self._languages = dict[str, int](), dict[str, int]()
        self._spam, self._named, self._weight = array("B"), array("B"), array("f")
        self._source, self._lang, self._owner = array("i"), array("i"), array("Q")

    def add(self, sample: Sample) -> None:
        """Takes one post along."""
        owner = f"{sample.source} {sample.author}" if sample.author else sample.text
        digest = blake2b(owner.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        self._texts.append(sample.text)
        self._characters += len(sample.text)
        self._spam.append(sample.spam)
        self._named.append(bool(sample.author))
        self._weight.append(sample.weight)
        self._source.append(self._sources.setdefault(sample.source, len(self._sources)))
        self._lang.append(self._languages.setdefault(sample.lang, len(self._languages)))
        self._owner.append(int.from_bytes(digest, "little"))
        if len(self._texts) == POSTS or self._characters > CHARACTERS:
            self._flush()

    def posts(self) -> Posts:
        """All posts taken so far; more may follow, which will be in other files."""
        self._flush()
        return Posts(
            self._folder,
            tuple(self._bounds),
            tuple(self._sources),
            tuple(self._languages),
            np.array(self._spam, bool),
            np.array(self._source, np.int32),
            np.array(self._lang, np.int32),
            np.array(self._owner, np.uint64),
            np.array(self._named, bool),
            np.array(self._weight, np.float32),
        )

    def _flush(self) -> None:
        if not self._texts:
            return
        with written(self._folder):
            data = json.dumps(self._texts, ensure_ascii=False).encode("utf-8", "surrogatepass")
            _texts_path(self._folder, len(self._bounds) - 1).write_bytes(data)
        self._bounds.append(len(self._spam))
        self._texts, self._characters = [], 0


def spooled(samples: Iterable[Sample], folder: Path) -> Posts:
    """Samples as posts in the folder."""
    writer = Writer(folder)
    for sample in samples:
        writer.add(sample)
    return writer.posts()


def texts_in(folder: Path, number: int) -> list[str]:
    """The texts in one file of a scratch folder."""
    texts: list[str] = json.loads(_texts_path(folder, number).read_bytes().decode("utf-8", "surrogatepass"))
    return texts


@contextmanager
def written(folder: Path) -> Iterator[None]:
    """Makes of an OSError while writing into the scratch folder an InputError that says how to mend it."""
    try:
        yield
    except OSError as e:
        raise InputError(f"scratch folder {folder}: {e.strerror}; name another one by --scratch") from e


def _texts_path(folder: Path, number: int) -> Path:
    return folder / f"{number:06}.texts.json"

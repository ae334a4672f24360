"""Many samples into the user's store at once: all of them, or on any fault none."""

import os
import secrets
import shutil
import tempfile
from array import array
from pathlib import Path
from typing import IO, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from circleshield_training.samples import Sample
from circleshield_training.user_samples import (
    FILE,
    Record,
    changing,
    keyed,
    keys,
    line_of,
    now,
    opened,
    parsed,
    records,
    replacing,
    told,
)

_BATCH = 1000  # rows whose keys are worked out at a time
_QUOTED = 100  # conflicts


class Conflict(NamedTuple):
    """A row that says otherwise of a text than was said before: in row `before`, or in the store if that is None."""

    number: int
    text: str
    spam: bool
    before: int | None


class Merged(NamedTuple):
    """What an import did: rows on new texts, on texts whose label or weight changed, and those that said nothing new.

    `conflicts` are all rows with another label than before; of them the first ones are quoted in `quoted`.
    """

    batch: str
    new: int
    changed: int
    repeated: int
    conflicts: int
    quoted: tuple[Conflict, ...]


class Import:
    """Rows gathered for the store: none of them is in it before `commit`, then all are. A context manager.

    Held in memory are about 20 bytes a row; the rows themselves wait in a file without a name in the home folder.
    """

    def __init__(self, home: Path) -> None:
        self.batch = secrets.token_hex(4)
        self._home = home
        self._keys, self._values, self._numbers = array("Q"), array("d"), array("Q")
        self._waiting: list[tuple[Record, int]] = []
        self._time = now()

    def __enter__(self) -> Self:
        with told(self._home / FILE):
            self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lines: IO[bytes] = tempfile.TemporaryFile(dir=self._home)
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()

    def add(self, record: Record, number: int) -> None:
        """Takes a row along; `number` is where it stood in its file."""
        self._waiting.append((record._replace(time=self._time, batch=self.batch), number))
        if len(self._waiting) == _BATCH:
            self._settle()

    def _settle(self) -> None:
        found = keys([record.sample.text for record, _ in self._waiting])
        self._keys.frombytes(found.tobytes())
        with told(self._home / FILE):
            for record, number in self._waiting:
                self._values.append(_value(record.sample))
                self._numbers.append(number)
                self._lines.write(line_of(record))
        self._waiting.clear()

    def commit(self) -> Merged:
        """Puts the rows into the store, but those that say what is in force already. InputError if it cannot."""
        self._settle()
        with changing(self._home) as path, opened(self._home) as file:
            before = _index(file)
            follows = _follows(
                np.concatenate((before[0], np.frombuffer(self._keys, np.uint64))),
                np.concatenate((before[1], np.frombuffer(self._values, np.float64))),
                before[0].size,
            )
            kept = ~follows.repeated
            quoted: list[Conflict] = []
            with replacing(path) as new:
                if file is not None:
                    file.seek(0)
                    shutil.copyfileobj(file, new, 1 << 20)
                    if file.tell() and os.pread(file.fileno(), 1, file.tell() - 1) != b"\n":
                        new.write(b"\n")
                self._lines.seek(0)
                for i, line in enumerate(self._lines):
                    if follows.opposed[i] and len(quoted) < _QUOTED:
                        quoted.append(self._conflict(i, line, int(follows.row[i]) - before[0].size))
                    if kept[i]:
                        new.write(line)
        is_new = kept & (follows.row < 0)
        return Merged(
            self.batch,
            int(is_new.sum()),
            int((kept & ~is_new).sum()),
            int(follows.repeated.sum()),
            int(follows.opposed.sum()),
            tuple(quoted),
        )

    def _conflict(self, i: int, line: bytes, before: int) -> Conflict:
        record = parsed(line)
        assert record is not None
        at = self._numbers[before] if before >= 0 else None
        return Conflict(self._numbers[i], record.sample.text, record.sample.spam, at)


class _Follows(NamedTuple):
    """For each row of an import: the row on the same text before it, or -1, and whether it repeats or opposes that."""

    row: NDArray[np.int64]
    repeated: NDArray[np.bool_]
    opposed: NDArray[np.bool_]


def _follows(all_keys: NDArray[np.uint64], values: NDArray[np.float64], first: int) -> _Follows:
    """Of rows in the order they were written, those from `first` on."""
    order = np.argsort(all_keys, kind="stable")
    row = np.full(all_keys.size, -1)
    same = all_keys[order[1:]] == all_keys[order[:-1]]
    row[order[1:][same]] = order[:-1][same]
    row = row[first:]
    before = np.where(row < 0, 0, values[row] if values.size else 0)
    return _Follows(row, before == values[first:], before * values[first:] < 0)


def _index(file: IO[bytes] | None) -> tuple[NDArray[np.uint64], NDArray[np.float64]]:
    found, values = array("Q"), array("d")
    if file is not None:
        for key, record in keyed(records(file, os.fstat(file.fileno()).st_size)):
            found.append(key)
            values.append(_value(record.sample))
    return np.frombuffer(found, np.uint64), np.frombuffer(values, np.float64)


def _value(sample: Sample) -> float:
    """Label and weight in one: what two samples of a text must share to say the same."""
    return sample.weight if sample.spam else -sample.weight

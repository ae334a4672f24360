"""Many samples into the user's store at once: all of them, or on any fault none."""

import os
import secrets
import shutil
import tempfile
from array import array
from contextlib import suppress
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
_CHARACTERS = 1_000_000  # of them
_QUOTED = 100  # conflicts
_PARTS = 16  # of the keys, compared one after the other


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


class _Index(NamedTuple):
    """Of lines in their order (n,): their texts' keys, and label and weight as `_value` puts them in one."""

    keys: NDArray[np.uint64]
    values: NDArray[np.float64]


class Import:
    """Rows gathered for the store: none of them is in it before `commit`, then all are. A context manager.

    Held in memory are about 20 bytes a row; the rows themselves wait in a file without a name in the home folder.
    """

    def __init__(self, home: Path, yielding: bool = False) -> None:
        """With `yielding`, a text that the store has keeps the label that it has there."""
        self._yielding = yielding
        self.batch = secrets.token_hex(4)
        self._home = home
        self._keys, self._values, self._numbers = array("Q"), array("d"), array("Q")
        self._waiting: list[tuple[Record, int]] = []
        self._characters = 0
        self._time = now()

    def __enter__(self) -> Self:
        with told(self._home / FILE):
            self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lines: IO[bytes] = tempfile.TemporaryFile(dir=self._home)
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # of what a full disk did not take; the file goes anyway
            self._lines.close()

    def add(self, record: Record, number: int) -> None:
        """Takes a row along; `number` is where it stood in its file."""
        self._waiting.append((record._replace(time=self._time, batch=self.batch), number))
        self._characters += len(record.sample.text)
        if len(self._waiting) == _BATCH or self._characters > _CHARACTERS:
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
        self._characters = 0

    def commit(self) -> Merged:
        """Puts the rows into the store, but those that say what is in force already. InputError if it cannot."""
        self._settle()
        with changing(self._home) as path, opened(self._home) as file:
            rows = _Index(np.frombuffer(self._keys, np.uint64), np.frombuffer(self._values))
            follows = _follows(_index(file), rows, self._yielding)
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
                        quoted.append(self._conflict(i, line, int(follows.row[i])))
                    if follows.kept[i]:
                        new.write(line)
        is_new = follows.kept & (follows.row == _NEW)
        kept = int(follows.kept.sum())
        return Merged(
            self.batch,
            int(is_new.sum()),
            kept - int(is_new.sum()),
            follows.kept.size - kept,
            int(follows.opposed.sum()),
            tuple(quoted),
        )

    def _conflict(self, i: int, line: bytes, before: int) -> Conflict:
        record = parsed(line)
        assert record is not None
        at = self._numbers[before] if before >= 0 else None
        return Conflict(self._numbers[i], record.sample.text, record.sample.spam, at)


_NEW, _STORED = -1, -2  # in place of a row of the import


class _Follows(NamedTuple):
    """For each row of an import (n,): the row on the same text before it, `_STORED` or `_NEW`; whether its label is the
    other one than there; whether it goes into the store.

    A row that says the same as the one before it does not, nor does any on a text of which the import's last word is
    what the store holds already: the same file a second time changes nothing. Of a yielding import no row on a
    text of the store does.
    """

    row: NDArray[np.int64]
    opposed: NDArray[np.bool_]
    kept: NDArray[np.bool_]


def _follows(stored: _Index, rows: _Index, yielding: bool) -> _Follows:
    """Worked out for a part of the keys at a time, to need less memory."""
    size = rows.keys.size
    found = _Follows(np.full(size, _NEW), np.zeros(size, bool), np.zeros(size, bool))
    for part in range(_PARTS):
        of_stored, of_rows = (np.flatnonzero(each.keys % np.uint64(_PARTS) == part) for each in (stored, rows))
        if of_rows.size:
            index = _Index(
                np.concatenate((stored.keys[of_stored], rows.keys[of_rows])),
                np.concatenate((stored.values[of_stored], rows.values[of_rows])),
            )
            row, found.opposed[of_rows], found.kept[of_rows] = _compared(index, of_stored.size, yielding)
            places = np.concatenate((np.full(of_stored.size, _STORED), of_rows, [_NEW]))
            found.row[of_rows] = places[row]
    return found


def _compared(index: _Index, first: int, yielding: bool) -> _Follows:
    """Of the rows from `first` on, in the order they were written; those before are the store's."""
    all_keys, values = index
    order = np.argsort(all_keys, kind="stable")
    begins = np.append(True, all_keys[order[1:]] != all_keys[order[:-1]])
    starts = np.flatnonzero(begins)
    row = np.full(all_keys.size, _NEW)
    row[order[1:][~begins[1:]]] = order[:-1][~begins[1:]]
    stored = np.maximum.reduceat(np.where(order < first, order, -1), starts)
    last = order[np.append(starts[1:], order.size) - 1]
    unchanged = np.empty(all_keys.size, bool)
    unchanged[order] = ((stored >= 0) & (yielding | (values[stored] == values[last])))[np.cumsum(begins) - 1]
    row = row[first:]
    before = np.where(row < 0, 0, values[row])
    return _Follows(row, before * values[first:] < 0, (before != values[first:]) & ~unchanged[first:])


def _index(file: IO[bytes] | None) -> _Index:
    found, values = array("Q"), array("d")
    if file is not None:
        for key, record in keyed(records(file, os.fstat(file.fileno()).st_size)):
            found.append(key)
            values.append(_value(record.sample))
    return _Index(np.frombuffer(found, np.uint64), np.frombuffer(values))


def _value(sample: Sample) -> float:
    """Label and weight in one: what two samples of a text must share to say the same."""
    return sample.weight if sample.spam else -sample.weight

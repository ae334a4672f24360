"""The user's own labelled samples: `samples.jsonl` in the home folder, one JSON object a line, oldest first.

Lines are only added. Of the lines on one text the last one is in force, and those before it are its history. What is
removed leaves the file altogether, so that what stood before it counts again, or nothing does. Every change is one
appended line or one rename, under a lock: several programs may write, and readers need no lock.
"""

import fcntl
import json
import os
import re
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import compress
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from circleshield_model.errors import InputError
from circleshield_model.normalise import units
from circleshield_training.samples import Sample, sample_of

FILE = "samples.jsonl"
USER = "user"
"""Source of what the user chose post by post; that of an import is `user/` and a name."""
VERDICTS = f"{USER}/verdicts"
"""Source of labels that the filter gave, not a person."""

_BATCH = 1000  # texts whose keys are worked out at a time
_CHARACTERS = 35_000  # of them; each takes some 90 bytes meanwhile
_BYTES = 1_000_000  # of lines read ahead
_CHINESE = re.compile(r"[\u3400-\u9fff]")


class Record(NamedTuple):
    """One line: a sample, the post (platform:id) it was, when it was written, and with which import or sitting."""

    sample: Sample
    post: str = ""
    time: str = ""
    batch: str = ""


def keys(texts: list[str]) -> NDArray[np.uint64]:
    """What makes texts one sample (n,): a hash of their normalised units, so disguises and figures make no difference.

    A text without any, such as emoji alone, counts by its characters.
    """
    found = np.empty(len(texts), np.uint64)
    at = 0
    for some in in_batches(texts, len, _CHARACTERS):
        cut = units(some)
        bounds = cut.bounds.tolist()
        for i, text in enumerate(some):
            row = cut.glyph[bounds[i] : bounds[i + 1]].tobytes() or "".join(text.split()).encode("utf-8", "replace")
            found[at + i] = int.from_bytes(blake2b(row, digest_size=8).digest())
        at += len(some)
    return found


def in_batches[T](each: Iterable[T], size: Callable[[T], int], most: int) -> Iterator[list[T]]:
    """Lists of at most a thousand, of no more than about `most` in size together."""
    some: list[T] = []
    total = 0
    for one in each:
        some.append(one)
        total += size(one)
        if total >= most or len(some) == _BATCH:
            yield some
            some, total = [], 0
    if some:
        yield some


def language_of(text: str) -> str:
    """`zh` where there is an ideograph, otherwise `en`."""
    return "zh" if _CHINESE.search(text) else "en"


def current(home: Path) -> list[Sample]:
    """The samples in force, oldest first; lines that are no samples are skipped. InputError if it cannot be read."""
    return [record.sample for record in in_force(home)]


def in_force(home: Path) -> Iterator[Record]:
    """The last line on each text, in the file's order; held in memory are eight bytes a line."""
    with opened(home) as file:
        if file is None:
            return
        end = os.fstat(file.fileno()).st_size
        found = np.fromiter((key for key, _ in keyed(records(file, end))), np.uint64)
        _, from_last = np.unique(found[::-1], return_index=True)
        last = np.zeros(found.size, bool)
        last[found.size - 1 - from_last] = True
        file.seek(0)
        yield from compress(records(file, end), last)


def history(home: Path) -> Iterator[Record]:
    """Every line that is a sample, in force or not, in the file's order."""
    with opened(home) as file:
        if file is not None:
            yield from records(file, os.fstat(file.fileno()).st_size)


def contested(home: Path) -> NDArray[np.uint64]:
    """The keys of the texts that have had both labels, in order; sixteen bytes a line are held in memory."""
    spam, social = array("Q"), array("Q")
    for key, record in keyed(history(home)):
        (spam if record.sample.spam else social).append(key)
    both: NDArray[np.uint64] = np.intersect1d(np.frombuffer(spam, np.uint64), np.frombuffer(social, np.uint64))
    return both


def unreadable(home: Path) -> list[int]:
    """The numbers of the lines that are no samples."""
    with opened(home) as file:
        return [] if file is None else [n for n, line in enumerate(file, 1) if line.strip() and parsed(line) is None]


def keyed(records: Iterable[Record]) -> Iterator[tuple[int, Record]]:
    """Records with the keys of their texts."""
    for some in in_batches(records, lambda record: len(record.sample.text), _BYTES):
        yield from zip(keys([record.sample.text for record in some]).tolist(), some, strict=True)


def add(home: Path, post: str, text: str, label: str, author: str) -> None:
    """Adds what the user chose for a post; `post` and `author` are platform:id."""
    append(home, Record(Sample(text, label == "sales_spam", language_of(text), USER, author), post))


def append(home: Path, record: Record) -> None:
    """Adds one line, whole or not at all. Raises InputError if it cannot be written."""
    line = line_of(record._replace(time=record.time or now()))
    with changing(home) as path:
        number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            size = os.fstat(number).st_size
            whole = size == 0 or os.pread(number, 1, size - 1) == b"\n"  # unless a writer was cut off
            line = line if whole else b"\n" + line
            try:
                while line:
                    line = line[os.write(number, line) :]
                os.fsync(number)
            except BaseException:
                os.ftruncate(number, size)
                raise
        finally:
            os.close(number)


def remove(home: Path, post: str, label: str) -> bool:
    """Takes out what the user chose for a post, if it was this label; False where there is no such sample."""
    spam = label == "sales_spam"
    return drop(home, lambda _, record: record.post == post and record.sample.spam == spam) > 0


def drop(home: Path, doomed: Callable[[int, Record], bool]) -> int:
    """Takes out all lines whose key and record are doomed, and says how many. Lines that are no samples stay."""
    with changing(home) as path, opened(home) as file:
        if file is None:
            return 0
        dropped = 0
        with replacing(path) as new:
            for some in in_batches(file, len, _BYTES):
                read = [parsed(line) for line in some]
                found = iter(keyed(record for record in read if record is not None))
                for line, record in zip(some, read, strict=True):
                    if record is not None and doomed(*next(found)):
                        dropped += 1
                    else:
                        new.write(line)
        return dropped


def line_of(record: Record) -> bytes:
    """The record as a line of JSON; what is empty is left out."""
    sample = record.sample
    row: dict[str, Any] = {
        "text": sample.text,
        "label": "sales_spam" if sample.spam else "social",
        "lang": sample.lang,
        "source": sample.source,
        "author": sample.author,
        "kind": sample.kind,
        "weight": sample.weight if sample.weight != 1 else "",
        "post": record.post,
        "time": record.time,
        "batch": record.batch,
    }
    line = json.dumps({name: value for name, value in row.items() if value != ""}, ensure_ascii=False) + "\n"
    return line.encode("utf-8", "replace")  # half a surrogate pair is no text


def now() -> str:
    """The time as the store holds it: ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def records(file: IO[bytes], end: int) -> Iterator[Record]:
    """The samples in the first `end` bytes: what is appended meanwhile is left."""
    at = 0
    for line in file:
        at += len(line)
        if at > end:
            return
        if (record := parsed(line)) is not None:
            yield record


def parsed(line: bytes) -> Record | None:
    """The record in a line; None where it is none."""
    try:
        row = json.loads(line)
        extra = {name: str(row.get(name) or "") for name in ("post", "time", "batch")}
        return Record(sample_of(row, "", USER), **extra)
    except (ValueError, AttributeError, InputError, RecursionError):
        return None


@contextmanager
def opened(home: Path) -> Iterator[IO[bytes] | None]:
    """The store for reading; None where there is none yet."""
    with ExitStack() as stack:
        with told(home / FILE, "read"):
            try:
                file = stack.enter_context((home / FILE).open("rb"))
            except FileNotFoundError:
                file = None
        yield file


@contextmanager
def changing(home: Path) -> Iterator[Path]:
    """Holds the lock of a home folder, which is made where it is not there; gives the store's path."""
    path = home / FILE
    with told(path):
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(home / "samples.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield path
        finally:
            os.close(lock)


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A new file that takes the place of the old one at the end, or never."""
    new = path.with_name(f".{path.name}.new")  # under the lock nobody else has one; a killed program's is overwritten
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


@contextmanager
def told(path: Path, what: str = "written") -> Iterator[None]:
    """An OSError in the block becomes an InputError that names the file."""
    try:
        yield
    except OSError as e:
        raise InputError(f"{path}: cannot be {what}: {e.strerror}; the samples are as they were") from e

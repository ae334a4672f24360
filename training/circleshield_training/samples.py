"""Labelled posts, read from JSON Lines."""

import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from circleshield_model.errors import InputError

LABELS = ("social", "sales_spam")
SEED = Path(__file__).with_name("seed")


class Sample(NamedTuple):
    """One labelled post. `source` is where it comes from: figures are given, and folds cut, by source and author.

    `weight` is how much it counts in training beside others of its source, above 0.
    """

    text: str
    spam: bool
    lang: str = ""
    source: str = ""
    author: str = ""
    kind: str = ""
    weight: float = 1.0


def read_file(path: Path) -> Iterator[Sample]:
    """Reads one JSON Lines file; a missing `source` is the file's name. InputError names the line of a bad row."""
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _sample(line, f"{path}:{number}", path.stem)
    except OSError as e:
        raise InputError(f"cannot read {path}: {e.strerror}") from e
    except UnicodeDecodeError as e:
        raise InputError(f"{path} is not UTF-8: {e.reason} at byte {e.start}; convert it first") from e


def _sample(line: str, where: str, stem: str) -> Sample:
    try:
        row = json.loads(line)
    except ValueError as e:
        raise InputError(f"{where}: not JSON ({e}); one object a line is wanted") from e
    return sample_of(row, where, stem)


def sample_of(row: object, where: str, stem: str) -> Sample:
    """The sample in an object read from JSON; its source is `stem` where it names none. InputError names `where`."""
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        raise InputError(f'{where}: no "text"; an object with "text" and "label" is wanted')
    if row.get("label") not in LABELS:
        raise InputError(f'{where}: label {row.get("label")!r}; "social" or "sales_spam" is wanted')
    extra = {key: row.get(key) or "" for key in ("lang", "source", "author", "kind")}
    for key, value in extra.items():
        if not isinstance(value, str):
            raise InputError(f'{where}: "{key}" is not a text')
    weight = row.get("weight", 1)
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not (0 < weight < math.inf):
        raise InputError(f'{where}: "weight" must be a number above 0, got {weight!r}')
    extra["source"] = extra["source"] or stem
    return Sample(row["text"], row["label"] == "sales_spam", **extra, weight=float(weight))


def read_all(paths: Iterable[Path]) -> list[Sample]:
    """Reads files, and of folders every `*.jsonl` in them, in order of name. InputError if a folder has none."""
    return list(stream(paths))


def stream(paths: Iterable[Path]) -> Iterator[Sample]:
    """The samples that `read_all` reads, one by one."""
    for path in paths:
        files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
        if not files:
            raise InputError(f"{path}: no .jsonl file in this folder")
        for file in files:
            yield from read_file(file)


def read_seed() -> list[Sample]:
    """The project's own corpus."""
    return [s._replace(source="seed") for file in sorted(SEED.glob("*.jsonl")) for s in read_file(file)]

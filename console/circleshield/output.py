"""What holds posts: to a file that only the user can read or to stdout, as bytes, JSON Lines or CSV."""

import csv
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from circleshield_model.errors import InputError


@contextmanager
def private_file(file: Path) -> Iterator[TextIO]:
    """A file for writing, of mode 0600 where it is new, or stdout for `-`. InputError if it cannot be written."""
    if str(file) == "-":
        yield sys.stdout
        return
    try:
        number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(number, "w", encoding="utf-8", newline="") as to:
            yield to
    except OSError as e:
        raise InputError(f"{file}: cannot be written: {e.strerror}") from e


def write_rows(rows: Iterable[Mapping[str, object]], names: Sequence[str], form: str, to: TextIO) -> None:
    """Writes rows as `jsonl`, or as `csv` with these columns, an absent value as an empty cell."""
    table = csv.writer(to)
    if form == "csv":
        table.writerow(names)
    for row in rows:
        if form == "csv":
            table.writerow(_cell(row.get(name, "")) for name in names)
        else:
            to.write(json.dumps(row, ensure_ascii=False) + "\n")


def _cell(value: object) -> object:
    """Post text comes from strangers: what a spreadsheet would run as a formula gets an apostrophe in front."""
    text = " · ".join(value) if isinstance(value, list) else value
    return f"'{text}" if isinstance(text, str) and text.startswith(("=", "+", "-", "@", "\t", "\r")) else text

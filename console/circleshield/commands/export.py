"""`circleshield export`: the ledger in other programs."""

import csv
import json
import os
import sys
from pathlib import Path
from typing import TextIO

import click

from circleshield.home import home_option, open_ledger
from circleshield_model.errors import InputError


@click.command()
@home_option
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), default="-")
def command(home: Path, form: str, file: Path) -> None:
    """Write all verdicts, oldest first, to FILE (readable by you alone) or to stdout."""
    with open_ledger(home):  # nothing is begun where nothing can be read
        pass
    if str(file) == "-":
        _write(home, form, sys.stdout)
        return
    try:
        with os.fdopen(
            os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8", newline=""
        ) as to:
            _write(home, form, to)
    except OSError as e:
        raise InputError(f"{file}: cannot be written: {e.strerror}") from e


def _write(home: Path, form: str, to: TextIO) -> None:
    from circleshield_addon.history import Entry, Filter, following

    names = [name for name in Entry.__slots__ if name != "id"]
    rows = csv.writer(to)
    with open_ledger(home) as ledger:
        if form == "csv":
            rows.writerow(names)
        for entry in following(ledger, Filter()):
            row = entry.as_dict()
            if form == "jsonl":
                to.write(json.dumps(row, ensure_ascii=False) + "\n")
            else:
                rows.writerow(_cell(row[name]) for name in names)


def _cell(value: object) -> object:
    """Post text comes from strangers: what a spreadsheet would run as a formula gets an apostrophe in front."""
    text = " · ".join(value) if isinstance(value, list) else value
    return f"'{text}" if isinstance(text, str) and text.startswith(("=", "+", "-", "@", "\t", "\r")) else text

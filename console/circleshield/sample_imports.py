"""One import of samples, from its rows to what is said of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from circleshield.terminal import plain
from circleshield_training.decoding import Fault
from circleshield_training.importing import Import, Merged
from circleshield_training.labelled_files import Row
from circleshield_training.user_samples import USER, Record

_LISTED = 100  # faults printed; JSON has `_KEPT`
_KEPT = 10_000
_CONFLICTS = 20  # printed
_STEP = 500  # rows from one report of progress to the next


@dataclass
class Imported:
    """What became of the rows; of the faulty ones the first are kept, and all are counted."""

    merged: Merged | None = None
    rows: int = 0
    faulty: int = 0
    faults: list[Fault] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """As plain data; labels in words."""
        found: dict[str, Any] = {"rows": self.rows, "faulty": self.faulty, "faults": [f._asdict() for f in self.faults]}
        if self.merged is not None:
            merged = self.merged._asdict()
            found |= {"import": merged.pop("batch"), **merged}
            found["quoted"] = [
                {"row": c.number, "text": c.text, "label": _label(c.spam), "before": c.before}
                for c in self.merged.quoted
            ]
        return found


def import_rows(
    home: Path, rows: Iterable[Row | Fault], fallback: str, by_verdict: bool, tick: Callable[[], None] = lambda: None
) -> Imported:
    """Puts all good rows into the user's samples, or on any error none. `tick` is called now and then.

    `fallback` is the source of rows that name none. Labels `by_verdict` never replace one that is there.
    """
    unlabelled = "unsure, so it has no label by verdict" if by_verdict else "no label"
    done = Imported()
    with Import(home, yielding=by_verdict) as importing:
        for row in rows:
            done.rows += 1
            if done.rows % _STEP == 0:
                tick()
            if isinstance(row, Row) and not row.labelled:
                row = Fault(row.number, unlabelled)
            if isinstance(row, Fault):
                done.faulty += 1
                if len(done.faults) < _KEPT:
                    done.faults.append(row)
            else:
                importing.add(_of_the_user(row.record, fallback), row.number)
        if done.faulty < done.rows:
            done.merged = importing.commit()
    return done


def _of_the_user(record: Record, fallback: str) -> Record:
    """With a source that tells it from the corpora: `user`, or `user/` and a name."""
    source = record.sample.source or fallback
    if source != USER and not source.startswith(f"{USER}/"):
        source = f"{USER}/{source}"
    return record._replace(sample=record.sample._replace(source=source))


def say_faults(done: Imported) -> None:
    """The faulty rows, on stderr."""
    for fault in done.faults[:_LISTED]:
        click.echo(f"line {fault.number}: {plain(fault.reason, 300)}", err=True)
    if done.faulty > _LISTED:
        click.echo(f"… and {done.faulty - _LISTED} more", err=True)


def say(done: Imported, by_verdict: bool) -> None:
    """What was done, on stdout, and the conflicts, on stderr."""
    counts = "that counts" if by_verdict else "the later counts"
    merged = done.merged
    assert merged is not None
    for conflict in merged.quoted[:_CONFLICTS]:
        before = "the samples" if conflict.before is None else f"line {conflict.before}"
        click.echo(
            f"line {conflict.number}: {_label(conflict.spam)}, but {_label(not conflict.spam)} in {before}; "
            f"{counts}: {plain(conflict.text, 60)}",
            err=True,
        )
    if merged.conflicts > _CONFLICTS:
        click.echo(f"… and {merged.conflicts - _CONFLICTS} more conflicts", err=True)
    skipped = f", {done.faulty} skipped" if done.faulty else ""
    conflicts = f", {merged.conflicts} in conflict" if merged.conflicts else ""
    if merged.new or merged.changed:
        click.echo(
            f"imported {merged.new} new and {merged.changed} changed samples, {merged.repeated} known already"
            f"{skipped}{conflicts}"
        )
        click.echo(f"take it back with: circleshield samples remove --import {merged.batch}", err=True)
    else:
        click.echo(f"nothing new: {merged.repeated} samples known already{skipped}")


def _label(spam: bool) -> str:
    return "sales_spam" if spam else "social"

"""`circleshield label`: the posts most worth a label, one key each."""

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from circleshield.home import config_option, home_option, model_option
from circleshield.terminal import plain
from circleshield_model.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from circleshield.label_queue import Candidate, LabelQueue
    from circleshield.skipped import Skipped
    from circleshield_addon.settings import Settings
    from circleshield_model.scorer import Scorer
    from circleshield_training.user_samples import Record

_REASONS = 5


@click.command()
@home_option
@click.option("--again", is_flag=True, help="With the posts that were skipped before.")
@config_option
@model_option
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
def command(home: Path, again: bool, config: Path | None, model: Path, file: Path | None) -> None:
    """Label posts of the ledger, or of FILE (a capture, CSV, JSON Lines, text), those first that teach most.

    One key a post: s sales spam, o social, space skip, u undo, q quit. Every label is kept at once, so that quitting
    loses nothing and the next time goes on from there.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InputError(
            "label asks for a key for each post, so it needs a terminal; to take labels from a file: "
            "circleshield samples import"
        )
    from circleshield.label_queue import LabelQueue
    from circleshield.skipped import Skipped
    from circleshield_addon.judge import effective_policy
    from circleshield_addon.settings import load_settings
    from circleshield_model.scorer import Scorer
    from circleshield_training.user_samples import in_force, keyed

    settings, scorer = load_settings(config), Scorer.load(model)
    policy = effective_policy(settings, scorer, None, None)
    skipped = Skipped(home)
    done = {key for key, _ in keyed(in_force(home))} | (set() if again else skipped.keys)
    records = _of_ledger(home) if file is None else _of_file(file, settings, model)
    queue = LabelQueue(records, scorer, (policy.review_at, policy.remove_at), done)
    if not len(queue):
        click.echo("no post is left to label" + ("; --again shows those skipped before" if skipped.keys else ""))
        return
    sitting = _Sitting(home, queue, scorer, skipped, (policy.review_at, policy.remove_at))
    try:
        sitting.run()
    except KeyboardInterrupt:
        click.echo(sitting.summary())
        raise
    click.echo(sitting.summary())


def _of_ledger(home: Path) -> "Iterator[Record]":
    from circleshield.sample_sources import ledger_rows
    from circleshield_addon.history import Filter

    return (row.record for row in ledger_rows(home, Filter(), None, by_verdict=False))


def _of_file(file: Path, settings: "Settings", model: Path) -> "Iterator[Record]":
    from circleshield import sample_sources
    from circleshield_training.labelled_files import LabelledFile, Reading, Row

    with sample_sources.opened(file) as stream:
        if sample_sources.holds_capture(stream):
            rows = sample_sources.capture_rows(stream, file.name, settings, model, None, by_verdict=False)
            yield from (row.record for row in rows)
            return
        faulty = 0
        for row in LabelledFile(stream, file.name, Reading(wanted=False)):
            if isinstance(row, Row):
                yield row.record
            else:
                faulty += 1
        if faulty:
            click.echo(f"{file.name}: {faulty} rows cannot be read; `samples import` would name them", err=True)


class _Sitting:
    """The loop over posts and keys."""

    def __init__(
        self,
        home: Path,
        queue: "LabelQueue",
        scorer: "Scorer",
        skipped: "Skipped",
        cutoffs: tuple[float, float],
    ) -> None:
        self._home, self._queue, self._scorer, self._skipped = home, queue, scorer, skipped
        self._review_at, self._remove_at = cutoffs
        self._batch = secrets.token_hex(4)
        self._done: list[tuple[Candidate, str]] = []
        self._note = ""

    def run(self) -> None:
        """Until all is labelled or the user quits. Raises KeyboardInterrupt on Ctrl-C, the terminal as it was."""
        from rich.console import Console

        console = Console(highlight=False)
        with _keys() as pressed, console.screen():
            current = self._queue.take()
            while current is not None:
                self._show(console, current)
                match next(pressed, "q"):
                    case "s" | "o" as key:
                        self._label(current, key)
                        current = self._queue.take()
                    case " " | "k":
                        self._skipped.add(current.key)
                        self._done.append((current, " "))
                        current = self._queue.take()
                    case "u" if self._done:
                        self._queue.put_back(current)
                        current = self._undo()
                    case "u":
                        self._note = "nothing to undo"
                    case "q":
                        return
                    case other:
                        self._note = f"{other!r} is none of the keys below"

    def summary(self) -> str:
        """What was done, in a line."""
        spam, social, skipped = (sum(key == k for _, key in self._done) for k in ("s", "o", " "))
        said = f"{spam + social} labelled: {spam} sales spam, {social} social"
        said += f"; {skipped} skipped" if skipped else ""
        if spam + social:
            said += f"\ntake them back with: circleshield samples remove --import {self._batch}"
        return said

    def _label(self, candidate: "Candidate", key: str) -> None:
        from circleshield_training.user_samples import USER, append

        record = candidate.record
        sample = record.sample._replace(spam=key == "s", source=USER)
        append(self._home, record._replace(sample=sample, batch=self._batch))
        self._done.append((candidate, key))
        self._note = "labelled as sales spam" if key == "s" else "labelled as social"

    def _undo(self) -> "Candidate":
        from circleshield_training.user_samples import drop

        candidate, key = self._done.pop()
        if key == " ":
            self._skipped.discard(candidate.key)
        else:
            drop(self._home, lambda at, record: at == candidate.key and record.batch == self._batch)
        self._note = "undone"
        return candidate

    def _show(self, console: "Console", candidate: "Candidate") -> None:
        from rich.panel import Panel
        from rich.text import Text

        from circleshield.evidence_text import listed, marked

        sample = candidate.record.sample
        found = self._scorer.explain([sample.text])[0]
        spam, social, skipped = (sum(key == k for _, key in self._done) for k in ("s", "o", " "))
        console.clear()
        console.print(
            Text(f"{spam + social} labelled ({spam} sales spam, {social} social), ", "dim"),
            Text(f"{skipped} skipped, {len(self._queue) + 1} left", "dim"),
            sep="",
        )
        if candidate.score >= self._remove_at:
            verdict = "would be taken out"
        else:
            verdict = "unsure" if candidate.score >= self._review_at else "would be kept"
        console.print(
            Panel(
                marked(sample.text, found),
                title=Text(f"{candidate.score:.3f} {verdict}", "bold"),
                subtitle=Text(plain(sample.author, 60)) if sample.author else None,
                title_align="left",
                subtitle_align="right",
            )
        )
        for line in listed(found, _REASONS):
            console.print(line)
        console.print(Text(f"\n{self._note}", "yellow"))
        console.print(Text("s sales spam   o social   space skip   u undo   q quit", "bold"))
        self._note = ""


@contextmanager
def _keys() -> Iterator[Iterator[str]]:
    """Keys as they are pressed, without echo; what is typed ahead counts. Ends where the terminal goes away.

    Ctrl-C is a key, which raises KeyboardInterrupt: as a signal it throws away what was typed before it, and is lost
    itself if it comes just before a read begins.
    """
    import termios
    import tty

    number = sys.stdin.fileno()
    before = termios.tcgetattr(number)
    mode = termios.tcgetattr(number)
    tty.cfmakecbreak(mode)
    mode[tty.CC][termios.VINTR] = bytes([os.fpathconf(number, "PC_VDISABLE")])

    def pressed() -> Iterator[str]:
        while data := os.read(number, 64):
            if data.startswith(b"\x1b"):  # arrows and the like
                continue
            for key in data.decode("utf-8", "replace").lower():
                if key == "\x03":
                    raise KeyboardInterrupt
                yield key

    try:
        termios.tcsetattr(number, termios.TCSADRAIN, mode)
        yield pressed()
    finally:
        termios.tcsetattr(number, termios.TCSADRAIN, before)

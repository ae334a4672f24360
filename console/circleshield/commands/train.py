"""`circleshield train`: a model of one's own, proved before it is put in use."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from circleshield.home import home_option
from circleshield_model.errors import InputError

if TYPE_CHECKING:
    from rich.progress import Progress

    from circleshield.comparison import Comparison
    from circleshield_training.retrain import Candidate, Different
    from circleshield_training.samples import Sample

_COMPARED = 50_000  # labelled posts that the gate looks at, the user's own first
_REFUSED, _INTERRUPTED = 3, 130  # exit codes


@click.command()
@click.argument("paths", metavar="[FILE|FOLDER]...", nargs=-1, type=click.Path(path_type=Path))
@home_option
@click.option("--from-scratch", is_flag=True, help="Learn all anew, and not what the packaged model lacks.")
@click.option("--force", is_flag=True, help="Put the new model in use even if it is worse.")
@click.option("--propose", is_flag=True, help="Only say what the new model is worth; `model rollback` puts it in use.")
@click.option("--out", type=click.Path(path_type=Path), help="Only write the model there; your labels stay out of it.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("--json-progress", is_flag=True, help="Progress as JSON on stderr: done (0 to 1, or null) and what.")
@click.option("--jobs", type=click.IntRange(1), help="With --from-scratch: processes that share the work (default: 1).")
@click.option(
    "--scheduler", metavar="tcp://HOST:PORT", help="With --from-scratch: the Dask cluster that does the work."
)
@click.option(
    "--scratch",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="With --from-scratch: where temporary files go, some 5 KB a post (default: the system's folder for them).",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of what is drawn by chance from scratch.")
def command(
    paths: tuple[Path, ...],
    home: Path,
    from_scratch: bool,
    force: bool,
    propose: bool,
    out: Path | None,
    as_json: bool,
    json_progress: bool,
    jobs: int | None,
    scheduler: str | None,
    scratch: Path | None,
    seed: int,
) -> None:
    """Learn from your labels and, where given, labelled files: JSON Lines with text and label.

    The new model is put in use unless it is worse on posts that it did not learn. A running proxy takes it at once.

    Exit codes: 0 put in use or proposed, or nothing to change; 2 bad input; 3 refused.
    """
    if not from_scratch and (jobs or scheduler or scratch):
        raise click.UsageError("--jobs, --scheduler and --scratch go with --from-scratch; all else takes seconds")
    if jobs and scheduler:
        raise click.UsageError("--jobs or --scheduler: the work is done here or there")
    if propose and (force or out is not None):
        raise click.UsageError("--propose puts nothing in use; --force and --out do not go with it")
    try:
        with _progress(json_progress) as progress:
            samples, notes = _samples(paths, None if out is not None else home)
            for note in notes:
                _say(progress, note)
            if from_scratch:
                candidate = _from_scratch(progress, samples, seed, jobs or 1, scheduler, scratch)
            else:
                candidate = _corrected(progress, samples)
            if out is None:
                result, said = _proved(progress, candidate, samples, home, force, propose)
            else:
                from circleshield_model.artefact import HELD_OUT
                from circleshield_training import write
                from circleshield_training.samples import read_seed

                others = {HELD_OUT: candidate.contender.held_out_file(read_seed()), **_report(progress, candidate)}
                write.write(candidate.pipeline, candidate.facts, out, others)
                result, said = {"outcome": "written", "folder": str(out)}, [f"wrote {out}"]
    except KeyboardInterrupt:
        click.echo("interrupted; the model in use is unchanged", err=True)
        sys.exit(_INTERRUPTED)
    except OSError as e:
        raise InputError(f"{e.filename or 'training'}: {e.strerror}; the model in use is unchanged") from e
    if as_json:
        click.echo(json.dumps({**result, "notes": notes}, ensure_ascii=False, indent=1))
    else:
        click.echo("\n".join(said))
    if result["outcome"] == "refused":
        sys.exit(_REFUSED)


def _samples(paths: tuple[Path, ...], home: Path | None) -> tuple["Different", list[str]]:
    from circleshield_training.retrain import gathered
    from circleshield_training.samples import stream
    from circleshield_training.user_samples import in_force

    def read() -> Iterator["Sample"]:
        if home is not None:
            yield from (record.sample for record in in_force(home))
        yield from stream(paths)

    return gathered(read)


def _corrected(progress: "Progress", samples: "Different") -> "Candidate":
    from circleshield_training import retrain

    return retrain.corrected(samples, _task(progress))


def _from_scratch(
    progress: "Progress", samples: "Different", seed: int, jobs: int, scheduler: str | None, inside: Path | None
) -> "Candidate":
    from circleshield_training import report, retrain, workers
    from circleshield_training.posts import scratch

    def say(line: str) -> None:
        _say(progress, line)

    with (
        scratch(inside) as folder,
        workers.cluster(scheduler, folder) if scheduler else workers.processes(jobs),
    ):
        return retrain.from_nothing(samples, seed, folder, say, _task(progress), report.possible())


def _task(progress: "Progress") -> Callable[[float, str], None]:
    """Shows work of which the share done is told, and what comes next."""
    task = progress.add_task("learning", total=1.0)
    return lambda done, what: progress.update(task, completed=done, description=what)


def _report(progress: "Progress", candidate: "Candidate", found: "Comparison | None" = None) -> dict[str, bytes]:
    """The report as a file by name; none if what draws its plots is not installed, which is said."""
    from circleshield_training import report

    if not report.possible():
        _say(progress, "no report was written: it needs matplotlib; install circleshield[report]")
        return {}
    task = progress.add_task("writing the report", total=None)
    flips = [] if found is None else [
        report.Flip(change.removed, change.before, change.now, change.entry.author, change.entry.text or "")
        for change in found.changes
    ]  # fmt: skip
    findings = [] if found is None else [str(finding) for finding in found.judgement.findings]
    page = report.of_training(candidate.pipeline, candidate.facts, candidate.learnt, findings, flips)
    progress.update(task, total=1, completed=1)
    return {report.FILE: page.encode("utf-8", "replace")}


def _proved(
    progress: "Progress", candidate: "Candidate", samples: "Different", home: Path, force: bool, propose: bool
) -> tuple[dict[str, Any], list[str]]:
    """Compares the candidate with the model in use, writes it, and puts it in use if it may be.

    Returns what was done as plain data and in words.
    """
    from circleshield.comparison import compared
    from circleshield_model import artefact, versions
    from circleshield_training import gate, write

    task = progress.add_task("comparing with the model in use", total=None)
    in_use = versions.NAME
    try:
        in_use = versions.in_use(home)
        before = gate.Contender.load(versions.folder_of(home, in_use))
    except InputError as e:
        _say(progress, f"compared with the packaged model, as the one in use cannot be read: {e}")
        before = gate.Contender.load(artefact.PACKAGED)
    found = compared(home, before, candidate.contender, list(islice(samples, _COMPARED)))
    progress.update(task, total=1, completed=1)
    passed = found.judgement.passed
    result: dict[str, Any] = {
        "outcome": "refused" if not passed and not force else "proposed" if propose else "promoted",
        "forced": force and not passed,
        "before": in_use,
        "rows": candidate.facts["rows"],
    }
    others = {
        artefact.HELD_OUT: candidate.contender.held_out_file(),
        artefact.GATE: json.dumps({**result, "gate": found.judgement.as_json()}, ensure_ascii=False, indent=1).encode(),
        **_report(progress, candidate, found),
    }
    version = write.write_version(candidate.pipeline, candidate.facts, versions.models(home), others)
    if version == in_use:
        result["outcome"] = "unchanged"
    elif result["outcome"] == "promoted":
        versions.put_in_use(home, version)
    versions.prune(home)
    did = {
        "promoted": f"model {version} is in use now; back with: circleshield model rollback",
        "proposed": f"model {version} is no worse; it is put in use by: circleshield model rollback {version}",
        "unchanged": f"the model in use, {version}, is what these labels make: nothing has changed",
        "refused": f"refused: the model in use, {in_use}, stays; with --force {version} takes its place",
    }
    return {**result, "version": version, **found.as_json()}, [*found.lines(), did[result["outcome"]]]


@contextmanager
def _progress(as_json: bool) -> Iterator["Progress"]:
    """A bar on stderr with the time left, none where that is not a terminal; or lines of JSON."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    class Lines(Progress):
        def add_task(self, description: str, *arguments: Any, **fields: Any) -> TaskID:
            task = super().add_task(description, *arguments, **fields)
            self.update(task)
            return task

        def update(self, task_id: TaskID, **fields: Any) -> None:
            super().update(task_id, **fields)
            task = self._tasks[task_id]
            done = None if task.total is None else task.completed / task.total
            click.echo(json.dumps({"done": done, "what": task.description}), err=True)

    console = Console(stderr=True, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    kind, shown = (Lines, False) if as_json else (Progress, console.is_terminal)
    with kind(*columns, console=console, disable=not shown, transient=True) as progress:
        yield progress


def _say(progress: "Progress", line: str) -> None:
    progress.console.print(line, markup=False, soft_wrap=True)

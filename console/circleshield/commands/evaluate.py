"""`circleshield evaluate`: a model's figures on labelled files."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from circleshield.cost_options import cost_options
from circleshield.home import model_option

if TYPE_CHECKING:
    from circleshield_training.evaluate import Evaluation


@click.command()
@click.argument("paths", metavar="FILE|FOLDER...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@click.option("--report", type=click.Path(path_type=Path), metavar="DIR", help="Write report.html with plots into DIR.")
@model_option
@cost_options
def command(
    paths: tuple[Path, ...],
    as_json: bool,
    report: Path | None,
    model: Path,
    cost_lost: float,
    cost_missed: float,
    cost_review: float,
) -> None:
    """Measure a model on labelled posts, by source and against disguises."""
    from circleshield_model.errors import InputError
    from circleshield_model.scorer import Scorer
    from circleshield_training.evaluate import Costs, evaluate
    from circleshield_training.samples import read_all

    scorer = Scorer.load(model)
    samples = read_all(paths)
    if not samples:
        raise InputError("no labelled posts in these files")
    found = evaluate(samples, scorer, Costs(cost_lost, cost_missed, cost_review), lambda s: click.echo(s, err=True))
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=1))
    else:
        _print(found)
    if report is not None:  # last, so that no fault of the report costs the figures
        from circleshield_training.report import write

        click.echo(f"wrote {write(found, report, f'circleshield {scorer.version}')}", err=True)


def _print(found: "Evaluation") -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from circleshield.terminal import plain

    def share(x: float | None) -> str:
        return "–" if x is None else f"{100 * x:.2f} %"

    def figure(x: float | None) -> str:
        return "–" if x is None else f"{x:.3f}"

    console = Console(highlight=False)
    # In three tables, as a terminal is 80 columns wide.
    counts = Table("source", "social", "spam", "false\nremoved", "false\nreviewed", "caught\nremoved",
                   "caught\nreviewed", box=box.SIMPLE, title="at the model's cut-offs")  # fmt: skip
    recalls = Table("source", "R@0.1 %", "R@0.5 %", "R@1 %", box=box.SIMPLE, title="recall at false positives of")
    others = Table("source", "precision\nremoved", "precision\nreviewed", "PR-AUC", "ECE", box=box.SIMPLE)
    for s in found.sources:
        counts.add_row(
            s.source, str(s.social), str(s.spam), share(s.false_removed), share(s.false_reviewed),
            share(s.recall_removed), share(s.recall_reviewed),
        )  # fmt: skip
        cells = [f"{i.value:.3f} [{i.low:.2f}, {i.high:.2f}]" for i in s.recall.values()] if s.recall else ["–"] * 3
        recalls.add_row(s.source, *cells)
        precisions = (share(s.precision_removed), share(s.precision_reviewed))
        others.add_row(s.source, *precisions, figure(s.pr_auc), figure(s.calibration_error))
    for table in (counts, recalls, others):
        console.print(table)
    attacks = Table(
        "disguise", "recall", "false positives in it", box=box.SIMPLE, title="at 0.5 % of social posts as they are"
    )
    for a in found.attacks:
        attacks.add_row(a.name, figure(a.recall), share(a.false_positives))
    console.print(attacks)
    for s in found.sources:
        for name, rows in (("highest social", s.worst_false_positives), ("lowest sales", s.worst_misses)):
            for score, text in rows:
                console.print(Text(f"{s.source}, {name}: {score:.4f} {plain(text, 100)}"))
    console.print(Text(f"cost: {found.cost['with the model']:g} with the model, {found.cost['without']:g} without"))

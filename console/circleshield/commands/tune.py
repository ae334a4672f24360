"""`circleshield tune`: what each cut-off would cost the user, and the one they choose into the config file."""

import json
import time
from collections import deque
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from circleshield.cost_options import cost_options
from circleshield.home import config_option, home_option, model_option, open_ledger
from circleshield.moments import Moment
from circleshield_model.artefact import PACKAGED
from circleshield_model.errors import InputError

if TYPE_CHECKING:
    from rich.table import Table

    from circleshield_model.scorer import Scorer
    from circleshield_training.cutoffs import Evidence, Tuning, Which

_BAR = 8
_OF_LABELS = ("wrongly", "missed")
_WEEK = 7 * 24 * 3600
_MOST = 50_000  # labelled posts, the newest; the figures are no better with more
_FEW = 20  # labels of one kind, below which the figures say little


@click.command()
@home_option
@click.option(
    "--cutoff", type=click.Choice(["remove", "review"]), default="remove", show_default=True, help="Which one."
)
@click.option(
    "--since", type=Moment(), help="The ledger from then on: 7d ago, or a date; so since the model was changed."
)
@click.option("--source", help="Samples of one source only; default: all but those by verdict.")
@cost_options
@click.option(
    "--set", "chosen", type=click.FloatRange(0, 1), metavar="SCORE", help="Write this one to the config file."
)
@click.option("--write", is_flag=True, help="Write the cheapest one to the config.")
@click.option(
    "--plot", type=click.Path(path_type=Path, dir_okay=False), help="Draw it: FILE.html, FILE.svg or FILE.png."
)
@click.option("--json", "as_json", is_flag=True, help="The figures as JSON.")
@config_option
@model_option
def command(
    home: Path,
    cutoff: str,
    since: datetime | None,
    source: str | None,
    cost_lost: float,
    cost_missed: float,
    cost_review: float,
    chosen: float | None,
    write: bool,
    plot: Path | None,
    as_json: bool,
    config: Path | None,
    model: Path,
) -> None:
    """Show on your own labels and your ledger what each cut-off would cost, and set the one you choose.

    The cut-offs are those of [filter]: `remove` is the score from which a post is taken out, `review` the one from
    which it is noted as unsure.
    """
    from circleshield_addon.judge import effective_policy
    from circleshield_addon.settings import load_settings
    from circleshield_model.scorer import Scorer
    from circleshield_training.cutoffs import tune
    from circleshield_training.evaluate import Costs

    if write and chosen is not None:
        raise click.UsageError("--set and --write are both given; one of them can hold.")
    settings, scorer = load_settings(config), Scorer.load(model)
    policy = effective_policy(settings, scorer, None, None)
    evidence, notes = _evidence(home, model, source, since)
    costs = Costs(cost_lost, cost_missed, cost_review)
    which: Which = "remove_at" if cutoff == "remove" else "review_at"
    if settings.set_elsewhere(which):
        notes.append(f"some platforms or profiles have a {which} of their own; their posts count here as all others do")
    tuning = tune(evidence, costs, which, policy.remove_at, policy.review_at, chosen)
    if plot is not None:
        from circleshield_training.cutoff_plot import write_plot

        write_plot(tuning, plot, notes)
        click.echo(f"wrote {plot}", err=True)
    if as_json:
        click.echo(json.dumps({**tuning.as_json(), "notes": notes}, ensure_ascii=False))
    else:
        _show(tuning, chosen, getattr(scorer, which), notes)
    if write or chosen is not None:
        _write(config, scorer, which, tuning.cheapest if chosen is None else chosen)


def _evidence(home: Path, model: Path, source: str | None, since: datetime | None) -> "tuple[Evidence, list[str]]":
    """What there is to go by, and what has to be said of it."""
    import numpy as np

    from circleshield_addon.history import Filter, scored
    from circleshield_addon.ledger import FILE, milliseconds
    from circleshield_training.cutoffs import Evidence
    from circleshield_training.gate import Contender
    from circleshield_training.user_samples import VERDICTS, in_force

    every = (record.sample for record in in_force(home))
    wanted = (s for s in every if (s.source != VERDICTS if source is None else s.source in (source, f"user/{source}")))
    samples = list(deque(wanted, _MOST))
    contender = Contender.load(model)
    scores = contender.scores([sample.text for sample in samples])
    learnt = 0 if model == PACKAGED or contender.held_out else len(samples)
    spam = np.array([sample.spam for sample in samples], bool)
    seen: list[tuple[int, float]] = []
    if (home / FILE).exists():
        with open_ledger(home) as ledger:
            seen = list(scored(ledger, Filter(since=None if since is None else milliseconds(since))))
    if not samples and not seen:
        raise InputError(
            f"{home}: there are neither samples nor a ledger to go by: run the proxy, then circleshield label"
        )
    seconds = max(time.time() - seen[0][0] / 1000, 24 * 3600) if seen else _WEEK
    notes = [
        f"{len(samples)} labelled posts{' (the newest)' * (len(spam) == _MOST)}, {int(spam.sum())} of them sales spam"
        + (f"; {len(seen)} posts judged by their score in {seconds / 86400:.1f} days" if seen else "; no ledger")
    ]
    if learnt:
        notes.append(
            f"{learnt} of the labelled posts may have been in this model's training: it looks better on them than it is"
        )
    if min(int(spam.sum()), int((~spam).sum())) < _FEW:
        notes.append(
            f"fewer than {_FEW} labels of a kind: a guess more than a measurement; circleshield label adds some"
        )
    if seen:
        notes.append(
            "a week's figures: what the ledger holds, scored by the model of the time; how many of those posts are ads,"
            " by the share of ads among your labels of about the same score and, where few are, the model's own guess"
        )
        if seconds < _WEEK:
            notes.append("the ledger holds less than a week: its figures are scaled up")
    return Evidence(scores, spam, np.array([score for _, score in seen]), seconds / _WEEK), notes


def _write(config: Path | None, scorer: "Scorer", which: str, cut: float) -> None:
    from circleshield.config_file import with_value, write_config
    from circleshield_addon.judge import Judge
    from circleshield_addon.settings import default_config_path, parse_settings

    path = config or default_config_path()
    changed = with_value(path, f"filter.{which}", f"{cut:g}")
    Judge(scorer, parse_settings(changed, path))
    write_config(path, changed)
    click.echo(f"{path}: filter.{which} = {cut:g}; a running proxy takes it up within a second", err=True)


def _show(tuning: "Tuning", chosen: float | None, own: float, notes: list[str]) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    for note in notes:
        console.print(note, soft_wrap=True)
    console.print(_table(tuning, chosen, own))
    now, best = tuning.at(tuning.now), tuning.at(tuning.cheapest)
    if f"{best.cost:.1f}" == f"{now.cost:.1f}":
        console.print(f"{tuning.which} = {now.cut:g} is as cheap as any")
    else:
        of = "a week" if now.weekly else "on these labels"
        console.print(
            f"{tuning.which} = {best.cut:g} would cost {best.cost:.1f} {of} instead of {now.cost:.1f}; "
            "--write takes it, --set SCORE another one",
            soft_wrap=True,
        )


def _table(tuning: "Tuning", chosen: float | None, own: float) -> "Table":
    from rich.table import Table

    from circleshield_training.cutoffs import Outcome

    marks = ((tuning.now, "now"), (tuning.cheapest, "cheapest"), (own, "own"))
    shown = [c for c in tuning.choices if c in tuning.shown or c.cut == chosen]
    weekly = Outcome._fields if shown[0].weekly else ()
    labelled = _OF_LABELS if shown[0].labelled else ()
    table = Table(box=None, pad_edge=False)
    table.add_column(f"\n{tuning.which}", no_wrap=True)
    for heading, names in (("a week", weekly), ("labels", labelled)):
        for i, name in enumerate(names):
            table.add_column(f"{'' if i else heading}\n{name}", justify="right", no_wrap=True)
    bars = not (weekly and labelled)  # for both there is no room in 80 columns
    if bars:
        table.add_column("", no_wrap=True)
    table.add_column("")
    most = max(choice.cost for choice in shown)
    for choice in shown:
        cells = [f"{getattr(choice.weekly, name):.1f}" for name in weekly]
        cells += [f"{getattr(choice.labelled, name):g}" for name in labelled]
        style = "bold" if choice.cut in (tuning.now, chosen) else "green" if choice.cut == tuning.cheapest else None
        mark = ", ".join(text for cut, text in marks if cut == choice.cut)
        cells += [_bar(choice.cost, most)] if bars else []
        table.add_row(f"{choice.cut:g}", *cells, mark, style=style)
    return table


def _bar(cost: float, most: float) -> str:
    return "█" * round(cost / most * _BAR) if most else ""

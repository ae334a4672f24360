"""`circleshield stats`: counts by day, platform, author and reason."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from circleshield.home import home_option, open_ledger
from circleshield.terminal import plain

if TYPE_CHECKING:
    from rich.table import Table

    from circleshield_addon.totals import Author, Totals

_DID = {"remove": "removed", "fold": "folded", "label": "labelled", "watch": "left", "review": "unsure"}
_BAR = 20


@click.command()
@home_option
@click.option("--days", type=click.IntRange(1, 36_500), default=14, show_default=True, help="So many, with today.")
@click.option("--json", "as_json", is_flag=True, help="The counts as JSON.")
def command(home: Path, days: int, as_json: bool) -> None:
    """Count the posts of the last days by day, platform, author and reason."""
    from circleshield_addon.ledger import milliseconds
    from circleshield_addon.totals import top_authors, totals

    since = date.today() - timedelta(days - 1)
    with open_ledger(home) as ledger:
        counted = totals(ledger, since)
        authors = top_authors(ledger, milliseconds(datetime.combine(since, time()).astimezone()))
    if as_json:
        found = {"days": counted.days, "platforms": counted.platforms, "authors": authors, "reasons": counted.reasons}
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        _show(counted, authors)


def _show(counted: "Totals", authors: "list[Author]") -> None:
    from rich.console import Console

    console = Console(highlight=False)
    if not counted.days:
        console.print("no posts in these days")
        return
    console.print(_by_action("day", counted.days.items()))
    console.print(_by_action("platform", counted.platforms.items()))
    if authors:
        of = {
            f"{plain(name, 40)} ({plain(key, 60)})": (spam, f"{spam} of {posts}") for key, name, spam, posts in authors
        }
        console.print(_ranked("author", "sales posts", of))
        console.print(_ranked("reason", "posts", {plain(reason, 60): (n, str(n)) for reason, n in counted.reasons}))


def _by_action(what: str, rows: Iterable[tuple[str, Counter[str]]]) -> "Table":
    from rich.table import Table
    from rich.text import Text

    rows = list(rows)
    shown = [action for action in _DID if any(counts[action] for _, counts in rows)]
    table = Table(what, "posts", *(_DID[action] for action in shown), "sales posts")
    for column in table.columns[1:-1]:
        column.justify = "right"
    spam = {name: sum(counts[action] for action in _DID if action != "review") for name, counts in rows}
    most = max(spam.values())
    for name, counts in rows:
        numbers = [str(counts[action]) for action in shown]
        table.add_row(Text(name), str(counts.total()), *numbers, _bar(spam[name], most))
    return table


def _ranked(what: str, of: str, rows: dict[str, tuple[int, str]]) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(what, of, "")
    table.columns[1].justify = "right"
    most = max(number for number, _ in rows.values())
    for name, (number, in_words) in rows.items():
        table.add_row(Text(name), in_words, _bar(number, most))
    return table


def _bar(number: int, most: int) -> str:
    return "█" * (-(-number * _BAR // most)) if most else ""

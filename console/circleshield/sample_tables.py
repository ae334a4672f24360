"""The counts of `circleshield samples stats` as tables."""

from collections import Counter
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from circleshield.terminal import plain
from circleshield_training.user_samples import FILE


def show(found: dict[str, Any], home: Path) -> None:
    """Prints them."""
    console = Console(highlight=False)
    if not found["samples"]:
        console.print("no samples yet; `circleshield label` or `circleshield samples import` bring some")
    else:
        console.print(_sources(found["sources"]))
        languages = ", ".join(f"{count} {plain(name, 20)}" for name, count in found["languages"].most_common(10))
        console.print(f"languages: {languages}")
    if found["superseded"]:
        texts = len(found["conflicts"])
        console.print(
            f"history: {found['superseded']} lines that later ones replace; {texts} texts have had both labels"
        )
    if found["imports"]:
        table = Table("import", "time", "source", "lines")
        for batch, about in list(found["imports"].items())[-20:]:
            table.add_row(Text(batch), about["time"], Text(plain(about["source"], 40)), str(about["lines"]))
        console.print(table)
    if found["unreadable"]:
        lines = ", ".join(map(str, found["unreadable"][:20]))
        console.print(f"{home / FILE}: no samples, and left alone: line {lines}", soft_wrap=True)


def _sources(sources: dict[str, Counter[str]]) -> Table:
    table = Table("source", "sales_spam", "social", "samples")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, counts in sorted(sources.items()):
        numbers = (counts["sales_spam"], counts["social"], counts.total())
        table.add_row(Text(plain(name, 40)), *map(str, numbers))
    if len(sources) > 1:
        total = sum(sources.values(), Counter())
        table.add_section()
        table.add_row("all", str(total["sales_spam"]), str(total["social"]), str(total.total()))
    return table

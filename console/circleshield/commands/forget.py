"""`circleshield forget`: out of the ledger, for good."""

from datetime import datetime
from pathlib import Path

import click

from circleshield.home import home_option, open_ledger
from circleshield.moments import Moment
from circleshield.standard_input import confirm
from circleshield_model.errors import InputError


@click.command()
@home_option
@click.option("--author", help="All of one author: PLATFORM:ID, the id, or the name.")
@click.option("--before", type=Moment(), help="All of before a date, or of longer ago than 30d.")
@click.option("--all", "everything", is_flag=True, help="All.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(home: Path, author: str | None, before: datetime | None, everything: bool, yes: bool) -> None:
    """Delete verdicts from the ledger. What you restored, allowed, blocked and taught stays."""
    from circleshield_addon.history import Filter, count, forget
    from circleshield_addon.ledger import FILE, milliseconds

    if (author is not None) + (before is not None) + everything != 1:
        raise InputError("name one of --author, --before and --all")
    which = Filter(before=None if before is None else milliseconds(before), author=author)
    with open_ledger(home) as ledger:
        number = count(ledger, which)
        posts = f"{number} post{'s' * (number != 1)}"
        if number and not yes:
            confirm(f"Forget {posts}?")
        click.echo(f"forgot {forget(ledger, which)} of {posts}" if number else "nothing to forget")
    for aside in sorted(home.glob(f"{FILE}.corrupt-*Z")):
        click.echo(f"{aside} is damaged and may still hold such posts; delete it and its -wal by hand")

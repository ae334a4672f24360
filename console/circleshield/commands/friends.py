"""`circleshield friends`: the authors whose posts were sales posts, and what becomes of them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from circleshield.author_choice import parted
from circleshield.home import config_option, home_option, open_ledger
from circleshield.terminal import plain
from circleshield_model.errors import InputError

if TYPE_CHECKING:
    from circleshield.friend_list import Friend
    from circleshield_addon.ledger import Ledger


@click.command()
@home_option
@config_option
@click.option("--undo", metavar="PLATFORM:ID", help="Leave an author to the filter: neither shielded nor suggested.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")
def command(home: Path, config: Path | None, undo: str | None, limit: int, as_json: bool) -> None:
    """List the authors with sales posts, most first: how many, who is shielded, and whom to shield.

    To follow a suggestion: circleshield block-author PLATFORM:ID.
    """
    from circleshield.friend_list import friend_list, named
    from circleshield_addon.friends import Friends
    from circleshield_addon.settings import load_settings

    rules = load_settings(config).friends
    with open_ledger(home) as ledger:
        if undo is not None:
            _leave_to_the_filter(ledger, undo)
            return
        known = Friends()
        known.load(ledger)
        found = named(ledger, friend_list(ledger, known, rules)[:limit])
    if as_json:
        for friend in found:
            click.echo(json.dumps(friend._asdict(), ensure_ascii=False))
    elif found:
        _show(found)
    else:
        click.echo("no author has had a sales post", err=True)


def _leave_to_the_filter(ledger: "Ledger", author: str) -> None:
    from circleshield.friend_list import STATES

    platform, author_id = parted(author)
    choice = ledger.choices().authors.get((platform, author_id))
    if choice in ("allow", "block"):
        raise InputError(f"{author} is {STATES[choice]} by you; circleshield {choice}-author --undo {author}")
    if choice == "judge":
        raise InputError(f"{author} is left to the filter already")
    ledger.choose_author(platform, author_id, "judge")
    click.echo(f"{author}: left to the filter from the next load on, neither shielded nor suggested any more")


def _show(found: "list[Friend]") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("author", "posts", "sales posts", "share", "", box=None)
    for column in table.columns[1:4]:
        column.justify = "right"
    for friend in found:
        share = f"{friend.sales / friend.posts:.0%}" if friend.posts else ""
        who = f"{plain(friend.name, 40)} ({plain(friend.author, 80)})".lstrip()
        table.add_row(Text(who), str(friend.posts), str(friend.sales), share, friend.state)
    Console().print(table)
    if any(friend.state == "suggested" for friend in found):
        click.echo(
            "suggested: shield with circleshield block-author, or dismiss with circleshield friends --undo", err=True
        )

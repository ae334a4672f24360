"""`circleshield friends`: the authors whose posts were sales posts, and what becomes of them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from circleshield.author_choice import parted
from circleshield.home import home_option, open_ledger
from circleshield.terminal import plain
from circleshield_model.errors import InputError

if TYPE_CHECKING:
    from circleshield_addon import settings
    from circleshield_addon.choices import AuthorChoice
    from circleshield_addon.friends import Author
    from circleshield_addon.ledger import Ledger

_STATES: "dict[AuthorChoice, str]" = {"allow": "allowed", "block": "blocked", "judge": "left to the filter"}


class Friend(NamedTuple):
    """One author; `state` is what becomes of the posts whatever they say, or what is suggested."""

    author: str
    name: str
    posts: int
    sales: int
    labelled: int
    state: str


@click.command()
@home_option
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    envvar="CIRCLESHIELD_CONFIG",
    help="Config file; default: config.toml in the user's config folder.",
)
@click.option("--undo", metavar="PLATFORM:ID", help="Leave an author to the filter: neither shielded nor suggested.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")
def command(home: Path, config: Path | None, undo: str | None, limit: int, as_json: bool) -> None:
    """List the authors with sales posts, most first: how many, who is shielded, and whom to shield.

    To follow a suggestion: circleshield block-author PLATFORM:ID.
    """
    from circleshield_addon.settings import load_settings

    friends = load_settings(config).friends
    with open_ledger(home) as ledger:
        if undo is not None:
            _leave_to_the_filter(ledger, undo)
            return
        found = _found(ledger, friends)[:limit]
    if as_json:
        for friend in found:
            click.echo(json.dumps(friend._asdict(), ensure_ascii=False))
    elif found:
        _show(found)
    else:
        click.echo("no author has had a sales post", err=True)


def _leave_to_the_filter(ledger: "Ledger", author: str) -> None:
    platform, author_id = parted(author)
    choice = ledger.choices().authors.get((platform, author_id))
    if choice in ("allow", "block"):
        raise InputError(f"{author} is {_STATES[choice]} by you; circleshield {choice}-author --undo {author}")
    if choice == "judge":
        raise InputError(f"{author} is left to the filter already")
    ledger.choose_author(platform, author_id, "judge")
    click.echo(f"{author}: left to the filter from the next load on, neither shielded nor suggested any more")


def _found(ledger: "Ledger", friends: "settings.Friends") -> list[Friend]:
    from circleshield_addon.friends import Author, Friends
    from circleshield_addon.history import name_of

    known = Friends()
    known.load(ledger)
    choices = ledger.choices().authors
    authors = {(platform, author_id): author for platform, author_id, author in known}
    found = []
    for (platform, author_id), author in {**dict.fromkeys(choices, Author()), **authors}.items():
        choice = choices.get((platform, author_id))
        if not author.sales_posts and choice is None:
            continue
        past = author.past()
        found.append(
            Friend(
                f"{platform}:{author_id}",
                name_of(ledger, platform, author_id),
                past.posts + past.labels,
                author.sales_posts,
                past.labels,
                _state(author, choice, friends),
            )
        )
    return sorted(found, key=lambda friend: (-friend.sales, friend.author))


def _state(author: "Author", choice: "AuthorChoice | None", friends: "settings.Friends") -> str:
    if choice is not None:
        return _STATES[choice]
    if author.is_shielded(friends.shield_after):
        return "shielded"
    return "suggested" if author.sales_posts >= friends.suggest_after else ""


def _show(found: list[Friend]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("author", "posts", "sales posts", "share", "", box=None)
    for column in table.columns[1:4]:
        column.justify = "right"
    for friend in found:
        share = f"{friend.sales / friend.posts:.0%}" if friend.posts else ""
        who = f"{plain(friend.name, 40)} ({plain(friend.author, 80)})"
        table.add_row(Text(who), str(friend.posts), str(friend.sales), share, friend.state)
    Console().print(table)
    if any(friend.state == "suggested" for friend in found):
        click.echo(
            "suggested: shield with circleshield block-author, or dismiss with circleshield friends --undo", err=True
        )

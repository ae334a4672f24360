"""What `allow-author` and `block-author` have in common: all but the word."""

import difflib
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from circleshield.home import home_option, open_ledger
from circleshield_model.errors import InputError

if TYPE_CHECKING:
    from circleshield_addon.choices import AuthorChoice

_DONE: "dict[AuthorChoice, str]" = {
    "allow": "all posts are let through",
    "block": "all posts are treated as sales posts",
}


def author_command(choice: "AuthorChoice", doc: str) -> click.Command:
    """The command that makes this choice."""

    @click.command(help=doc)
    @home_option
    @click.option("--undo", is_flag=True, help="Leave the author's posts to the filter again.")
    @click.option("--list", "listed", is_flag=True, help="Show the authors chosen so.")
    @click.argument("author", metavar="PLATFORM:ID", required=False)
    def command(home: Path, undo: bool, listed: bool, author: str | None) -> None:
        if listed == (author is not None):
            raise InputError("name an author as PLATFORM:ID (`circleshield log` shows them), or --list")
        pair = None if author is None else parted(author)
        with open_ledger(home) as ledger:
            if pair is None:
                for platform, author_id, chosen, time in ledger.authors():
                    if chosen == choice:
                        click.echo(
                            f"{platform}:{author_id}  since {datetime.fromtimestamp(time / 1000):%Y-%m-%d %H:%M}"
                        )
            elif undo:
                if not ledger.unchoose_author(*pair, choice):
                    raise InputError(f"{author} has no such rule")
                click.echo(f"{author}: left to the filter again")
            else:
                ledger.choose_author(*pair, choice)
                click.echo(f"{author}: {_DONE[choice]} from the next load on")

    return command


def parted(author: str) -> tuple[str, str]:
    """Platform and id of PLATFORM:ID. Raises InputError for what is none."""
    platform, _, author_id = author.partition(":")
    if not platform or not author_id:
        raise InputError(f"{author!r} is not PLATFORM:ID, such as weibo:1234567890")
    return known_platform(platform), author_id


def known_platform(platform: str) -> str:
    """The same. Raises InputError where there is none of this name."""
    from circleshield_addon.adapters import ADAPTERS
    from circleshield_addon.generic import GENERIC

    known = sorted({adapter.platform for adapter in (*ADAPTERS, GENERIC)})
    if platform not in known:
        near = difflib.get_close_matches(platform, known, n=1)
        there_are = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"
        raise InputError(f"{platform} is no platform; {there_are}")
    return platform

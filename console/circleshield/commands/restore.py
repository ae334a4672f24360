"""`circleshield restore`: a removed post shows again."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from circleshield import post_choice
from circleshield.home import home_option, open_ledger
from circleshield_model.errors import InputError

if TYPE_CHECKING:
    from circleshield_addon.ledger import Ledger


@click.command()
@home_option
@click.option("--undo", is_flag=True, help="Leave the post to the filter again, and forget the sample.")
@click.argument("post")
def command(home: Path, undo: bool, post: str) -> None:
    """Let POST (platform:id as `circleshield log` shows it, or the id) show again from the next load on.

    Its text is added to samples.jsonl in the home folder as a friend's post, to learn from.
    """
    with open_ledger(home) as ledger:
        (_undo if undo else _restore)(home, ledger, post)


def _restore(home: Path, ledger: "Ledger", post: str) -> None:
    from circleshield_addon.history import of_post

    found = of_post(ledger, post)
    if not found:
        raise InputError(f"no post {post} is in the ledger; `circleshield log` shows which are")
    if len(found) > 1:
        raise InputError(f"{post} may be: {', '.join(f'{entry.platform}:{entry.post_id}' for entry in found)}")
    (entry,) = found
    key = f"{entry.platform}:{entry.post_id}"
    if ledger.choices().posts.get((entry.platform, entry.post_id)) == "social":
        raise InputError(f"{key} is restored already")
    if entry.action == "keep":
        raise InputError(f"{key} is not taken out")
    learnt = post_choice.choose(home, ledger, entry, "social")
    what = "is a sample of a friend's post" if learnt else "nothing is learned, as its text is not kept"
    click.echo(f"{key} shows again from the next load on; {what}")


def _undo(home: Path, ledger: "Ledger", post: str) -> None:
    restored = [pair for pair, choice in ledger.choices().posts.items() if choice == "social"]
    found = sorted(pair for pair in restored if post in (pair[1], f"{pair[0]}:{pair[1]}"))
    if not found:
        raise InputError(f"{post} is not restored")
    if len(found) > 1:
        raise InputError(f"{post} may be: {', '.join(':'.join(pair) for pair in found)}")
    key = ":".join(found[0])
    forgotten = post_choice.undo(home, ledger, *found[0])
    click.echo(f"{key} is left to the filter again{', its sample is forgotten' if forgotten else ''}")

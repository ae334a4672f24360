"""`circleshield restore`: a removed post shows again."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from circleshield.home import home_option, open_ledger
from circleshield_model.errors import InputError
from circleshield_training import user_samples

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
    if entry.post_id in {post_id for platform, post_id in ledger.choices().restored if platform == entry.platform}:
        raise InputError(f"{key} is restored already")
    if entry.action == "keep":
        raise InputError(f"{key} is not taken out")
    if entry.post_id.startswith("-"):
        raise InputError(
            f"{key} has no id of its own, so it cannot be told apart; allow its author, or raise remove_at"
        )
    ledger.restore(entry.platform, entry.post_id)
    if entry.text is None:
        click.echo(f"{key} shows again from the next load on; nothing is learned, as its text is not kept")
        return
    user_samples.add(home, key, entry.text, "social", f"{entry.platform}:{entry.author_id}")
    click.echo(f"{key} shows again from the next load on, and is a sample of a friend's post")


def _undo(home: Path, ledger: "Ledger", post: str) -> None:
    restored = ledger.choices().restored
    found = sorted(pair for pair in restored if post in (pair[1], f"{pair[0]}:{pair[1]}"))
    if not found:
        raise InputError(f"{post} is not restored")
    if len(found) > 1:
        raise InputError(f"{post} may be: {', '.join(':'.join(pair) for pair in found)}")
    key = ":".join(found[0])
    ledger.unrestore(*found[0])
    forgotten = user_samples.remove(home, key, "social")
    click.echo(f"{key} is left to the filter again{', its sample is forgotten' if forgotten else ''}")

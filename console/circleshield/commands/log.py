"""`circleshield log`: what was decided about which post."""

import json
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from circleshield.author_choice import known_platform
from circleshield.completing import platforms
from circleshield.home import home_option, open_ledger
from circleshield.moments import Moment
from circleshield.terminal import plain

if TYPE_CHECKING:
    from circleshield_addon.history import Entry

_COLOURS = {"remove": "red", "fold": "red", "label": "red", "watch": "red", "review": "yellow", "keep": "green"}
_POLL_SECONDS = 0.5


@click.command()
@home_option
@click.option("--since", type=Moment(), help="From then on: 30m, 2h, 7d ago, or a date.")
@click.option("--platform", shell_complete=platforms, help="Of one platform, such as weibo.")
@click.option("--author", help="Of one author: PLATFORM:ID, the id, or the name.")
@click.option("--action", type=click.Choice(list(_COLOURS)), help="With that outcome; default: all but keep.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many, the newest.")
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")
@click.option("--follow", is_flag=True, help="Go on with new ones as they come, until Ctrl-C.")
def command(
    home: Path,
    since: datetime | None,
    platform: str | None,
    author: str | None,
    action: str | None,
    limit: int,
    as_json: bool,
    follow: bool,
) -> None:
    """Show what was taken out or noted as unsure, and why; the newest comes last."""
    from circleshield_addon import history
    from circleshield_addon.adapter import platform_of
    from circleshield_addon.ledger import FILE, milliseconds

    which = history.Filter(
        since=None if since is None else milliseconds(since),
        platform=platform and known_platform(platform_of(platform)),  # an adapter's name will do
        author=author,
        action=action or history.NOT_KEPT,
    )

    def show(entries: Iterable["Entry"]) -> None:
        for entry in entries:
            click.echo(json.dumps(entry.as_dict(), ensure_ascii=False) if as_json else _in_words(entry))

    with open_ledger(home) as ledger:
        last = history.last_id(ledger)
        shown = list(history.newest(ledger, which, limit, below=last + 1))
        show(reversed(shown))
    if not shown and not follow:
        click.echo("no such post is recorded", err=True)
    while follow:
        time.sleep(_POLL_SECONDS)
        if not (home / FILE).exists():  # set aside, and the new one is not there yet
            continue
        with open_ledger(home) as ledger:  # opened anew, as a proxy may have set the old one aside
            before, last = last, history.last_id(ledger)
            show(list(history.following(ledger, which, before if before <= last else 0)))


def _in_words(entry: "Entry") -> str:
    when = datetime.fromtimestamp(entry.time / 1000).astimezone().strftime("%m-%d %H:%M")
    action = click.style(f"{entry.action:<6}", _COLOURS[entry.action])
    who = f"{plain(entry.author, 40)} ({plain(f'{entry.platform}:{entry.author_id}', 80)})"
    text = "text not kept" if entry.text is None else plain(entry.text, 200)
    return (
        f"{when}  {action} {entry.score:.2f}  {plain(f'{entry.platform}:{entry.post_id}', 120)}  {who}\n"
        f"    {text}\n    {click.style(plain(' · '.join(entry.reasons), 200), dim=True)}"
    )

"""`circleshield resume`: the end of a pause."""

from pathlib import Path

import click

from circleshield.commands.pause import pause_in_words
from circleshield.home import home_option


@click.command()
@click.option("--device", metavar="IP", help="Only for this device; default: for all.")
@home_option
def command(device: str | None, home: Path) -> None:
    """End all pauses, or let one device no longer share in them."""
    from circleshield.control import ask

    reply = ask(home, "resume", device=device)
    click.echo(f"filtering again: {device or 'all devices'}")
    for pause in reply["paused"]:
        click.echo(f"still paused: {pause_in_words(pause)}")

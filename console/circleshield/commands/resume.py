"""`circleshield resume`: the end of a pause."""

from pathlib import Path

import click
from platformdirs import user_data_path

from circleshield.commands.pause import pause_in_words


@click.command()
@click.option("--device", metavar="IP", help="Only for this device; default: for all.")
@click.option("--home", type=click.Path(path_type=Path, file_okay=False), help="The home folder the proxy runs with.")
def command(device: str | None, home: Path | None) -> None:
    """End all pauses, or let one device no longer share in them."""
    from circleshield.control import ask

    reply = ask(home or user_data_path("circleshield"), "resume", device=device)
    click.echo(f"filtering again: {device or 'all devices'}")
    for pause in reply["paused"]:
        click.echo(f"still paused: {pause_in_words(pause)}")

"""`circleshield pair`: lets a phone see the review page."""

from pathlib import Path

import click

from circleshield.control import ask
from circleshield.home import home_option


@click.command()
@home_option
@click.option("--owner", is_flag=True, help="A device of your own: it sees and does everything.")
def command(home: Path, owner: bool) -> None:
    """Print a code, also as a QR code, that lets one device behind the proxy see the review page.

    Without --owner it sees the posts of its own feeds alone.
    """
    import segno

    answer = ask(home, "pair", owner=owner)
    segno.make(answer["url"], error="m").terminal(compact=True)
    click.echo(f"{answer['url']}\nScan this with the device, or open the address there. The code is {answer['code']};")
    click.echo(f"it is good once, for {answer['minutes']} minutes, on a device that uses this proxy.")

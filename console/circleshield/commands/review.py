"""`circleshield review`: opens the review page."""

from pathlib import Path

import click

from circleshield.control import ask
from circleshield.home import home_option


@click.command()
@home_option
@click.option("--print", "printed", is_flag=True, help="Print the address instead; it is good once, for ten minutes.")
def command(home: Path, printed: bool) -> None:
    """Open the review page of the running proxy in the browser of this machine."""
    import webbrowser

    url = ask(home, "review")["url"]
    if printed or not webbrowser.open(url):
        click.echo(url)

"""`circleshield export`: the ledger in other programs."""

from pathlib import Path

import click

from circleshield.home import home_option, open_ledger


@click.command()
@home_option
@click.option("--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), default="-")
def command(home: Path, form: str, file: Path) -> None:
    """Write all verdicts, oldest first, to FILE (readable by you alone) or to stdout."""
    from circleshield.output import private_file, write_rows
    from circleshield_addon.history import Entry, Filter, following

    names = [name for name in Entry.__slots__ if name != "id"]
    with open_ledger(home) as ledger, private_file(file) as to:  # the file is only begun where there is a ledger
        write_rows((entry.as_dict() for entry in following(ledger, Filter())), names, form, to)

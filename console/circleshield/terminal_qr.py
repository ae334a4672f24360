"""QR codes in a terminal."""

import sys

import click


def show_qr(text: str) -> None:
    """Draws a text as a QR code on stderr, where that is a terminal; stdout stays for data."""
    if not sys.stderr.isatty():
        return
    import segno

    click.echo(err=True)
    segno.make(text, error="l").terminal(out=sys.stderr, compact=True, border=2)

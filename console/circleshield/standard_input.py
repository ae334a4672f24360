"""What comes on stdin, as text or as an answer."""

import sys
from collections.abc import Callable

import click

from circleshield_model.errors import InputError


def all_text() -> str:
    """All of it. Raises InputError for what is not UTF-8."""
    return _text(sys.stdin.read)


def first_line() -> str:
    """Its first line without the end, such as a password. Raises InputError for what is not UTF-8."""
    return _text(sys.stdin.readline).rstrip("\r\n")


def confirm(question: str) -> None:
    """Asks. Raises Abort for No, InputError where nobody is there to answer; the command has `--yes`."""
    try:
        click.confirm(question, abort=True)
    except click.Abort as e:
        if e.__context__ is not None:
            click.echo(err=True)  # what is said does not go on in the question's line
        if isinstance(e.__context__, EOFError):
            raise InputError("nobody can be asked here; --yes does without") from e
        raise


def _text(read: Callable[[], str]) -> str:
    try:
        return read()
    except UnicodeDecodeError as e:
        raise InputError("stdin is not UTF-8 text; convert it first") from e

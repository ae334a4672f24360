"""What comes on stdin, as text."""

import sys
from collections.abc import Callable

from circleshield_model.errors import InputError


def all_text() -> str:
    """All of it. Raises InputError for what is not UTF-8."""
    return _text(sys.stdin.read)


def first_line() -> str:
    """Its first line without the end, such as a password. Raises InputError for what is not UTF-8."""
    return _text(sys.stdin.readline).rstrip("\r\n")


def _text(read: Callable[[], str]) -> str:
    try:
        return read()
    except UnicodeDecodeError as e:
        raise InputError("stdin is not UTF-8 text; convert it first") from e

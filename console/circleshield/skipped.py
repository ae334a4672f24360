"""The posts that the user would rather not label, by the keys of their texts: `skipped` in the home folder."""

import os
from pathlib import Path

from circleshield_model.errors import InputError
from circleshield_model.private_file import private_folder

_FILE = "skipped"


class Skipped:
    """Lines `+key` and `-key`, only ever added to. InputError if the file cannot be read or written."""

    def __init__(self, home: Path) -> None:
        self._path = home / _FILE
        self.keys: set[int] = set()
        try:
            lines = self._path.read_text("ascii", "replace").splitlines()
        except FileNotFoundError:
            return
        except OSError as e:
            raise InputError(f"{self._path}: cannot be read: {e.strerror}") from e
        for line in lines:
            try:
                (self.keys.add if line[:1] == "+" else self.keys.discard)(int(line[1:], 16))
            except ValueError:
                continue  # a line that was cut off

    def add(self, key: int) -> None:
        """Skips a text."""
        self._write(f"+{key:016x}")
        self.keys.add(key)

    def discard(self, key: int) -> None:
        """Takes that back."""
        self._write(f"-{key:016x}")
        self.keys.discard(key)

    def _write(self, line: str) -> None:
        try:
            private_folder(self._path.parent)
            number = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(number, "w", encoding="ascii") as file:
                file.write(line + "\n")
        except OSError as e:
            raise InputError(f"{self._path}: cannot be written: {e.strerror}") from e

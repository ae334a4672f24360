"""Files and folders that only their owner may read."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


def private_folder(folder: Path) -> None:
    """Makes a folder, and those that it is in, with mode 0700 where they are missing. Raises OSError.

    As the XDG Base Directory Specification has it.
    """
    for each in reversed((folder, *folder.parents)):
        each.mkdir(mode=0o700, exist_ok=True)


def write_private(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all, with mode 0600; folders that are missing are made. Raises OSError."""
    private_folder(path.parent)
    with written_private(path) as file:
        file.write(data)


@contextmanager
def written_private(path: Path, mode: int = 0o600) -> Iterator[IO[bytes]]:
    """Where such a file is written; it takes its name, and another mode, at the end of the block if all went well."""
    number, fresh = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mkstemp itself gives 0600
    try:
        with os.fdopen(number, "wb") as file:
            yield file
            file.flush()
            os.fsync(number)
        Path(fresh).chmod(mode)
        Path(fresh).replace(path)
    except BaseException:
        Path(fresh).unlink(missing_ok=True)
        raise

"""A progress bar on stderr, where that is a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_LONG = 10_000_000  # bytes from which on a file takes long enough to show it


@contextmanager
def read_bar(stream: IO[bytes], name: str, wanted: bool) -> Iterator[Callable[[], None]]:
    """A bar of how far a long file is read; what it gives is called to move it on."""
    size = stream.seek(0, 2)
    stream.seek(0)
    if not wanted or size < _LONG or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(Path(name).name, total=size)
        yield lambda: progress.update(task, completed=stream.tell())

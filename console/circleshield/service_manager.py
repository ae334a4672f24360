"""The running proxy as a service: tells systemd that it is ready and alive, and writes its log as the journal reads it.

sd_notify(3), sd_watchdog_enabled(3) and sd-daemon(3); without systemd nothing of it happens.
"""

import asyncio
import logging
import os
import socket
import sys
from contextlib import suppress

from circleshield.terminal import LogFormatter

_PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


class Heartbeat:
    """A mitmproxy addon: says when the proxy listens, and then that its event loop turns, as often as is wanted."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    def running(self) -> None:
        """Says that the proxy is ready."""
        _notify("READY=1")
        if seconds := _watchdog_seconds():
            self._task = asyncio.get_running_loop().create_task(self._beat(seconds / 2))

    def done(self) -> None:
        """Says that it ends."""
        if self._task is not None:
            self._task.cancel()
        _notify("STOPPING=1")

    async def _beat(self, seconds: float) -> None:
        while True:
            _notify("WATCHDOG=1")
            await asyncio.sleep(seconds)


class JournalFormatter(LogFormatter):
    """A record as the journal wants it: without the time, which it knows, each line with its priority in front."""

    def __init__(self) -> None:
        super().__init__("%(message)s")

    def format(self, record: logging.LogRecord) -> str:
        priority = _PRIORITIES.get(record.levelno, 6)
        return "\n".join(f"<{priority}>{line}" for line in super().format(record).splitlines())


def in_journal() -> bool:
    """Whether stderr goes to the journal (systemd.exec(5), `$JOURNAL_STREAM`), which others may read as well."""
    with suppress(OSError):
        found = os.fstat(sys.stderr.fileno())
        return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"
    return False


def _watchdog_seconds() -> float:
    """How long systemd waits for a sign of life; 0 where it does not."""
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0
    with suppress(ValueError):
        return int(os.environ.get("WATCHDOG_USEC", "0")) / 1e6
    return 0


def _notify(state: str) -> None:
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)  # the traffic never waits for systemd
            sender.connect("\0" + address[1:] if address.startswith("@") else address)
            sender.send(state.encode())

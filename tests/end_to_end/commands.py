"""Commands of circleshield about a home folder, as somebody types them; and waiting for what they bring about."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.end_to_end.origin import HANG_SECONDS
from tests.end_to_end.proxy_process import CIRCLESHIELD


def circleshield(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What a command did."""
    command = [sys.executable, *CIRCLESHIELD, *arguments, "--home", str(home)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=2 * HANG_SECONDS)


def said(home: Path, *arguments: str) -> str:
    """What a command that succeeds writes to stdout."""
    done = circleshield(home, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def wait_until(is_so: Callable[[], bool]) -> None:
    """Returns as soon as it is so."""
    give_up_at = time.monotonic() + HANG_SECONDS
    while not is_so():
        assert time.monotonic() < give_up_at
        time.sleep(0.02)

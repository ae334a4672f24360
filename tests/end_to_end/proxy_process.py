"""A real `circleshield run` in a process of its own."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.end_to_end.origin import HANG_SECONDS

CONFIG = """\
[review]
listen = "127.0.0.1:0"
[platforms.mastodon]
hosts = ["localhost"]
[platforms.x]
enabled = false
"""

CIRCLESHIELD = ("-m", "circleshield")
_LISTENING = re.compile(r"^(\S+) +listening at [\d.]+:(\d+)$", re.M)


def wait_for(process: subprocess.Popen[bytes], output: Path, pattern: str) -> re.Match[str]:
    """Where `pattern` is found in the file that a started process writes to, as soon as it is there."""
    give_up_at = time.monotonic() + HANG_SECONDS
    while (found := re.search(pattern, said := output.read_text(encoding="utf-8"), re.M)) is None:
        assert process.poll() is None, f"it ended:\n{said}"
        assert time.monotonic() < give_up_at, f"it is not ready:\n{said}"
        time.sleep(0.02)
    return found


class ProxyProcess:
    """A started proxy: `port` is where it listens, `ca` the file that its clients trust, `home` its folder."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self.process = process
        self.home = folder
        self.ca = folder / "ca" / "mitmproxy-ca-cert.pem"
        self.stderr = folder / "stderr"
        self._read = 0
        wait_for(process, self.stderr, r"^phone ")
        greeting = self.stderr.read_text(encoding="utf-8")
        self.ports = {mode: int(port) for mode, port in _LISTENING.findall(greeting)}
        """By mode, as the greeting spells it."""
        self.port = next(iter(self.ports.values()))
        self._read = len(greeting)

    def new_log(self) -> list[str]:
        """The lines on stderr since the last call, or since the greeting."""
        text = self.stderr.read_text(encoding="utf-8")
        new, self._read = text[self._read :], len(text)
        return new.splitlines()

    def wait_for_log(self, pattern: str) -> re.Match[str]:
        """Where `pattern` is on stderr, as soon as it is there."""
        return wait_for(self.process, self.stderr, pattern)

    def whole_log(self) -> str:
        """Everything on stderr, the greeting included."""
        return self.stderr.read_text(encoding="utf-8")

    def wait(self) -> int:
        """The exit code, once the process has ended."""
        return self.process.wait(HANG_SECONDS)


def free_udp_port() -> int:
    """For a WireGuard mode beside a regular one: mitmproxy takes port 0 for one of them alone."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_proxy(
    folder: Path,
    upstream_ca: Path | None,
    *options: str,
    config: str = CONFIG,
    program: Sequence[str] = CIRCLESHIELD,
    within: Sequence[str] = (),
) -> Iterator[ProxyProcess]:
    """Starts `circleshield run` on a free port of loopback; SIGTERM at the end of the block unless it has ended.

    `within`: a command before it, such as one that enters a network namespace.
    """
    (folder / "config.toml").write_text(config, encoding="utf-8")
    arguments = ["run", "--listen", "127.0.0.1:0", "--home", str(folder), "--config", str(folder / "config.toml")]
    if upstream_ca is not None:
        arguments += ["--upstream-ca", str(upstream_ca)]
    with (folder / "stderr").open("wb") as stderr:
        process = subprocess.Popen(
            [*within, sys.executable, *program, *arguments, *options],
            stdin=subprocess.DEVNULL,
            stdout=stderr,
            stderr=stderr,
        )
    try:
        yield ProxyProcess(process, folder)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(HANG_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

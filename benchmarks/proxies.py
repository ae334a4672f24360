"""circleshield and the yardstick, stock mitmdump without any addon, side by side; what they use, and a client: curl."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.origin import Origin
from tests.end_to_end.proxy_process import running_proxy

CONFIG = """\
[review]
listen = "127.0.0.1:0"
[platforms.mastodon]
hosts = ["localhost"]
"""


@dataclass(frozen=True)
class Proxy:
    """A proxy that runs: `ca` is what its clients trust."""

    name: str
    pid: int
    port: int
    ca: Path

    def cpu(self) -> float:
        """Seconds of processor time that its threads have taken up to now; `stat` has it in hundredths only."""
        threads = Path(f"/proc/{self.pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text(encoding="ascii").split()[0]) for thread in threads) / 1e9

    def memory(self) -> float:
        """Resident memory, in MB."""
        return int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1]) * 4096 / 1e6


@contextmanager
def circleshield(
    origin: Origin, config: str = CONFIG, prepare: Callable[[Path], None] | None = None, name: str = "circleshield"
) -> Iterator[Proxy]:
    """A `circleshield run` with a home folder of that name; `prepare` is given it first."""
    home = origin.folder / name
    home.mkdir(exist_ok=True)
    if prepare is not None:
        prepare(home)
    with running_proxy(home, origin.ca, config=config) as process:
        yield Proxy(name, process.process.pid, process.port, process.ca)


@contextmanager
def mitmdump(origin: Origin) -> Iterator[Proxy]:
    """A `mitmdump -q`."""
    home = origin.folder / "mitmdump"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    program = [str(Path(sys.executable).with_name("mitmdump")), "-q", "--listen-host", "127.0.0.1", "-p", str(port)]
    options = ["--set", f"confdir={home}", "--set", f"ssl_verify_upstream_trusted_ca={origin.ca}"]
    process = subprocess.Popen([*program, *options], stdin=subprocess.DEVNULL)
    try:
        while not _listens(port):
            if process.poll() is not None:
                sys.exit("mitmdump ended")
            time.sleep(0.02)
        yield Proxy("mitmdump", process.pid, port, home / "mitmproxy-ca-cert.pem")
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True


@dataclass(frozen=True)
class Answer:
    """What curl says of a request: status, protocol, bytes on the wire, seconds until it was whole."""

    status: int
    http: str
    size: int
    seconds: float
    speed: float


_WRITE_OUT = "%{http_code} %{http_version} %{size_download} %{time_total} %{speed_download}\\n"


def fetch(
    proxy: Proxy | None,
    urls: Sequence[str],
    trust: Path,
    *,
    http2: bool = False,
    coding: str = "gzip",
    parallel: int = 1,
) -> list[Answer]:
    """Asks for all the URLs over kept connections, by one curl that trusts the CA in `trust`.

    `parallel`: how many at once (HTTP/2: on one connection).
    """
    command = ["curl", "--silent", "--show-error", "--cacert", str(trust), "--config", "-"]
    command += ["--http2" if http2 else "--http1.1", "--write-out", _WRITE_OUT]
    command += ["--header", f"Accept-Encoding: {coding}"]
    if proxy is not None:
        command += ["--proxy", f"http://127.0.0.1:{proxy.port}"]
    if parallel > 1:
        command += ["--parallel", "--parallel-max", str(parallel)]
    asked = "".join(f'url = "{url}"\noutput = "/dev/null"\n' for url in urls)
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=False)
    answers = [
        Answer(int(status), http, int(size), float(seconds), float(speed))
        for status, http, size, seconds, speed in re.findall(r"^(\d+) (\S+) (\d+) (\S+) (\S+)$", done.stdout, re.M)
    ]
    wrong = [answer for answer in answers if answer.status != 200 or answer.http != ("2" if http2 else "1.1")]
    if len(answers) != len(urls) or wrong or done.returncode:
        sys.exit(f"{len(answers)} of {len(urls)} answers, {wrong[:3]}: {done.stderr}")
    return answers


def both(stack: ExitStack, origin: Origin) -> tuple[Proxy, Proxy]:
    """The yardstick and circleshield."""
    return stack.enter_context(mitmdump(origin)), stack.enter_context(circleshield(origin))

"""How the proxy ends, and how it refuses to start."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
from tests.end_to_end.client import Client, read_reply, read_until
from tests.end_to_end.feed import FRIENDS, MIXED, timeline, timeline_without_sales
from tests.end_to_end.origin import HANG_SECONDS, JSON_HEADERS, Answer, Origin
from tests.end_to_end.proxy_process import CIRCLESHIELD, CONFIG, ProxyProcess, running_proxy, wait_for

from circleshield_model.artefact import PACKAGED

PAGE = timeline(*MIXED)
USAGE = "Usage: circleshield run [OPTIONS]\nTry 'circleshield run --help' for help.\n\n"


def wait_until_stopping(proxy: ProxyProcess) -> None:
    """Returns when the signal has been taken and new connections are refused."""
    wait_for(proxy.process, proxy.stderr, "stopping")
    while True:
        try:
            socket.create_connection(("127.0.0.1", proxy.port), HANG_SECONDS).close()
        except ConnectionRefusedError:
            return


def wait_for_request(origin: Origin, path: str) -> None:
    """Returns when the request has reached the origin."""
    while not origin.requests[path]:
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_responses_in_flight_finish(
    number: signal.Signals, tmp_path: Path, origin: Origin, origin_ca: Path, direct: Client
) -> None:
    """A feed page, which is gathered first; another response, which streams; one that the client has yet to read."""
    go_on = Event()
    pieces: list[bytes | Event] = [PAGE[:200], go_on, PAGE[200:]]
    large = timeline(*FRIENDS) + b" " * 20_000_000  # more than the sockets' buffers hold
    paths = origin.add(Answer(pieces)), origin.add(Answer(pieces), "/api/v1/statuses/{}"), origin.add(Answer([large]))
    with running_proxy(tmp_path, origin_ca) as proxy:
        through = replace(direct, ca=proxy.ca, proxy=proxy.port)
        # The fourth connection is idle.
        with (
            through.connected() as page,
            through.connected() as stream,
            through.connected() as slow,
            through.connected(),
        ):
            for connection, path in zip((page, stream, slow), paths, strict=True):
                connection.sendall(through.request(path, headers=[("Connection", "close")]))
            streamed = read_until(stream, PAGE[180:200])
            slowly_read = slow.recv(1000)
            wait_for_request(origin, paths[0])
            proxy.process.send_signal(number)
            wait_until_stopping(proxy)
            go_on.set()
            assert read_reply(page).body == timeline_without_sales(*MIXED)
            assert (streamed + read_until(stream, PAGE[-20:])).endswith(PAGE)
            slowly_read += b"".join(iter(lambda: slow.recv(1 << 20), b""))
            assert slowly_read.endswith(large)
        assert proxy.wait() == 0
        assert "Traceback" not in proxy.whole_log()


def test_origin_that_hangs_does_not_hold_the_exit(
    tmp_path: Path, origin: Origin, origin_ca: Path, direct: Client
) -> None:
    never = Event()
    half = origin.add(Answer([PAGE[:200], never, PAGE]))
    none = origin.add(Answer([never], framing="wait"))
    with running_proxy(tmp_path, origin_ca) as proxy:
        through = replace(direct, ca=proxy.ca, proxy=proxy.port)
        with through.connected() as first, through.connected() as second:
            for connection, path in ((first, half), (second, none)):
                connection.sendall(through.request(path))
                wait_for_request(origin, path)
            proxy.process.send_signal(signal.SIGTERM)
            assert proxy.wait() == 0
            for connection in (first, second):
                read_reply(connection)  # ends, because it was closed
        assert "Traceback" not in proxy.whole_log()
    never.set()


def test_what_is_asked_for_on_an_open_connection_is_refused_once_it_stops(
    tmp_path: Path, origin: Origin, origin_ca: Path, direct: Client
) -> None:
    go_on = Event()
    held, late = origin.add(Answer([PAGE[:200], go_on, PAGE[200:]])), origin.add(Answer([PAGE]))
    with running_proxy(tmp_path, origin_ca) as proxy:
        through = replace(direct, ca=proxy.ca, proxy=proxy.port)
        with through.connected() as first, through.connected() as second:
            first.sendall(through.request(held, headers=[("Connection", "close")]))
            wait_for_request(origin, held)
            proxy.process.send_signal(signal.SIGTERM)
            wait_until_stopping(proxy)
            second.sendall(through.request(late))
            assert second.recv(1000) == b""
            go_on.set()
            assert read_reply(first).body == timeline_without_sales(*MIXED)
        assert proxy.wait() == 0
    assert origin.requests[late] == []


def test_second_signal_ends_at_once(tmp_path: Path, origin: Origin, origin_ca: Path, direct: Client) -> None:
    never = Event()
    path = origin.add(Answer([never], framing="chunked"))
    with running_proxy(tmp_path, origin_ca) as proxy:
        through = replace(direct, ca=proxy.ca, proxy=proxy.port)
        with through.connected() as connection:
            connection.sendall(through.request(path))
            wait_for_request(origin, path)
            proxy.process.send_signal(signal.SIGINT)
            wait_until_stopping(proxy)
            proxy.process.send_signal(signal.SIGINT)
            assert proxy.wait() == 0
        assert "Traceback" not in proxy.whole_log()
    never.set()


def refused(*options: str, program: Sequence[str] = CIRCLESHIELD) -> str:
    """What `circleshield run` says when it does not start: one line, exit 2."""
    done = subprocess.run(
        [sys.executable, *program, "run", *options],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=HANG_SECONDS,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    said = done.stderr.removeprefix(USAGE)  # goes before what is wrong with an option in itself
    assert len(said.splitlines()) == 1, done.stderr
    return said


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    """Enough to start."""
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    return ["--listen", "127.0.0.1:0", "--home", str(tmp_path), "--config", str(tmp_path / "config.toml")]


def test_taken_port(options: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused(*options, "--listen", f"127.0.0.1:{port}")
    assert said == f"circleshield: cannot listen on 127.0.0.1:{port}: Address already in use\n"


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("[filter]\nremov_at = 0.9", "filter.remov_at is not a known key; did you mean remove_at?"),
        ("filter = [", "is not TOML"),
    ],
)
def test_bad_config(config: str, expected: str, options: list[str], tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(config, encoding="utf-8")
    said = refused(*options)
    assert expected in said
    assert "config.toml" in said


def test_config_that_is_not_there(options: list[str], tmp_path: Path) -> None:
    assert "absent.toml: there is no such config file" in refused(*options, "--config", str(tmp_path / "absent.toml"))


@pytest.mark.parametrize("mode", ["regulr", "reverse:gopher://localhost"])
def test_unknown_mode(mode: str, options: list[str]) -> None:
    assert "mode" in refused(*options, "--mode", mode)


def test_upstream_ca_that_is_not_there(options: list[str], tmp_path: Path) -> None:
    said = refused(*options, "--upstream-ca", str(tmp_path / "absent.pem"))
    assert said.endswith("absent.pem: cannot be read: No such file or directory\n")


def test_upstream_ca_that_is_no_certificate(options: list[str], tmp_path: Path) -> None:
    (tmp_path / "notes.pem").write_text("no certificate\n", encoding="utf-8")
    said = refused(*options, "--upstream-ca", str(tmp_path / "notes.pem"))
    assert said.endswith("notes.pem: holds no certificate in PEM form\n")


@pytest.mark.parametrize("listen", ["8080", "127.0.0.1:99999"])
def test_bad_address(listen: str, options: list[str]) -> None:
    assert "is not HOST:PORT" in refused(*options, "--listen", listen)


def test_address_of_another_machine(options: list[str]) -> None:
    said = refused(*options, "--listen", "192.0.2.1:8080")
    assert said == "circleshield: cannot listen on 192.0.2.1:8080: not an address of this machine\n"


def test_home_that_cannot_be_made(options: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "file" in refused(*options, "--home", str(tmp_path / "file" / "home"))


def model_at(folder: Path) -> tuple[str, str]:
    """A circleshield whose packaged model is the one in `folder`."""
    lines = (
        "from pathlib import Path",
        "from circleshield_model import artefact",
        f"artefact.PACKAGED = Path({str(folder)!r})",
        "from circleshield.cli import main",
        "main()",
    )
    return "-c", "\n".join(lines)


def test_missing_model(options: list[str], tmp_path: Path) -> None:
    said = refused(*options, program=model_at(tmp_path / "absent"))
    assert "no model in" in said
    assert "circleshield train" in said


def test_corrupt_model(options: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "manifest.json").write_bytes((PACKAGED / "manifest.json").read_bytes())
    (folder / "scorer.npz").write_bytes((PACKAGED / "scorer.npz").read_bytes()[:-1])
    said = refused(*options, program=model_at(folder))
    assert "scorer.npz" in said
    assert "again" in said


def test_log_of_a_whole_run_holds_nothing_private(
    tmp_path: Path, origin: Origin, origin_ca: Path, direct: Client
) -> None:
    """At the default level: no text of a post, no query string, no cookie."""
    gzip = (*JSON_HEADERS, ("Content-Encoding", "gzip"), ("Set-Cookie", "session=s3cret-out"))
    answers = [
        Answer([PAGE]),
        Answer([timeline(*FRIENDS)]),
        Answer([PAGE], gzip),
        Answer([b"\x1f\x8b\x08" + PAGE], gzip),
        Answer([PAGE[:500]]),
        Answer([PAGE[:500]], cut=True),
        Answer([], cut=True),
        Answer([PAGE], (("Content-Type", "text/html"),)),
        Answer([PAGE], status=500),
        Answer([PAGE], (("Content Type", "bad"),)),
        Answer([PAGE.decode().encode("utf-16")]),
    ]
    with running_proxy(tmp_path, origin_ca) as proxy:
        through = replace(direct, ca=proxy.ca, proxy=proxy.port)
        headers = [("Cookie", "session=s3cret-in"), ("Authorization", "Bearer s3cret-token")]
        for answer in answers:
            for path in ("/api/v1/timelines/tag/{}", "/api/v1/accounts/{}/statuses"):
                through.get(origin.add(answer, path) + "?max_id=s3cret-query", headers)
        with through.connected() as connection:
            connection.sendall(b"nonsense s3cret\r\n\r\n")
            read_reply(connection)
        replace(through, name="m.weibo.cn", address="127.0.0.1").get("/feed/friends?max_id=s3cret-query", headers)
        replace(through, name="x.com", address="127.0.0.1", ca=origin_ca).get("/?q=s3cret", headers)
        proxy.process.terminate()
        assert proxy.wait() == 0
        log = proxy.whole_log()
    assert "removed 3 of 7 posts" in log
    assert "passed unfiltered" in log
    assert "s3cret" not in log
    assert not [text for text in MIXED if text[:8] in log]
    assert "Traceback" not in log

"""Faults of our own code: the original passes, one line says where, and the proxy goes on."""

import gzip
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.end_to_end.client import Client, read_until
from tests.end_to_end.commands import said
from tests.end_to_end.faulty_proxy import PLACES
from tests.end_to_end.feed import FRIENDS, MIXED, timeline, timeline_without_sales
from tests.end_to_end.origin import JSON_HEADERS, Answer, Origin
from tests.end_to_end.proxy_process import CONFIG, ProxyProcess, running_proxy
from tests.end_to_end.test_start_and_stop import wait_for_request

PAGE, WITHOUT = timeline(*MIXED), timeline_without_sales(*MIXED)
GZIP = (*JSON_HEADERS, ("Content-Encoding", "gzip"))


@dataclass(frozen=True)
class Faulty:
    """A proxy, and what switches its faults."""

    proxy: ProxyProcess
    folder: Path

    def has(self, fault: str) -> None:
        """From now on."""
        (self.folder / "fresh").write_text(fault)
        (self.folder / "fresh").replace(self.folder / "fault")


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory, origin_ca: Path) -> Iterator[Faulty]:
    folder = tmp_path_factory.mktemp("faulty")
    (folder / "fault").write_text("")
    program = ("-m", "tests.end_to_end.faulty_proxy", str(folder / "fault"))
    config = CONFIG + '[profiles.folding]\ndevices = ["127.0.0.1"]\naction = "fold"\n'
    with running_proxy(folder, origin_ca, config=config, program=program) as proxy:
        yield Faulty(proxy, folder)


@pytest.fixture
def faulty(started: Faulty) -> Iterator[Faulty]:
    """Without a fault at first and at last."""
    started.has("")
    started.proxy.new_log()
    yield started
    started.has("")


@pytest.fixture
def through(direct: Client, faulty: Faulty) -> Client:
    return replace(direct, ca=faulty.proxy.ca, proxy=faulty.proxy.port)


@pytest.mark.parametrize("place", [place for place in PLACES if place != "ledger"])
def test_exception(place: str, origin: Origin, direct: Client, through: Client, faulty: Faulty) -> None:
    texts = (f"{text} {place}" for text in MIXED)  # never scored before
    path = origin.add(Answer([gzip.compress(timeline(*texts))], GZIP))
    faulty.has(place)
    assert through.get(path) == direct.get(path)
    faulty.has("")
    (line,) = faulty.proxy.new_log()
    assert "WARNING mastodon: a page passed unfiltered: LookupError at " in line
    assert "已折叠" in gzip.decompress(through.get(path).body).decode()
    faulty.has(place)  # a page that is remembered is judged elsewhere, but neither read nor scored again
    assert ("已折叠" in gzip.decompress(through.get(path).body).decode()) == (place in ("adapter", "scorer"))


def test_exception_in_the_ledger_costs_no_traffic(origin: Origin, through: Client, faulty: Faulty) -> None:
    path = origin.add(Answer([timeline(*FRIENDS)]))
    faulty.has("ledger")
    assert through.get(path).body == timeline(*FRIENDS)
    faulty.proxy.wait_for_log("ledger: nothing is recorded at present")
    faulty.has("")
    faulty.proxy.wait_for_log("recording again")
    log = "\n".join(faulty.proxy.new_log())
    assert log.count("ledger: nothing is recorded at present: LookupError at ") == 1
    assert through.get(path).body == timeline(*FRIENDS)


def test_scorer_that_stalls(tmp_path: Path, origin: Origin, origin_ca: Path, direct: Client) -> None:
    """Pages wait for their deadline, events too, all else does not; the end is not held up either."""
    switch = tmp_path / "fault"
    switch.write_text("")
    event = b"event: update\ndata: " + PAGE.split(b"\n")[1].rstrip(b",") + b"\n\n"
    feed = origin.add(Answer([PAGE]))
    other = origin.add(Answer([b"{}"]), "/api/v1/statuses/{}")
    stream = origin.add(Answer([event], (("Content-Type", "text/event-stream"),)), "/api/v1/streaming/user")
    program = ("-m", "tests.end_to_end.faulty_proxy", str(switch))
    with running_proxy(tmp_path, origin_ca, program=program) as proxy, ThreadPoolExecutor(8) as pool:
        through = replace(direct, ca=proxy.ca, proxy=proxy.port)
        switch.write_text("scorer stalls")
        assert through.get(stream).body == event
        replies = [pool.submit(through.get, feed) for _ in range(6)]
        assert through.get(other).body == b"{}"
        assert not any(reply.done() for reply in replies[:3]), "nothing else waits for what stalls"
        assert [reply.result().body for reply in replies] == [PAGE] * 6
        assert through.get(feed).body == PAGE
        log = proxy.whole_log()
        assert log.count("a page passed unfiltered: not judged in time") == 7
        assert log.count("an event passed unfiltered: not judged in time") == 1
        proxy.process.send_signal(signal.SIGTERM)
        assert proxy.wait() == 0


def test_a_page_that_is_being_judged_holds_the_exit(
    tmp_path: Path, origin: Origin, origin_ca: Path, direct: Client
) -> None:
    """It is handed on, here when its time is over, and only then the proxy ends."""
    switch = tmp_path / "fault"
    switch.write_text("")
    path = origin.add(Answer([PAGE]))
    program = ("-m", "tests.end_to_end.faulty_proxy", str(switch))
    with running_proxy(tmp_path, origin_ca, program=program) as proxy, ThreadPoolExecutor(1) as pool:
        switch.write_text("scorer stalls")
        reply = pool.submit(replace(direct, ca=proxy.ca, proxy=proxy.port).get, path)
        wait_for_request(origin, path)
        time.sleep(0.2)
        proxy.process.send_signal(signal.SIGTERM)
        assert reply.result().body == PAGE
        assert proxy.wait() == 0


@pytest.mark.parametrize("seconds", [400 * 86_400, -400 * 86_400])
def test_clock_jumps(seconds: int, origin: Origin, through: Client, faulty: Faulty) -> None:
    path = origin.add(Answer([timeline(*FRIENDS)]), "/api/v1/timelines/tag/{}")
    said(faulty.folder, "pause", "1h")
    faulty.has(str(seconds))
    paused = seconds < 0
    assert ("paused" in said(faulty.folder, "status")) == paused
    said(faulty.folder, "resume")
    assert through.get(path).body == timeline(*FRIENDS)
    assert "已折叠" in through.get(origin.add(Answer([PAGE]))).body.decode()
    faulty.has("")
    assert "已折叠" in through.get(origin.add(Answer([PAGE]))).body.decode()
    assert faulty.proxy.process.poll() is None
    assert not [line for line in faulty.proxy.new_log() if "folded" not in line]


def test_stream_of_events_while_the_adapter_raises(origin: Origin, through: Client, faulty: Faulty) -> None:
    event = b"event: update\ndata: " + PAGE.split(b"\n")[1].rstrip(b",") + b"\n\n"
    path = origin.add(
        Answer([event, event], (("Content-Type", "text/event-stream"),), framing="chunked"), "/api/v1/streaming/public"
    )
    faulty.has("adapter")
    with through.connected() as connection:
        connection.sendall(through.request(path))
        assert event in read_until(connection, event)
    assert "an event passed unfiltered: LookupError at " in faulty.proxy.new_log()[0]

"""A long run: requests of mixed kinds, each body checked, while config, model and pauses change all the time.

Ends with exit code 1 when a body was wrong, a request failed, or memory or descriptors grew.
"""

import argparse
import gzip
import http.client
import itertools
import json
import random
import shutil
import ssl
import sys
import tempfile
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import brotli
import zstandard
from rich.progress import track
from tests.end_to_end.feed import FRIENDS, MIXED, timeline, timeline_without_sales
from tests.end_to_end.origin import HANG_SECONDS, JSON_HEADERS, Answer, Origin, issue_certificate
from tests.end_to_end.proxy_process import CONFIG, ProxyProcess, running_proxy

from circleshield.control import ask
from circleshield_model.artefact import MANIFEST, PACKAGED
from circleshield_model.errors import InputError

THREADS = 4
CHANGE_SECONDS = 1.0
MORE_MEGABYTES, MORE_DESCRIPTORS = 30.0, 20
WHOLE, WITHOUT = timeline(*MIXED), timeline_without_sales(*MIXED)
LONG = timeline(*(FRIENDS * 100))

DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    "br": brotli.decompress,
    "zstd": zstandard.decompress,
    "": bytes,
}


class Kind(NamedTuple):
    """One kind of request: what the origin answers, and which bodies are right (before content coding)."""

    name: str
    path: str
    answer: Answer
    right: tuple[bytes, ...]
    coding: str = ""
    status: int = 200


def kinds() -> Iterator[Kind]:
    """All kinds; `right` of filtered ones holds both what is filtered and, as it may be paused, what is not."""
    feed, other = "/api/v1/timelines/list/{}", "/api/v1/statuses/{}"
    encoders: dict[str, Callable[[bytes], bytes]] = {
        "": bytes,
        "gzip": gzip.compress,
        "deflate": zlib.compress,
        "br": brotli.compress,
        "zstd": zstandard.compress,
    }
    for coding, encode in encoders.items():
        headers = (*JSON_HEADERS, ("Content-Encoding", coding)) if coding else JSON_HEADERS
        for framing in ("length", "chunked"):
            coded = encode(WHOLE)
            answer = Answer([coded[:100], coded[100:]], headers, framing=framing)
            yield Kind(f"feed {coding} {framing}", feed, answer, (WITHOUT, WHOLE), coding)
    yield Kind("friends only", feed, Answer([timeline(*FRIENDS)]), (timeline(*FRIENDS),))
    yield Kind("long feed", feed, Answer([LONG]), (LONG,))
    yield Kind("another path", other, Answer([WHOLE], framing="chunked"), (WHOLE,))
    yield Kind("download", other, Answer([b"\x00\x17" * 500_000], framing="chunked"), (b"\x00\x17" * 500_000,))
    yield Kind("error", feed, Answer([b'{"error":"busy"}'], status=503), (b'{"error":"busy"}',), status=503)
    yield Kind("half a page", feed, Answer([WHOLE[:700]]), (WHOLE[:700],))
    yield Kind("empty", feed, Answer([b""]), (b"",))
    cut = gzip.compress(WHOLE)[:-9]
    yield Kind("cut gzip", feed, Answer([cut], (*JSON_HEADERS, ("Content-Encoding", "gzip"))), (cut,))


class Soak:
    """The threads that ask, and what they met."""

    def __init__(self, origin: Origin, proxy: ProxyProcess, requests: int) -> None:
        self.origin, self.proxy = origin, proxy
        self.kinds = [kind._replace(path=origin.add(kind.answer, kind.path)) for kind in kinds()]
        self.asked: Counter[str] = Counter()
        self.filtered = 0
        self.slowest = 0.0
        self.wrong: list[str] = []
        self._numbers = itertools.count()
        self._requests = requests

    def run(self) -> None:
        """Returns when all requests are answered."""
        threads = [threading.Thread(target=self._ask, args=(seed,)) for seed in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    @property
    def count(self) -> int:
        """How many requests have been answered."""
        return sum(self.asked.values())

    def _ask(self, seed: int) -> None:
        chance = random.Random(seed)
        connection = self._connected()
        while next(self._numbers) < self._requests:
            kind = chance.choice(self.kinds)
            if chance.random() < 0.02:
                connection.close()
                connection = self._connected()
            asked = time.monotonic()
            try:
                self._one(connection, kind, gone=chance.random() < 0.01)
            except Exception as e:
                self.wrong.append(f"{kind.name}: {e!r}")
                connection.close()
                connection = self._connected()
            self.asked[kind.name] += 1
            self.slowest = max(self.slowest, time.monotonic() - asked)

    def _one(self, connection: http.client.HTTPSConnection, kind: Kind, gone: bool) -> None:
        connection.request("GET", kind.path)
        if gone:  # a client that changes its mind
            connection.close()
            return
        response = connection.getresponse()
        body = DECODERS[kind.coding](response.read())
        if response.status != kind.status or body not in kind.right:
            self.wrong.append(f"{kind.name}: status {response.status}, {len(body)} bytes")
        self.filtered += body == WITHOUT

    def _connected(self) -> http.client.HTTPSConnection:
        context = ssl.create_default_context(cafile=str(self.proxy.ca))
        connection = http.client.HTTPSConnection("127.0.0.1", self.proxy.port, context=context, timeout=HANG_SECONDS)
        connection.set_tunnel("localhost", self.origin.port)
        return connection


def changes(home: Path, model: Path) -> Iterator[str]:
    """Changes one thing after the other, for ever; none of them may show in a body but as filtered or not."""
    rules = '[[rules]]\neffect = "block"\nword = "never said {}"\n'
    manifest = json.loads((model / MANIFEST).read_text(encoding="utf-8"))
    for number in itertools.count():
        fresh = home / "fresh"
        fresh.write_text(CONFIG + rules.format(number), encoding="utf-8")
        fresh.replace(home / "config.toml")
        yield "config"
        (home / "config.toml").write_text("[filter", encoding="utf-8")
        yield "bad config"
        ask(home, "pause", until=time.time() + 60)
        yield "pause"
        ask(home, "resume")
        manifest["version"] = f"soak-{number}"
        fresh.write_text(json.dumps(manifest), encoding="utf-8")
        fresh.replace(model / MANIFEST)
        (home / "config.toml").write_text(CONFIG, encoding="utf-8")
        yield "model"


def memory_and_descriptors(pid: int) -> tuple[float, int]:
    """RSS in MB, and how many descriptors are open."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6, len(list(Path(f"/proc/{pid}/fd").iterdir()))


def soak(requests: int, folder: Path) -> list[str]:
    """Runs, prints a table, and returns what was not as it should be."""
    ca, certificate = issue_certificate(folder / "ca", ("localhost",))
    home, model = folder / "home", folder / "model"
    home.mkdir()
    shutil.copytree(PACKAGED, model)
    changed: Counter[str] = Counter()
    with ExitStack() as stack:
        origin = stack.enter_context(Origin(certificate).running())
        proxy = stack.enter_context(running_proxy(home, ca, "--model", str(model)))
        run = Soak(origin, proxy, requests)
        asking = threading.Thread(target=run.run)
        asking.start()
        began, change, seen = time.monotonic(), changes(home, model), []
        for step in track(range(1, 11), "soak", disable=not sys.stderr.isatty()):
            while asking.is_alive() and run.count < requests * step / 10:
                try:
                    changed[next(change)] += 1
                except InputError as e:
                    run.wrong.append(f"control socket: {e}")
                    change = changes(home, model)
                time.sleep(CHANGE_SECONDS)
            rss, descriptors = memory_and_descriptors(proxy.process.pid)
            seen.append((rss, descriptors))
            origin.requests.clear()
            print(f"{run.count:>9,} requests {rss:7.1f} MB {descriptors:5d} descriptors", flush=True)
        asking.join()
        took = time.monotonic() - began
        log = proxy.whole_log()
    print(f"{run.count:,} requests in {took:.0f} s, the slowest {run.slowest:.1f} s; {run.filtered:,} filtered")
    print(f"changes: {dict(changed)}")
    found = run.wrong[:20]
    found += [f"{len(run.wrong)} wrong in all"] if run.wrong else []
    grown, more = seen[-1][0] - seen[2][0], seen[-1][1] - seen[2][1]
    found += [f"memory grew by {grown:.0f} MB"] if grown > MORE_MEGABYTES else []
    found += [f"descriptors grew by {more}"] if more > MORE_DESCRIPTORS else []
    found += ["Traceback in the log"] if "Traceback" in log else []
    found += [] if run.filtered else ["nothing was filtered"]
    return found


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=200_000)
    requests = parser.parse_args().requests
    with tempfile.TemporaryDirectory() as folder:
        found = soak(requests, Path(folder))
    for line in found:
        print(line)
    print("wrong" if found else "all right")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()

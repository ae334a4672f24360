"""What a request costs in processor time, against stock mitmdump doing nothing; and what a long page does to others.

Both proxies take the same requests in turn, round by round; a round's figure is the ratio of the two. The yardstick
neither reads nor judges; circleshield has to decode, judge and write anew every page it takes a post out of.

uv run python -m benchmarks.proxy
"""

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import count, islice
from pathlib import Path
from typing import ClassVar, Literal

from benchmarks import feeds
from benchmarks.full_home import FULL, fill
from benchmarks.origin import OTHER, Origin
from benchmarks.proxies import Answer, Proxy, both, circleshield, fetch

_ROUND = {20: 100, 100: 40, 1000: 5, 0: 400}  # posts of a page -> requests of a round
_REST_SECONDS, _AT_REST = 1.0, 0.03  # what an idle proxy takes of processor time is less
_PAGES = {20: 4_000, 100: 800, 1000: 60}  # enough for 9 rounds without one coming again
_SEEN, _STATES = 10, 10  # pages that come again, and how often in another state before one comes as it was
_Posts = Literal["new", "seen before", "the same page again"]


class Load:
    """The requests of one row of the table, a round at a time."""

    _next: ClassVar = {posts: count(_SEEN) for posts in _PAGES}  # of all loads: no page is asked for twice

    def __init__(
        self, origin: Origin, posts: int, kind: _Posts = "new", *, http2: bool = False, coding: str = "gzip"
    ) -> None:
        self.http2, self.coding, self.posts = http2, coding, posts
        self._origin, self._kind = origin, kind
        self._later = count()

    @property
    def name(self) -> str:
        what = f"{self.posts:,} posts, {self._kind}" if self.posts else "no feed path"
        return f"{what}, {'HTTP/2' if self.http2 else 'HTTP/1.1'}, {self.coding}"

    def urls(self) -> list[str]:
        requests = range(_ROUND[self.posts])
        if not self.posts:
            return [self._origin.url(OTHER) for _ in requests]
        return [self._origin.feed(self.posts, self._page(n)) for n in requests]

    def _page(self, n: int) -> str:
        if self._kind == "new":
            return str(next(self._next[self.posts]) % _PAGES[self.posts])
        if self._kind == "seen before":
            return f"{n % _SEEN}-{next(self._later) // _SEEN % _STATES}"
        return str(n % _SEEN)

    def seconds(self, proxy: Proxy, urls: Sequence[str]) -> float:
        """Processor time a request, until all that it brings is done: the ledger is written by a thread."""
        before = proxy.cpu()
        fetch(proxy, urls, proxy.ca, http2=self.http2, coding=self.coding, parallel=4 if self.http2 else 1)
        used = -1.0
        while (now := proxy.cpu()) - used > _AT_REST:
            used = now
            time.sleep(_REST_SECONDS)
        return (proxy.cpu() - before) / len(urls)


def _named(pages: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    for n, page in enumerate(pages):
        yield str(n), page
        if n < _SEEN:
            yield from ((f"{n}-{state}", feeds.later(page, state)) for state in range(_STATES))


def compared(load: Load, first: Proxy, second: Proxy, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds of both, by round; who goes first changes."""
    load.seconds(first, urls := load.urls())
    load.seconds(second, urls)
    taken: tuple[list[float], list[float]] = [], []
    for number in range(rounds):
        urls = load.urls()
        for i in (0, 1) if number % 2 else (1, 0):
            taken[i].append(load.seconds((first, second)[i], urls))
    return taken


def row(name: str, yardstick: Sequence[float], ours: Sequence[float]) -> None:
    ratios = sorted(b / a for a, b in zip(yardstick, ours, strict=True))
    median = statistics.median
    spread = f"{ratios[len(ratios) // 4]:.2f}–{ratios[-1 - len(ratios) // 4]:.2f}"
    print(f"| {name} | {1e3 * median(yardstick):.2f} | {1e3 * median(ours):.2f} | {median(ratios):.2f} | {spread} |")


def delays(proxy: Proxy, origin: Origin, seconds: float, pages: Iterator[int] | None) -> list[float]:
    """How long small requests take, one after the other, while pages of 1,000 posts come one after the other."""
    ended = threading.Event()
    small: list[Answer] = []

    def ask() -> None:
        while not ended.is_set():
            small.extend(fetch(proxy, [origin.url(OTHER)] * 50, proxy.ca)[1:])  # the first one connects

    asking = threading.Thread(target=ask)
    asking.start()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if pages is None:
            time.sleep(0.1)
        else:
            fetch(proxy, [origin.feed(1000, str(n % _PAGES[1000])) for n in islice(pages, 3)], proxy.ca)
    ended.set()
    asking.join()
    return [answer.seconds for answer in small]


def percentile(times: Sequence[float], share: float) -> float:
    return sorted(times)[int(share * (len(times) - 1))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", default="", help="rows whose name holds this")
    arguments = parser.parse_args()
    rounds, only = arguments.rounds, arguments.only
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        origin = Origin(Path(folder))
        for posts, number in _PAGES.items():
            origin.add(posts, _named(feeds.pages(number, posts, seed=posts)))
        stack.enter_context(origin.running())
        stock, ours = both(stack, origin)
        loads = [
            Load(origin, 20),
            Load(origin, 20, coding="br"),
            Load(origin, 20, http2=True),
            Load(origin, 20, "seen before"),
            Load(origin, 20, "seen before", http2=True),
            Load(origin, 20, "the same page again"),
            Load(origin, 20, "the same page again", http2=True),
            Load(origin, 100),
            Load(origin, 100, http2=True),
            Load(origin, 100, "seen before"),
            Load(origin, 100, "the same page again"),
            Load(origin, 1000),
            Load(origin, 0),
            Load(origin, 0, http2=True),
        ]
        print(
            "| CPU a request | mitmdump, ms | circleshield, ms | ratio | middle half |\n|---|---|---|---|---|",
            flush=True,
        )
        for load in loads:
            if only in load.name:
                row(load.name, *compared(load, stock, ours, rounds))
        if only in "full":
            full = stack.enter_context(circleshield(origin, FULL, fill, "full"))
            for load in (Load(origin, 20), Load(origin, 20, "seen before"), Load(origin, 0)):
                print("\n| circleshield | empty, ms | full, ms | ratio | middle half |\n|---|---|---|---|---|")
                row(load.name, *compared(load, ours, full, rounds))
        if only in "delay":
            print("\n| a small request, ms | median | p99 | most |\n|---|---|---|---|")
            for name, pages in (("alone", None), ("beside pages of 1,000 posts", count())):
                for proxy in (stock, ours):
                    times = delays(proxy, origin, 3.0 * rounds, pages)
                    p50, p99 = 1e3 * percentile(times, 0.5), 1e3 * percentile(times, 0.99)
                    print(f"| {proxy.name}, {name} ({len(times):,}) | {p50:.1f} | {p99:.1f} | {1e3 * max(times):.1f} |")


if __name__ == "__main__":
    main()

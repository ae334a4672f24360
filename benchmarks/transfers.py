"""Large downloads through the proxy, and its memory: idle, while they flow, and after many feed requests.

As from the second start on: the first one compiles modules and makes a CA.

uv run python -m benchmarks.transfers
"""

import argparse
import os
import statistics
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks import feeds
from benchmarks.origin import DOWNLOADS, Origin
from benchmarks.proxies import Proxy, circleshield, fetch, mitmdump

_SIZE = 200_000_000
_PAGES = 2_500  # of 20 posts: more than are remembered
_AT_ONCE = 500  # requests of one curl


@contextmanager
def peak(proxy: Proxy) -> Iterator[Callable[[], float]]:
    """By how much, in MB, resident memory was above what it is at the start, at most."""
    before = most = proxy.memory()
    ended = threading.Event()

    def look() -> None:
        nonlocal most
        while not ended.wait(0.01):
            most = max(most, proxy.memory())

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield lambda: max(most, proxy.memory()) - before
    finally:
        ended.set()
        looking.join()


def downloads(origin: Origin, proxies: list[Proxy], rounds: int) -> None:
    """Speed against a direct download, round by round; a host without an adapter is not decrypted, a feed host's is."""
    print("| 200 MB from | through | MB/s direct | of direct | lowest | RSS more, MB |\n|---|---|---|---|---|---|")
    for what, host in (("a host without an adapter", "127.0.0.1"), ("a feed host", "localhost")):
        url = [origin.url(f"{DOWNLOADS}/large", host)]
        direct: list[float] = []
        ratios: dict[str, list[float]] = {proxy.name: [] for proxy in proxies}
        more: dict[str, list[float]] = {proxy.name: [] for proxy in proxies}
        for _ in range(rounds):
            direct.append(fetch(None, url, origin.ca)[0].speed)
            for proxy in proxies:
                # A client that is not decrypted sees the origin's own certificate.
                seen = origin.ca if proxy.name == "circleshield" and host != "localhost" else proxy.ca
                with peak(proxy) as grown:
                    ratios[proxy.name].append(fetch(proxy, url, seen)[0].speed / direct[-1])
                    more[proxy.name].append(grown())
        for name, found in ratios.items():
            figures = f"{statistics.median(found):.2f} | {min(found):.2f} | {max(more[name]):.1f}"
            print(f"| {what} | {name} | {statistics.median(direct) / 1e6:.0f} | {figures} |", flush=True)


def memory(origin: Origin, proxy: Proxy, requests: int) -> None:
    """After so many requests for pages of 20 posts that are not remembered."""
    print("\n| feed requests | RSS, MB |\n|---|---|")
    urls = [origin.feed(20, str(n)) for n in range(_PAGES)]
    for done in range(0, requests + 1, max(_AT_ONCE, requests // 10)):
        print(f"| {done:,} | {proxy.memory():.1f} |", flush=True)
        for at in range(done, min(done + max(_AT_ONCE, requests // 10), requests), _AT_ONCE):
            fetch(proxy, [urls[n % _PAGES] for n in range(at, at + _AT_ONCE)], proxy.ca)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=100_000, help="for feeds")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        origin = Origin(Path(folder))
        origin.add_download("large", _SIZE)
        origin.add(20, ((str(n), page) for n, page in enumerate(feeds.pages(_PAGES, 20))))
        stack.enter_context(origin.running())
        os.environ["PYTHONDONTWRITEBYTECODE"] = ""
        for start in (circleshield, mitmdump):
            with start(origin):
                pass  # the first start compiles modules and makes a CA
        proxies = [stack.enter_context(circleshield(origin)), stack.enter_context(mitmdump(origin))]
        print("idle: " + ", ".join(f"{proxy.name} {proxy.memory():.1f} MB" for proxy in proxies) + "\n")
        downloads(origin, proxies, arguments.rounds)
        memory(origin, proxies[0], arguments.requests)


if __name__ == "__main__":
    main()

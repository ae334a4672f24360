"""What the ledger costs: recording on the hot path, questions with 100 and with 100,000 rows, and forgetting them.

uv run python benchmarks/ledger.py
"""

import platform
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from circleshield_addon import history
from circleshield_addon.judge import Judge
from circleshield_addon.ledger import FILE, Ledger, Seen
from circleshield_addon.post import Post, Verdict
from circleshield_addon.recorder import Recorder
from circleshield_addon.settings import Ledger as LedgerSettings
from circleshield_addon.settings import Settings
from circleshield_addon.totals import top_authors, totals
from circleshield_model.scorer import Scorer
from circleshield_training.samples import read_seed

POSTS = 100_000
PAGE = 20
DAY = 86_400_000
WORDS = (
    "面膜",
    "代理",
    "加微信",
    "批发价",
    "一件代发",
    "宝妈",
    "兼职",
    "日结",
    "名额有限",
    "团队",
    "下单",
    "现货",
    "优惠",
)


def main() -> None:
    """Prints a table in Markdown."""
    print(f"Python {platform.python_version()}, {platform.machine()}\n\n| what | time |\n|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        record(Path(folder) / FILE)
    reasons()
    for rows in (100, POSTS):
        with tempfile.TemporaryDirectory() as folder, closing(Ledger(Path(folder) / FILE)) as ledger:
            fill(ledger, rows)
            questions(ledger, rows)
            began = time.perf_counter()
            history.forget(ledger, history.Filter())
            row(f"forget --all, {rows:,} rows", f"{1e3 * (time.perf_counter() - began):.0f} ms")


def record(path: Path) -> None:
    """The hot path at full speed would outrun the disk, so it pauses every 100 pages, as no feed does."""
    taken: list[float] = []
    with Recorder(path, LedgerSettings(keep_rows=10 * POSTS)) as recorder:
        for number, page in enumerate(pages(POSTS)):
            began = time.perf_counter()
            recorder.record("weibo", page, "192.168.1.9")
            taken.append(time.perf_counter() - began)
            if number % 100 == 99:
                time.sleep(0.2)
        began = time.perf_counter()
    row("recorded, lost", f"{POSTS - recorder.lost}, {recorder.lost}")
    row(
        f"hot path, a page of {PAGE}: median, 99 %, most",
        " ".join(
            f"{1e6 * t:.1f} µs" for t in (statistics.median(taken), sorted(taken)[-len(taken) // 100], max(taken))
        ),
    )
    row("hot path, a verdict", f"{1e6 * sum(taken) / POSTS:.2f} µs")
    row("writing what is left at the end", f"{time.perf_counter() - began:.2f} s")
    with closing(Ledger(path)) as ledger:
        began = time.perf_counter()
        batch = list(pages(1_000, start=POSTS))
        ledger.write(ledger.rows([Seen(0, "weibo", "", page) for page in batch]))
        row("thread, a verdict (without the model's evidence)", f"{1e3 * (time.perf_counter() - began):.0f} µs")
        began = time.perf_counter()
        ledger.rows([Seen(0, "weibo", "", page) for page in batch])
        row("thread, a verdict that is there already", f"{1e3 * (time.perf_counter() - began):.0f} µs")
    row("file", f"{path.stat().st_size / 1e6:.1f} MB")


def reasons() -> None:
    """The model's evidence, which the thread works out for each new sales post."""
    judge = Judge(Scorer.load(), Settings())
    ads = [Post(str(n), "", "", s.text, ad=False) for n, s in enumerate(read_seed()) if s.spam]
    found = [v for at in range(0, len(ads), PAGE) for v in judge.verdicts(ads[at : at + PAGE], "weibo_web")]
    sales = [verdict for verdict in found if verdict.action == "remove"]
    began = time.process_time()
    for one in sales:
        one.evidence()
    row("thread, the reasons of a sales post (processor)", f"{1e6 * (time.process_time() - began) / len(sales):.0f} µs")


def pages(posts: int, start: int = 0) -> Iterator[tuple[Verdict, ...]]:
    """Every fifth post is a sales post, of 500 authors."""
    chance = random.Random(start)
    for first in range(start, start + posts, PAGE):
        yield tuple(verdict(number, chance) for number in range(first, first + PAGE))


def verdict(number: int, chance: random.Random) -> Verdict:
    """One post's."""
    author = chance.randrange(500)
    words = chance.choices(WORDS, k=30)
    post = Post(str(5_000_000_000_000_000 + number), str(author), f"用户{author}", "".join(words), ad=False)
    if number % 5:
        return Verdict(post, chance.random() / 2, "keep", ("score 0.21 < 0.60",))
    score = 0.95 + chance.random() / 20
    return Verdict(post, score, "remove", (f"score {score:.2f} ≥ 0.95", *(f"“{word}” +2.1" for word in words[:3])))


def fill(ledger: Ledger, rows: int) -> None:
    """Spread over 60 days."""
    now = time.time_ns() // 1_000_000
    all_pages = list(pages(rows))
    for at in range(0, len(all_pages), 50):
        seen = [
            Seen(now - (len(all_pages) - number) * 60 * DAY // len(all_pages), "weibo", "", page)
            for number, page in enumerate(all_pages[at : at + 50], at)
        ]
        ledger.write(ledger.rows(seen))


def questions(ledger: Ledger, rows: int) -> None:
    """Each as the commands ask it; the best of five, as the file is warm in use."""
    now = time.time_ns() // 1_000_000
    not_kept = history.Filter(action=history.NOT_KEPT)
    middle = history.last_id(ledger) // 2
    asked: dict[str, Callable[[], object]] = {
        "log: the newest 50": lambda: history.newest(ledger, not_kept, 50),
        "log: 50 from the middle on": lambda: history.newest(ledger, not_kept, 50, middle),
        "log: 50 of one author": lambda: history.newest(ledger, history.Filter(author="weibo:7"), 50),
        "log: since 2 h": lambda: history.newest(ledger, history.Filter(since=now - DAY // 12), 50),
        "log: of a platform without posts": lambda: history.newest(ledger, history.Filter(platform="x"), 50),
        "restore: find a post": lambda: history.of_post(ledger, str(5_000_000_000_000_050)),
        "totals of 14 days": lambda: totals(ledger, date.today() - timedelta(13)),
        "totals of 90 days": lambda: totals(ledger, date.today() - timedelta(89)),
        "the authors with most sales posts of 90 days": lambda: top_authors(ledger, now - 90 * DAY),
        "opening and quick_check": lambda: open_and_check(ledger.path),
    }
    for name, ask in asked.items():
        times = []
        for _ in range(5):
            began = time.perf_counter()
            ask()
            times.append(time.perf_counter() - began)
        row(f"{name}, {rows:,} rows", f"{1e3 * min(times):.2f} ms")


def open_and_check(path: Path) -> None:
    """What the thread does at the start."""
    with closing(Ledger(path)) as ledger:
        ledger.check()


def row(what: str, figure: str) -> None:
    """One of the table."""
    print(f"| {what} | {figure} |", flush=True)


if __name__ == "__main__":
    main()

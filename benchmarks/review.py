"""How long a page of the review page takes with 100 and with 100,000 posts in the ledger, side by side.

uv run python benchmarks/review.py
"""

import platform
import random
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path

from flask import Flask

from circleshield.review.app import review_app
from circleshield.review.served import Served
from circleshield.review.sessions import FILE as SESSIONS
from circleshield.review.sessions import Sessions
from circleshield_addon.ledger import FILE, Ledger, Seen
from circleshield_addon.post import Action, Post, Verdict
from circleshield_addon.reloading import Reloading
from circleshield_addon.settings import Settings
from circleshield_addon.shield import Shield
from circleshield_model.scorer import Scorer

FEW, MANY = 100, 100_000
TIMES = 15
HOST = "127.0.0.1:8765"
MINUTE = 60_000
WORDS = "面膜 代理 加微信 批发价 一件代发 宝妈 兼职 日结 名额有限 团队 下单 周末 爬山"
PAGES = {
    "newest": "/",
    "from the middle on": "/?below={middle}",
    "a platform": "/?platform=weibo",
    "unsure": "/?action=review",
    "an author": "/?author=weibo:1",
    "another device": "/ (device)",
    "a score": "/?lowest=0.95",
    "before a day": "/?until={day}",
    "a word": "/?words=面膜",
    "queue": "/queue",
    "20 posts of a platform": "/?platform=zhihu",
    "a word that one post has": "/?words=独一无二",
    "a word that none has": "/?words=没有这个",
}


def main() -> None:
    """Prints a table in Markdown."""
    scorer = Scorer.load()
    taken: list[dict[str, float]] = []
    for rows in (FEW, MANY):
        with tempfile.TemporaryDirectory() as folder:
            fill(Path(folder), rows)
            taken.append(pages(Path(folder), rows, scorer))
    print(f"Python {platform.python_version()}, {platform.machine()}; median of {TIMES}\n")
    print(f"| page | {FEW} posts | {MANY:,} posts | ratio |\n|---|---|---|---|")
    for name in PAGES:
        few, many = (1000 * of[name] for of in taken)
        print(f"| {name} | {few:.1f} ms | {many:.1f} ms | {many / few:.1f} |")


def fill(home: Path, rows: int) -> None:
    """Posts over 90 days by two authors, none of them kept; every third is unsure; two devices had half of them each."""
    chance = random.Random(0)
    now = time.time_ns() // 1_000_000
    with closing(Ledger(home / FILE)) as ledger:
        for start in range(0, rows, 1000):
            seen = []
            for number in range(start, min(start + 1000, rows)):
                name = "zhihu" if number % (rows // 20) == 0 else "weibo"
                device = "192.168.1.7" if number % 2 == 0 else "192.168.1.9"
                when = now - (rows - number) * 90 * 1440 * MINUTE // rows
                seen.append(Seen(when, name, device, (verdict(number, rows, chance),)))
            ledger.write(ledger.rows(seen), ledger.views(seen))


def verdict(number: int, rows: int, chance: random.Random) -> Verdict:
    """A post of some 60 characters."""
    text = "，".join(chance.choices(WORDS.split(), k=15)) + ("，独一无二" if number == rows // 3 else "")
    action: Action = "review" if number % 3 == 0 else "remove"
    post = Post(f"{number}", str(number % 2), f"用户{number % 2}", text, ad=False)
    return Verdict(post, chance.uniform(0.9, 1), action, ("score 0.97 ≥ 0.95",), lambda: ("“代理” +3.5",))


def pages(home: Path, rows: int, scorer: Scorer) -> dict[str, float]:
    """Seconds for each page."""
    shield = Shield(scorer, Settings())
    reloading = Reloading(shield, None, None, (None,))
    parts = Served(home, shield, reloading, Sessions(home / SESSIONS), lambda: 8765)
    app = review_app(parts)
    day = time.strftime("%Y-%m-%d", time.localtime(time.time() - 45 * 86_400))
    found = {}
    for name, path in PAGES.items():
        device = path.endswith("(device)")
        url = path.removesuffix(" (device)").format(middle=rows // 2, day=day)
        found[name] = median(app, parts, url, "192.168.1.7" if device else None)
    return found


def median(app: Flask, parts: Served, url: str, device: str | None) -> float:
    """Of `TIMES` requests, after one to warm up."""
    sessions = parts.sessions
    if device is None:
        cookie = f"circleshield_8765={sessions.open(sessions.token, '')}"
        base, host = {"REMOTE_ADDR": "127.0.0.1"}, HOST
    else:
        cookie = f"circleshield={sessions.pair(sessions.code('device'), device, '')}"
        base, host = {"REMOTE_ADDR": device, "circleshield.magic": "1"}, "circle.shield"
    client = app.test_client(use_cookies=False)
    times = []
    for _ in range(TIMES + 1):
        began = time.perf_counter()
        reply = client.get(url, headers={"Host": host, "Cookie": cookie}, environ_base=base)
        times.append(time.perf_counter() - began)
        assert reply.status_code == 200, (url, reply.status_code)
    return statistics.median(times[1:])


if __name__ == "__main__":
    main()

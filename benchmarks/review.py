"""How long a page of the review page takes with 100 and with 100,000 posts in the ledger, side by side.

uv run python benchmarks/review.py
"""

import platform
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import date, timedelta
from itertools import product
from pathlib import Path

from circleshield.review.app import review_app
from circleshield.review.served import DEVICE as IS_DEVICE
from circleshield.review.served import Served
from circleshield.review.sessions import FILE as SESSIONS
from circleshield.review.sessions import Sessions
from circleshield.review.training import Training
from circleshield_addon import history
from circleshield_addon.ledger import FILE, Ledger, Seen
from circleshield_addon.post import Action, Post, Verdict
from circleshield_addon.recorder import Recorder
from circleshield_addon.reloading import Files, Reloading
from circleshield_addon.settings import Ledger as LedgerSettings
from circleshield_addon.settings import Settings
from circleshield_addon.shield import Shield
from circleshield_model.scorer import Scorer

FEW, MANY = 100, 100_000
TIMES = 15
DEVICE = "192.168.1.7"
MINUTE = 60_000
WORDS = "面膜 代理 加微信 批发价 一件代发 宝妈 兼职 日结 名额有限 团队 下单 周末 爬山"
KINDS = [f"“{''.join(words)}”" for words in product(WORDS.split(), repeat=3)]
PAGES = {
    "newest": "/",
    "from the middle on": "/?below={middle}",
    "a platform": "/?platform=weibo",
    "20 posts of a platform": "/?platform=zhihu",
    "unsure": "/?action=review",
    "50 posts of an author": "/?author=weibo:1",
    "since a day": "/?since={day}",
    "until a day": "/?until={late}",
    "a score": "/?lowest=0.95",
    "a score that none has": "/?highest=0.5",
    "a score, a platform and an outcome": "/?lowest=0.95&platform=weibo&action=remove",
    "another device": "/ (device)",
    "a platform, another device": "/?platform=zhihu (device)",
    "until a day, another device": "/?until={late} (device)",
    "a word": "/?words=面膜",
    "a word, from the middle on": "/?words=面膜&below={middle}",
    "a word that one post has": "/?words=独一无二",
    "a word that none has": "/?words=没有这个",
    "a word that none has, another device": "/?words=没有这个 (device)",
    "a word that none has, of an author": "/?words=没有这个&author=weibo:1",
    "queue": "/queue",
    "queue of another device": "/queue (device)",
    "choices": "/choices",
    "friends": "/friends",
    "a friend": "/friends?author=weibo:1",
    "numbers, 7 days": "/numbers?days=7",
    "numbers, 90 days": "/numbers?days=90",
    "settings": "/settings",
    "other cut-offs": "/settings/forecast?remove_at=0.98&review_at=0.93",
    "a folded post": "/folded/{folded}",
    "model": "/model",
}


def main() -> None:
    """Prints a table in Markdown."""
    scorer = Scorer.load()
    print(f"Python {platform.python_version()}, {platform.machine()}; median of {TIMES}, taken in turn\n")
    print(f"| page | {FEW} posts | {MANY:,} posts | ratio |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as small, tempfile.TemporaryDirectory() as large:
        fill(Path(small), FEW)
        fill(Path(large), MANY)
        both = [(*browser(Path(small), scorer), FEW), (*browser(Path(large), scorer), MANY)]
        day, late = ((date.today() - timedelta(ago)).isoformat() for ago in (45, 15))  # so that 100 posts fill a page
        for name, path in PAGES.items():
            times: list[list[float]] = [[], []]
            for _ in range(TIMES + 1):
                for found, (ask, folded, rows) in zip(times, both, strict=True):
                    url = path.removesuffix(" (device)").format(middle=rows // 2, day=day, late=late, folded=folded)
                    began = time.perf_counter()
                    ask(url, path.endswith("(device)"))
                    found.append(time.perf_counter() - began)
            few, many = (1000 * statistics.median(found[1:]) for found in times)  # the first one warms up
            print(f"| {name} | {few:.1f} ms | {many:.1f} ms | {many / few:.1f} |")


def fill(home: Path, rows: int) -> None:
    """Posts over 90 days, none of them kept; every third is unsure; two devices had half of them each.

    The user chose about 20.
    """
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
        with ledger.transaction():
            for number in range(0, rows, rows // 20):
                ledger.choose_post("weibo", str(number), chance.choice(("social", "spam")), learnt=False)


def verdict(number: int, rows: int, chance: random.Random) -> Verdict:
    """A post of some 60 characters."""
    text = "，".join(chance.choices(WORDS.split(), k=15)) + ("，独一无二" if number == rows // 3 else "")
    action: Action = "review" if number % 3 == 0 else "remove"
    author = "1" if number % (rows // 50) == 0 else str(2 + number % 500)
    post = Post(f"{number}", author, f"用户{author}", text, ad=False)
    score = chance.uniform(0.9, 1)
    weighed = tuple(f"{KINDS[int(len(KINDS) * chance.random() ** 3)]} +{chance.uniform(0.3, 4):.1f}" for _ in range(4))
    return Verdict(post, score, action, (f"score {score:.2f} ≥ 0.95",), lambda: weighed, sales=action == "remove")


def browser(home: Path, scorer: Scorer) -> tuple[Callable[[str, bool], None], str]:
    """Asks for a page of a ledger's, as its owner or as a device; and the name of a folded post."""
    recorder = Recorder(home / FILE, LedgerSettings())
    shield = Shield(scorer, Settings(), recorder)
    with closing(Ledger(home / FILE)) as ledger:
        recorder.friends.load(ledger)  # as it does when the proxy starts
        (newest,) = history.newest(ledger, history.Filter(action="remove"), 1)
    post = Post(newest.post_id, newest.author_id, newest.author, newest.text or "", ad=False)
    link = shield.notes.note("weibo", Verdict(post, newest.score, "fold", newest.reasons)).link
    sessions = Sessions(home / SESSIONS)
    app = review_app(Served(home, shield, Reloading(shield, Files(), (None,)), sessions, Training(home), lambda: 8765))
    client = app.test_client(use_cookies=False)
    cookies = sessions.open(sessions.token, ""), sessions.pair(sessions.code("device"), DEVICE, "")

    def ask(url: str, as_device: bool) -> None:
        host, name = ("circle.shield", "circleshield") if as_device else ("127.0.0.1:8765", "circleshield_8765")
        headers = {"Host": host, "Cookie": f"{name}={cookies[as_device]}"}
        base = {"REMOTE_ADDR": DEVICE, IS_DEVICE: DEVICE} if as_device else {"REMOTE_ADDR": "127.0.0.1"}
        reply = client.get(url, headers=headers, environ_base=base)
        assert reply.status_code == 200, (url, reply.status_code)

    return ask, link.rpartition("/")[2]


if __name__ == "__main__":
    main()

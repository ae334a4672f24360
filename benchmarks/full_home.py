"""A proxy in long use: 10,000 authors, 100,000 ledger rows, 1,000 list entries, 200 regular expressions."""

import random
import time
from contextlib import closing
from pathlib import Path

from benchmarks.proxies import CONFIG

from circleshield_addon.ledger import FILE, Ledger, Seen
from circleshield_addon.post import Post, Verdict

_AUTHORS, _ROWS = 10_000, 100_000
_CHOSEN, _NAMED, _WORDS, _PATTERNS = 400, 300, 300, 200
_DAY = 86_400_000

FULL = CONFIG + "".join(
    f'[[rules]]\neffect = "{effect}"\n{condition}\n'
    for condition, effect in (
        *((f'author = "mastodon:{20_000 + n}"', "allow") for n in range(_NAMED)),
        *((f'word = "从来没人说过的词{n}"', "block") for n in range(_WORDS)),
        *((f"pattern = '第{n}批[货貨]+.{{0,9}}(到|在)家{n}'", "block") for n in range(_PATTERNS)),
    )
)
"""Its config: rules that take no post of the feeds."""


def fill(home: Path) -> None:
    """Its ledger, in a home folder that has none."""
    chance = random.Random(7)
    now = time.time_ns() // 1_000_000
    with closing(Ledger(home / FILE)) as ledger:
        for first in range(0, _ROWS, 1_000):
            verdicts = tuple(_verdict(n, chance) for n in range(first, first + 1_000))
            ledger.write(ledger.rows([Seen(now - (_ROWS - first) * 60 * _DAY // _ROWS, "mastodon", "", verdicts)]))
        for n in range(_CHOSEN):
            ledger.choose_author("mastodon", str(30_000 + n), "block")


def _verdict(number: int, chance: random.Random) -> Verdict:
    text = "".join(chr(0x4E00 + chance.randrange(3000)) for _ in range(60))
    author = chance.randrange(_AUTHORS)
    post = Post(str(90_000_000 + number), str(author), f"用户{author}", text, ad=False)
    if number % 20:
        return Verdict(post, chance.random() / 2, "keep", ("score 0.21 < 0.60",), sales=False)
    return Verdict(post, 0.97, "remove", ("score 0.97 ≥ 0.95",), sales=True)

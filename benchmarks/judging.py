"""What a verdict costs beside its text's score: 10,000 known authors, and the search for the same text.

uv run python benchmarks/judging.py
"""

import random
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable

from circleshield_addon.friends import Friends
from circleshield_addon.judge import Judge
from circleshield_addon.post import Post
from circleshield_addon.same_text import SameText, Words
from circleshield_addon.settings import Filter, Settings
from circleshield_addon.settings import Friends as FriendSettings
from circleshield_model.scorer import Scorer
from circleshield_training.samples import read_seed

PAGE = 20


def known(authors: int, posts: int) -> Friends:
    friends = Friends()
    for author in range(authors):
        friends.saw(
            (0, "weibo", str(author), "", f"{author}-{n}", None, None, 0.5, "keep", "[]", "", n % 5 == 0)
            for n in range(posts)
        )
    return friends


def pages(texts: list[str], count: int, seed: int) -> list[list[Post]]:
    chance = random.Random(seed)
    return [
        [
            Post(f"{seed}-{number}-{n}", str(chance.randrange(10_000)), "", chance.choice(texts), ad=False)
            for n in range(PAGE)
        ]
        for number in range(count)
    ]


def per_page(call: Callable[[list[Post]], object], shown: list[list[Post]]) -> float:
    """Median, in microseconds."""
    taken = []
    for page in shown:
        began = time.perf_counter()
        call(page)
        taken.append(time.perf_counter() - began)
    return 1e6 * statistics.median(taken)


def main() -> None:
    scorer = Scorer.load()
    samples = read_seed()
    ordinary = [s.text for s in samples if not s.spam]
    ads = [s.text for s in samples if s.spam]
    print(f"Python {sys.version.split()[0]}; a page of {PAGE} posts, median\n")
    print("| | remembered texts | new texts |\n|---|---|---|")
    for name, friends, history in (
        ("no history", Friends(), False),
        ("history of 100 authors", known(100, 10), True),
        ("history of 10,000 authors", known(10_000, 10), True),
    ):
        judge = Judge(scorer, Settings(friends=FriendSettings(history=history)), friends=friends)
        shown = pages(ordinary, 200, 1)
        new = per_page(lambda page, judge=judge: judge.verdicts(page, "weibo_web"), shown[:50])  # type: ignore[misc]
        for page in shown:
            judge.verdicts(page, "weibo_web")
        again = per_page(lambda page, judge=judge: judge.verdicts(page, "weibo_web"), shown)  # type: ignore[misc]
        print(f"| {name} | {again:.0f} µs | {new:.0f} µs |", flush=True)

    same = SameText()
    settings = Settings(filter=Filter(review_at=0.8))
    floor = settings.filter.review_at or 0.0
    for what, texts in (("friends' posts", ordinary), ("advertisements", ads)):
        shown = pages(texts, 40, 2)  # fewer posts than are remembered
        scores = dict(zip(texts, scorer.scores(texts).tolist(), strict=True))

        def others(page: list[Post], scores: dict[str, float] = scores) -> object:
            return same.others("weibo", page, [scores[post.text] for post in page], floor, Words())

        first, again = per_page(others, shown), per_page(others, shown)
        print(f"| the same text, 20 {what} | {again:.0f} µs | {first:.0f} µs |", flush=True)
    tracemalloc.start()
    friends = known(10_000, 10)
    print(f"\n10,000 authors with 10 posts each: {tracemalloc.get_traced_memory()[0] / 1e6:.0f} MB")
    assert friends.author("weibo", "9999") is not None


if __name__ == "__main__":
    main()

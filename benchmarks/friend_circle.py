"""What the history of authors gains: a friend circle of 200 over 60 days, through the real Judge and ledger.

    uv run python benchmarks/friend_circle.py ../shared/corpora /tmp/circle-model

The first run trains a model without the authors of the circle, which takes minutes; the next ones take it from there.
"""

import random
import sys
import tempfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from circleshield_addon.friends import Friends
from circleshield_addon.judge import Judge
from circleshield_addon.ledger import FILE, Ledger, Seen
from circleshield_addon.post import Post
from circleshield_addon.settings import Friends as FriendSettings
from circleshield_addon.settings import Settings
from circleshield_model.scorer import Scorer
from circleshield_training.samples import Sample, read_all, read_seed

SELLERS, FRIENDS, DAYS = 40, 160, 60
HELD_OUT = 4  # one in so many of the seed's authors, and of the crawl's ordinary posts
DAY = 86_400_000


@dataclass(frozen=True)
class Circle:
    """Posts day by day, and which of them are sales posts."""

    days: tuple[tuple[Post, ...], ...]
    sales: frozenset[str]
    sellers: frozenset[str]

    def kind(self, post: Post) -> str:
        """`sales`, a seller's `own` life, or `friends`."""
        return "sales" if post.id in self.sales else "own" if post.author_id in self.sellers else "friends"


@dataclass
class Figures:
    """Posts by what they are, and those of them that were removed."""

    posts: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)

    def share(self, what: str) -> str:
        return f"{self.removed[what] / self.posts[what]:.2%} ({self.removed[what]})"


def is_held_out(sample: Sample) -> bool:
    """Of the seed by author, of the crawl by post."""
    if sample.source == "seed":
        return sample.lang == "zh" and zlib.crc32(sample.author.encode()) % HELD_OUT == 0
    ordinary = sample.source.startswith(("weibo_covid/weak_social", "smp2020")) and not sample.spam
    return ordinary and zlib.crc32(sample.text.encode()) % HELD_OUT == 0


def circle(samples: Sequence[Sample], chance: random.Random, sellers: int = SELLERS, friends: int = FRIENDS) -> Circle:
    """Sellers post sales posts of one kind, and half as many of their own life; friends post of theirs.

    A seed author has only a few posts, so each member is several of them; ordinary posts are filled up from the crawl.
    """
    by_author: dict[bool, dict[tuple[str, str], list[str]]] = {True: defaultdict(list), False: defaultdict(list)}
    crawl = [s.text for s in samples if s.source != "seed" and not s.spam]
    for sample in samples:
        if sample.source == "seed":
            by_author[sample.spam][sample.kind, sample.author].append(sample.text)
    ads = [texts for _, texts in sorted(by_author[True].items())]  # neighbours are of one kind
    lives = [texts for _, texts in sorted(by_author[False].items())]
    chance.shuffle(lives)
    chance.shuffle(crawl)
    members: list[list[tuple[str, bool]]] = []
    for number in range(sellers):
        own = ads[number * len(ads) // sellers : (number + 1) * len(ads) // sellers]
        sold = [text for texts in own for text in texts]
        life = [crawl.pop() if crawl and chance.random() < 0.6 else chance.choice(lives.pop()) for _ in sold[::2]]
        members.append([(text, True) for text in sold] + [(text, False) for text in life])
    for number in range(friends):
        own = lives[number * len(lives) // friends : (number + 1) * len(lives) // friends]
        members.append(
            [(text, False) for texts in own for text in texts]
            + [(crawl.pop(), False) for _ in range(min(8, len(crawl)))]
        )
    days: list[list[Post]] = [[] for _ in range(DAYS)]
    sales: set[str] = set()
    for author, member in enumerate(members):
        for text, spam in member:
            post = Post(f"{author}-{zlib.crc32(text.encode())}", str(author), f"用户{author}", text, ad=False)
            days[chance.randrange(DAYS)].append(post)
            if spam:
                sales.add(post.id)
    for day in days:
        chance.shuffle(day)
    return Circle(tuple(map(tuple, days)), frozenset(sales), frozenset(map(str, range(sellers))))


def run(scorer: Scorer, made: Circle, folder: Path, history: bool, labels: int = 0) -> Figures:
    """Day after day; with `labels`, the user says of so many posts of each seller what they are, as they come."""
    friends = Friends()
    judge = Judge(scorer, Settings(friends=FriendSettings(history=history)), friends=friends)
    found = Figures()
    labelled: Counter[str] = Counter()
    with closing(Ledger(folder / FILE)) as ledger:
        for number, day in enumerate(made.days):
            for at in range(0, len(day), 20):
                verdicts = judge.verdicts(day[at : at + 20], "weibo_web")
                rows = ledger.rows([Seen(number * DAY, "weibo", "", tuple(verdicts))])
                ledger.write(rows)
                friends.saw(rows)
                for verdict in verdicts:
                    post = verdict.post
                    kind = made.kind(post)
                    found.posts[kind] += 1
                    found.removed[kind] += verdict.action == "remove"
                    if labelled[post.author_id] < labels and post.author_id in made.sellers:
                        labelled[post.author_id] += 1
                        ledger.label("weibo", post.id, kind == "sales")
                        friends.load(ledger)
    return found


def text_alone(scorer: Scorer, circles: Sequence[Circle], wrongly: int) -> Figures:
    """By a cut-off on the text that removes so many ordinary posts wrongly."""
    posts = [(made.kind(post), post.text) for made in circles for day in made.days for post in day]
    scores = scorer.scores([text for _, text in posts]).tolist()
    ordinary = sorted((score for (kind, _), score in zip(posts, scores, strict=True) if kind != "sales"), reverse=True)
    found = Figures()
    for (kind, _), score in zip(posts, scores, strict=True):
        found.posts[kind] += 1
        found.removed[kind] += score >= ordinary[wrongly - 1]
    return found


def main() -> None:
    corpora, model = Path(sys.argv[1]), Path(sys.argv[2])
    samples = read_seed() + read_all([corpora])
    if not model.exists():
        from circleshield_training import fit, write
        from circleshield_training.posts import scratch

        with scratch(None) as folder:
            trained = fit.train((s for s in samples if not is_held_out(s)), 0, folder, print)
            write.write(trained.pipeline, trained.facts, model)
    scorer = Scorer.load(model)
    held_out = [s for s in samples if is_held_out(s)]
    circles = [circle(held_out, random.Random(seed)) for seed in range(5)]
    print(f"removed from {scorer.remove_at}\n")
    print("| | sales posts | sellers' own posts | friends' posts |\n|---|---|---|---|")
    for name, history, labels in (
        ("text alone", False, 0),
        ("with history", True, 0),
        ("and 1 label a seller", True, 1),
        ("and 3 labels a seller", True, 3),
        ("and 6 labels a seller", True, 6),
        ("and 20 labels a seller", True, 20),
    ):
        total = Figures()
        for made in circles:
            with tempfile.TemporaryDirectory() as folder:
                found = run(scorer, made, Path(folder), history, labels)
            total.posts.update(found.posts)
            total.removed.update(found.removed)
        show(name, total)
        if history:
            wrongly = total.removed["own"] + total.removed["friends"]
            show(f"text alone, as many wrongly ({wrongly})", text_alone(scorer, circles, wrongly))
    print(f"\n{dict(total.posts)} posts in {len(circles)} circles")


def show(name: str, found: Figures) -> None:
    print(f"| {name} | {found.share('sales')} | {found.share('own')} | {found.share('friends')} |", flush=True)


if __name__ == "__main__":
    main()

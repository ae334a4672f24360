"""What the earlier posts of each author were, and by how much that moves the score of the next one."""

import math
from array import array
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from circleshield_addon.ledger import Ledger, Row

WINDOW = 100
"""So many of an author's posts count, the newest."""

_READ = 200_000  # rows of the ledger

# Figures in log-odds were chosen with benchmarks/friend_circle.py, see docs/friends.md.
_USUAL, _USUAL_POSTS = 0.02, 200  # share of sales posts that is expected before so many are seen
_SHRINK = 16.0  # posts as usual that are added to each author's own
_LEAST_BY_VERDICTS, _MOST_BY_VERDICTS = -0.5, 1.5  # a friend may begin to sell
_FEWEST = 2  # sales posts by verdict; one may be a mistake
_BY_LABELS = 1.5
_NO_LABELS: Mapping[str, bool] = MappingProxyType({})
_LEAST, _MOST = -3.0, 4.5  # of both; 19 labels that all say sales reach the most


class Past(NamedTuple):
    """An author's posts but one: those that read as sales posts by their text alone, and all; those the user labelled.

    What is labelled does not count among the others.
    """

    sales: int
    posts: int
    sales_labels: int = 0
    labels: int = 0

    def __str__(self) -> str:
        """As a reason."""
        by_you = f", {self.labels} of them labelled by you" if self.labels else ""
        return f"{self.sales + self.sales_labels} of {self.posts + self.labels} earlier posts were sales{by_you}"

    def shift(self, usual: float) -> float:
        """What it adds to the next post's log-odds of being a sales post, if `usual` is everybody's share of them.

        0 without earlier posts. A verdict on a text may be wrong, and must not make the next one wrong too; what the
        user said weighs many times as much.
        """
        by_verdicts = by_labels = 0.0
        if self.posts:
            share = (self.sales + _SHRINK * usual) / (self.posts + _SHRINK)
            most = _MOST_BY_VERDICTS if self.sales >= _FEWEST else 0.0
            by_verdicts = max(_LEAST_BY_VERDICTS, min(_log_odds(share) - _log_odds(usual), most))
        if self.labels:
            share = (self.sales_labels + 1) / (self.labels + 2)
            by_labels = _BY_LABELS * _log_odds(share)
        return max(_LEAST, min(by_verdicts + by_labels, _MOST))


class Author:
    """One author's posts by their keys: is it a sales post by its text, or by the user's label.

    Of a post without a label a hash is kept, which Python keys anew in each process: thousands of authors with a
    hundred posts each take an eighth of the memory.
    """

    __slots__ = ("_posts", "labels", "sales")

    def __init__(self) -> None:
        self._posts = array("q")  # oldest first; the lowest bit: is it a sales post
        self.sales = 0
        self.labels: Mapping[str, bool] = _NO_LABELS

    def __len__(self) -> int:
        """How many posts without a label are known."""
        return len(self._posts)

    def label(self, post: str, sales: bool) -> None:
        """Takes what the user says of a post."""
        self.labels = {**self.labels, post: sales}

    def saw(self, post: str, sales: bool | None) -> None:
        """Takes a verdict on a text; a post seen again counts once. None: it was not judged."""
        known = self._known(post)
        if known is not None:
            self._posts.remove(known)
            self.sales -= known & 1
        if sales is None or post in self.labels:
            return
        self._posts.append(hash(post) & ~1 | sales)
        self.sales += sales
        if len(self._posts) > WINDOW:
            self.sales -= self._posts.pop(0) & 1

    def _known(self, post: str) -> int | None:
        social = hash(post) & ~1
        if social in self._posts:
            return social
        return social | 1 if social | 1 in self._posts else None

    def past(self, post: str = "") -> Past:
        """All but what is known of that post itself."""
        own, labels = self._known(post), self.labels
        sales, posts = self.sales, len(self._posts)
        if own is not None:
            sales, posts = sales - (own & 1), posts - 1
        if not labels:
            return Past(sales, posts)
        label = labels.get(post)
        return Past(sales, posts, sum(labels.values()) - (label is True), len(labels) - (label is not None))

    @property
    def sales_posts(self) -> int:
        """How many sales posts there are, labelled ones included."""
        return self.sales + sum(self.labels.values())

    def is_shielded(self, after: int | None) -> bool:
        """Whether there are as many sales posts as are needed for a shield; None: no number is enough."""
        return after is not None and self.sales_posts >= after


class Friends:
    """All authors that are known, by platform and id: when loaded, those of the ledger's newest 200,000 verdicts.

    One thread writes; others may read meanwhile.
    """

    def __init__(self) -> None:
        self._authors: dict[tuple[str, str], Author] = {}
        self._posts = self._sales = 0

    @property
    def usual(self) -> float:
        """The share of sales posts among everybody's."""
        return min((self._sales + _USUAL * _USUAL_POSTS) / (self._posts + _USUAL_POSTS), 0.5)

    def author(self, platform: str, author_id: str) -> Author | None:
        """One author; None where nothing is known."""
        return self._authors.get((platform, author_id))

    def __iter__(self) -> Iterator[tuple[str, str, Author]]:
        """Platform, id and what is known."""
        for (platform, author_id), author in tuple(self._authors.items()):  # the thread that writes may add some
            yield platform, author_id, author

    def saw(self, rows: Iterable[Row]) -> None:
        """Takes in what was just written to the ledger."""
        for row in rows:
            self._saw(row[1], row[2], row[4], row[-1])

    def load(self, ledger: Ledger) -> None:
        """Begins anew from a ledger: its newest verdicts, and the user's labels. Raises sqlite3.Error."""
        fresh = Friends()
        for platform, post, author_id, sales in ledger.labels():
            if author_id:
                fresh._author(platform, author_id).label(post, sales)
        for platform, author_id, post, verdict in ledger.db.execute(
            "SELECT platform, author_id, post_id, sales FROM verdicts"
            " WHERE id > (SELECT max(id) FROM verdicts) - ? AND sales IS NOT NULL ORDER BY id",
            (_READ,),
        ):
            fresh._saw(platform, author_id, post, bool(verdict))
        self._authors, self._posts, self._sales = fresh._authors, fresh._posts, fresh._sales

    def _saw(self, platform: str, author_id: str, post: str, sales: bool | None) -> None:
        if not author_id:
            return
        author = self._author(platform, author_id)
        self._posts -= len(author)
        self._sales -= author.sales
        author.saw(post, sales)
        self._posts += len(author)
        self._sales += author.sales

    def _author(self, platform: str, author_id: str) -> Author:
        author = self._authors.get((platform, author_id))
        if author is None:
            author = self._authors[platform, author_id] = Author()
        return author


def _log_odds(share: float) -> float:
    return math.log(share / (1 - share))

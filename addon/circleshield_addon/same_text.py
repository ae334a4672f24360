"""The same advertisement from many accounts: near-identical texts of different authors within days.

MinHash with locality-sensitive hashing (A. Broder, "On the resemblance and containment of documents", 1997) over the
units and pairs of units of the normalised text, so that disguises, spacing and other numbers make no difference.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from circleshield_addon.post import Post
from circleshield_model.ngrams import hash_rows, inside
from circleshield_model.normalise import Units, units

if TYPE_CHECKING:
    from rensa import RMinHash, RMinHashLSH

_MIN_LENGTH = 15  # characters, and later units and pairs of them: what is shorter is alike by chance
_WITHIN_SECONDS = 7 * 86_400
_REMEMBERED = 1_000  # posts that read like sales, each in 3 KB
_ALIKE = 0.8  # of the units and pairs that either text has, so many are in both
_PERMUTATIONS, _BANDS, _SEED = 128, 16, 1
_FEWEST = 2  # other accounts; one may be the author's second one
_BY_ACCOUNT, _MOST = 0.5, 2.0  # log-odds


class _Entry(NamedTuple):
    post: tuple[str, str]
    author: tuple[str, str]
    words: int
    time: float
    signature: "RMinHash"


class Words:
    """What texts are compared by: the hashes of their units and pairs of units."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[Units, NDArray[np.uint64], int]] = {}

    def add(self, texts: Sequence[str], cut: Units, rows: NDArray[np.uint64]) -> None:
        """Takes texts with their units and the `hash_rows` of these."""
        self._found.update((text, (cut, rows, i)) for i, text in enumerate(texts))

    def __contains__(self, text: str) -> bool:
        return text in self._found

    def tokens(self, text: str) -> set[bytes]:
        """Those of one text, as bytes: words for the numbers would take ten times the time."""
        cut, (ones, pairs, *_), i = self._found[text]
        begin, end = cut.bounds[i : i + 2].tolist()
        kept = ones[begin:end][inside(cut, 1)[begin:end]], pairs[begin : max(end - 1, begin)]
        return set(np.concatenate(kept).view("S8").tolist())


class SameText:
    """Remembers texts of the last 7 days, of 1,000 posts at most, as long as the proxy runs. Threads may share it."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._index: RMinHashLSH | None = None  # made with the first text that is looked at
        self._entries: OrderedDict[int, _Entry] = OrderedDict()  # oldest first
        self._of_post: dict[tuple[str, str], int] = {}
        self._next = 0

    def others(
        self, platform: str, posts: Sequence[Post], scores: Sequence[float], floor: float, words: Words
    ) -> dict[str, int]:
        """From how many other accounts a post's own words came, by the post's key; `scores` are those of the texts.

        What `words` has needs no normalising.

        Posts that score less than `floor` are left out: chain letters, notices and lyrics go round as well. What an
        author only repeats does not count: it is the same for all who repeat it.
        """
        seen = {
            post.key: (post, own)
            for post, score in zip(posts, scores, strict=True)
            if score >= floor and post.author_id and len(own := _own_words(post)) >= _MIN_LENGTH
        }
        if not seen:
            return {}
        with self._lock:
            now = self._clock()
            while self._entries and next(iter(self._entries.values())).time < now - _WITHIN_SECONDS:
                self._drop(next(iter(self._entries)))
            new = {key: own for key, (_, own) in seen.items() if not self._knows((platform, key), own)}
            for (key, own), signature in zip(new.items(), _signatures(list(new.values()), words), strict=True):
                if signature is not None:
                    author = (platform, seen[key][0].author_id)
                    self._add(_Entry((platform, key), author, hash(own), now, signature))
            return {key: self._accounts(number) for key in seen if (number := self._of_post.get((platform, key)))}

    def _knows(self, post: tuple[str, str], words: str) -> bool:
        """Whether a post was looked at with the same words; with other ones it is forgotten."""
        number = self._of_post.get(post)
        if number is not None and self._entries[number].words != hash(words):
            self._drop(number)
            number = None
        return number is not None

    def _add(self, entry: _Entry) -> None:
        from rensa import RMinHashLSH

        if self._index is None:
            self._index = RMinHashLSH(_ALIKE, _PERMUTATIONS, _BANDS)
        self._next += 1
        self._entries[self._next] = entry
        self._of_post[entry.post] = self._next
        self._index.insert(self._next, entry.signature)
        if len(self._entries) > _REMEMBERED:
            self._drop(next(iter(self._entries)))

    def _drop(self, number: int) -> None:
        assert self._index is not None
        del self._of_post[self._entries.pop(number).post]
        self._index.remove(number)

    def _accounts(self, number: int) -> int:
        assert self._index is not None
        own = self._entries[number]
        near = (self._entries[other] for other in self._index.query(own.signature))
        return len({e.author for e in near if e.signature.jaccard(own.signature) >= _ALIKE} - {own.author})


def same_text_shift(others: int) -> float:
    """What so many other accounts add to the log-odds of being a sales post."""
    return min(_BY_ACCOUNT * others, _MOST) if others >= _FEWEST else 0.0


def _own_words(post: Post) -> str:
    """Without what reposts quote by custom: `//@name:` on Weibo, `RT @name:`."""
    words = post.text if post.own is None else post.own
    return "" if words.startswith("RT @") else words.partition("//@")[0].strip()


def _signatures(texts: Sequence[str], words: Words) -> list["RMinHash | None"]:
    """One a text; None for one that is too short."""
    from rensa import RMinHash

    if others := [text for text in texts if text not in words]:
        cut = units(others)
        words.add(others, cut, hash_rows(cut))
    found: list[RMinHash | None] = []
    for tokens in map(words.tokens, texts):
        signature = None
        if len(tokens) >= _MIN_LENGTH:
            signature = RMinHash(_PERMUTATIONS, _SEED)
            signature.update(tokens)
        found.append(signature)
    return found

"""A post as the filter sees it, and what was decided about it."""

import hashlib
from collections.abc import Callable
from typing import Literal

import msgspec

Action = Literal["keep", "review", "watch", "label", "fold", "remove"]


class Post(msgspec.Struct, frozen=True):  # made in a tenth of the time that a frozen dataclass takes
    """One post of a feed page.

    `text` is all that is there to read, as plain text: the post's own words, then those of the posts it repeats or
    quotes, parted by line breaks. `ad` is true where the platform itself marks the post as an advertisement.
    `own` are the author's own words in it, where there are others' as well.
    """

    id: str
    author_id: str
    author: str
    text: str
    ad: bool
    own: str | None = None

    @property
    def key(self) -> str:
        """The id, or what tells a post without one from others."""
        return self.id or "-" + text_hash(f"{self.author_id}\n{self.text}")


def storable(text: str) -> str:
    """The text as UTF-8 can hold it: half a surrogate pair, which JSON can spell, is none."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def text_hash(text: str) -> str:
    """BLAKE2b of 16 bytes, in hexadecimal."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class ByScore(msgspec.Struct, frozen=True):
    """The score decided: what the text scores, the cut-off that the score was held against, and what moved the score:
    reasons, each with its log-odds."""

    text_score: float
    cut_off: float
    moved: tuple[tuple[str, float], ...] = ()

    def in_words(self, score: float) -> tuple[str, ...]:
        """As rules, for the score that came of it."""
        by_text = f" (text {self.text_score:.2f})" if self.moved else ""
        return (
            f"score {score:.2f} {'<' if score < self.cut_off else '≥'} {self.cut_off:.2f}{by_text}",
            *(f"{reason} {shift:+.1f}" for reason, shift in self.moved),
        )


class Verdict(msgspec.Struct, frozen=True):
    """What becomes of a post, and why.

    `score` is the probability that it is a sales post: the model's, of the text alone, or that as `moved` by what is
    known of the author and of other posts. `sales`: whether the text alone makes it one, None where it was not judged.
    `action` is `keep` (a friend's post), `review` (shown, but unsure), `watch` (spam, but left as it is), `label`
    (marked), `fold` (one line is left of it) or `remove`. `decided` is what decided: the score, put in words when asked
    for, or rules in words; `evidence` finds what weighed most in the text, which takes longer than the verdict itself
    and so is only done when asked for as well.
    """

    post: Post
    score: float
    action: Action
    decided: tuple[str, ...] | ByScore
    evidence: Callable[[], tuple[str, ...]] = tuple
    sales: bool | None = None
    moved: bool = False

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that decided, in words."""
        return self.decided.in_words(self.score) if isinstance(self.decided, ByScore) else self.decided

    @property
    def reasons(self) -> tuple[str, ...]:
        """The rules, then the evidence."""
        return (*self.rules, *self.evidence())

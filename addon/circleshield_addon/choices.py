"""What the user chose post by post and author by author; it goes before everything else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from circleshield_addon.post import Post, storable

AuthorChoice = Literal["allow", "block", "judge"]
"""All posts pass; none does; each is judged, whatever `[friends] shield_after` says."""
PostChoice = Literal["social", "spam", "unsure"]
"""It shows again; it goes; it was looked at and is left to the filter."""

SHOWN_AGAIN = "shown again at your wish"
TAKEN_OUT = "spam at your word"
ALLOWED = "author allowed at your wish"
BLOCKED = "author blocked at your wish"


@dataclass(frozen=True, slots=True)
class Choices:
    """What was chosen about posts and about authors, each by platform and id (`Post.key`).

    `labels` is what the user says of posts: platform, post, author, and whether it is a sales post.
    """

    posts: Mapping[tuple[str, str], PostChoice] = field(default=MappingProxyType({}))
    authors: Mapping[tuple[str, str], AuthorChoice] = field(default=MappingProxyType({}))
    labels: frozenset[tuple[str, str, str, bool]] = frozenset()

    def rule(self, platform: str, post: Post) -> str | None:
        """The rule that holds for a post, one of the constants above; None where the user chose nothing."""
        if self.posts and (chosen := self.posts.get((platform, storable(post.key)))) in ("social", "spam"):
            return SHOWN_AGAIN if chosen == "social" else TAKEN_OUT
        choice = self.authors.get((platform, post.author_id)) if post.author_id else None
        return {"allow": ALLOWED, "block": BLOCKED}.get(choice) if choice is not None else None

    def is_judged(self, platform: str, author_id: str) -> bool:
        """Whether the user wants each of an author's posts judged."""
        return self.authors.get((platform, author_id)) == "judge"

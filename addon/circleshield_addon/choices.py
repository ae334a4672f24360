"""What the user chose post by post and author by author; it goes before everything else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from circleshield_addon.post import Post

AuthorChoice = Literal["allow", "block"]

SHOWN_AGAIN = "shown again at your wish"
ALLOWED = "author allowed at your wish"
BLOCKED = "author blocked at your wish"


@dataclass(frozen=True, slots=True)
class Choices:
    """The posts that show again and the authors with a rule of their own, each by platform and id."""

    restored: frozenset[tuple[str, str]] = frozenset()
    authors: Mapping[tuple[str, str], AuthorChoice] = field(default=MappingProxyType({}))

    def rule(self, platform: str, post: Post) -> str | None:
        """The rule that holds for a post, one of the constants above; None where the user chose nothing."""
        if post.id and (platform, post.id) in self.restored:
            return SHOWN_AGAIN
        choice = self.authors.get((platform, post.author_id)) if post.author_id else None
        return None if choice is None else ALLOWED if choice == "allow" else BLOCKED

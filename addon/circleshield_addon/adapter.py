"""What an adapter declares about a platform, and how a post is read by such a declaration."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from circleshield_addon.html_text import html_to_text
from circleshield_addon.json_spans import JsonText, Span
from circleshield_addon.post import Post


@dataclass(frozen=True, slots=True)
class Fields:
    """Where the parts of a post stand, as dotted paths from the post's object.

    `id`, `author_id`, `author`: alternatives, the first that holds something counts. `text`: parts that are joined,
    each with alternatives. `html`: those of the text paths that hold HTML. `inner`: posts inside the post (repeated,
    quoted). `ad`: the platform's own advertisement flag, path to the values that mean one
    (True: any but false and null).
    """

    id: tuple[str, ...]
    author_id: tuple[str, ...]
    author: tuple[str, ...]
    text: tuple[tuple[str, ...], ...]
    html: frozenset[str] = frozenset()
    inner: tuple[str, ...] = ()
    ad: Mapping[str, frozenset[str] | bool] | None = None


Slot = tuple[list[Span], int]
"""A removable place in a page: the elements of an array, and the index of one of them."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A request whose response is a feed page.

    `path` must match the whole URL path, without the query. `items`: the arrays that hold the feed's items, as
    `JsonText.arrays` names them, or a function that finds the slots where naming arrays is not enough. `post`: where
    in an item the post stands, alternatives; an empty path is the item itself. `last_item_is_cursor`: the client asks
    for the next page by the last item's id, so that item is never taken out.
    """

    path: re.Pattern[str]
    items: tuple[str, ...] | Callable[[JsonText], Iterator[Slot]]
    post: tuple[str, ...] = ("",)
    method: str = "GET"
    last_item_is_cursor: bool = False


@dataclass(frozen=True, slots=True)
class Adapter:
    """A platform: which hosts, which responses, where the posts are.

    `hosts`: names without port; `*.example.com` stands for every name below. `federated`: anybody can run a server, so
    users add hosts of their own and the path alone tells a feed. `wrapper`: a key under which a post may be wrapped
    once more. `item_is_ad`: an advertisement flag that stands around the post rather than in it.
    """

    name: str
    title: str
    hosts: tuple[str, ...]
    endpoints: tuple[Endpoint, ...]
    fields: Fields
    federated: bool = False
    wrapper: str = ""
    item_is_ad: Callable[[dict[str, Any]], bool] | None = None

    def read(self, item: Any, paths: tuple[str, ...]) -> Post | None:
        """The post that stands at one of `paths` in a decoded feed item.

        None for what is no post: headers, cursors, suggestions.
        """
        post = next((found for path in paths if (found := self._unwrapped(at(item, path))) is not None), None)
        if post is None or not (post_id := _first(post, self.fields.id)):
            return None
        return Post(
            id=post_id,
            author_id=_first(post, self.fields.author_id),
            author=_first(post, self.fields.author),
            text="\n".join(self._texts(post)),
            ad=self._flagged(post) or (self.item_is_ad is not None and self.item_is_ad(item)),
        )

    def _unwrapped(self, post: Any) -> dict[str, Any] | None:
        if not isinstance(post, dict):
            return None
        inside = post.get(self.wrapper) if self.wrapper else None
        return inside if isinstance(inside, dict) else post

    def _texts(self, post: dict[str, Any], depth: int = 0) -> Iterator[str]:
        for alternatives in self.fields.text:
            for path in alternatives:
                text = _string(at(post, path))
                text = html_to_text(text) if path in self.fields.html else text.strip()
                if text:
                    yield text
                    break
        if depth < 3:  # a quote of a quote of a quote is as far as any client shows
            for path in self.fields.inner:
                if (inner := self._unwrapped(at(post, path))) is not None:
                    yield from self._texts(inner, depth + 1)

    def _flagged(self, post: dict[str, Any]) -> bool:
        for path, values in (self.fields.ad or {}).items():
            value = at(post, path)
            if isinstance(values, bool):
                if value:
                    return True
            elif isinstance(value, str) and value in values:
                return True
        return False


def at(value: Any, path: str) -> Any:
    """What stands at a dotted path of keys, the value itself for an empty path; None where the way ends early."""
    for key in path.split(".") if path else ():
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def _string(value: Any) -> str:
    if isinstance(value, str):
        # A lone surrogate cannot be written as UTF-8 further on.
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return ""


def _first(post: dict[str, Any], paths: tuple[str, ...]) -> str:
    return next((text for path in paths if (text := _string(at(post, path)))), "")

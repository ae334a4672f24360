"""What an adapter declares about a platform, and how a post is read by such a declaration.

A path is dotted keys from some object, `[]` for each element of an array: `user.screen_name`, `content[].text`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, NamedTuple

from circleshield_addon.html_text import MAX_TEXT, html_to_text
from circleshield_addon.json_spans import JsonText, Span, steps
from circleshield_addon.post import Post


@dataclass(frozen=True, slots=True, eq=False)  # known by identity: what is worked out from one is remembered
class Fields:
    """Where the parts of a post stand, as paths from the post's object.

    `id`, `author_id`, `author`: alternatives, the first that holds something counts. `text`: parts that are joined,
    each with alternatives. `html`: those of the text paths that hold HTML. `inner`: posts inside the post
    (repeated, quoted). `ad`: the platform's own advertisement flag, path to the values that mean one (True: any but
    false, null, 0 and what is empty). `main`: the texts that a client shows: a fold writes its line there, a label
    its mark in front; where it is empty the platform's posts cannot be rewritten. `drop`: what a folded post loses
    (pictures, cards, inner posts), path to the JSON that takes the place (a string "…" in it becomes the fold's
    line), or None where the member goes with its key. `positions`: likewise what counts characters of the main
    text, and so is wrong once that is rewritten. `pieces`: arrays that hold the main text piece by piece, path to
    the JSON of one such piece, with "…" for its text. `needs`: an object that has nothing at any of these paths is
    no post, whatever else it has.
    """

    id: tuple[str, ...]
    author_id: tuple[str, ...]
    author: tuple[str, ...]
    text: tuple[tuple[str, ...], ...]
    html: frozenset[str] = frozenset()
    inner: tuple[str, ...] = ()
    ad: Mapping[str, frozenset[str | int] | bool] = field(default_factory=dict)
    main: tuple[str, ...] = ()
    drop: Mapping[str, str | None] = field(default_factory=dict)
    positions: Mapping[str, str | None] = field(default_factory=dict)
    pieces: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Slot:
    """A feed item's place in a JSON text.

    `array`: the spans of all elements of the array it is in (of itself alone where it is in none), and `index`, its own
    among them. An item that must not be deleted, only rewritten, is not `removable`.
    """

    array: tuple[Span, ...]
    index: int
    removable: bool = True

    @property
    def span(self) -> Span:
        """Where the item stands."""
        return self.array[self.index]


@dataclass(frozen=True, slots=True)
class HtmlList:
    """Feed items that are elements of an HTML page: all `tag` elements with the class `css_class`.

    `read` makes a post of such an element's HTML, or None where it is none. `in_comments`: they may also stand inside
    comments, from where a script of the page takes them.
    """

    tag: str
    css_class: str
    read: Callable[[str], Post | None]
    in_comments: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A request whose response is a feed page.

    `path` must match the whole URL path, without the query. `method`: GET or POST.
    `items`: the paths of the arrays that hold the feed's items; or a function that finds the items' slots, where naming
    arrays is not enough; or a list in an HTML page. `post`: where in an item the post stands, alternatives; an empty
    path is the item itself. `fields`: where the posts are of another shape than elsewhere on the platform. `resolve`:
    for platforms that keep parts of a post elsewhere in the document; given the document it returns what turns an item
    into one that can be read (only what stands in the item itself can be rewritten).
    `embedded`: the JSON stands inside an HTML page, right after each match of this pattern.
    `never_empty`: clients take an empty page for the end of the feed. `last_item_is_cursor`: clients ask for the next
    page by the last item's id. In both cases an item that has to stay is folded instead of removed.
    `ad_ids`: paths from the document of ids, the posts of which are advertisements. `count`: the path of a number that
    clients trust to be how many items there are. `typed_html`: the server may call this JSON `text/html`.
    """

    path: re.Pattern[str]
    items: tuple[str, ...] | Callable[[JsonText], Iterator[Slot]] | HtmlList
    post: tuple[str, ...] = ("",)
    method: str = "GET"
    fields: Fields | None = None
    resolve: Callable[[JsonText], Callable[[Any], Any]] | None = None
    embedded: re.Pattern[bytes] | None = None
    never_empty: bool = False
    last_item_is_cursor: bool = False
    ad_ids: tuple[str, ...] = ()
    count: str = ""
    typed_html: bool = False

    @property
    def is_simple(self) -> bool:
        """Whether no code of the adapter's has to read such a page, nor a search for where it begins."""
        return isinstance(self.items, tuple) and bool(self.items) and not self.resolve and not self.embedded


@dataclass(frozen=True, slots=True)
class Stream:
    """A connection on which posts come one by one: server-sent events, or WebSocket messages.

    `path` must match the whole URL path. `post` finds the post in an event: given the event's name (empty for a
    WebSocket message) and its JSON text, the span of the post, or None where the event is about something else.
    `in_string`: that span is a JSON string which holds the post's JSON once more.
    """

    path: re.Pattern[str]
    kind: Literal["sse", "websocket"]
    post: Callable[[str, JsonText], Span | None]
    in_string: bool = False


@dataclass(frozen=True, slots=True)
class Adapter:
    """A platform: which hosts, which responses, where the posts are.

    `hosts`: names without port; `*.example.com` stands for every name below. `federated`: anybody can run a server, so
    users add hosts of their own and the path alone tells a feed. `confidence`: `high` (recorded pages, or several
    sources agree), `medium` (read in one client's source), `low`. `as_of`: year and month of what it was built from.
    `wrapper`: a key under which a post may be wrapped once more. `item_is_ad`: an advertisement flag that stands around
    the post rather than in it; an item so flagged that holds no post counts as one, by its id at one of `ad_id`.
    """

    name: str
    title: str
    hosts: tuple[str, ...]
    endpoints: tuple[Endpoint, ...]
    fields: Fields
    confidence: Literal["high", "medium", "low"]
    as_of: str
    federated: bool = False
    streams: tuple[Stream, ...] = ()
    wrapper: str = ""
    item_is_ad: Callable[[dict[str, Any]], bool] | None = None
    ad_id: tuple[str, ...] = ()

    @property
    def platform(self) -> str:
        """What its posts and authors have their ids of."""
        return platform_of(self.name)

    def read(self, item: Any, paths: tuple[str, ...] = ("",), fields: Fields | None = None) -> Post | None:
        """The post that stands at one of `paths` in a decoded feed item, its parts where `fields` has them.

        None for what is no post: headers, cursors, suggestions.
        """
        if not isinstance(item, dict):
            return None
        ways = _ways(fields or self.fields)
        ad = self.item_is_ad is not None and self.item_is_ad(item)
        post = next((found for path in paths if (found := self._unwrapped(first(item, path))) is not None), None)
        if post is None or not _is_whole(post, ways) or not (post_id := _first_text(post, ways.id)):
            return Post(_first_text(item, _way_each(self.ad_id)), "", "", "", ad=True) if ad and self.ad_id else None
        own = _texts(post, ways)
        repeated = self._repeated(post, ways, 0)
        return Post(
            post_id,
            _first_text(post, ways.author_id),
            _first_text(post, ways.author),
            "\n".join(own + repeated)[:MAX_TEXT],
            ad or _flagged(post, ways),
            "\n".join(own)[:MAX_TEXT] if repeated else None,
        )

    def _unwrapped(self, post: Any) -> dict[str, Any] | None:
        if not isinstance(post, dict):
            return None
        inside = post.get(self.wrapper) if self.wrapper else None
        return inside if isinstance(inside, dict) else post

    def _repeated(self, post: dict[str, Any], ways: "_Ways", depth: int) -> list[str]:
        texts: list[str] = []
        if depth < 3:  # a quote of a quote of a quote is as far as any client shows
            for way in ways.inner:
                for value in _every(post, way):
                    if (inner := self._unwrapped(value)) is not None:
                        texts += _texts(inner, ways)
                        texts += self._repeated(inner, ways, depth + 1)
        return texts


class _Way(NamedTuple):
    """A path: keys, and where an array comes next, the way from each of its elements."""

    keys: tuple[str, ...]
    rest: "_Way | None"


class _Ways(NamedTuple):
    """The paths of `Fields`, and of a text what makes it plain."""

    id: tuple[_Way, ...]
    author_id: tuple[_Way, ...]
    author: tuple[_Way, ...]
    text: tuple[tuple[tuple[_Way, Callable[[str], str]], ...], ...]
    inner: tuple[_Way, ...]
    ad: tuple[tuple[_Way, frozenset[str | int] | bool], ...]
    needs: tuple[_Way, ...]


@cache
def _way(path: str) -> _Way:
    keys, rest = steps(path), None
    while "[]" in keys:
        at = len(keys) - keys[::-1].index("[]")
        keys, rest = keys[: at - 1], _Way(keys[at:], rest)
    return _Way(keys, rest)


def _way_each(paths: Iterable[str]) -> tuple[_Way, ...]:
    return tuple(map(_way, paths))


@cache
def _ways(fields: Fields) -> _Ways:
    return _Ways(
        _way_each(fields.id),
        _way_each(fields.author_id),
        _way_each(fields.author),
        tuple(
            tuple((_way(path), html_to_text if path in fields.html else _plain) for path in alternatives)
            for alternatives in fields.text
        ),
        _way_each(fields.inner),
        tuple((_way(path), meaning) for path, meaning in fields.ad.items()),
        _way_each(fields.needs),
    )


def _plain(text: str) -> str:
    return text[:MAX_TEXT].strip()


def _texts(post: dict[str, Any], ways: _Ways) -> list[str]:
    found: list[str] = []
    for alternatives in ways.text:
        for way, to_text in alternatives:
            if texts := [text for value in _every(post, way) if (text := to_text(_string(value)))]:
                found += texts
                break
    return found


def _is_whole(post: dict[str, Any], ways: _Ways) -> bool:
    return not ways.needs or any(_every(post, way) for way in ways.needs)


def _flagged(post: dict[str, Any], ways: _Ways) -> bool:
    for way, meaning in ways.ad:
        for value in _every(post, way):
            if isinstance(meaning, bool):
                if value:
                    return True
            elif isinstance(value, str | int) and value in meaning:
                return True
    return False


def platform_of(name: str) -> str:
    """What an adapter's posts and authors have their ids of: `weibo` for `weibo_web` and `weibo_app` alike."""
    return name.partition("_")[0]


def every(value: Any, path: str) -> Sequence[Any]:
    """All that stands at a path but null, the value itself for an empty one; nothing where the way ends early."""
    return _every(value, _way(path))


def _every(value: Any, way: _Way) -> Sequence[Any]:
    keys, rest = way
    for key in keys:
        if not isinstance(value, dict) or (value := value.get(key)) is None:
            return ()
    if rest is None:
        return (value,)
    return [found for element in value for found in _every(element, rest)] if isinstance(value, list) else ()


def first(value: Any, path: str) -> Any:
    """The first that stands at a path; None where there is nothing."""
    found = every(value, path)
    return found[0] if found else None


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _first_text(post: dict[str, Any], ways: tuple[_Way, ...]) -> str:
    for way in ways:
        for value in _every(post, way):
            if text := _string(value):
                return text
    return ""

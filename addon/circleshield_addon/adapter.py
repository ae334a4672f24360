"""What an adapter declares about a platform, and how a post is read by such a declaration.

A path is dotted keys from some object, `[]` for each element of an array: `user.screen_name`, `content[].text`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from typing import Any, Literal, NamedTuple

import msgspec

from circleshield_addon.html_text import MAX_TEXT, html_to_text
from circleshield_addon.json_spans import JsonText, Span, steps
from circleshield_addon.post import Post

_Found = list[Sequence[Any]]
"""What stands at each of some paths."""


# Fields, Endpoint and Adapter are known by identity: what is worked out by one is remembered.
@dataclass(frozen=True, slots=True, eq=False)
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


class Slot(msgspec.Struct, frozen=True):
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


@dataclass(frozen=True, slots=True, eq=False)
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


@dataclass(frozen=True, slots=True, eq=False)
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
        fields = fields or self.fields
        ways = _ways(fields)
        ad = self.item_is_ad is not None and self.item_is_ad(item)
        for path in paths:
            if (post := self._unwrapped(first(item, path) if path else item)) is not None:
                break
        found = _standing(post, ways.paths)
        post_id = _first_text(found[ways.id])
        if not post_id or (fields.needs and not any(found[ways.needs])):
            if ad and self.ad_id:
                return Post(_first_text(every(item, path) for path in self.ad_id), "", "", "", ad=True)
            return None
        own = _texts(found, ways)
        repeated = self._repeated(found, ways, 0)
        return Post(
            post_id,
            _first_text(found[ways.author_id]),
            _first_text(found[ways.author]),
            _joined(own + repeated if repeated else own),
            ad or _flagged(found, ways),
            _joined(own) if repeated else None,
        )

    def _unwrapped(self, post: Any) -> dict[str, Any] | None:
        if not isinstance(post, dict):
            return None
        inside = post.get(self.wrapper) if self.wrapper else None
        return inside if isinstance(inside, dict) else post

    def _repeated(self, found: _Found, ways: "_Ways", depth: int) -> list[str]:
        texts: list[str] = []
        if depth < 3:  # a quote of a quote of a quote is as far as any client shows
            for value in chain.from_iterable(found[ways.inner]):
                if (inner := self._unwrapped(value)) is not None:
                    inside = _standing(inner, ways.paths)
                    texts += _texts(inside, ways)
                    texts += self._repeated(inside, ways, depth + 1)
        return texts


class _Way(NamedTuple):
    """A path: keys, and where an array comes next, the way from each of its elements."""

    keys: tuple[str, ...]
    rest: "_Way | None"


class _Ways(NamedTuple):
    """All paths of `Fields`, so that they are walked at once, and where among them each part of a post has its own.

    With each path of a text what makes it plain.
    """

    paths: tuple[_Way, ...]
    id: slice
    author_id: slice
    author: slice
    text: tuple[tuple[tuple[int, Callable[[str], str]], ...], ...]
    inner: slice
    ad: tuple[tuple[int, frozenset[str | int] | bool], ...]
    needs: slice


@cache
def _way(path: str) -> _Way:
    keys, rest = steps(path), None
    while "[]" in keys:
        at = len(keys) - keys[::-1].index("[]")
        keys, rest = keys[: at - 1], _Way(keys[at:], rest)
    return _Way(keys, rest)


@cache
def _ways(fields: Fields) -> _Ways:
    paths: list[str] = []

    def added(some: Iterable[str]) -> slice:
        first = len(paths)
        paths.extend(some)
        return slice(first, len(paths))

    def numbered(some: Iterable[str]) -> range:
        at = added(some)
        return range(at.start, at.stop)

    return _Ways(
        id=added(fields.id),
        author_id=added(fields.author_id),
        author=added(fields.author),
        text=tuple(
            tuple(
                (number, html_to_text if path in fields.html else _plain)
                for number, path in zip(numbered(alternatives), alternatives, strict=True)
            )
            for alternatives in fields.text
        ),
        ad=tuple(zip(numbered(fields.ad), fields.ad.values(), strict=True)),
        inner=added(fields.inner),
        needs=added(fields.needs),
        paths=tuple(map(_way, paths)),
    )


def _plain(text: str) -> str:
    return text[:MAX_TEXT].strip()


def _texts(found: _Found, ways: _Ways) -> list[str]:
    texts: list[str] = []
    for alternatives in ways.text:
        for number, to_text in alternatives:
            if some := [text for value in found[number] if (text := to_text(_string(value)))]:
                texts += some
                break
    return texts


def _joined(texts: list[str]) -> str:
    return "\n".join(texts)[:MAX_TEXT]


def _flagged(found: _Found, ways: _Ways) -> bool:
    for number, meaning in ways.ad:
        for value in found[number]:
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
    return _standing(value, (_way(path),))[0]


def first(value: Any, path: str) -> Any:
    """The first that stands at a path; None where there is nothing."""
    found = every(value, path)
    return found[0] if found else None


def _standing(value: Any, ways: Iterable[_Way]) -> _Found:
    found: _Found = []
    for keys, rest in ways:
        here = value
        for key in keys:
            if not isinstance(here, dict) or (here := here.get(key)) is None:
                found.append(())
                break
        else:
            if rest is None:
                found.append((here,))
            else:
                elements = here if isinstance(here, list) else ()
                found.append([below for element in elements for below in _standing(element, (rest,))[0]])
    return found


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _first_text(found: Iterable[Sequence[Any]]) -> str:
    for values in found:
        for value in values:
            if text := _string(value):
                return text
    return ""

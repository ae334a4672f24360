"""A feed page: its posts, and the page with some of them taken out, folded or labelled."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from circleshield_addon.adapter import Adapter, Endpoint, HtmlList, Slot
from circleshield_addon.desk import with_pauses
from circleshield_addon.documents import Document, documents, same_place
from circleshield_addon.generic import GENERIC, described
from circleshield_addon.html_list import elements
from circleshield_addon.json_spans import Edit, JsonError, JsonText, Span, cut, spliced
from circleshield_addon.needed_parts import decoder_of
from circleshield_addon.post import Action, Post
from circleshield_addon.rewriting import Note, folding, labelling, post_spans

_Array = tuple[int, Span]
"""An array of items: its document, and the span of its first element."""


class _Item(msgspec.Struct, frozen=True):
    """An item of the feed: its document, its slot there, and its post if it is one."""

    document: Document
    slot: Slot
    post: Post | None

    @property
    def place(self) -> _Array:
        return id(self.document), self.slot.array[0]


class JsonPage:
    """A page of JSON, in whatever wrapping.

    `body` is UTF-8 without byte order mark; raises JsonError when there is no JSON in it. `posts` are in page order; an
    item that is no post is not among them. `missing` says what such a page should have and this one lacks, or is None.
    """

    def __init__(self, body: bytes, adapter: Adapter, endpoint: Endpoint, at_once: bool = False) -> None:
        """`at_once`: only what is JSON itself, and of no more than 100 items; JsonError otherwise."""
        self._body = body
        self._adapter = adapter
        self._endpoint = endpoint
        self._fields = endpoint.fields or adapter.fields
        self._all: list[_Item] = []
        self._documents = [Document(JsonText(body), same_place)] if at_once else documents(body, endpoint.embedded)
        decoder = decoder_of(adapter, endpoint, self._fields)
        for document in self._documents:
            text = document.text
            resolve = endpoint.resolve(text) if endpoint.resolve else None
            named = {_named(text.value(span)) for path in endpoint.ad_ids for span in text.find(path)}
            slots = sorted(_slots(document, endpoint), key=lambda slot: slot.span)
            if at_once and len(slots) > _AT_ONCE:
                raise JsonError("more items than are read at once")
            for slot in with_pauses(slots, after=_AT_ONCE):
                value = text.value(slot.span, decoder)
                post = adapter.read(resolve(value) if resolve else value, endpoint.post, self._fields)
                if post is not None and post.id in named:
                    post = msgspec.structs.replace(post, ad=True)
                self._all.append(_Item(document, slot, post))
        self._items = [item for item in self._all if item.post is not None]
        self.posts = tuple(item.post for item in self._items if item.post is not None)
        self.missing = self._missing()

    def _missing(self) -> str | None:
        if self.posts:
            texts = sum(bool(post.text) or post.ad for post in self.posts)
            return "no post with a text" if not texts and len(self.posts) >= _TELLING_POSTS else None
        unread = sum(item.slot.span[1] - item.slot.span[0] for item in self._all)
        if unread > _TELLING_BYTES:  # cursors and headers are small
            return "items, but no post among them"
        named = self._endpoint.items if isinstance(self._endpoint.items, tuple) else ()
        if named and len(self._body) > _TELLING_BYTES and not self._all:
            empty = any(True for path in named for d in self._documents for _ in d.text.find(path))
            return None if empty else "no list of items"
        return None

    def settled(self, wishes: Sequence[Action]) -> list[Action]:
        """What can be done with each post, in order, where `wishes` is to be done.

        A fold where the platform's posts cannot be rewritten becomes a removal, and a removal where the item has to
        stay for the client's sake a fold; where neither can be, the post is left alone (`watch`).
        """
        actions = [
            "remove"
            if wish == "fold" and not self._edits(i, "fold", _PROBE)
            else "watch"
            if wish == "label" and not self._edits(i, "label", _PROBE)
            else wish
            for i, wish in enumerate(wishes)
        ]
        for i in self._must_stay([i for i, action in enumerate(actions) if action == "remove"]):
            actions[i] = "fold" if self._edits(i, "fold", _PROBE) else "watch"
        return actions

    def edited(self, actions: Sequence[Action], notes: Mapping[int, Note]) -> bytes:
        """The page after `actions`, one a post, as settled; `notes` has what folded and labelled posts say.

        Every other byte is as it was, and the page the same object when nothing is changed. A module that loses its
        last item goes with it.
        """
        edits: list[Edit] = []
        for i, action in enumerate(actions):
            item = self._items[i]
            if action in ("fold", "label"):
                edits += map(item.document.place, self._edits(i, action, notes[i]))
        removed = [i for i, action in enumerate(actions) if action == "remove"]
        edits += self._cuts(removed)
        if removed and self._endpoint.count:
            edits += self._counted(len(self._all) - len(removed))
        return spliced(self._body, edits)

    def _counted(self, left: int) -> Iterator[Edit]:
        for document in self._documents:
            for start, end in document.text.find(self._endpoint.count):
                if document.text.body[start:end].isdigit():
                    yield document.place((start, end, str(left).encode()))

    def _edits(self, i: int, action: Action, note: Note) -> list[Edit]:
        item = self._items[i]
        text, wrapper = item.document.text, self._adapter.wrapper
        for post in post_spans(text, item.slot.span, self._endpoint.post, wrapper):
            if action == "fold":
                return folding(text, post, self._fields, note)
            return labelling(text, post, self._fields, wrapper, note)
        return []

    def _must_stay(self, removed: list[int]) -> set[int]:
        stay = self._must_stay_for_the_client(removed)
        leaving = set(removed) - stay
        for i in sorted(leaving, reverse=True):  # what is inside comes after what it is in
            outer = self._items[i]
            for j in range(i + 1, len(self._items)):
                inner = self._items[j]
                if inner.document is not outer.document or inner.slot.span[0] >= outer.slot.span[1]:
                    break
                if j not in leaving:
                    leaving.remove(i)
                    break
        return set(removed) - leaving

    def _must_stay_for_the_client(self, removed: list[int]) -> set[int]:
        stay = {i for i in removed if not self._items[i].slot.removable}
        if removed and self._endpoint.last_item_is_cursor and self._all[-1] is self._items[-1]:
            stay |= {len(self._items) - 1} & set(removed)
        if self._endpoint.never_empty and not stay and sum(map(len, self._gone(removed).values())) == len(self._all):
            stay |= set([i for i in removed if self._edits(i, "fold", _PROBE)][-1:] or removed[-1:])
        return stay

    def _gone(self, removed: Sequence[int]) -> dict[_Array, set[int]]:
        """The indices of what goes, by array, when those posts go: the posts, and modules that lose all they hold."""
        gone: defaultdict[_Array, set[int]] = defaultdict(set)
        for i in removed:
            gone[self._items[i].place].add(self._items[i].slot.index)
        arrays = {item.place: item.slot.array for item in self._all} if gone else {}
        for holder in reversed(self._all):
            if holder.post is None:
                start, end = holder.slot.span
                inside = [
                    (place, array)
                    for place, array in arrays.items()
                    if place[0] == holder.place[0] and start < place[1][0] and array[-1][1] < end
                ]
                if inside and all(len(gone.get(place, ())) == len(array) for place, array in inside):
                    gone[holder.place].add(holder.slot.index)
        return gone

    def _cuts(self, removed: Sequence[int]) -> list[Edit]:
        items = {item.place: item for item in self._all}
        return [
            items[place].document.place(edit)
            for place, indices in self._gone(removed).items()
            for edit in cut(items[place].slot.array, indices)
        ]


class HtmlPage:
    """A page of HTML with the posts as elements of a list. They can be taken out, not rewritten."""

    def __init__(self, body: bytes, items: HtmlList) -> None:
        self._body = body
        spans = elements(body, items.tag, items.css_class, items.in_comments)
        read = [(span, items.read(body[slice(*span)].decode())) for span in spans]
        self._spans = [span for span, post in read if post is not None]
        self.posts = tuple(post for _, post in read if post is not None)
        self.missing = None if read else "no list of items"

    def settled(self, wishes: Sequence[Action]) -> list[Action]:
        """As `JsonPage.settled`: a fold is a removal here, and a label nothing."""
        return [{"fold": "remove", "label": "watch"}.get(wish, wish) for wish in wishes]  # type: ignore[misc]

    def edited(self, actions: Sequence[Action], notes: Mapping[int, Note]) -> bytes:
        """The page less the elements that are to be removed."""
        return spliced(
            self._body, [(*span, b"") for span, action in zip(self._spans, actions, strict=True) if action == "remove"]
        )


def read_page(body: bytes, adapter: Adapter, endpoint: Endpoint, at_once: bool = False) -> JsonPage | HtmlPage:
    """The page in `body` (UTF-8 without byte order mark). Raises JsonError when it should be JSON and is not.

    `at_once` as for `JsonPage`.
    """
    if isinstance(endpoint.items, HtmlList):
        return HtmlPage(body, endpoint.items)
    if adapter is GENERIC:
        endpoint = described(body)
    return JsonPage(body, adapter, endpoint, at_once)


_PROBE = Note("…")
_AT_ONCE = 100  # items
_TELLING_POSTS = 3  # without a text in any: some posts are only pictures
_TELLING_BYTES = 2_000


def _slots(document: Document, endpoint: Endpoint) -> list[Slot]:
    assert not isinstance(endpoint.items, HtmlList)
    if callable(endpoint.items):
        return list(endpoint.items(document.text))
    arrays = [document.text.elements(span) for path in endpoint.items for span in document.text.find(path)]
    return [Slot(array, i) for array in arrays for i in range(len(array))]


def _named(value: object) -> str | None:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None

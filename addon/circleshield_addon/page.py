"""A feed page: its posts, and the page without some of them."""

from collections import defaultdict
from collections.abc import Set

from circleshield_addon.adapter import Adapter, Endpoint, Slot
from circleshield_addon.json_spans import JsonText, cut, without
from circleshield_addon.post import Post


class JsonPage:
    """A page of JSON, as `endpoint` of `adapter` says it is made.

    `body` is UTF-8 without byte order mark; raises JsonError when it is not JSON. `posts` are in page order; an item
    that is no post is not among them. `pinned` is the index of the post that must stay for the client to find the next
    page, or None.
    """

    def __init__(self, body: bytes, adapter: Adapter, endpoint: Endpoint) -> None:
        self._body = body
        self._text = JsonText(body)
        posts: list[Post] = []
        self._slots: list[Slot] = []  # of `posts`, one for one
        self._holders: list[Slot] = []  # items that are no posts: headers, cursors, modules with posts inside
        slots = sorted(self._find(endpoint), key=lambda slot: slot[0][slot[1]])
        for elements, i in slots:
            post = adapter.read(self._text.value(elements[i]), endpoint.post)
            if post is None:
                self._holders.append((elements, i))
            else:
                posts.append(post)
                self._slots.append((elements, i))
        self.posts = tuple(posts)
        last_is_post = bool(slots and self._slots and slots[-1] == self._slots[-1])
        self.pinned = len(posts) - 1 if endpoint.last_item_is_cursor and last_is_post else None

    def edited(self, removed: Set[int]) -> bytes:
        """The page without the posts at the indices `removed`, every other byte as it was.

        A module that loses its last item goes with it. The same object when nothing is removed.
        """
        if not removed:
            return self._body
        arrays = {elements[0]: elements for elements, _ in self._slots + self._holders}
        gone: defaultdict[tuple[int, int], set[int]] = defaultdict(set)  # by the array's first element
        for index in removed:
            elements, i = self._slots[index]
            gone[elements[0]].add(i)
        for elements, i in reversed(self._holders):
            start, end = elements[i]
            inside = [array for array in arrays.values() if start < array[0][0] and array[-1][1] < end]
            if inside and all(len(gone[array[0]]) == len(array) for array in inside):
                gone[elements[0]].add(i)
        return without(self._body, [span for first, indices in gone.items() for span in cut(arrays[first], indices)])

    def _find(self, endpoint: Endpoint) -> list[Slot]:
        if callable(endpoint.items):
            return list(endpoint.items(self._text))
        arrays = [self._text.elements(span) for path in endpoint.items for span in self._text.arrays(path)]
        return [(elements, i) for elements in arrays for i in range(len(elements))]

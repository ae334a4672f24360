"""Where the values of a JSON text stand, so that some can be cut out or rewritten and all else stays the same bytes.

Only the containers on the way to a value are decoded (`msgspec.Raw` is a view into the buffer it was decoded from), so
big integers, odd floats, escapes, white space and key order are never touched.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence, Set
from functools import cache
from typing import Any

import msgspec
import numpy as np

Span = tuple[int, int]
"""Start and end of a value: byte offsets, end exclusive."""

Edit = tuple[int, int, bytes]
"""What to write in place of the bytes from a start to an end."""

_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_array = msgspec.json.Decoder(list[msgspec.Raw])
_value = msgspec.json.Decoder()
_whole = msgspec.json.Decoder(msgspec.Raw)
_BY_START: dict[bytes, msgspec.json.Decoder[Any]] = {b"{": _object, b"[": _array}

# Both mends keep every byte in its place. Python's and JavaScript's own parsers read such texts, so feeds have them.
_CONTROLS_TO_SPACE = bytes(0x20 if b < 0x20 else b for b in range(256))
_SEPARATOR = re.compile(rb"[ \t\r\n,]*")
_LONGEST_LIST = 20_000  # elements; feeds have some thousands at most

_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[dD][89a-fA-F][0-9a-fA-F]{2}|.)", re.S
)


class JsonError(ValueError):
    """Not a JSON text that can be edited; the message never quotes it."""


class JsonText:
    """A JSON text (UTF-8, without byte order mark) and the spans of its values.

    Raises JsonError when it is not JSON, or nested too deep. Raw control characters and lone surrogates in strings are
    accepted.
    """

    def __init__(self, body: bytes) -> None:
        self.body = body
        self._readable = body
        try:
            self._top = _top(body)
        except (msgspec.DecodeError, RecursionError):
            self._readable = _ESCAPE.sub(_mend_escape, body.translate(_CONTROLS_TO_SPACE))
            try:
                self._top = _top(self._readable)
            except (msgspec.DecodeError, RecursionError) as e:
                raise JsonError("not JSON" if isinstance(e, msgspec.DecodeError) else "nested too deep") from e
        self._base = _address(self._readable)
        self.root: Span = (len(body) - len(self._readable.lstrip()), len(self._readable.rstrip()))

    def members(self, span: Span) -> dict[str, Span]:
        """The members of an object, key to span of the value; the last of duplicate keys, as clients read it.

        Empty where the value is no object.
        """
        if self._readable[span[0]] != 0x7B:
            return {}
        found = self._top if span == self.root else _object.decode(self._view(span))
        return {key: self._span(raw) for key, raw in found.items()}

    def elements(self, span: Span) -> tuple[Span, ...]:
        """The elements of an array, in order; empty where the value is no array.

        Raises JsonError for more elements than a feed has.
        """
        if self._readable[span[0]] != 0x5B:
            return ()
        found = self._top if span == self.root else _array.decode(self._view(span))
        if len(found) > _LONGEST_LIST:
            raise JsonError("a list longer than is read")
        readable, spans, at = self._readable, [], span[0] + 1
        for raw in found:
            at += readable[at] == 0x2C
            if readable[at] in b" \t\r\n":
                separator = _SEPARATOR.match(readable, at)
                assert separator is not None
                at = separator.end()
            start = at
            at += len(memoryview(raw))
            spans.append((start, at))
        return tuple(spans)

    def without_members(self, span: Span, names: Set[str]) -> list[Edit]:
        """The edits by which an object loses the members of these names, key and all."""
        values = sorted((value, key) for key, value in self.members(span).items())
        whole, at = [], span[0] + 1
        for (_, end), _ in values:
            whole.append((self._readable.index(b'"', at), end))
            at = end
        return cut(whole, [i for i, (_, key) in enumerate(values) if key in names])

    def value(self, span: Span, decoder: msgspec.json.Decoder[Any] | None = None) -> Any:
        """The value; whole, where it is of another shape than `decoder` is for."""
        try:
            return (decoder or _value).decode(self._view(span))
        except msgspec.MsgspecError:
            if decoder is not None:
                return self.value(span)
            return json.loads(bytes(self._view(span)))  # a number that no float holds, which others read as infinity

    def find(self, path: str, start: Span | None = None) -> Iterator[Span]:
        """The spans of the values at `path`: keys joined by dots, `[]` for each element of an array.

        `data.cards[].card_group` names the member `card_group` of every card; an empty path the value at `start`
        itself, which is the whole text unless given.
        """
        return self._walk(start or self.root, steps(path))

    def _walk(self, span: Span, way: Sequence[str]) -> Iterator[Span]:
        if not way:
            yield span
        elif way[0] == "[]":
            for element in self.elements(span):
                yield from self._walk(element, way[1:])
        elif (member := self.members(span).get(way[0])) is not None:
            yield from self._walk(member, way[1:])

    def _view(self, span: Span) -> memoryview:
        return memoryview(self._readable)[span[0] : span[1]]

    def _span(self, raw: msgspec.Raw) -> Span:
        start = _address(raw) - self._base
        return start, start + memoryview(raw).nbytes


@cache
def steps(path: str) -> tuple[str, ...]:
    """A path's keys and `[]`s: `data.cards[].id` is `data`, `cards`, `[]`, `id`."""
    return tuple(step for step in path.replace("[]", ".[]").split(".") if step)


def cut(elements: Sequence[Span], removed: Iterable[int]) -> list[Edit]:
    """The edits by which an array loses the elements at the indices `removed`, with one comma each."""
    gone = set(removed)
    kept = [i for i in range(len(elements)) if i not in gone]
    if not gone:
        return []
    if not kept:
        return [(elements[0][0], elements[-1][1], b"")]
    edits = []
    first = 0  # of the run of removed elements before the next kept one
    for i in kept:
        if first < i:
            edits.append((elements[first][0], elements[i][0], b""))
        first = i + 1
    if first < len(elements):
        edits.append((elements[kept[-1]][1], elements[-1][1], b""))
    return edits


def spliced(body: bytes, edits: Iterable[Edit]) -> bytes:
    """`body` with the edits made; an edit inside another goes with it. The same object where there are none."""
    pieces: list[bytes] = []
    at = 0
    for start, end, written in sorted(edits, key=lambda edit: (edit[0], -edit[1])):
        if start >= at:
            pieces += (body[at:start], written)
            at = end
    if not pieces:
        return body
    pieces.append(body[at:])
    return b"".join(pieces)


def _top(body: bytes) -> Any:
    """What the whole text is made of, as a dict or list of `msgspec.Raw`; to find that reads all of it."""
    return _BY_START.get(body.lstrip()[:1], _whole).decode(body)


def _address(buffer: bytes | msgspec.Raw) -> int:
    address: int = np.frombuffer(buffer, np.uint8).__array_interface__["data"][0]
    return address


def _mend_escape(match: re.Match[bytes]) -> bytes:
    found = match.group()
    lone_surrogate = len(found) == 6 and found[1:3].lower() == b"ud" and found[3:4].lower() in b"89abcdef"
    return b"\\ufffd" if lone_surrogate else found

"""Where the values of a JSON text stand, so that some can be cut out and all else stays the same bytes.

Only the containers on the way to a value are decoded (`msgspec.Raw` is a view into the buffer it was decoded from), so
big integers, odd floats, escapes, white space and key order are never touched.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
import numpy as np

Span = tuple[int, int]
"""Start and end of a value: byte offsets, end exclusive."""

_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_array = msgspec.json.Decoder(list[msgspec.Raw])
_value = msgspec.json.Decoder()
_whole = msgspec.json.Decoder(msgspec.Raw)

# Both mends keep every byte in its place. Python's and JavaScript's own parsers read such texts, so feeds have them.
_CONTROLS_TO_SPACE = bytes(0x20 if b < 0x20 else b for b in range(256))
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[dD][89a-fA-F][0-9a-fA-F]{2}|.)", re.S
)


class JsonError(ValueError):
    """Not a JSON text that can be edited; the message never quotes it."""


class JsonText:
    """A JSON text (UTF-8, without byte order mark) and the spans of its values.

    Raises JsonError when it is not JSON. Raw control characters and lone surrogates in strings are accepted.
    """

    def __init__(self, body: bytes) -> None:
        self.body = body
        self._readable = body
        try:
            _whole.decode(body)
        except (msgspec.DecodeError, RecursionError):
            self._readable = _ESCAPE.sub(_mend_escape, body.translate(_CONTROLS_TO_SPACE))
            try:
                _whole.decode(self._readable)
            except (msgspec.DecodeError, RecursionError) as e:
                raise JsonError("not JSON" if isinstance(e, msgspec.DecodeError) else "nested too deep") from e
        self._base = _address(self._readable)
        start = len(body) - len(self._readable.lstrip())
        self.root: Span = (start, len(self._readable.rstrip()))

    def members(self, span: Span) -> dict[str, Span]:
        """The members of an object, key to span of the value; the last of duplicate keys, as clients read it.

        Empty where the value is no object.
        """
        if self._readable[span[0]] != 0x7B:
            return {}
        return {key: self._span(raw) for key, raw in _object.decode(self._view(span)).items()}

    def elements(self, span: Span) -> list[Span]:
        """The elements of an array, in order; empty where the value is no array."""
        if self._readable[span[0]] != 0x5B:
            return []
        return [self._span(raw) for raw in _array.decode(self._view(span))]

    def value(self, span: Span) -> Any:
        """The value, decoded whole."""
        try:
            return _value.decode(self._view(span))
        except msgspec.MsgspecError:  # a number that no float holds, which others read as infinity
            return json.loads(bytes(self._view(span)))

    def arrays(self, path: str, start: Span | None = None) -> Iterator[Span]:
        """The spans of the arrays at `path`: keys joined by dots, `[]` for each element of an array on the way.

        `data.cards[].card_group` names the array `card_group` of every card; an empty path the value at `start` itself,
        which is the whole text unless given.
        """
        for span in self._walk(start or self.root, [step for step in path.replace("[]", ".[]").split(".") if step]):
            if self._readable[span[0]] == 0x5B:
                yield span

    def _walk(self, span: Span, steps: Sequence[str]) -> Iterator[Span]:
        if not steps:
            yield span
        elif steps[0] == "[]":
            for element in self.elements(span):
                yield from self._walk(element, steps[1:])
        elif (member := self.members(span).get(steps[0])) is not None:
            yield from self._walk(member, steps[1:])

    def _view(self, span: Span) -> memoryview:
        return memoryview(self._readable)[span[0] : span[1]]

    def _span(self, raw: msgspec.Raw) -> Span:
        start = _address(raw) - self._base
        return start, start + memoryview(raw).nbytes


def cut(elements: Sequence[Span], removed: Iterable[int]) -> list[Span]:
    """The spans to delete so that an array loses the elements at the indices `removed`, with one comma each."""
    gone = set(removed)
    kept = [i for i in range(len(elements)) if i not in gone]
    if not gone:
        return []
    if not kept:
        return [(elements[0][0], elements[-1][1])]
    spans = []
    first = 0  # of the run of removed elements before the next kept one
    for i in kept:
        if first < i:
            spans.append((elements[first][0], elements[i][0]))
        first = i + 1
    if first < len(elements):
        spans.append((elements[kept[-1]][1], elements[-1][1]))
    return spans


def without(body: bytes, spans: Iterable[Span]) -> bytes:
    """`body` less the bytes of `spans`; a span inside another goes with it. The same object where there are none."""
    pieces, at = [], 0
    for start, end in sorted(spans):
        if start >= at:
            pieces.append(body[at:start])
        at = max(at, end)
    if not at:
        return body
    pieces.append(body[at:])
    return b"".join(pieces)


def _address(buffer: bytes | msgspec.Raw) -> int:
    address: int = np.frombuffer(buffer, np.uint8).__array_interface__["data"][0]
    return address


def _mend_escape(match: re.Match[bytes]) -> bytes:
    found = match.group()
    lone_surrogate = len(found) == 6 and found[1:3].lower() == b"ud" and found[3:4].lower() in b"89abcdef"
    return b"\\ufffd" if lone_surrogate else found

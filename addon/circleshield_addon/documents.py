"""The JSON texts in a body: plain, behind a prefix, in a callback, line by line, inside HTML or inside a string.

Each comes with the way back, from a place in the text to the place in the body, so that all are edited alike.
"""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from circleshield_addon.json_spans import Edit, JsonError, JsonText, Span

# What keeps a page from being run as a script (Facebook, Google), or calls a function with it (JSONP).
_PREFIX = re.compile(
    rb"\s*(?:/\*\*/\s*)?(?:for\s*\(;;\);|while\s*\(1\);|\)\]\}',?|(?P<callback>[A-Za-z_$][\w$.]*)\s*\()\s*"
)
_MOST_MATCHES = 5  # of a pattern after which JSON stands: pages have one
_LONGEST_LITERAL = 1024 * 1024  # bytes: it is read in Python, and takes 40 times its size
_UNDEFINED = re.compile(rb"(?<=[:\[,])undefined(?=[,\]}])")  # in state objects written by JavaScript


@dataclass(frozen=True, slots=True)
class Document:
    """One JSON text of a body. `place` turns an edit of the text into the edit of the body."""

    text: JsonText
    place: Callable[[Edit], Edit]


def documents(body: bytes, embedded: re.Pattern[bytes] | None = None) -> list[Document]:
    """All JSON texts of a body (UTF-8). With `embedded`, one right after each match of that pattern.

    Raises JsonError when there is none.
    """
    if embedded is not None:
        return _embedded(body, embedded)
    if body.lstrip()[:1] in (b"{", b"[") or body.strip() == b"null":
        try:
            return [Document(JsonText(body), same_place)]
        except JsonError:
            try:
                return _lines(body, 0)
            except JsonError:
                return [_literal(body, 0, len(body))]
    return _inside(body)


def in_string(outer: JsonText, span: Span) -> Document:
    """The JSON text that a JSON string holds. Raises JsonError when it holds none."""
    inner, origins = _rewritten(outer.body, span[0] + 1, span[1] - 1, _JSON_ESCAPE, _unescaped)
    return Document(JsonText(inner), _to_origin(origins, lambda text: json.dumps(text.decode())[1:-1].encode()))


def same_place(edit: Edit) -> Edit:
    """Of a text that is the whole body."""
    return edit


def _shifted(by: int) -> Callable[[Edit], Edit]:
    return lambda edit: (edit[0] + by, edit[1] + by, edit[2])


def _in_script(by: int) -> Callable[[Edit], Edit]:
    # What is written must not end the script that it stands in.
    return lambda edit: (edit[0] + by, edit[1] + by, edit[2].replace(b"</", b"<\\/"))


def _to_origin(origins: NDArray[np.int32], quote: Callable[[bytes], bytes]) -> Callable[[Edit], Edit]:
    def place(edit: Edit) -> Edit:
        return int(origins[0, edit[0]]), int(origins[1, edit[1] - 1]), quote(edit[2])

    return place


def _lines(body: bytes, at: int) -> list[Document]:
    found = []
    for line in body[at:].splitlines(keepends=True):
        if line.strip():
            found.append(Document(JsonText(line), _shifted(at)))
        at += len(line)
    if not found:
        raise JsonError("not JSON")
    return found


def _embedded(body: bytes, pattern: re.Pattern[bytes]) -> list[Document]:
    latin = _UNDEFINED.sub(b"null     ", body).decode("latin-1")  # one character a byte: offsets are the same
    found = []
    for match in islice(pattern.finditer(body), _MOST_MATCHES):
        try:
            _, end = json.JSONDecoder(strict=False).raw_decode(latin, match.end())
        except (ValueError, RecursionError):
            continue
        text = latin[match.end() : end].encode("latin-1")
        found.append(Document(JsonText(text), _in_script(match.end())))
    if not found:
        raise JsonError("no JSON where the page should hold it")
    return found


def _inside(body: bytes) -> list[Document]:
    prefix = _PREFIX.match(body)
    if prefix is None:
        raise JsonError("not JSON")
    start, end = prefix.end(), len(body.rstrip())
    if prefix["callback"] is not None:
        end = body.rfind(b")", start)
        if end < 0 or body[end + 1 :].strip(b"; \t\r\n"):
            raise JsonError("not JSON")
    with suppress(JsonError):
        return [Document(JsonText(body[start:end]), _shifted(start))]
    if prefix["callback"] is None:
        with suppress(JsonError):
            return _lines(body, start)
    return [_literal(body, start, end)]


def _literal(body: bytes, start: int, end: int) -> Document:
    """A JavaScript literal, read as JSON."""
    if end - start > _LONGEST_LITERAL:
        raise JsonError("not JSON")
    text, origins = _rewritten(body, start, end, _JS_TOKEN, _json_token)
    return Document(JsonText(text), _to_origin(origins, _same_bytes))


def _same_bytes(text: bytes) -> bytes:
    return text


def _rewritten(
    body: bytes, start: int, end: int, pattern: re.Pattern[bytes], rewrite: Callable[[re.Match[bytes]], bytes]
) -> tuple[bytes, NDArray[np.int32]]:
    """`body[start:end]` with each match of `pattern` rewritten, and where each byte of that came from.

    The origins are an array (2, bytes): where what a byte came from starts in `body`, and where it ends.
    """
    pieces: list[bytes] = []
    origins: list[NDArray[np.int32]] = []

    def add(piece: bytes, first: int, last: int) -> None:
        if piece:
            pieces.append(piece)
            starts = np.minimum(np.arange(first, first + len(piece), dtype=np.int32), last - 1)
            ends = starts + 1
            ends[-1] = last
            origins.append(np.stack((starts, ends)))

    at = start
    for match in pattern.finditer(body, start, end):
        add(body[at : match.start()], at, match.start())
        add(rewrite(match), match.start(), match.end())
        at = match.end()
    add(body[at:end], at, end)
    if not pieces:
        raise JsonError("not JSON")
    return b"".join(pieces), np.concatenate(origins, axis=1)


_JSON_ESCAPE = re.compile(rb"(?:\\u[0-9a-fA-F]{4})+|\\.", re.S)  # a run, for both halves of a surrogate pair


def _unescaped(match: re.Match[bytes]) -> bytes:
    try:
        text: str = json.loads(b'"' + match.group() + b'"')
    except ValueError as e:
        raise JsonError("not JSON") from e
    return text.encode("utf-8", "replace")


# A JavaScript literal: strings in either quote, bare keys and names, comments, commas before a closing bracket.
_JS_TOKEN = re.compile(
    rb"""'(?:[^'\\]++|\\.)*+'|"(?:[^"\\]++|\\.)*+"|//[^\n]*|/\*.*?\*/|,(?=\s*[\]}])|[A-Za-z_$][\w$]*|['"]|/\*""", re.S
)
_JS_ESCAPE = re.compile(rb"""\\(?:x([0-9a-fA-F]{2})|u\{([0-9a-fA-F]{1,6})\}|(u[0-9a-fA-F]{4})|(.))|(")""", re.S)


def _json_token(match: re.Match[bytes]) -> bytes:
    token = match.group()
    if token in (b"'", b'"', b"/*"):  # without its end; to try each for itself would take forever
        raise JsonError("not JSON")
    if token[:1] in (b"'", b'"'):
        return b'"' + _JS_ESCAPE.sub(_json_escape, token[1:-1]) + b'"'
    if token[:1] in (b"/", b","):
        return b""
    if token in (b"true", b"false", b"null"):
        return token
    after = match.string[match.end() : match.end() + 20].lstrip()
    if after[:1] == b":":
        return b'"' + token + b'"'
    if token in (b"undefined", b"NaN", b"Infinity"):
        return b"null"
    raise JsonError("not JSON")  # a call or an expression: code, no data


def _json_escape(match: re.Match[bytes]) -> bytes:
    hexadecimal, point, unit, other, quote = match.groups()
    if quote is not None:
        return b'\\"'
    if hexadecimal is not None:
        return b"\\u00" + hexadecimal
    if point is not None:
        return json.dumps(chr(int(point, 16)))[1:-1].encode()
    if unit is not None:
        return b"\\" + bytes(unit)
    if other in b'bfnrt\\/"':
        return b"\\" + bytes(other)
    return {b"0": b"\\u0000", b"v": b"\\u000b", b"\n": b""}.get(other, bytes(other))

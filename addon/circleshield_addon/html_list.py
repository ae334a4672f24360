"""Where the elements of a list stand in an HTML page, so that some can be cut out by span."""

import re
from functools import cache

from circleshield_addon.json_spans import Span

# What may hold text that looks like tags.
_OPAQUE = rb"<!--.*?-->|<(?:script|style|textarea)\b[^>]*>.*?</(?:script|style|textarea)\s*>"


@cache
def _tags(tag: str) -> re.Pattern[bytes]:
    attributes = rb"""(?:[^>"']|"[^"]*"|'[^']*')*"""
    name = re.escape(tag.encode())
    return re.compile(
        _OPAQUE + rb"|<(?P<end>/?)" + name + rb"(?![\w-])(?P<attributes>" + attributes + rb")>", re.S | re.I
    )


@cache
def _has_class(name: str) -> re.Pattern[bytes]:
    word = rb"(?:[^\"']*\s)?" + re.escape(name.encode()) + rb"(?:\s[^\"']*)?"
    return re.compile(
        rb"\sclass\s*=\s*(?:\"" + word + rb"\"|'" + word + rb"'|" + re.escape(name.encode()) + rb"(?=\s|$))", re.I
    )


def elements(body: bytes, tag: str, css_class: str, in_comments: bool = False) -> list[Span]:
    """The outermost `tag` elements with that class, in order, each from its start tag to the end of its end tag.

    An element that is never closed is none. With `in_comments`, those that stand whole inside a comment count as well.
    """
    found: list[Span] = []
    start, depth = -1, 0
    for match in _tags(tag).finditer(body):
        if match["attributes"] is None:
            if in_comments and start < 0 and match.group().startswith(b"<!--"):
                first = match.start() + len(b"<!--")
                inside = elements(body[first : match.end() - len(b"-->")], tag, css_class)
                found += ((first + begin, first + end) for begin, end in inside)
            continue
        if start < 0:
            if not match["end"] and _has_class(css_class).search(match["attributes"]):
                start, depth = match.start(), 1
        else:
            depth += -1 if match["end"] else 1
            if depth == 0:
                found.append((start, match.end()))
                start = -1
    return found

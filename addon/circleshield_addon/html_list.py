"""Where the elements of a list stand in an HTML page, so that some can be cut out by span."""

import re
from functools import cache

from circleshield_addon.json_spans import Span

_OPAQUE = re.compile(rb"<(!--|script\b|style\b|textarea\b)", re.I)  # what may hold text that looks like tags
_END_OF = {
    b"!--": re.compile(rb"-->"),
    b"script": re.compile(rb"</script\s*>", re.I),
    b"style": re.compile(rb"</style\s*>", re.I),
    b"textarea": re.compile(rb"</textarea\s*>", re.I),
}
# Never goes back over what it has matched, so that its time is linear whatever the page.
_REST_OF_TAG = re.compile(rb"""(?P<attributes>(?:[^>"']++|"[^"]*+"|'[^']*+')*+)>""")
_CLASS = re.compile(rb"""\sclass\s*=\s*(?:"([^"]*+)"|'([^']*+)'|([^\s"'>]++))""", re.I)


@cache
def _starts(tag: str) -> re.Pattern[bytes]:
    return re.compile(_OPAQUE.pattern + rb"|<(?P<end>/?)" + re.escape(tag.encode()) + rb"(?![\w-])", re.I)


def _has_class(attributes: bytes, name: bytes) -> bool:
    return any(name in b"".join(found.groups(b"")).split() for found in _CLASS.finditer(attributes))


def elements(body: bytes, tag: str, css_class: str, in_comments: bool = False) -> list[Span]:
    """The outermost `tag` elements with that class, in order, each from its start tag to the end of its end tag.

    An element that is never closed is none. With `in_comments`, those that stand whole inside a comment count as well.
    """
    found: list[Span] = []
    unclosed: set[bytes] = set()  # of what no further end can come, so that it is looked for once
    start, depth, at = -1, 0, 0
    while (match := _starts(tag).search(body, at)) is not None:
        opaque = match[1] and match[1].lower()
        at = match.end()
        if opaque in unclosed:
            continue
        rest = _END_OF[opaque].search(body, at) if opaque else _REST_OF_TAG.match(body, at)
        if rest is None and opaque:
            unclosed.add(opaque)
            continue
        if rest is None:  # the tag takes the rest of the page
            break
        at = rest.end()
        if opaque:
            if in_comments and start < 0 and opaque == b"!--":
                inside = elements(body[match.end() : rest.start()], tag, css_class)
                found += ((match.end() + begin, match.end() + end) for begin, end in inside)
        elif start < 0:
            if not match["end"] and _has_class(rest["attributes"], css_class.encode()):
                start, depth = match.start(), 1
        else:
            depth += -1 if match["end"] else 1
            if depth == 0:
                found.append((start, at))
                start = -1
    return found

"""Plain text of the small pieces of HTML that platforms send as a post's text."""

import re
from functools import lru_cache
from html import unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser

MAX_TEXT = 20_000
"""Characters of a text that are read: no client shows a longer post, and some parsers take the square of the length."""
MAX_MARKUP = 100_000
"""Characters of an item's HTML that are read."""

_BREAKS = frozenset(("br", "p", "div", "li", "blockquote"))
_BREAK = re.compile("<br ?/?>")
_ENTITY = re.compile("&(?:amp|lt|gt|quot|#39);")


def html_to_text(html: str) -> str:
    """The words of `html`: line breaks for block elements and `<br>`, the `alt` of images (custom emoji)."""
    html = html[:MAX_TEXT]
    if "<" not in html and "&" not in html:
        return html.strip()
    # What most posts are: paragraphs of text with line breaks. Without a parser that takes a tenth of the time.
    if html.startswith("<p>") and html.endswith("</p>"):
        text = html[3:-4].replace("</p><p>", "\n")
        if "<br" in text:
            text = _BREAK.sub("\n", text)
        if not ("<" in text or "\0" in text or "\r" in text) and text.count("&") == len(_ENTITY.findall(text)):
            return unescape(text).strip()
    return _words(html)


def parsed(markup: str) -> "LexborHTMLParser":
    """An item's HTML, up to `MAX_MARKUP`. The parser is loaded with the first (3 MB); most posts do without."""
    from selectolax.lexbor import LexborHTMLParser

    return LexborHTMLParser(markup[:MAX_MARKUP])


@lru_cache(maxsize=1024)  # feeds repeat: a refresh brings the same posts
def _words(html: str) -> str:
    body = parsed(html).body
    if body is None:
        return ""
    parts: list[str] = []
    for node in body.traverse(include_text=True):
        if node.tag == "-text":
            parts.append(node.text_content or "")
        elif node.tag == "img":
            parts.append(node.attributes.get("alt") or "")
        elif node.tag in _BREAKS:
            parts.append("\n")
    return "".join(parts).strip()

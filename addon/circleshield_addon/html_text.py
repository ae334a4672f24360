"""Plain text of the small pieces of HTML that platforms send as a post's text."""

import re
from functools import lru_cache
from html import unescape

from selectolax.lexbor import LexborHTMLParser

MAX_TEXT = 20_000
"""Characters of a text that are read: no client shows a longer post, and some parsers take the square of the length."""
MAX_MARKUP = 100_000
"""Characters of an item's HTML that are read."""

# What most posts are: paragraphs of text with line breaks. Without a parser that takes a fifth of the time.
_PARAGRAPHS = re.compile(r"(?:<p>(?:[^<&\0\r]++|<br ?/?>|&(?:amp|lt|gt|quot|#39);)*+</p>)++")
_TAG = re.compile(r"<[^>]*>")
_BREAKS = frozenset(("br", "p", "div", "li", "blockquote"))


def html_to_text(html: str) -> str:
    """The words of `html`: line breaks for block elements and `<br>`, the `alt` of images (custom emoji)."""
    return _words(html[:MAX_TEXT])


@lru_cache(maxsize=1024)  # feeds repeat: a refresh brings the same posts
def _words(html: str) -> str:
    if "<" not in html and "&" not in html:
        return html.strip()
    return _of_paragraphs(html) if _PARAGRAPHS.fullmatch(html) else _parsed(html)


def _of_paragraphs(html: str) -> str:
    text = _TAG.sub("\n", html.replace("</p>", ""))
    return (unescape(text) if "&" in text else text).strip()


def _parsed(html: str) -> str:
    body = LexborHTMLParser(html).body
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

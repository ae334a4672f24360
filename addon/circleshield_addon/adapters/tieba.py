"""Baidu Tieba in the browser: lists of threads, the replies of a thread, search results; all of it HTML.

Its app speaks protobuf, which passes untouched.
"""

import json
import re
from typing import TYPE_CHECKING, Any

from circleshield_addon.adapter import Adapter, Endpoint, Fields, HtmlList
from circleshield_addon.html_text import html_to_text, parsed
from circleshield_addon.post import Post

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_THREAD = re.compile(r"/p/(\d+)")
_PORTRAIT = re.compile(r"[?&]id=([\w.-]+)")


def _first(markup: str, tag: str) -> "LexborNode | None":
    body = parsed(markup).body
    return body.css_first(tag) if body is not None else None


def _field(node: "LexborNode") -> dict[str, Any]:
    """The JSON that Tieba keeps in an element's `data-field`."""
    try:
        found = json.loads(node.attributes.get("data-field") or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _words(node: "LexborNode", *selectors: str) -> str:
    """The text at each selector, one below the other."""
    found = (html_to_text(inside.html or "") for s in selectors if (inside := node.css_first(s)) is not None)
    return "\n".join(text for text in found if text)


def _attribute(node: "LexborNode", selector: str, name: str) -> str:
    inside = node.css_first(selector)
    return (inside.attributes.get(name) or "") if inside is not None else ""


def _match(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found.group(1) if found else ""


def _plain(value: Any) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _is_ad(node: "LexborNode") -> bool:
    return "data-daid" in node.attributes or node.css_first("[data-daid]") is not None


def _thread(markup: str) -> Post | None:
    """A thread in a forum's list: its title and the beginning of its text."""
    node = _first(markup, "li")
    if node is None:
        return None
    field = _field(node)
    tid = (
        _plain(field.get("id"))
        or (node.attributes.get("data-tid") or "")
        or _match(_THREAD, _attribute(node, "a.j_th_tit", "href"))
    )
    if not tid:
        return None
    link = _attribute(node, "a.frs-author-name", "href")
    return Post(
        id=tid,
        author_id=_plain(field.get("author_portrait")) or _match(_PORTRAIT, link),
        author=_words(node, ".tb_icon_author a") or _plain(field.get("author_name")),
        text=_words(node, "a.j_th_tit", ".threadlist_abs"),
        ad=_is_ad(node),
    )


def _reply(markup: str) -> Post | None:
    """A post in a thread; the first one is what the page was opened for, and no reply."""
    node = _first(markup, "div")
    if node is None:
        return None
    field = _field(node)
    author, content = field.get("author"), field.get("content")
    author = author if isinstance(author, dict) else {}
    content = content if isinstance(content, dict) else {}
    pid = _plain(content.get("post_id")) or (node.attributes.get("data-pid") or "")
    if not pid or _plain(content.get("post_no")) == "1":
        return None
    return Post(
        id=pid,
        author_id=_plain(author.get("user_id")) or _plain(author.get("portrait")),
        author=_words(node, ".p_author_name") or _plain(author.get("user_name")),
        text=_words(node, ".d_post_content"),
        ad=_is_ad(node),
    )


def _result(markup: str) -> Post | None:
    """A search result."""
    node = _first(markup, "div")
    if node is None:
        return None
    title = "span.p_title a"
    tid = _attribute(node, title, "data-tid") or _match(_THREAD, _attribute(node, title, "href"))
    if not tid:
        return None
    by = 'a[href^="/home/main"]'
    return Post(
        id=tid,
        author_id=_match(_PORTRAIT, _attribute(node, by, "href")),
        author=_words(node, by),
        text=_words(node, title, ".p_content"),
        ad=_is_ad(node),
    )


ADAPTER = Adapter(
    name="tieba",
    title="Baidu Tieba (browser)",
    hosts=("tieba.baidu.com",),
    endpoints=(
        # The list stands in a comment, from where a script takes it.
        Endpoint(re.compile(r"/f"), items=HtmlList("li", "j_thread_list", _thread, in_comments=True)),
        Endpoint(re.compile(r"/p/\d+"), items=HtmlList("div", "l_post", _reply)),
        Endpoint(re.compile(r"/f/search/res"), items=HtmlList("div", "s_post", _result)),
    ),
    fields=Fields(id=(), author_id=(), author=(), text=()),  # all of it is read from HTML
    confidence="high",
    as_of="2026-11",
)

"""QZone (QQ 空间) in the browser: the friends' feed, whose posts come as HTML, and one person's posts."""

import re
from collections.abc import Callable
from typing import Any

from circleshield_addon.adapter import Adapter, Endpoint, Fields
from circleshield_addon.html_text import html_to_text, parsed
from circleshield_addon.json_spans import JsonText

_EMOJI = re.compile(r"\[em\]\w+\[/em\]")
_MENTION = re.compile(r"@\{uin:\d+,nick:([^,{}]*)[^{}]*\}")
OFFICIAL = "20050606"  # QZone's own account, which only advertises

_FEED = Fields(
    id=("key",),
    author_id=("opuin", "uin"),
    author=("nickname",),
    text=(("words",),),
)


def _words(markup: str) -> str:
    """What a feed item's HTML says: the post's text, and what it passes on."""
    tree = parsed(markup)
    for more in tree.css('[data-cmd="qz_toggle"]'):
        more.decompose()
    own = tree.css("div.f-info.qz_info_complete") or tree.css("div.f-info")
    said: list[str] = []
    for node in (*own, *tree.css("div.txt-box")):
        text = html_to_text(node.html or "")
        if text and not any(text in before for before in said):
            said.append(text)
    return "\n".join(said)


def _with_words(_: JsonText) -> Callable[[Any], Any]:
    def read(item: Any) -> Any:
        if not isinstance(item, dict) or not isinstance(item.get("html"), str):
            return item
        return {**item, "words": _words(item["html"])}

    return read


def without_codes(_: JsonText) -> Callable[[Any], Any]:
    """What reads an item's texts as they are shown: emoji and mentions stand in them as codes with numbers."""

    def read(value: Any) -> Any:
        if isinstance(value, str):
            return _MENTION.sub(r"@\1", _EMOJI.sub("", value))
        if isinstance(value, dict):
            return {key: read(member) for key, member in value.items()}
        return [read(element) for element in value] if isinstance(value, list) else value

    return read


def _is_ad(item: dict[str, Any]) -> bool:
    return str(item.get("key", "")).startswith("advertisement") or str(item.get("uin", "")) == OFFICIAL


ADAPTER = Adapter(
    name="qzone_web",
    title="QZone (user.qzone.qq.com)",
    hosts=("user.qzone.qq.com", "h5.qzone.qq.com"),
    endpoints=(
        Endpoint(
            re.compile(r"/proxy/domain/ic2\.qzone\.qq\.com/cgi-bin/feeds/feeds3_html_more"),
            items=("data.data",),
            fields=_FEED,
            resolve=_with_words,
            typed_html=True,
        ),
        Endpoint(
            re.compile(r"/proxy/domain/taotao\.(?:qzone\.)?qq\.com/cgi-bin/emotion_cgi_msglist_v6"),
            items=("msglist",),
            resolve=without_codes,
            typed_html=True,
        ),
    ),
    fields=Fields(
        id=("tid",),
        author_id=("uin",),
        author=("name",),
        text=(("content",),),
        inner=("rt_con",),
        main=("content",),
        drop={"conlist": None, "rt_con": None, "pic": None, "video": None, "pictotal": "0", "has_more_con": "0"},
    ),
    confidence="medium",
    as_of="2026-11",
    item_is_ad=_is_ad,
)

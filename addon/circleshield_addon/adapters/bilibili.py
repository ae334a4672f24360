"""Bilibili in the browser: dynamics of those one follows and of one person, and comments."""

import re

from circleshield_addon.adapter import Adapter, Endpoint, Fields

_WHAT = "modules.module_dynamic"
_MAJOR = f"{_WHAT}.major"
_CARDS = ("archive", "article", "ugc_season", "common", "pgc", "courses", "live", "music")
# The client shows these nodes, not the text beside them.
_NODE = '{"type":"RICH_TEXT_NODE_TYPE_TEXT","orig_text":"…","text":"…"}'

_DYNAMIC = Fields(
    id=("id_str",),
    author_id=("modules.module_author.mid",),
    author=("modules.module_author.name",),
    text=(
        (f"{_WHAT}.desc.text",),
        (f"{_MAJOR}.opus.title",),
        (f"{_MAJOR}.opus.summary.text", *(f"{_MAJOR}.{card}.title" for card in _CARDS)),
        tuple(f"{_MAJOR}.{card}.desc" for card in _CARDS),
    ),
    inner=("orig",),
    ad={
        "type": frozenset(("DYNAMIC_TYPE_AD",)),
        f"{_WHAT}.additional.type": frozenset(("ADDITIONAL_TYPE_GOODS",)),
        f"{_WHAT}.desc.rich_text_nodes[].type": frozenset(("RICH_TEXT_NODE_TYPE_GOODS",)),
        f"{_MAJOR}.opus.summary.rich_text_nodes[].type": frozenset(("RICH_TEXT_NODE_TYPE_GOODS",)),
    },
    main=(f"{_WHAT}.desc.text", f"{_MAJOR}.opus.summary.text", *(f"{_MAJOR}.{card}.title" for card in _CARDS)),
    drop={
        f"{_WHAT}.additional": "null",
        f"{_MAJOR}.opus.pics": "[]",
        f"{_MAJOR}.draw.items": "[]",
        f"{_MAJOR}.article.covers": "[]",
        **{f"{_MAJOR}.{card}.cover": '""' for card in _CARDS},
        # As Bilibili itself shows that the repeated one is gone.
        "orig.type": '"DYNAMIC_TYPE_NONE"',
        f"orig.{_WHAT}": '{"additional":null,"desc":null,"major":{"type":"MAJOR_TYPE_NONE","none":{"tips":""}}}',
    },
    pieces={f"{_WHAT}.desc.rich_text_nodes": _NODE, f"{_MAJOR}.opus.summary.rich_text_nodes": _NODE},
)
_COMMENT = Fields(
    id=("rpid_str", "rpid"),
    author_id=("member.mid", "mid_str", "mid"),
    author=("member.uname",),
    text=(("content.message",),),
    main=("content.message",),
    drop={"content.pictures": None, "content.jump_url": "{}"},
    needs=("content",),
)

ADAPTER = Adapter(
    name="bilibili",
    title="Bilibili (web)",
    hosts=("api.bilibili.com",),
    endpoints=(
        Endpoint(re.compile(r"/x/polymer/web-dynamic/v1/feed/(?:all|space)"), items=("data.items",)),
        # The answers that come with a comment stay and go with it.
        Endpoint(
            re.compile(r"/x/v2/reply(?:/main|/wbi/main|/reply)?"),
            items=("data.replies", "data.top_replies"),
            fields=_COMMENT,
            never_empty=True,
        ),
    ),
    fields=_DYNAMIC,
    confidence="high",
    as_of="2026-11",
)

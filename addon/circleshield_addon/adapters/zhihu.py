"""Zhihu: recommendations, followed people's moments, one person's, and searches; on the web's host and on the app's."""

import re
from dataclasses import replace
from typing import Any

from circleshield_addon.adapter import Adapter, Endpoint, Fields

_SHORT = ("excerpt", "excerpt_new", "preview_text", "detail", "description", "excerpt_title")

# An answer, article, question, video or short post ("pin"). The `content` of a pin is an array of blocks.
_TARGET = Fields(
    id=("id",),
    author_id=("author.id", "author.url_token"),
    author=("author.name",),
    text=(
        ("question.title", "question.name", "title"),
        ("content", "content_html", "content[].content", *_SHORT),
    ),
    html=frozenset(("content", "content_html", "content[].content", "detail")),
    inner=("origin_pin",),
    main=(*_SHORT, "content", "content_html", "title"),
    drop={"origin_pin": None, "thumbnail": '""', "thumbnails": "[]"},
    positions={"segment_infos": "[]"},
    pieces={"content": '{"type":"text","title":"","content":"…","own_text":"…"}'},
)
# Searches mark what was looked for with <em>.
_FOUND = replace(_TARGET, html=_TARGET.html | {"title", "question.title", "question.name", "excerpt"})


def _is_ad(item: dict[str, Any]) -> bool:
    return item.get("type") == "feed_advert" or any(
        item.get(key) for key in ("ad", "adjson", "ad_info", "promotion_extra")
    )


ADAPTER = Adapter(
    name="zhihu",
    title="Zhihu",
    hosts=("www.zhihu.com", "api.zhihu.com"),
    endpoints=(
        # Clients stop at a page without items, whatever `paging.is_end` says.
        Endpoint(
            re.compile(
                r"/api/v3/feed/topstory/(?:recommend|follow)|/api/v3/moments(?:/[^/]+/activities)?"
                r"|/topstory/(?:recommend|follow)|/moments(?:_v3)?|/people/[^/]+/activities"
            ),
            items=("data", "data[].list"),
            post=("target",),
            never_empty=True,
        ),
        Endpoint(
            re.compile(r"/api/v4/(?:members|questions)/[^/]+/(?:answers|articles|pins|feeds)"),
            items=("data",),
            post=("target", ""),
            fields=replace(_TARGET, needs=("author",)),
            never_empty=True,
        ),
        Endpoint(
            re.compile(r"(?:/api/v4)?/search_v3"), items=("data",), post=("object",), fields=_FOUND, never_empty=True
        ),
    ),
    fields=_TARGET,
    confidence="medium",
    as_of="2026-11",
    item_is_ad=_is_ad,
    ad_id=("id", "ad.id", "attached_info"),
)

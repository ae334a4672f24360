"""Tumblr: the dashboard and blogs, with posts in the new format (blocks) and the old one (HTML)."""

import re
from typing import Any

from circleshield_addon.adapter import Adapter, Endpoint, Fields

_LEGACY = ("body", "caption", "description", "answer", "text")


def _is_ad(element: dict[str, Any]) -> bool:
    kind = element.get("object_type", element.get("objectType"))
    return isinstance(kind, str) and (kind.startswith("client_side_ad") or kind.endswith("_ad"))


ADAPTER = Adapter(
    name="tumblr",
    title="Tumblr",
    hosts=("api.tumblr.com", "www.tumblr.com"),
    endpoints=(
        Endpoint(
            re.compile(
                r"(?:/api)?/v2/(?:user/dashboard"
                r"|blog/[^/]+/posts(?:/(?:text|photo|quote|link|chat|audio|video|answer))?)"
            ),
            items=("response.posts",),
            never_empty=True,  # paged by offset
        ),
        Endpoint(
            re.compile(r"(?:/api)?/v2/timeline/(?:dashboard|search)"),
            items=("response.timeline.elements",),
        ),
        Endpoint(re.compile(r"(?:/api)?/v2/tagged"), items=("response",)),
    ),
    fields=Fields(
        id=("id_string", "idString"),
        author_id=("blog.uuid",),
        author=("blog_name", "blogName"),
        # The old format's HTML holds what was reblogged as well.
        text=(("title",), ("question",), ("content[].text", *_LEGACY)),
        html=frozenset(_LEGACY),
        inner=("trail[]",),
        main=_LEGACY,
        pieces={"content": '{"type":"text","text":"…"}'},
        drop={
            "summary": '""',
            "trail": "[]",
            "layout": "[]",
            "photos": "[]",
            "player": None,
            "reblog.comment": '""',
            "reblog.tree_html": '""',
        },
    ),
    confidence="high",
    as_of="2025-07",
    item_is_ad=_is_ad,
    ad_id=("id", "ad_id", "adId"),
)

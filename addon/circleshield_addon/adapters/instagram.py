"""Instagram on the web: the feed and profiles, as REST and as GraphQL of two generations.

A post is a picture, which cannot be taken out of it: a fold leaves it and rewrites the caption. The first screen of
the feed may come inside the HTML page; it is not covered.
"""

import re
from collections.abc import Iterator
from typing import Any

from circleshield_addon.adapter import Adapter, Endpoint, Fields, Slot, first
from circleshield_addon.json_spans import JsonText

# GraphQL serves direct messages too, so only lists of these names are read.
_CONNECTION = re.compile(
    r"xdt_api__v1__feed__(?:user_|liked_|hashtag_|location_)?timeline\w*connection"
    r"|edge_(?:web_feed_timeline|owner_to_timeline_media|felix_video_timeline|user_to_photos_of_you"
    r"|hashtag_to_media|hashtag_to_top_posts|location_to_media|location_to_top_posts)"
)


def _edges(text: JsonText) -> Iterator[Slot]:
    for data in text.find("data"):
        for key, holder in text.members(data).items():
            for name, connection in {key: holder, **text.members(holder)}.items():
                if _CONNECTION.fullmatch(name):
                    for array in text.find("edges", connection):
                        edges = text.elements(array)
                        yield from (Slot(edges, index) for index in range(len(edges)))


def _is_ad(item: dict[str, Any]) -> bool:
    return isinstance(first(item, "ad"), dict) or isinstance(first(item, "node.ad"), dict)


_HIDDEN = {"usertags": None, "product_tags": None, "location": None, "clips_metadata": None, "coauthor_producers": "[]"}

ADAPTER = Adapter(
    name="instagram",
    title="Instagram (web)",
    hosts=("www.instagram.com",),
    endpoints=(
        Endpoint(
            re.compile(r"/api/v1/feed/timeline/?"),
            items=("feed_items",),
            post=("media_or_ad", "explore_story.media_or_ad", "ad.items[]"),
            method="POST",
        ),
        *(
            Endpoint(re.compile(r"/api/v1/feed/(?:user|tag|location)/[^/]+(?:/username)?/?"), ("items",), method=method)
            for method in ("GET", "POST")
        ),
        *(
            Endpoint(
                re.compile(r"/graphql/query/?|/api/graphql/?"),
                items=_edges,
                post=("node.media", "node.explore_story.media", "node.ad.items[]", "node"),
                method=method,
            )
            for method in ("GET", "POST")
        ),
    ),
    fields=Fields(
        id=("pk", "id"),
        author_id=("user.pk", "user.id", "owner.id"),
        author=("user.username", "owner.username"),
        text=(("caption.text", "edge_media_to_caption.edges[].node.text"),),
        ad={
            "ad_id": True,
            "injected": True,
            "dr_ad_type": True,
            "product_type": frozenset(("ad",)),
        },
        main=("caption.text", "edge_media_to_caption.edges[].node.text"),
        drop=_HIDDEN,
        needs=("code", "shortcode"),
    ),
    confidence="high",
    as_of="2024-05",
    item_is_ad=_is_ad,
    ad_id=("node.ad.ad_id", "ad.ad_id"),
)

"""Bluesky: the AT Protocol's feed methods, which every server answers under the same path."""

import re

from circleshield_addon.adapter import Adapter, Endpoint, Fields

ADAPTER = Adapter(
    name="bluesky",
    title="Bluesky",
    hosts=("bsky.social", "*.host.bsky.network", "api.bsky.app", "public.api.bsky.app"),
    endpoints=(
        Endpoint(
            re.compile(r"/xrpc/app\.bsky\.feed\.(?:getTimeline|getFeed|getAuthorFeed|getListFeed|getActorLikes)"),
            items=("feed",),
            post=("post",),
        ),
        Endpoint(re.compile(r"/xrpc/app\.bsky\.feed\.(?:searchPosts|getQuotes)"), items=("posts",)),
    ),
    fields=Fields(
        id=("uri",),
        author_id=("author.did",),
        author=("author.handle",),
        text=(("record.text", "value.text"),),  # a quoted post carries its record as `value`
        inner=("embed.record", "embed.record.record"),  # quote; quote with pictures
        main=("record.text",),
        drop={"embed": None, "record.embed": None},
        positions={"record.facets": None},
    ),
    confidence="high",
    as_of="2026-11",
    federated=True,
)

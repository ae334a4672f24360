"""Douban: the timelines of statuses (广播), of the mobile web and of the app."""

import re

from circleshield_addon.adapter import Adapter, Endpoint, Fields

ADAPTER = Adapter(
    name="douban",
    title="Douban",
    hosts=("m.douban.com", "frodo.douban.com"),
    endpoints=(
        # The next page is asked for by the id of the last status that came (`max_id`).
        Endpoint(
            re.compile(r"(?:/rexxar)?/api/v2/status/(?:home_timeline|user_timeline/[^/]+)"),
            items=("items",),
            post=("status",),
            last_item_is_cursor=True,
        ),
    ),
    fields=Fields(
        id=("id",),
        author_id=("author.id", "author.uid"),
        author=("author.name",),
        text=(("text",), ("card.title",), ("card.subtitle",)),
        inner=("reshared_status", "parent_status"),
        main=("text",),
        drop={"reshared_status": "null", "parent_status": "null", "card": "null", "images": "[]", "video_info": None},
        positions={"entities": "[]"},
    ),
    confidence="high",
    as_of="2017-04",
)

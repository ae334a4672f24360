"""Jike: the updates of those one follows, one person's, recommendations; and the public pages of people and topics."""

import re
from typing import Any

from circleshield_addon.adapter import Adapter, Endpoint, Fields


def _is_ad(item: dict[str, Any]) -> bool:
    return item.get("type") == "RECOMMENDED_MESSAGE"


ADAPTER = Adapter(
    name="jike",
    title="Jike",
    hosts=("api.ruguoapp.com", "app.jike.ruguoapp.com", "m.okjike.com"),
    endpoints=(
        Endpoint(
            re.compile(r"/1\.0/(?:personalUpdate/(?:followingUpdates|single)|recommendFeed/list|userPost/listMore)"),
            items=("data", "data[].items"),
            post=("item", ""),
            method="POST",
        ),
        Endpoint(
            re.compile(r"/(?:users|topics)/[^/]+"),
            items=("props.pageProps.posts",),
            embedded=re.compile(rb'<script id="__NEXT_DATA__" type="application/json"[^<>]*>'),
        ),
    ),
    fields=Fields(
        id=("id",),
        author_id=("user.username", "user.id"),
        author=("user.screenName",),
        text=(("content",), ("linkInfo.title",)),
        inner=("target",),
        main=("content",),
        drop={
            "pictures": "[]",
            "linkInfo": None,
            "video": None,
            "audio": None,
            "poll": None,
            "urlsInText": "[]",
            # A repost without its target would be none: the target stays, empty.
            "target.content": '""',
            "target.pictures": "[]",
            "target.linkInfo": None,
            "target.video": None,
            "target.audio": None,
            "target.urlsInText": "[]",
        },
        needs=("content", "target"),
    ),
    confidence="high",
    as_of="2026-11",
    item_is_ad=_is_ad,
)

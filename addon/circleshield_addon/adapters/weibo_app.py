"""Weibo's API, as its app uses it (api.weibo.cn) and as other clients do (api.weibo.com): texts come as plain text."""

import re
from dataclasses import replace

from circleshield_addon.adapter import Adapter, Endpoint
from circleshield_addon.adapters.weibo import MBLOG

_STATUS = replace(
    MBLOG,
    id=("idstr", "mid"),  # cards have an `id` too
    text=(("longText.longTextContent", "longText.content", "text"),),
    html=frozenset(),
    main=("longText.longTextContent", "longText.content", "text"),
)

_LISTS = (
    r"/2/statuses/(?:unread_)?friends[/_]timeline",
    r"/2/statuses/unread_hot_timeline",
    r"/2/groups/timeline",
    r"/2/(?:statuses/|profile/|search/)?container_timeline\w*",
)

APP = Adapter(
    name="weibo_app",
    title="Weibo (app)",
    hosts=("api.weibo.cn", "mapi.weibo.com"),
    endpoints=tuple(
        Endpoint(
            re.compile("|".join(_LISTS)),
            method=method,
            # A group is a module: it holds items of its own.
            items=("statuses", "items", "items[].items", "items[].items[].items"),
            post=("data", ""),
            ad_ids=("ad[].id", "advertises[].id"),
            never_empty=True,
        )
        for method in ("GET", "POST")
    ),
    fields=_STATUS,
    confidence="medium",
    as_of="2025-07",
)

API = Adapter(
    name="weibo_api",
    title="Weibo (open API)",
    hosts=("api.weibo.com",),
    endpoints=(
        Endpoint(
            re.compile(r"/2/statuses/(?:home|friends|user|public|bilateral)_timeline\.json"),
            items=("statuses",),
            ad_ids=("ad[].id",),
            never_empty=True,
        ),
    ),
    fields=_STATUS,
    confidence="high",
    as_of="2026-11",
)

"""Mastodon and what speaks its client API (Pixelfed, Pleroma, Akkoma, GoToSocial, snac …): the timelines' lists."""

import re

from circleshield_addon.adapter import Adapter, Endpoint, Fields

ADAPTER = Adapter(
    name="mastodon",
    title="Mastodon and its like",
    hosts=(
        "mastodon.social",
        "mastodon.online",
        "mstdn.social",
        "mas.to",
        "fosstodon.org",
        "hachyderm.io",
        "infosec.exchange",
        "mstdn.jp",
        "pawoo.net",
        "m.cmx.im",
        "alive.bar",
        "o3o.ca",
        "pixelfed.social",
    ),
    endpoints=(Endpoint(re.compile(r"/api/v1/timelines/(?:home|public|link|list/[^/]+|tag/[^/]+)"), items=("",)),),
    fields=Fields(
        id=("id",),
        author_id=("account.id",),
        author=("account.acct", "account.username"),
        text=(("spoiler_text",), ("content",)),
        html=frozenset(("content",)),
        inner=("reblog", "quote.quoted_status"),
        main=("content",),
        drop={"reblog": "null", "quote": "null", "media_attachments": "[]", "card": "null", "poll": "null"},
    ),
    confidence="high",
    as_of="2026-08",
    federated=True,
)

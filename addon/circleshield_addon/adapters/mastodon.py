"""Mastodon and what speaks its client API (Pixelfed, Pleroma, Akkoma, GoToSocial, snac …): the timelines' lists."""

import re

from circleshield_addon.adapter import Adapter, Endpoint, Fields, Stream
from circleshield_addon.json_spans import JsonText, Span

_POSTS = ("update", "status.update")


def _status(event: str, text: JsonText) -> Span | None:
    return text.root if event in _POSTS else None


def _payload(event: str, text: JsonText) -> Span | None:
    members = text.members(text.root)
    if "event" in members and "payload" in members and text.value(members["event"]) in _POSTS:
        return members["payload"]
    return None


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
    endpoints=(
        Endpoint(re.compile(r"/api/v1/timelines/(?:home|public|link|list/[^/]+|tag/[^/]+)"), items=("",)),
        Endpoint(re.compile(r"/api/v1/(?:accounts/[^/]+|trends)/statuses"), items=("",)),
        Endpoint(re.compile(r"/api/v2/search"), items=("statuses",)),
    ),
    streams=(
        Stream(
            re.compile(
                r"/api/v1/streaming(?:/(?:user|public|public/local|public/remote|hashtag|hashtag/local|list)?)?"
            ),
            kind="sse",
            post=_status,
        ),
        Stream(re.compile(r"/api/v1/streaming/?"), kind="websocket", post=_payload, in_string=True),
    ),
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

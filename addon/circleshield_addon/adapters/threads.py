"""Threads on the web: feed, profiles and searches. An item is a thread, which holds its posts."""

import re
from collections.abc import Iterator

from circleshield_addon.adapter import Adapter, Endpoint, Fields, Slot
from circleshield_addon.json_spans import JsonText, Span

_POSTS = (
    "node.text_post_app_thread.thread_items",
    "node.thread_items",
    "node.thread.thread_items",
    "text_post_app_thread.thread_items",
    "thread_items",
)


def _slots(text: JsonText) -> Iterator[Slot]:
    """Every thread of every list, and every post of every thread: a thread goes when its last post goes."""
    for data in text.find("data"):
        for threads in _lists(text, data):
            for index, thread in enumerate(threads):
                arrays = [text.elements(array) for path in _POSTS for array in text.find(path, thread)]
                if arrays:
                    yield Slot(threads, index)
                for posts in arrays:
                    yield from (Slot(posts, place) for place in range(len(posts)))


def _lists(text: JsonText, data: Span) -> Iterator[tuple[Span, ...]]:
    for name, connection in text.members(data).items():
        if name == "data":  # a post's own page: a thread and the answers to it
            continue
        for holder in (connection, *text.members(connection).values()):
            for path in ("edges", "threads"):
                yield from (text.elements(array) for array in text.find(path, holder))


ADAPTER = Adapter(
    name="threads",
    title="Threads (web)",
    hosts=("www.threads.com", "www.threads.net"),
    endpoints=(Endpoint(re.compile(r"/api/graphql/?|/graphql/query/?"), items=_slots, post=("post",), method="POST"),),
    fields=Fields(
        id=("pk", "id"),
        author_id=("user.pk", "user.id"),
        author=("user.username",),
        text=(("caption.text", "text_post_app_info.text_fragments.fragments[].plaintext"),),
        inner=("text_post_app_info.share_info.quoted_post", "text_post_app_info.share_info.reposted_post"),
        ad={"ad_id": True, "injected": True, "product_type": frozenset(("ad",))},
        main=("caption.text",),
        pieces={
            "text_post_app_info.text_fragments.fragments": '{"fragment_type":"plaintext","plaintext":"…",'
            '"link_fragment":null,"mention_fragment":null}'
        },
        drop={
            "text_post_app_info.share_info.quoted_post": "null",
            "text_post_app_info.share_info.reposted_post": "null",
            "text_post_app_info.link_preview_attachment": "null",
            "image_versions2.candidates": "[]",
            "carousel_media": "null",
            "video_versions": "null",
        },
    ),
    confidence="medium",
    as_of="2026-11",
)

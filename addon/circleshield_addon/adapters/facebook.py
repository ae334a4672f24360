"""Facebook on the web: home, group and profile feeds, one JSON document a line, posts streamed after the first.

A streamed post says at which index of the list it belongs, so none is ever deleted, here or in the list it extends: it
is folded, or left alone where it has no text to write to.
"""

import re
from collections.abc import Iterator
from typing import Any

from circleshield_addon.adapter import Adapter, Endpoint, Fields, Slot, first
from circleshield_addon.json_spans import JsonText

_LISTS = (
    "data.viewer.news_feed.edges",
    "data.node.group_feed.edges",
    "data.node.timeline_list_feed_units.edges",
    "data.user.timeline_list_feed_units.edges",
)
_STREAMED = re.compile(r"\w+\$stream\$\w+_(?:news_feed|group_feed|timeline_list_feed_units)")


def _slots(text: JsonText) -> Iterator[Slot]:
    for path in _LISTS:
        for array in text.find(path):
            edges = text.elements(array)
            yield from (Slot(edges, index, removable=False) for index in range(len(edges)))
    for label in text.find("label"):
        if _STREAMED.fullmatch(str(text.value(label))):
            yield from (Slot((span,), 0, removable=False) for span in text.find("data"))


_AD = (
    "sponsored_data",
    "node.sponsored_data",
    "node.th_dat_spo",
    "node.comet_sections.footer.story.th_dat_spo",
    "node.comet_sections.footer.story.sponsored_data",
)


def _sponsored(edge: dict[str, Any]) -> bool:
    return (
        first(edge, "category") == "SPONSORED"
        or first(edge, "node.category") == "SPONSORED"
        or any(first(edge, path) is not None for path in _AD)
    )


_STORY = "comet_sections.content.story"
_MESSAGES = (
    f"{_STORY}.message.text",
    f"{_STORY}.comet_sections.message.story.message.text",
    f"{_STORY}.comet_sections.message_container.story.message.text",
    "message.text",
)

ADAPTER = Adapter(
    name="facebook",
    title="Facebook (web)",
    hosts=("www.facebook.com",),
    endpoints=(
        Endpoint(
            re.compile(r"/api/graphql/?"),
            items=_slots,
            post=("node",),
            method="POST",
            typed_html=True,
        ),
    ),
    fields=Fields(
        id=("post_id",),
        author_id=(f"{_STORY}.actors[].id", "actors[].id"),
        author=(f"{_STORY}.actors[].name", "actors[].name"),
        text=(_MESSAGES,),
        inner=(f"{_STORY}.attached_story", "attached_story"),
        main=_MESSAGES,
        drop={
            f"{_STORY}.attachments": "[]",
            f"{_STORY}.attached_story": "null",
            f"{_STORY}.comet_sections.attached_story": "null",
            "attachments": "[]",
            "attached_story": "null",
        },
        positions={
            f"{_STORY}.message.ranges": "[]",
            f"{_STORY}.comet_sections.message.story.message.ranges": "[]",
            f"{_STORY}.comet_sections.message_container.story.message.ranges": "[]",
        },
    ),
    confidence="medium",
    as_of="2026-11",
    item_is_ad=_sponsored,
    ad_id=("node.id", "node.sponsored_data.ad_id", "node.th_dat_spo.ad_id"),
)

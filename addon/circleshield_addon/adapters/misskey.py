"""Misskey and its forks (Sharkey, Firefish, Iceshrimp …): the notes' lists, which its client asks for by POST."""

import re

from circleshield_addon.adapter import Adapter, Endpoint, Fields, Stream
from circleshield_addon.json_spans import JsonText, Span

_LISTS = (
    r"notes/(?:timeline|local-timeline|hybrid-timeline|global-timeline|bubble-timeline|user-list-timeline|search"
    r"|search-by-tag|featured|polls/recommendation)"
    r"|users/(?:notes|featured-notes)|antennas/notes|channels/timeline|roles/notes|clips/notes"
)


def _note(event: str, text: JsonText) -> Span | None:
    body = next(text.find("body"), None)
    members = text.members(body) if body is not None else {}
    is_note = "type" in members and text.value(members["type"]) == "note"
    return members.get("body") if is_note else None


ADAPTER = Adapter(
    name="misskey",
    title="Misskey and its forks",
    hosts=(
        "misskey.io",
        "misskey.design",
        "misskey.art",
        "misskey.systems",
        "nijimiss.moe",
        "sushi.ski",
        "blahaj.zone",
    ),
    # The next page is asked for by the id of the last note that came.
    endpoints=(Endpoint(re.compile(rf"/api/(?:{_LISTS})"), items=("",), method="POST", last_item_is_cursor=True),),
    fields=Fields(
        id=("id",),
        author_id=("user.id", "userId"),
        author=("user.username",),
        text=(("cw",), ("text",)),
        inner=("renote",),
        ad={"_prId_": True, "_featuredId_": True},
        main=("text",),  # null in a pure renote
        drop={
            "cw": "null",
            "renote": "null",
            "renoteId": "null",
            "files": "[]",
            "fileIds": "[]",
            "poll": None,
        },
    ),
    confidence="medium",
    as_of="2026-11",
    federated=True,
    streams=(Stream(re.compile(r"/streaming/?"), kind="websocket", post=_note),),
)

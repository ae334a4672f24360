"""LinkedIn on the web: a feed is a list of URNs, the objects so named stand in `included`.

Only the URN is taken out: other parts of the page may name the object. Its text is elsewhere, so it is not rewritten.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from circleshield_addon.adapter import Adapter, Endpoint, Fields, Slot, first
from circleshield_addon.json_spans import JsonText

_FEED = re.compile(r"feedDash(?:MainFeed|InterestUpdates|ProfileUpdates|OrganizationalPageUpdates|HashtagFeed)\w*")


def _urns(text: JsonText) -> Iterator[Slot]:
    for data in text.find("data.data"):
        for name, connection in text.members(data).items():
            if _FEED.fullmatch(name):
                for array in text.find("*elements", connection):
                    urns = text.elements(array)
                    yield from (Slot(urns, index) for index in range(len(urns)))


def _resolve(text: JsonText) -> Callable[[Any], Any]:
    included = {
        urn: value
        for array in text.find("included")
        for span in text.elements(array)
        if isinstance(value := text.value(span), dict) and isinstance(urn := value.get("entityUrn"), str)
    }

    def resolved(urn: Any) -> Any:
        update = included.get(urn) if isinstance(urn, str) else None
        shared = update.get("*resharedUpdate") if update else None
        if update and isinstance(shared, str) and shared in included:
            return {**update, "resharedUpdate": included[shared]}
        return update

    return resolved


# What stands below the author's name in place of the post's age, in the languages of most users.
_PROMOTED = re.compile(
    r"Promoted|Sponsored|Sponsorisé|Anzeige|Gesponsert|Gesponsord|Promocionad[oa]|Promovid[oa]|Patrocinad[oa]"
    r"|Post sponsorizzato|Продвигается|推广|推廣|广告|廣告|促銷內容|プロモーション|광고|プロモート"
)


def _promoted(update: dict[str, Any]) -> bool:
    below = first(update, "actor.subDescription.text")
    return isinstance(below, str) and _PROMOTED.match(below.strip()) is not None


ADAPTER = Adapter(
    name="linkedin",
    title="LinkedIn (web)",
    hosts=("www.linkedin.com",),
    endpoints=(
        Endpoint(
            re.compile(r"/voyager/api/(?:feed/updatesV2|identity/profileUpdatesV2|organization/updatesV2)"),
            items=("data.*elements",),
            resolve=_resolve,
            never_empty=True,  # paged by offset
        ),
        Endpoint(re.compile(r"/voyager/api/graphql"), items=_urns, resolve=_resolve, never_empty=True),
    ),
    fields=Fields(
        id=("entityUrn",),
        author_id=("actor.backendUrn", "actor.urn"),
        author=("actor.name.text",),
        text=(("commentary.text.text",),),
        inner=("resharedUpdate",),
        ad={"updateMetadata.trackingData.sponsoredTracking": True},
        needs=("actor", "commentary", "content", "resharedUpdate"),
    ),
    confidence="high",
    as_of="2026-11",
    item_is_ad=_promoted,
)

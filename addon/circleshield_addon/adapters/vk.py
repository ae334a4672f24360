"""VK: newsfeed and walls. Who wrote a post stands in lists beside the posts."""

import re
from collections.abc import Callable
from typing import Any

from circleshield_addon.adapter import Adapter, Endpoint, Fields
from circleshield_addon.json_spans import JsonText


def _resolve(text: JsonText) -> Callable[[Any], Any]:
    names: dict[int, str] = {}
    for path, sign in (("response.profiles[]", 1), ("response.groups[]", -1)):
        for span in text.find(path):
            who = text.value(span)
            number = who.get("id") if isinstance(who, dict) else None
            if isinstance(number, int):
                parts = (who.get(key) for key in ("first_name", "last_name", "name"))
                names[sign * number] = " ".join(part for part in parts if isinstance(part, str))

    def resolved(item: Any) -> Any:
        if not isinstance(item, dict):
            return item
        owner = next((item[key] for key in ("source_id", "owner_id", "to_id") if isinstance(item.get(key), int)), None)
        number = next((item[key] for key in ("post_id", "id") if isinstance(item.get(key), int)), None)
        found = dict(item)
        if owner is not None and number is not None and item.get("type", "post") == "post":
            found["_id"] = f"{owner}_{number}"
        author = item.get("from_id", owner)
        if isinstance(author, int):
            found["_author"] = names.get(author, "")
        return found

    return resolved


def _is_ad(item: dict[str, Any]) -> bool:
    return item.get("type") == "ads" and isinstance(item.get("ads"), list)


ADAPTER = Adapter(
    name="vk",
    title="VK",
    hosts=("api.vk.com", "api.vk.ru"),
    endpoints=tuple(
        Endpoint(
            re.compile(r"/method/(?:newsfeed\.(?:get|getRecommended|getCustom|search)|wall\.(?:get|search))"),
            items=("response.items",),
            method=method,
            resolve=_resolve,
            never_empty=True,  # walls are paged by offset
        )
        for method in ("GET", "POST")
    ),
    fields=Fields(
        id=("_id",),
        author_id=("from_id", "source_id", "owner_id"),
        author=("_author",),
        text=(("text",),),
        inner=("copy_history[]",),
        ad={"marked_as_ads": True},
        main=("text",),
        drop={"copy_history": None, "attachments": "[]"},
    ),
    confidence="high",
    as_of="2026-11",
    item_is_ad=_is_ad,
    ad_id=("ads[].post.id", "track_code"),
)

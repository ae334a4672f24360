"""QZone (QQ 空间) on phones: the friends' feed of its mobile pages."""

import re

from circleshield_addon.adapter import Adapter, Endpoint, Fields
from circleshield_addon.adapters.qzone_web import OFFICIAL, without_codes

_FEEDS = ("data.vFeeds",)

ADAPTER = Adapter(
    name="qzone_mobile",
    title="QZone (mobile pages)",
    hosts=("mobile.qzone.qq.com", "h5.qzone.qq.com"),
    endpoints=(
        Endpoint(
            re.compile(r"/(?:get_feeds|list)"), items=_FEEDS, resolve=without_codes, typed_html=True, never_empty=True
        ),
        *(
            Endpoint(
                re.compile(r"/webapp/json/mqzone_feeds/getActiveFeeds"),
                method=method,
                items=_FEEDS,
                resolve=without_codes,
                typed_html=True,
                never_empty=True,
            )
            for method in ("GET", "POST")
        ),
        # The first page of the feed comes inside the page itself.
        Endpoint(
            re.compile(r"/mqzone/index"),
            items=_FEEDS,
            resolve=without_codes,
            embedded=re.compile(rb"var FrontPage\s*=(?:(?!var FrontPage).)*?\bdata\s*:\s*(?=\{)", re.S),
            never_empty=True,
        ),
    ),
    fields=Fields(
        id=("id.cellid",),
        author_id=("userinfo.user.uin", "userinfo.uin"),
        author=("userinfo.user.nickname", "userinfo.nickname"),
        text=(("summary.summary", "cell_summary.summary", "operation.share_info.summary"),),
        inner=("original",),
        ad={
            "comm.appid": frozenset((6600,)),
            "userinfo.user.uin": frozenset((OFFICIAL, int(OFFICIAL))),
        },
        main=("summary.summary",),
        drop={"original": None, "pic": None, "video": None, "summary.hasmore": "0"},
    ),
    confidence="medium",
    as_of="2026-11",
    item_is_ad=lambda item: _cell_id(item).startswith("advertisement"),
)


def _cell_id(item: dict[str, object]) -> str:
    place = item.get("id")
    return str(place.get("cellid", "")) if isinstance(place, dict) else ""

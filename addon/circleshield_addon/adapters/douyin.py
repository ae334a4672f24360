"""Douyin: feeds, profiles, likes and searches of the web, and the app's feeds where an app lets a proxy in."""

import re

from circleshield_addon.adapter import Adapter, Endpoint, Fields

_PATH = re.compile(
    r"/aweme/v[12]/(?:"
    r"(?:web/)?(?:(?:tab|module|channel|follow|familiar|friend|nearby)/)?feed"
    r"|(?:web/)?aweme/(?:post|favorite|listcollection|related)"
    r"|web/(?:mix/aweme|challenge/aweme|music/aweme|locate/post|general/search/single|search/item)"
    r"|(?:general/)?search/(?:single|item)"
    r")/?"
)

ADAPTER = Adapter(
    name="douyin",
    title="Douyin",
    hosts=("www.douyin.com", "www-hj.douyin.com", "aweme.snssdk.com", "api.amemv.com"),
    endpoints=tuple(
        Endpoint(_PATH, items=("aweme_list", "data"), post=("aweme_info", "aweme", ""), method=method)
        for method in ("GET", "POST")
    ),
    # A video with its caption rewritten would still play, so that nothing is folded here: it goes.
    fields=Fields(
        id=("aweme_id",),
        author_id=("author.uid", "author_user_id"),
        author=("author.nickname",),
        text=(("desc", "preview_title"),),
        ad={"is_ads": True, "raw_ad_data": True},
    ),
    confidence="high",
    as_of="2026-11",
)

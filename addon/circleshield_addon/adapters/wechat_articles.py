"""WeChat's article pages (公众号): the advertisements that are put below and into an article.

WeChat's Moments are no feed that a proxy can read; these are what WeChat sends as ordinary HTTPS.
"""

import re

from circleshield_addon.adapter import Adapter, Endpoint, Fields

ADAPTER = Adapter(
    name="wechat_articles",
    title="WeChat article advertisements",
    hosts=("mp.weixin.qq.com",),
    endpoints=(
        Endpoint(
            re.compile(r"/mp/getappmsgad"),
            method="POST",
            items=("advertisement_info",),
            count="advertisement_num",  # the page reads that many elements and breaks off where one is missing
        ),
    ),
    fields=Fields(
        id=("aid", "traceid"),
        author_id=("biz_info.user_name", "biz_appid"),
        author=("biz_info.nick_name", "app_info.app_name"),
        text=(("hint_txt",), ("ad_desc",)),
    ),
    confidence="high",
    as_of="2026-11",
    item_is_ad=lambda _: True,
    ad_id=("aid", "traceid"),
)

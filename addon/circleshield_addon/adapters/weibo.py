"""Weibo in the browser: weibo.com and m.weibo.cn. The post object ("mblog") is the same in both."""

import re
from collections.abc import Iterator

from circleshield_addon.adapter import Adapter, Endpoint, Fields, Slot
from circleshield_addon.json_spans import JsonText

MBLOG = Fields(
    id=("idstr", "id", "mid"),
    author_id=("user.idstr", "user.id"),
    author=("user.screen_name",),
    text=(("text_raw", "text"),),
    html=frozenset(("text",)),
    inner=("retweeted_status",),
    ad={
        "promotion.type": frozenset(("ad",)),
        "promotion.recommend": frozenset(("广告", "热推")),
        "mblogtypename": frozenset(("广告", "热推")),
        "content_auth_info.content_auth_title": frozenset(("广告", "热推")),
        "readtimetype": frozenset(("adMblog",)),
        "ads_material_info.is_ads": True,
        "isAd": True,
        "is_ad": True,
    },
    main=("text_raw", "text"),
    drop={
        "retweeted_status": None,
        "pic_ids": "[]",
        "pic_infos": None,
        "pics": None,
        "pic_num": "0",
        "page_info": None,
        "mix_media_info": None,
        "url_struct": None,
        "topic_struct": None,
        "isLongText": "false",
        "longText": None,
        "continue_tag": None,
        "common_struct": None,
    },
)


def _status_of_page(text: JsonText) -> Iterator[Slot]:
    # The page is about this one post: without it there is none.
    return (Slot((span,), 0, removable=False) for span in text.find("[].status"))


WEB = Adapter(
    name="weibo_web",
    title="Weibo (weibo.com)",
    hosts=("weibo.com", "www.weibo.com"),
    endpoints=(
        Endpoint(
            re.compile(r"/ajax/feed/(?:friendstimeline|unreadfriendstimeline|groupstimeline|hottimeline)"),
            items=("statuses",),
        ),
        # Asked for by page number, up to a page without posts.
        Endpoint(re.compile(r"/ajax/statuses/(?:mymblog|searchProfile)"), items=("data.list",), never_empty=True),
        Endpoint(re.compile(r"/ajax/statuses/buildComments"), items=("data", "data[].comments")),
    ),
    fields=MBLOG,
    confidence="high",
    as_of="2022-03",
)

MOBILE = Adapter(
    name="weibo_mobile",
    title="Weibo (m.weibo.cn)",
    hosts=("m.weibo.cn",),
    endpoints=(
        Endpoint(
            re.compile(r"/api/container/getIndex"), items=("data.cards", "data.cards[].card_group"), post=("mblog",)
        ),
        # The next page is asked for by the id of the last post that came.
        Endpoint(re.compile(r"/feed/(?:friends|group)"), items=("data.statuses",), last_item_is_cursor=True),
        Endpoint(re.compile(r"/comments/hotflow"), items=("data.data", "data.data[].comments")),
        Endpoint(
            re.compile(r"/(?:status|detail|\d+)/\w+"),
            items=_status_of_page,
            embedded=re.compile(rb"\$render_data\s*=\s*(?=\[)"),
        ),
    ),
    fields=MBLOG,
    confidence="high",
    as_of="2022-03",
)

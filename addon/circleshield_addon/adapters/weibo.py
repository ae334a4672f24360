"""Weibo in the browser: weibo.com and m.weibo.cn. The post object ("mblog") is the same in both."""

import re

from circleshield_addon.adapter import Adapter, Endpoint, Fields

MBLOG = Fields(
    id=("idstr", "id", "mid"),
    author_id=("user.idstr", "user.id"),
    author=("user.screen_name",),
    text=(("text_raw", "text"),),
    html=frozenset(("text",)),
    inner=("retweeted_status",),
    ad={
        "promotion.type": frozenset(("ad",)),
        "mblogtypename": frozenset(("广告", "热推")),
        "isAd": True,
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
        "continue_tag": None,
    },
)

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
        Endpoint(re.compile(r"/ajax/statuses/mymblog"), items=("data.list",), never_empty=True),
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
        Endpoint(re.compile(r"/feed/friends"), items=("data.statuses",), last_item_is_cursor=True),
    ),
    fields=MBLOG,
    confidence="high",
    as_of="2022-03",
)

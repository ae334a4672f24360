"""Xiaohongshu: the web's lists of notes and comments, the notes in its pages, and the app's feeds."""

import re
from typing import Any

from circleshield_addon.adapter import Adapter, Endpoint, Fields

# A list holds titles only, a note's text comes with the note itself. The cover keeps its size, which the grid needs.
_NOTE = Fields(
    id=("id", "note_id"),
    author_id=("note_card.user.user_id", "user.user_id"),
    author=("note_card.user.nickname", "note_card.user.nick_name", "user.nickname"),
    text=(("note_card.display_title", "display_title"), ("note_card.desc", "desc")),
    ad={"model_type": frozenset(("ads",)), "note_card.ads_info": True},
    main=("note_card.display_title", "display_title"),
    drop={
        f"{where}cover.{member}": value
        for where in ("note_card.", "")
        for member, value in (("url", '""'), ("url_pre", '""'), ("url_default", '""'), ("info_list", "[]"))
    }
    | {"note_card.image_list[].info_list": "[]"},
    needs=("note_card", "user"),
)
_COMMENT = Fields(
    id=("id",),
    author_id=("user_info.user_id",),
    author=("user_info.nickname",),
    text=(("content",),),
    main=("content",),
    drop={"pictures": "[]"},
    positions={"at_users": "[]"},
    needs=("user_info",),
)
_NOTE_IN_PAGE = Fields(
    id=("id", "noteId"),
    author_id=("noteCard.user.userId",),
    author=("noteCard.user.nickname", "noteCard.user.nickName"),
    text=(("noteCard.displayTitle",),),
    ad={"modelType": frozenset(("ads",))},
    main=("noteCard.displayTitle",),
    drop={
        "noteCard.cover.url": '""',
        "noteCard.cover.urlPre": '""',
        "noteCard.cover.urlDefault": '""',
        "noteCard.cover.infoList": "[]",
    },
    needs=("noteCard",),
)

WEB = Adapter(
    name="xiaohongshu_web",
    title="Xiaohongshu (web)",
    hosts=("edith.xiaohongshu.com", "www.xiaohongshu.com"),
    endpoints=(
        Endpoint(re.compile(r"/api/sns/web/v\d+/(?:homefeed|search/notes)"), items=("data.items",), method="POST"),
        Endpoint(
            re.compile(r"/api/sns/web/v\d+/(?:user_posted|note/(?:like|collect)/page)"),
            items=("data.notes",),
        ),
        Endpoint(re.compile(r"/api/sns/web/v\d+/comment/(?:sub/)?page"), items=("data.comments",), fields=_COMMENT),
        Endpoint(
            re.compile(r"/|/explore|/search_result|/user/profile/[0-9a-f]+"),
            items=("feed.feeds", "search.feeds", "user.notes[]"),
            fields=_NOTE_IN_PAGE,
            embedded=re.compile(rb"window\.__INITIAL_STATE__\s*=\s*"),
        ),
    ),
    fields=_NOTE,
    confidence="high",
    as_of="2026-11",
)


def _is_ad(item: dict[str, Any]) -> bool:
    return item.get("model_type") == "ads" or bool(item.get("ads"))


APP = Adapter(
    name="xiaohongshu_app",
    title="Xiaohongshu (app)",
    hosts=("edith.xiaohongshu.com",),
    endpoints=(
        # The next page is asked for by the `cursor_score` of the last note that came.
        Endpoint(re.compile(r"/api/sns/v\d+/homefeed"), items=("data",), last_item_is_cursor=True),
        Endpoint(
            re.compile(r"/api/sns/v\d+/(?:user/followings/)?followfeed"),
            items=("data.items", "data.items[].note_list"),
            post=("note", ""),
        ),
        Endpoint(re.compile(r"/api/sns/v\d+/search/notes"), items=("data.items",), post=("note", "ads.note")),
        Endpoint(re.compile(r"/api/sns/v\d+/note/user/posted"), items=("data.notes",), last_item_is_cursor=True),
    ),
    fields=Fields(
        id=("id", "note_id"),
        author_id=("user.userid", "user.user_id", "user.id"),
        author=("user.nickname", "user.name"),
        text=(("title", "display_title"), ("desc",)),
        ad={"is_ads": True, "ads_info": True, "card_icon": True, "note_attributes[]": frozenset(("goods",))},
        main=("title", "display_title", "desc"),
        drop={"images_list[].url": '""', "images_list[].url_size_large": '""', "images_list[].original": '""'},
        positions={"hash_tag": "[]", "ats": "[]"},
        needs=("user",),
    ),
    confidence="medium",
    as_of="2026-06",
    item_is_ad=_is_ad,
    ad_id=("id", "ads.id"),
)

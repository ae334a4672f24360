"""Feeds told by their shape: what is one, what is none, and that nothing else is touched."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circleshield_addon.adapters import ADAPTERS
from circleshield_addon.filtering import filtered
from circleshield_addon.generic import GENERIC, described, detected
from circleshield_addon.json_spans import JsonError, JsonText
from circleshield_addon.judge import Judge
from circleshield_addon.notes import Notes
from circleshield_addon.page import JsonPage, read_page
from circleshield_addon.post import Post
from circleshield_addon.routing import Route, decrypted, is_page_type, route
from circleshield_addon.settings import Filter, Generic, Platform, Settings, SpamAction
from circleshield_model.scorer import Scorer

FIXTURES = Path(__file__).parent.parent / "fixtures"
PAYLOADS = Path(__file__).parents[3] / "shared" / "payloads"
ON = Settings(generic=Generic(hosts=("example.social",)))
SCORER = Scorer.load()
FRIEND = "儿子今天中考查分，全家围着一台手机刷新到第七遍才进去，过线了，晚上吃火锅。"
SALES = (
    "补水面膜到货啦！今晚下单买三送一，一件也是批发价，想要的宝贝加微信 qj88201 找我拿货💕 诚招代理，零门槛，月入过万"
)


def _route(method: str = "GET", path: str = "/api/feed") -> Route:
    found = route(method, "example.social", path, ON)
    assert found is not None
    return found


def _posts(value: Any) -> tuple[Post, ...]:
    return read_page(json.dumps(value).encode(), GENERIC, GENERIC.endpoints[0]).posts


def _feed(**more: Any) -> list[dict[str, Any]]:
    texts = (FRIEND, SALES, "Long day, but the bread came out well this time")
    return [{"id": i, "user": {"id": 70 + i, "name": f"u{i}"}, "text": text, **more} for i, text in enumerate(texts)]


# Which requests.


def test_only_named_hosts_and_paths_that_may_hold_a_feed() -> None:
    assert decrypted("example.social", ON)
    assert not decrypted("example.social", Settings())
    assert route("GET", "example.social", "/api/feed?page=2", Settings()) is None
    for method in ("GET", "POST"):
        assert _route(method).adapter is GENERIC
    assert route("PUT", "example.social", "/api/feed", ON) is None
    assert route("GET", "other.example", "/api/feed", ON) is None


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/messages",
        "/api/direct_messages/events.json",
        "/chat/rooms",
        "/api/v1/notifications",
        "/users/me/settings",
        "/contacts",
        "/search/suggest",
        "/typeahead",
        "/static/app.js",
        "/img/a.PNG",
        "/index.html",
    ],
)
def test_paths_that_hold_no_feed_are_left_alone(path: str) -> None:
    assert route("GET", "example.social", path, ON) is None


@pytest.mark.parametrize("path", ["/", "/api/followingUpdates", "/timeline/following", "/chatter", "/v2/feed.json"])
def test_other_paths_are_read(path: str) -> None:
    assert route("GET", "example.social", path, ON) is not None


def test_hosts_that_have_an_adapter_keep_theirs() -> None:
    both = Settings(
        generic=Generic(hosts=("weibo.com", "example.social", "toots.example")),
        platforms={"mastodon": Platform(hosts=("toots.example",))},
    )
    assert route("GET", "weibo.com", "/some/other/feed", both) is None
    assert route("GET", "toots.example", "/some/other/feed", both) is None
    found = route("GET", "example.social", "/api/v1/timelines/home", both)
    assert found is not None
    assert found.adapter.name == "mastodon"


def test_only_what_says_it_is_json() -> None:
    endpoint = _route().endpoint
    assert is_page_type("application/json; charset=utf-8", endpoint)
    assert is_page_type("application/feed+json", endpoint)
    for other in ("", "text/plain", "text/html", "text/javascript", "image/png"):
        assert not is_page_type(other, endpoint)


# What is a feed.


def test_takes_out_a_post_and_nothing_else() -> None:
    feed = [*_feed(), {"id": 9, "user": {"id": 1, "name": "z"}, "text": "the last one stays for its id"}]
    body = json.dumps({"n": 1.50, "feed": feed}, ensure_ascii=False).replace("1.5", "1.50").encode()
    result = filtered(body, _route(), Judge(SCORER, ON), Notes(), "application/json")
    assert [verdict.action for verdict in result.verdicts] == ["keep", "remove", "keep", "keep"]
    second = json.dumps(feed[1], ensure_ascii=False).encode() + b", "
    assert result.body == body.replace(second, b"")


def test_the_last_post_is_folded_as_its_id_may_be_the_cursor() -> None:
    body = json.dumps(_feed()[:2]).encode()
    result = filtered(body, _route(), Judge(SCORER, ON), Notes(), "application/json")
    assert [verdict.action for verdict in result.verdicts] == ["keep", "fold"]
    left = json.loads(result.body)
    assert left[1]["id"] == 1
    assert "circle.shield" in left[1]["text"]


@pytest.mark.parametrize(
    "value",
    [
        _feed(),
        {"data": {"items": _feed()}},
        {"data": {"edges": [{"node": post} for post in _feed()]}},
        {"list": [{"type": "header"}, *({"kind": 1, "post": post} for post in _feed())]},
        {"sections": [{"entries": _feed()}, {"entries": _feed()}]},
        {"topics": [{"topic_id": p["id"], "talk": {"owner": {"user_id": 1}, "text": p["text"]}} for p in _feed()]},
        [{"id": p["id"], "author": 5, "content": {"rendered": p["text"]}, "title": {"rendered": "t"}} for p in _feed()],
        [{"postId": p["id"], "authorName": "a", "body": p["text"]} for p in _feed()],
        [{"id": p["id"], "user_id": 5, "content": f"<p>{p['text']}</p>"} for p in _feed()],
        [{"id": p["id"], "title": "short", "summary": p["text"], "author": "a"} for p in _feed()],
        {
            "posts": [
                {**p, "comments": [{"id": i, "user": p["user"], "text": FRIEND} for i in range(9)]} for p in _feed()
            ]
        },
    ],
)
def test_finds_the_posts(value: Any) -> None:
    texts = [post["text"] for post in _feed()]
    posts = _posts(value)
    assert [post.text.removeprefix("short\n") for post in posts] in (texts, texts * 2)
    assert all(post.id and (post.author or post.author_id) for post in posts)


def test_describes_each_part() -> None:
    feed = [
        {
            "kind": "post",
            "note": {
                "id_str": str(2**60 + i),
                "id": 2**60 + i,
                "author": {"uid": i, "nickname": "n"},
                "title": "A title",
                "text": text,
                "text_html": "x",
                "html": f"<p>{text}</p>",
                "pics": [{"url": "u"}],
                "card": {"price": 1} if i else None,
                "video": {},
                "reposted": {"id": 7, "text": "what was said before"},
                "sponsored": False,
            },
        }
        for i, text in enumerate((FRIEND, SALES))
    ]
    found = detected(JsonText(json.dumps({"d": {"l": feed}}).encode()))
    assert found is not None
    assert (found.items, found.post) == (("d.l",), ("note",))
    fields = found.fields
    assert fields is not None
    assert (fields.id, fields.author_id, fields.author) == (("id_str",), ("author.uid",), ("author.nickname",))
    assert fields.text == (("title",), ("text", "html"))
    assert fields.main == ("text", "html")
    assert fields.html == {"html"}
    assert (fields.inner, fields.ad) == (("reposted",), {"sponsored": True})
    assert fields.drop == {"reposted": "null", "pics": "[]", "card": "null"}


def test_a_fold_keeps_what_the_post_is_read_from() -> None:
    feed = [{"photo": {"id": i, "user": {"id": 1}, "caption": FRIEND}, "type": i, "photos": []} for i in range(3)]
    found = detected(JsonText(json.dumps([{**item, "id": i} for i, item in enumerate(feed)]).encode()))
    assert found is not None
    assert found.fields is not None
    assert found.fields.drop == {"photos": "[]"}


def test_finds_most_posts_of_the_adapters_own_pages() -> None:
    """Fixtures that are lists named by their paths, with three posts of which one is long enough to tell."""
    pages = found = posts = same = 0
    for case in sorted(FIXTURES.glob("*/*.in")):
        request = case.with_suffix(".url").read_text(encoding="utf-8").split("\n")[0].rpartition(" ")
        adapter = next(adapter for adapter in ADAPTERS if adapter.name == case.parent.name)
        path = "/" + request[2].partition("://")[2].partition("/")[2].partition("?")[0]
        endpoint = next(e for e in adapter.endpoints if e.path.fullmatch(path))
        try:
            text = JsonText(case.read_bytes())
        except JsonError:
            continue
        wanted = [post for post in read_page(text.body, adapter, endpoint).posts if post.text and post.author]
        if (
            not isinstance(endpoint.items, tuple)
            or endpoint.resolve
            or len(wanted) < 3
            or not any(map(_is_prose, wanted))
        ):
            continue
        generic = detected(text)
        read = JsonPage(text.body, GENERIC, generic).posts if generic else ()
        pages, posts = pages + 1, posts + len(wanted)
        hits = sum(any(_same(a, b) for b in read) for a in wanted)
        found, same = found + (hits > 0), same + hits
        if not hits:
            print(f"not told by its shape: {case.parent.name}/{case.stem}")
    print(f"{found} of {pages} pages told by their shape, {same} of {posts} posts")
    assert found >= 0.6 * pages
    assert same >= 0.6 * posts


def _is_prose(post: Post) -> bool:
    return len(post.text.split()) >= 4 or len(post.text.encode()) >= 30


def _same(a: Post, b: Post) -> bool:
    return bool(b.text) and (a.text in b.text or b.text in a.text or a.text.split("\n")[-1] == b.text.split("\n")[-1])


@pytest.mark.skipif(not PAYLOADS.exists(), reason="the recorded payloads are not beside the repository")
@pytest.mark.parametrize(
    ("file", "posts"),
    [
        ("bluesky/getTimeline_live_devenv.json", 4),
        ("instagram/feed_timeline_2022.json", 12),
        ("mastodon/public_timeline_2020_tootkit.json", 20),
        ("mastodon/test_home_tl_1.json", 13),
        ("reddit/TestSubredditListings.test_hot_1.json", 102),
        ("tumblr/Sample-Tumblr-API-New-Text-Response.json", 2),
        ("weibo_web/friendstimeline_2022.json", 10),
    ],
)
def test_finds_the_posts_of_recorded_pages(file: str, posts: int) -> None:
    assert len(read_page((PAYLOADS / file).read_bytes(), GENERIC, GENERIC.endpoints[0]).posts) == posts


# What is none.

_PROSE = "We will meet at the station at seven and go on from there"
_USER = {"id": 7, "name": "Ada"}
_OTHERS: dict[str, Any] = {
    "settings": {"settings": [{"id": i, "key": f"k{i}", "value": True, "description": _PROSE} for i in range(5)]},
    "chats": [
        {"id": i, "participants": [_USER], "last_message": {"id": 1, "user": _USER, "text": _PROSE}} for i in range(4)
    ],
    "messages": {"messages": [{"id": i, "user": _USER, "text": _PROSE} for i in range(4)]},
    "discord": [{"id": str(i), "channel_id": "7", "author": _USER, "content": _PROSE} for i in range(4)],
    "telegram": [{"message_id": i, "from": _USER, "text": _PROSE} for i in range(4)],
    "direct messages": [{"id": i, "sender": _USER, "recipient": _USER, "text": _PROSE} for i in range(4)],
    "mail": [{"id": i, "from": _USER, "to": [_USER], "subject": "Hello", "body": _PROSE} for i in range(4)],
    "goods": [{"id": i, "title": _PROSE, "description": _PROSE, "price": 5.5} for i in range(4)],
    "goods of a seller": {"items": [{"id": i, "user": _USER, "title": _PROSE, "price": 5.5} for i in range(4)]},
    "users": [{"id": i, "username": "a", "description": _PROSE, "followers_count": 5} for i in range(4)],
    "users in brief": [{"id": i, "name": "a", "description": _PROSE} for i in range(4)],
    "contacts": {"contacts": [{"id": i, "user": _USER, "text": _PROSE} for i in range(4)]},
    "suggestions": [{"id": i, "account": {**_USER, "note": _PROSE}, "source": "staff"} for i in range(4)],
    "mastodon notifications": [
        {"id": i, "type": kind, "account": _USER, "status": {"id": 5, "account": _USER, "content": _PROSE}}
        for i, kind in enumerate(("mention", "favourite", "reblog", "follow"))
    ],
    "bluesky notifications": {
        "list": [
            {"uri": f"at://{i}", "author": _USER, "reason": "reply", "isRead": True, "record": {"text": _PROSE}}
            for i in range(4)
        ]
    },
    "read marks": [{"id": i, "user": _USER, "text": _PROSE, "read": False} for i in range(4)],
    "search": {"terms": [{"id": i, "text": "bread recipes for the weekend"} for i in range(4)]},
    "tasks": [{"id": i, "creator": _USER, "title": _PROSE, "assignee": _USER, "due": None} for i in range(4)],
    "repositories": [{"id": i, "name": "a", "owner": _USER, "description": _PROSE} for i in range(4)],
    "meetings": [{"id": i, "title": _PROSE, "creator": _USER, "start": 1, "end": 2} for i in range(4)],
    "titles with a user number": [{"id": i, "userId": 1, "title": _PROSE, "completed": False} for i in range(4)],
    "one post": [{"id": 1, "user": _USER, "text": _PROSE}],
    "short texts": [{"id": i, "user": _USER, "text": "ok"} for i in range(4)],
    "one id": [{"id": 1, "user": _USER, "text": _PROSE} for _ in range(4)],
    "few of many": [{"id": i} for i in range(9)] + [{"id": i, "user": _USER, "text": _PROSE} for i in range(20, 25)],
    "no objects": [1, "a", None],
    "a profile": {"id": 1, "user": _USER, "text": _PROSE},
}


@pytest.mark.parametrize("name", _OTHERS)
def test_what_is_no_feed_passes(name: str) -> None:
    body = json.dumps(_OTHERS[name]).encode()
    assert _posts(_OTHERS[name]) == ()
    assert filtered(body, _route(), Judge(SCORER, ON), Notes(), "application/json").body is body


def test_a_page_without_a_feed_raises_no_alarm() -> None:
    body = json.dumps({"a": ["x" * 50] * 100}).encode()
    assert filtered(body, _route(), Judge(SCORER, ON), Notes(), "application/json").missing is None


@pytest.mark.timeout(20)
def test_odd_shapes_take_no_time() -> None:
    pair = [{"id": i, "user": _USER, "text": _PROSE} for i in range(2)]
    for value in (
        {str(i): {"items": pair} for i in range(5_000)},
        [{f"k{j}": j for j in range(30)} for _ in range(5_000)],
        [[pair] * 500] * 10,
    ):
        _posts(value)


def test_what_is_no_json_is_a_fault() -> None:
    with pytest.raises(JsonError):
        described(b"<html>")


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | st.just(SALES),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["id", "a.b", "text", "title", "items", "x[]", "", "name"]), inner, max_size=5
        )
    ),
    max_leaves=25,
)


@settings(max_examples=200, deadline=None)
@given(_json, st.sampled_from(["remove", "fold", "label"]))
def test_any_json_without_authors_passes_as_the_same_object(value: Any, action: SpamAction) -> None:
    body = json.dumps(value).encode()
    judge = Judge(SCORER, Settings(filter=Filter(action=action, remove_at=0)))
    result = filtered(body, _route(), judge, Notes(), "application/json")
    assert result.body is body
    assert result.fault is None or " at " not in result.fault


_posts_like = st.fixed_dictionaries(
    {},
    optional={
        "id": st.integers() | st.none() | st.text(max_size=3),
        "user": st.none() | st.just({"id": 1, "name": "a"}) | st.text(max_size=3) | _json,
        "text": st.sampled_from([SALES, FRIEND, "", None, 5, {"text": FRIEND}, [SALES]]),
        "more": _json,
    },
)


@settings(max_examples=200, deadline=None)
@given(st.lists(_posts_like | _json, max_size=6), st.sampled_from(["remove", "fold", "label"]))
def test_what_is_nearly_a_feed_loses_only_what_was_judged(items: list[Any], action: SpamAction) -> None:
    body = json.dumps({"data": items}).encode()
    result = filtered(body, _route(), Judge(SCORER, Settings(filter=Filter(action=action))), Notes())
    assert result.fault is None or " at " not in result.fault, result.fault
    removed = sum(verdict.action == "remove" for verdict in result.verdicts)
    assert len(json.loads(result.body)["data"]) == len(items) - removed


@pytest.mark.timeout(20)
def test_a_text_of_tags_that_never_end_takes_no_time() -> None:
    """Its square would be minutes, in which nothing else of the proxy moves."""
    posts = _posts([{**post, "text": "<p " * 300_000} if post["id"] == 1 else post for post in _feed()])
    assert [post.id for post in posts if post.text == FRIEND] == ["0"]

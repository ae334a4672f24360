"""Clients that scroll through a whole feed behind the filter, one for each way of paging.

Each must see every friend's post exactly once, no sales post but as a fold, and stop where the feed truly ends.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from circleshield_addon.filtering import filtered
from circleshield_addon.judge import Judge
from circleshield_addon.notes import Notes
from circleshield_addon.routing import route
from circleshield_addon.settings import Settings
from circleshield_model.scorer import Scorer

POSTS = 500
PAGE = 20
SALES = (
    "补水面膜到货啦！今晚下单买三送一，一件也是批发价，想要的宝贝加微信 qj88201 找我拿货💕 诚招代理，零门槛，月入过万"
)


@dataclass(frozen=True)
class Feed:
    """A server's posts, newest first: number and whether it is a sales post."""

    sales: tuple[bool, ...]

    def text(self, number: int) -> str:
        return SALES if self.sales[number] else f"今天是第{number}天，下雨，在家看书。"

    def page(self, start: int) -> range:
        return range(start, min(start + PAGE, POSTS))


@dataclass(frozen=True)
class Paging:
    """How a platform pages.

    `url`: what is asked. `page`: the body of the page that starts at a post, or at the page number. `seen`: id and text
    of the posts in a body. `following`: where the next page starts, given where this one did, the body as the client
    got it, and the start of the server's own next page (None at the end); None when the client stops.
    """

    url: str
    page: Callable[[Feed, int], dict[str, Any] | list[Any]]
    seen: Callable[[Any], list[tuple[int, str]]]
    following: Callable[[int, Any, int | None], int | None]


def _weibo(feed: Feed, start: int) -> list[dict[str, Any]]:
    return [
        {"idstr": str(n), "id": n, "user": {"id": 7, "screen_name": "a"}, "text": feed.text(n)}
        for n in feed.page(start)
    ]


PAGINGS = {
    "server cursor": Paging(
        "https://bsky.social/xrpc/app.bsky.feed.getTimeline",
        lambda feed, start: {
            "feed": [
                {"post": {"uri": str(n), "author": {"did": "d", "handle": "a"}, "record": {"text": feed.text(n)}}}
                for n in feed.page(start)
            ],
            **({"cursor": str(start + PAGE)} if start + PAGE < POSTS else {}),
        },
        lambda body: [(int(item["post"]["uri"]), item["post"]["record"]["text"]) for item in body["feed"]],
        lambda start, body, following: int(body["cursor"]) if "cursor" in body else None,
    ),
    "id of the last item": Paging(
        "https://m.weibo.cn/feed/friends",
        lambda feed, start: {"data": {"statuses": _weibo(feed, start)}},
        lambda body: [(int(post["idstr"]), post["text"]) for post in body["data"]["statuses"]],
        # Asks for what is older than the last it got, and takes an empty page for the end.
        lambda start, body, following: (
            int(body["data"]["statuses"][-1]["idstr"]) + 1 if body["data"]["statuses"] else None
        ),
    ),
    "page number": Paging(
        "https://weibo.com/ajax/statuses/mymblog",
        lambda feed, start: {"data": {"list": _weibo(feed, start)}},
        lambda body: [(int(post["idstr"]), post["text"]) for post in body["data"]["list"]],
        lambda start, body, following: start + PAGE if body["data"]["list"] else None,
    ),
    "offset": Paging(
        "https://api.tumblr.com/v2/user/dashboard",
        lambda feed, start: {
            "response": {
                "posts": [
                    {"id_string": str(n), "blog_name": "a", "type": "text", "body": f"<p>{feed.text(n)}</p>"}
                    for n in feed.page(start)
                ]
            }
        },
        lambda body: [
            (int(post["id_string"]), post["body"].removeprefix("<p>").removesuffix("</p>"))
            for post in body["response"]["posts"]
        ],
        lambda start, body, following: start + PAGE if body["response"]["posts"] else None,
    ),
    "Link header": Paging(
        "https://mastodon.social/api/v1/timelines/home",
        lambda feed, start: [
            {"id": str(n), "account": {"id": "7", "acct": "a"}, "content": feed.text(n)} for n in feed.page(start)
        ],
        lambda body: [(int(post["id"]), post["content"]) for post in body],
        lambda start, body, following: following,  # the header is the server's, and untouched
    ),
}


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(Scorer.load(), Settings())


@pytest.mark.parametrize("percent", [0, 30, 100])
@pytest.mark.parametrize("name", PAGINGS)
def test_a_client_scrolls_to_the_true_end(name: str, percent: int, judge: Judge) -> None:
    paging = PAGINGS[name]
    feed = Feed(tuple(n * 37 % 100 < percent for n in range(POSTS)))
    parts = urlsplit(paging.url)
    found = route("GET", parts.hostname or "", parts.path, Settings())
    assert found is not None
    notes = Notes()
    seen: list[tuple[int, str]] = []
    start: int | None = 0
    pages = 0
    while start is not None:
        body = json.dumps(paging.page(feed, start), ensure_ascii=False).encode()
        result = filtered(body, found, judge, notes)
        assert result.fault is None
        got = json.loads(result.body)
        seen += paging.seen(got)
        following = start + PAGE if start + PAGE < POSTS else None
        start = paging.following(start, got, following)
        pages += 1
        assert pages <= POSTS, "the client goes round in circles"
    friends = [(n, feed.text(n)) for n in range(POSTS) if not feed.sales[n]]
    assert [(n, text) for n, text in seen if not feed.sales[n]] == friends
    assert all("已折叠" in text for n, text in seen if feed.sales[n])
    assert pages >= POSTS // PAGE

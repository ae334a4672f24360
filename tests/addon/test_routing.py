"""Which hosts are opened and which responses are read."""

import pytest

from circleshield_addon.adapters import mastodon
from circleshield_addon.routing import charset, decrypted, is_page_type, route
from circleshield_addon.settings import Platform, Settings


@pytest.mark.parametrize(
    "host",
    ["weibo.com", "WEIBO.com", "weibo.com.", "m.weibo.cn", "x.com", "bsky.social", "morel.us-east.host.bsky.network"],
)
def test_feed_hosts_are_decrypted(host: str) -> None:
    assert decrypted(host, Settings())


@pytest.mark.parametrize(
    "host",
    ["evilweibo.com", "weibo.com.evil.example", "passport.weibo.com", "bank.example", "", "host.bsky.network", "x.co"],
)
def test_nothing_else_is_decrypted(host: str) -> None:
    assert not decrypted(host, Settings())


def test_a_platform_that_is_off_is_not_decrypted() -> None:
    off = Settings(platforms={"x": Platform(enabled=False)})
    assert not decrypted("x.com", off)
    assert route("GET", "x.com", "/i/api/graphql/h/HomeTimeline", off) is None
    assert decrypted("weibo.com", off)


def test_own_servers_are_decrypted_when_named() -> None:
    own = Settings(platforms={"mastodon": Platform(hosts=("toots.example", "*.fedi.example"))})
    assert decrypted("toots.example", own)
    assert decrypted("a.fedi.example", own)
    assert not decrypted("fedi.example", own)
    assert not decrypted("toots.example", Settings())


@pytest.mark.parametrize(
    ("method", "host", "path", "adapter"),
    [
        ("GET", "weibo.com", "/ajax/feed/groupstimeline?list_id=1", "weibo_web"),
        ("GET", "weibo.com", "/ajax/statuses/mymblog", "weibo_web"),
        ("GET", "weibo.com", "/ajax/feed/friendstimeline/x", None),
        ("POST", "weibo.com", "/ajax/feed/friendstimeline", None),
        ("GET", "other.example", "/ajax/feed/friendstimeline", None),
        ("GET", "m.weibo.cn", "/feed/friends", "weibo_mobile"),
        ("GET", "x.com", "/i/api/graphql/AbC-_9/HomeLatestTimeline?variables=1", "x"),
        ("GET", "api.x.com", "/graphql/AbC-_9/SearchTimeline", "x"),
        ("GET", "x.com", "/i/api/graphql/AbC/UserByScreenName", None),
        ("GET", "any.example", "/xrpc/app.bsky.feed.getTimeline", "bluesky"),
        ("GET", "any.example", "/xrpc/app.bsky.feed.getPosts", None),
        ("GET", "any.example", "/api/v1/timelines/list/17", "mastodon"),
        ("GET", "any.example", "/api/v1/timelines/direct", None),
        ("GET", "any.example", "/api/v1/timelines/tag/猫", "mastodon"),
        ("HEAD", "any.example", "/api/v1/timelines/home", None),
        ("GET", "any.example", "/api/v1/accounts/17/statuses", "mastodon"),
        ("GET", "any.example", "/api/v1/conversations", None),
        ("POST", "x.com", "/i/api/graphql/AbC/SearchTimeline", "x"),
        ("GET", "x.com", "/i/api/1.1/dm/inbox_initial_state.json", None),
        ("POST", "any.example", "/api/notes/timeline", "misskey"),
        ("POST", "any.example", "/api/notes/show", None),
        ("POST", "any.example", "/api/messaging/messages", None),
        ("GET", "any.example", "/api/v3/post/list", "lemmy"),
        ("GET", "any.example", "/api/v3/private_message/list", None),
        ("POST", "www.instagram.com", "/api/v1/feed/timeline/", "instagram"),
        ("GET", "www.instagram.com", "/api/v1/direct_v2/inbox/", None),
        ("POST", "www.threads.com", "/api/graphql", "threads"),
        ("POST", "www.facebook.com", "/api/graphql/", "facebook"),
        ("GET", "www.facebook.com", "/messages/", None),
        ("GET", "www.linkedin.com", "/voyager/api/feed/updatesV2", "linkedin"),
        ("GET", "www.linkedin.com", "/voyager/api/voyagerMessagingGraphQL/graphql", None),
        ("GET", "www.reddit.com", "/.json", "reddit"),
        ("GET", "old.reddit.com", "/r/a+b/top/.json", "reddit"),
        ("GET", "oauth.reddit.com", "/r/askreddit/hot", "reddit"),
        ("GET", "www.reddit.com", "/message/inbox.json", None),
        ("GET", "www.reddit.com", "/login", None),
        ("POST", "gql.reddit.com", "/", "reddit"),
        ("POST", "api.vk.com", "/method/newsfeed.get", "vk"),
        ("POST", "api.vk.com", "/method/messages.getHistory", None),
        ("GET", "www.tumblr.com", "/api/v2/timeline/dashboard", "tumblr"),
        ("GET", "api.tumblr.com", "/v2/blog/a.tumblr.com/posts/draft", None),
    ],
)
def test_routes(method: str, host: str, path: str, adapter: str | None) -> None:
    found = route(method, host, path, Settings())
    assert (found.adapter.name if found else None) == adapter


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
        "text/plain",
        "application/ld+json",
        "application/vnd.linkedin.normalized+json+2.1",
    ],
)
def test_page_types(content_type: str) -> None:
    assert is_page_type(content_type, mastodon.ADAPTER.endpoints[0])


@pytest.mark.parametrize("content_type", ["text/html", "image/png", "text/event-stream", "application/octet-stream"])
def test_other_types(content_type: str) -> None:
    assert not is_page_type(content_type, mastodon.ADAPTER.endpoints[0])


def test_charset() -> None:
    assert charset("application/json; boundary=x; Charset = gbk ") == "gbk"
    assert charset("application/json") == ""

"""Every adapter against the pages beside it: `<case>.in` is a body, `.url` what was asked for, `.want` its posts."""

import csv
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from circleshield_addon.adapters import ADAPTERS
from circleshield_addon.page import JsonPage
from circleshield_addon.routing import Route, route
from circleshield_addon.settings import Settings

FIXTURES = Path(__file__).parent.parent / "fixtures"
PAYLOADS = Path(__file__).parents[3] / "shared" / "payloads"
CASES = sorted(FIXTURES.glob("*/*.in"))
# Posts in conversation modules, which the index names beside its number of posts.
IN_MODULES = {"graphql_raw_list_timeline.json": 5, "graphql_raw_tweet_details.json": 36}


def _route(url: str) -> Route:
    parts = urlsplit(url)
    found = next(r for m in ("GET", "POST") if (r := route(m, parts.hostname or "", parts.path, Settings())))
    assert found is not None
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.parent.name}/{c.stem}")
def test_reads_the_posts(case: Path) -> None:
    """Platform, order and every part of every post."""
    found = _route(case.with_suffix(".url").read_text(encoding="utf-8").strip())
    assert found.adapter.name == case.parent.name
    page = JsonPage(case.read_bytes(), found.adapter, found.endpoint)
    assert [asdict(post) for post in page.posts] == json.loads(case.with_suffix(".want").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.parent.name}/{c.stem}")
def test_each_post_can_be_taken_out_alone(case: Path) -> None:
    """What is left holds the other posts in order, and every byte of it stood in the page."""
    found = _route(case.with_suffix(".url").read_text(encoding="utf-8").strip())
    body = case.read_bytes()
    page = JsonPage(body, found.adapter, found.endpoint)
    for gone in range(len(page.posts)):
        left = page.edited({gone})
        again = JsonPage(left, found.adapter, found.endpoint)
        assert again.posts == page.posts[:gone] + page.posts[gone + 1 :]
        assert _is_subsequence(left, body)
    nothing = page.edited(set(range(len(page.posts))))
    assert JsonPage(nothing, found.adapter, found.endpoint).posts == ()


def _is_subsequence(part: bytes, whole: bytes) -> bool:
    rest = iter(whole)
    return all(byte in rest for byte in part)


def test_every_adapter_has_a_fixture() -> None:
    assert {case.parent.name for case in CASES} == {adapter.name for adapter in ADAPTERS}


def _recorded() -> Iterator[object]:
    if not PAYLOADS.exists():
        yield pytest.param("", "", 0, marks=pytest.mark.skip("the recorded payloads are not beside the repository"))
        return
    with (PAYLOADS / "INDEX.tsv").open(encoding="utf-8") as index:
        for row in csv.DictReader(index, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["platform"] in ("bluesky", "mastodon", "twitter_x", "weibo_web"):
                url = row["endpoint"].split()[1].replace("<mastodon>", "mastodon.social").replace("<qid>", "hash")
                yield pytest.param(row["file"], url, int(row["posts"]), id=row["file"])


@pytest.mark.parametrize(("file", "url", "posts"), list(_recorded()))
def test_finds_the_posts_of_recorded_pages(file: str, url: str, posts: int) -> None:
    found = _route(url)
    page = JsonPage((PAYLOADS / file).read_bytes(), found.adapter, found.endpoint)
    assert len(page.posts) == posts + IN_MODULES.get(Path(file).name, 0)
    assert all(post.id and post.author_id and post.author for post in page.posts)
    assert sum(bool(post.text) for post in page.posts) >= 0.9 * len(page.posts)


def test_a_module_goes_when_its_last_post_goes() -> None:
    found = _route("https://x.com/i/api/graphql/hash/HomeTimeline")
    page = JsonPage((FIXTURES / "x" / "home.in").read_bytes(), found.adapter, found.endpoint)
    asker, answerer = 5, 6
    assert b"home-conversation" in page.edited({asker})
    left = page.edited({asker, answerer})
    assert b"home-conversation" not in left
    for survivor in (b"cursor-top-", b"cursor-bottom-", b"who-to-follow-", b"TimelineClearCache", b"scribeConfig"):
        assert survivor in left


def test_the_post_a_client_pages_by_is_pinned() -> None:
    found = _route("https://m.weibo.cn/feed/friends")
    page = JsonPage((FIXTURES / "weibo_mobile" / "friends.in").read_bytes(), found.adapter, found.endpoint)
    assert page.pinned == 1

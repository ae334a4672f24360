"""Every adapter against the pages beside it: `<case>.in` is a body, `.url` what was asked for, `.want` its posts.

A `.url` file holds a URL, or a method and a URL, and may hold a content type on its second line.
"""

import copy
import csv
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict

from circleshield_addon.adapters import ADAPTERS
from circleshield_addon.coding import decode
from circleshield_addon.filtering import filtered
from circleshield_addon.judge import Judge
from circleshield_addon.notes import Notes
from circleshield_addon.page import HtmlPage, JsonPage, read_page
from circleshield_addon.post import Action
from circleshield_addon.rewriting import Note
from circleshield_addon.routing import Route, is_page_type, route
from circleshield_addon.settings import Filter, Settings, SpamAction
from circleshield_model.scorer import Scorer

FIXTURES = Path(__file__).parent.parent / "fixtures"
PAYLOADS = Path(__file__).parents[3] / "shared" / "payloads"
CASES = sorted(FIXTURES.glob("*/*.in"))
each_case = pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.parent.name}/{c.stem}")
# Posts in conversation modules, which the index names beside its number of posts.
IN_MODULES = {"graphql_raw_list_timeline.json": 5, "graphql_raw_tweet_details.json": 36}
NOTE = Note("⚠ folded <b>", "http://circle.shield/folded/1")


def _route(request: str) -> Route:
    method, _, url = request.rpartition(" ")
    parts = urlsplit(url)
    found = route(method or "GET", parts.hostname or "", parts.path, Settings())
    assert found is not None
    return found


def _read(case: Path) -> tuple[bytes, Route, JsonPage | HtmlPage]:
    request, _, content_type = case.with_suffix(".url").read_text(encoding="utf-8").strip().partition("\n")
    found = _route(request)
    assert is_page_type(content_type, found.endpoint)
    body = case.read_bytes()
    return body, found, read_page(body, found.adapter, found.endpoint)


@each_case
def test_reads_the_posts(case: Path) -> None:
    """Platform, order and every part of every post."""
    _, found, page = _read(case)
    assert found.adapter.name == case.parent.name
    posts = [asdict(post) for post in page.posts]
    assert all(post["text"].startswith(post.pop("own") or "") for post in posts)
    assert posts == json.loads(case.with_suffix(".want").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("case", "own"),
    [
        ("weibo_web/friends", ["转发微博"]),
        ("mastodon/home", ["", "agreed"]),
        ("x/home", ["RT @long: a long sto…", "this!"]),
        ("bluesky/timeline", ["look at this", "with a picture"]),
        ("tumblr/blog", [""]),
    ],
)
def test_the_words_of_others_are_told_apart(case: str, own: list[str]) -> None:
    _, _, page = _read(FIXTURES / f"{case}.in")
    assert [post.own for post in page.posts if post.own is not None] == own


@each_case
def test_each_post_can_be_taken_out_alone(case: Path) -> None:
    """What is left holds the other posts in order, and every byte of it stood in the page."""
    body, found, page = _read(case)
    for gone in range(len(page.posts)):
        wishes: list[Action] = ["keep"] * len(page.posts)
        wishes[gone] = "remove"
        actions = page.settled(wishes)
        assert actions[:gone] + actions[gone + 1 :] == ["keep"] * (len(page.posts) - 1)
        left = page.edited(actions, {gone: NOTE})
        again = read_page(left, found.adapter, found.endpoint).posts
        if actions[gone] == "remove":
            assert again == page.posts[:gone] + page.posts[gone + 1 :]
            assert _is_subsequence(left, body) or found.endpoint.count
        else:
            assert again[:gone] + again[gone + 1 :] == page.posts[:gone] + page.posts[gone + 1 :]
            assert actions[gone] == "watch" or again[gone].text == f"{NOTE.line} {NOTE.link}"


def _is_subsequence(part: bytes, whole: bytes) -> bool:
    rest = iter(whole)
    return all(byte in rest for byte in part)


@each_case
def test_all_posts_can_be_taken_out(case: Path) -> None:
    """Only what the client needs in its place is left, folded."""
    _, found, page = _read(case)
    actions = page.settled(["remove"] * len(page.posts))
    left = page.edited(actions, dict.fromkeys(range(len(actions)), NOTE))
    again = read_page(left, found.adapter, found.endpoint).posts
    assert len(again) == sum(action != "remove" for action in actions)


@each_case
def test_nothing_to_do_gives_the_same_object(case: Path) -> None:
    body, _, page = _read(case)
    wishes: list[Action] = ["keep", "review", "watch"]
    actions = page.settled([wishes[i % 3] for i in range(len(page.posts))])
    assert page.edited(actions, {}) is body


@each_case
def test_a_fold_leaves_one_line_and_the_ids(case: Path) -> None:
    _, found, page = _read(case)
    for i, post in enumerate(page.posts):
        wishes: list[Action] = ["keep"] * len(page.posts)
        wishes[i] = "fold"
        actions = page.settled(wishes)
        if actions[i] == "fold":
            again = read_page(page.edited(actions, {i: NOTE}), found.adapter, found.endpoint).posts
            assert len(again) == len(page.posts)
            assert (again[i].id, again[i].author_id, again[i].author) == (post.id, post.author_id, post.author)
            assert again[i].text == f"{NOTE.line} {NOTE.link}"
            assert again[:i] + again[i + 1 :] == page.posts[:i] + page.posts[i + 1 :]


@each_case
def test_a_label_is_put_in_front(case: Path) -> None:
    _, found, page = _read(case)
    for i, post in enumerate(page.posts):
        wishes: list[Action] = ["keep"] * len(page.posts)
        wishes[i] = "label"
        actions = page.settled(wishes)
        if actions[i] == "label":
            again = read_page(page.edited(actions, {i: Note("⚠ | ")}), found.adapter, found.endpoint).posts
            assert "⚠ |" in again[i].text
            assert again[i].text.replace("⚠ |", "").split() == post.text.split()
            assert again[:i] + again[i + 1 :] == page.posts[:i] + page.posts[i + 1 :]


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda a: a.name)
def test_every_adapter_has_fixtures_that_show_what_it_declares(adapter: object) -> None:
    assert adapter in ADAPTERS
    name = getattr(adapter, "name", "")
    pages = [_read(case)[2] for case in CASES if case.parent.name == name]
    assert pages, f"no fixture in tests/fixtures/{name}"
    assert any(len(page.posts) >= 2 for page in pages)
    main = getattr(getattr(adapter, "fields", None), "main", ())
    folds = any("fold" in page.settled(["fold"] * len(page.posts)) for page in pages)
    assert folds == bool(main), "Fields.main and the fixtures disagree on whether a post can be folded"


# Mutations: what a platform may send tomorrow.

SCORER = Scorer.load()
SALES = "招代理，面膜批发，一件也是批发价，加微信找我拿货，宝妈兼职月入过万，诚招加盟，名额有限"
_JUNK = [None, True, 0, -1, 2**70, 1.5, "", "x", SALES, "\ud83d", [], {}, [None], {"a": None}]


def _nodes(value: object, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield way
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from _nodes(child, (*way, key))


def _mutate(value: object, way: tuple[str | int, ...], how: str, junk: object) -> object:
    if not way:
        return junk
    parent: object = value
    for key in way[:-1]:
        parent = parent[key]  # type: ignore[index]
    key = way[-1]
    if isinstance(parent, dict) and isinstance(key, str):
        if how == "delete":
            del parent[key]
        elif how == "rename":
            parent[key + "_"] = parent.pop(key)
        else:
            parent[key] = junk
    elif isinstance(parent, list) and isinstance(key, int):
        if how == "delete":
            del parent[key]
        elif how == "rename":
            parent.insert(key, parent[key])
        else:
            parent[key] = junk
    return value


@each_case
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_pages_lose_nothing_but_spam(case: Path, data: st.DataObject) -> None:
    """No exception gets out, no item is lost that was not judged spam, and what parsed still parses."""
    body, found, _ = _read(case)
    try:
        tree = json.loads(body)
    except ValueError:
        at = data.draw(st.integers(0, len(body)))
        mutated = body[:at] + data.draw(st.binary(max_size=6)) + body[at + data.draw(st.integers(0, 30)) :]
    else:
        for _ in range(data.draw(st.integers(1, 4))):
            nodes = list(_nodes(tree))
            way = nodes[data.draw(st.integers(0, len(nodes) - 1))]
            how = data.draw(st.sampled_from(["delete", "rename", "retype"]))
            tree = _mutate(tree, way, how, copy.deepcopy(data.draw(st.sampled_from(_JUNK))))
        mutated = json.dumps(tree, ensure_ascii=data.draw(st.booleans())).encode("utf-8", "replace")
        if data.draw(st.booleans()) and data.draw(st.booleans()):
            mutated = mutated[: data.draw(st.integers(0, len(mutated)))]
    action: SpamAction = data.draw(st.sampled_from(["remove", "fold", "label"]))
    judge = Judge(SCORER, Settings(filter=Filter(action=action)))
    result = filtered(mutated, found, judge, Notes())
    if result.fault is not None:
        assert result.body is mutated
        assert " at " not in result.fault, f"unforeseen: {result.fault}"
        return
    before = read_page(decode(mutated, "", "")[0], found.adapter, found.endpoint).posts if mutated else ()
    kept = [post.id for post, v in zip(before, result.verdicts, strict=True) if v.action != "remove"]
    after = read_page(decode(result.body, "", "")[0], found.adapter, found.endpoint).posts if result.body else ()
    assert [post.id for post in after] == kept


# Recorded pages of real platforms, where they are at hand.


def _recorded() -> list[object]:
    if not PAYLOADS.exists():
        return [pytest.param("", "", 0, marks=pytest.mark.skip("the recorded payloads are not beside the repository"))]
    with (PAYLOADS / "INDEX.tsv").open(encoding="utf-8") as index:
        rows = list(csv.DictReader(index, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [pytest.param(row["file"], _request(row["endpoint"]), int(row["posts"]), id=row["file"]) for row in rows]


def _request(endpoint: str) -> str:
    method, url, *_ = endpoint.split()
    for placeholder, name in (("<mastodon>", "mastodon.social"), ("<qid>", "hash"), ("<blog>", "some.tumblr.com")):
        url = url.replace(placeholder, name)
    return f"{method} {url}"


@pytest.mark.parametrize(("file", "request_line", "posts"), _recorded())
def test_finds_the_posts_of_recorded_pages(file: str, request_line: str, posts: int) -> None:
    found = _route(request_line)
    page = read_page((PAYLOADS / file).read_bytes(), found.adapter, found.endpoint)
    assert len(page.posts) == posts + IN_MODULES.get(Path(file).name, 0)
    assert all(post.id and post.author for post in page.posts)
    assert sum(bool(post.text) for post in page.posts) >= 0.8 * len(page.posts)


def test_a_module_goes_when_its_last_post_goes() -> None:
    _, _, page = _read(FIXTURES / "x" / "home.in")
    asker, answerer = 5, 6

    def without(*gone: int) -> bytes:
        return page.edited(["remove" if i in gone else "keep" for i in range(len(page.posts))], {})

    assert b"home-conversation" in without(asker)
    left = without(asker, answerer)
    assert b"home-conversation" not in left
    for survivor in (b"cursor-top-", b"cursor-bottom-", b"who-to-follow-", b"TimelineClearCache", b"scribeConfig"):
        assert survivor in left


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("request_line", "body"),
    [
        (
            "https://m.okjike.com/users/a",
            b'<script id="__NEXT_DATA__" type="application/json"' * 100_000,
        ),
        ("https://h5.qzone.qq.com/mqzone/index", b"var FrontPage = data : " * 200_000),
        ("https://m.weibo.cn/detail/1", b"$render_data = " * 300_000),
        ("https://www.xiaohongshu.com/explore", b"window.__INITIAL_STATE__ = " * 200_000),
        (
            "https://h5.qzone.qq.com/get_feeds",
            json.dumps(
                {"data": {"vFeeds": [{"id": {"cellid": "1"}, "summary": {"summary": "@{uin:1,nick:a," * 200_000}}]}}
            ).encode(),
        ),
    ],
    ids=lambda given: "" if isinstance(given, bytes) else given,
)
def test_megabytes_of_the_same_take_no_time(request_line: str, body: bytes) -> None:
    """Their square would be minutes, in which nothing else of the proxy moves."""
    assert filtered(body, _route(request_line), Judge(Scorer.load(), Settings()), Notes()).body is body

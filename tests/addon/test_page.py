"""What a page does for the client's sake, beyond what the fixtures show."""

import json
import re
from dataclasses import replace
from typing import Any

from circleshield_addon.adapter import Adapter, Endpoint, Fields
from circleshield_addon.adapters import tieba, weibo
from circleshield_addon.page import JsonPage, read_page
from circleshield_addon.post import Action
from circleshield_addon.rewriting import Note

ENDPOINT = Endpoint(re.compile("/"), items=("list", "list[].inner"))
ADAPTER = Adapter(
    name="plain",
    title="Plain",
    hosts=("plain.example",),
    endpoints=(ENDPOINT,),
    fields=Fields(id=("id",), author_id=(), author=(), text=(("t",),), main=("t",)),
    confidence="low",
    as_of="2026-11",
)
TREE: dict[str, Any] = {
    "n": 2,
    "list": [
        {"id": 1, "t": "a", "inner": [{"id": 2, "t": "b"}, {"id": 3, "t": "c"}]},
        {"id": 4, "t": "d"},
    ],
}


def _page(tree: object, endpoint: Endpoint) -> JsonPage:
    page = read_page(json.dumps(tree).encode(), ADAPTER, endpoint)
    assert isinstance(page, JsonPage)
    return page


def _left(page: JsonPage, *wishes: Action) -> Any:
    actions = page.settled(wishes)
    return json.loads(page.edited(actions, dict.fromkeys(range(len(actions)), Note("x"))))


def test_what_holds_a_kept_post_is_folded_rather_than_removed() -> None:
    page = _page(TREE, ENDPOINT)
    assert [post.id for post in page.posts] == ["1", "2", "3", "4"]
    left = _left(page, "remove", "remove", "keep", "keep")
    assert left["list"][0] == {"id": 1, "t": "x", "inner": [{"id": 3, "t": "c"}]}
    assert _left(page, "remove", "remove", "remove", "keep")["list"] == [{"id": 4, "t": "d"}]
    assert _left(page, "keep", "remove", "remove", "remove")["list"] == [{"id": 1, "t": "a", "inner": []}]


def test_a_number_of_items_goes_with_the_items() -> None:
    flat = replace(ENDPOINT, items=("list",), count="n")
    assert _left(_page(TREE, flat), "remove", "keep")["n"] == 1
    assert _left(_page(TREE, flat), "remove", "remove") == {"n": 0, "list": []}
    assert _left(_page(TREE, flat), "fold", "keep")["n"] == 2
    for other in (None, "2", 2.5, [2]):
        assert _left(_page({**TREE, "n": other}, flat), "remove", "keep")["n"] == other
    assert "n" not in _left(_page({"list": TREE["list"]}, flat), "remove", "keep")


def test_posts_that_are_named_as_advertisements() -> None:
    named = replace(ENDPOINT, ad_ids=("ads[].id", "ad"))
    tree = {**TREE, "ads": [{"id": 2}, {"id": None}, 4, {}], "ad": "4"}
    assert [post.ad for post in _page(tree, named).posts] == [False, True, False, True]
    assert not any(post.ad for post in _page(TREE, named).posts)


def test_the_post_that_an_html_page_is_about_stays() -> None:
    endpoint = next(e for e in weibo.MOBILE.endpoints if e.embedded is not None)
    body = '<script>var $render_data = [{"status":{"id":"1","text":"卖货"}}][0] || {};</script>'.encode()
    page = read_page(body, weibo.MOBILE, endpoint)
    assert page.settled(["remove"]) == ["fold"]
    left = page.edited(["fold"], {0: Note("</script>", "http://circle.shield/folded/1")})
    assert left.count(b"</script>") == 1
    assert left.endswith(b"}][0] || {};</script>")


def test_the_first_post_of_a_thread_is_no_reply() -> None:
    endpoint = tieba.ADAPTER.endpoints[1]
    body = b"""<div class="l_post" data-field='{"content":{"post_id":1,"post_no":1}}'>a</div>"""
    page = read_page(body, tieba.ADAPTER, endpoint)
    assert (page.posts, page.missing) == ((), None)
    assert read_page(b"<html></html>", tieba.ADAPTER, endpoint).missing

"""What the declarations of an adapter do to a page, by an adapter made for the purpose."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from circleshield_addon.adapter import Adapter, Endpoint, Fields, Slot
from circleshield_addon.json_spans import JsonText
from circleshield_addon.page import JsonPage
from circleshield_addon.post import Action
from circleshield_addon.rewriting import Note

FIELDS = Fields(
    id=("id",),
    author_id=("by",),
    author=("by",),
    text=(("title",), ("body", "short"), ("parts[].html",)),
    html=frozenset(("parts", "parts[].html")),
    main=("body", "short", "title"),
    drop={"card": '{"title":"…","id":1}'},
    pieces={"parts": '{"kind":"text","html":"…"}'},
    needs=("by",),
)
NOTE = Note("folded <1>", "http://circle.shield/folded/1")


def _page(items: list[object], endpoint: Endpoint | None = None) -> JsonPage:
    endpoint = endpoint or Endpoint(re.compile("/feed"), items=("items", "items[].list"))
    adapter = Adapter("test", "Test", ("test.example",), (endpoint,), FIELDS, "high", "2026-11")
    return JsonPage(json.dumps({"items": items}, ensure_ascii=False).encode(), adapter, endpoint)


def _after(items: list[object], action: Action, note: Note = NOTE) -> list[dict[str, object]]:
    page = _page(items)
    assert page.settled([action]) == [action]
    left: list[dict[str, object]] = json.loads(page.edited([action], {0: note}))["items"]
    return left


def test_an_object_without_what_a_post_needs_is_none() -> None:
    assert [
        post.id for post in _page([{"id": 1, "title": "a topic"}, {"id": 2, "by": "a", "title": "a post"}]).posts
    ] == ["2"]


def test_of_several_texts_the_first_main_one_takes_the_line() -> None:
    (left,) = _after([{"id": 1, "by": "a", "title": "t", "body": "b", "short": "s", "card": {"x": 1}}], "fold")
    line = f"{NOTE.line} {NOTE.link}"
    assert left == {"id": 1, "by": "a", "title": "", "body": line, "short": line, "card": {"title": line, "id": 1}}


def test_a_text_in_pieces_becomes_one_piece() -> None:
    (left,) = _after([{"id": 1, "by": "a", "parts": [{"kind": "text", "html": "<p>x"}, {"kind": "image"}]}], "fold")
    assert left["parts"] == [{"kind": "text", "html": f'<p>folded &lt;1&gt; <a href="{NOTE.link}">{NOTE.link}</a></p>'}]


def test_a_label_is_a_piece_of_its_own_and_stands_before_one_text_only() -> None:
    parts = [{"kind": "text", "html": "<p>x"}]
    (left,) = _after([{"id": 1, "by": "a", "title": "t", "body": "", "parts": parts}], "label", Note("<!> "))
    assert (left["title"], left["body"]) == ("<!> t", "")
    assert left["parts"] == [{"kind": "text", "html": "&lt;!&gt; "}, *parts]


@pytest.mark.parametrize("nested", [False, True])
def test_a_page_that_must_not_be_empty_keeps_the_last_post_that_can_be_folded(nested: bool) -> None:
    posts = [{"id": 1, "by": "a", "body": "x"}, {"id": 2, "by": "a"}]
    items: list[object] = [{"kind": "group", "list": posts}] if nested else [*posts]
    endpoint = Endpoint(re.compile("/feed"), items=("items", "items[].list"), never_empty=True)
    assert _page(items, endpoint).settled(["remove", "remove"]) == ["fold", "remove"]
    assert _page([*items, {"kind": "header"}], endpoint).settled(["remove", "remove"]) == ["remove", "remove"]


def test_a_fold_writes_where_a_pure_repost_has_null() -> None:
    (left,) = _after([{"id": 1, "by": "a", "body": None, "title": "t"}], "fold")
    assert (left["body"], left["title"]) == (f"{NOTE.line} {NOTE.link}", "")
    assert _page([{"id": 1, "by": "a", "body": None}]).settled(["label"]) == ["watch"]


def test_an_endpoint_may_have_fields_of_its_own() -> None:
    other = Fields(id=("key",), author_id=("who",), author=("who",), text=(("says",),), main=("says",))
    page = _page(
        [{"key": 7, "who": "b", "says": "hello"}], Endpoint(re.compile("/feed"), items=("items",), fields=other)
    )
    assert [(post.id, post.author, post.text) for post in page.posts] == [("7", "b", "hello")]
    assert b"folded <1>" in page.edited(page.settled(["fold"]), {0: NOTE})


def test_what_stands_in_the_item_is_rewritten_though_its_author_stands_elsewhere() -> None:
    def resolve(text: JsonText) -> Callable[[Any], Any]:
        (names,) = (text.value(span) for span in text.find("names"))
        return lambda item: {**item, "by": names[item["number"]]}

    endpoint = Endpoint(re.compile("/feed"), items=("items",), resolve=resolve)
    adapter = Adapter("test", "Test", ("test.example",), (endpoint,), FIELDS, "high", "2026-11")
    page = JsonPage(
        b'{"items":[{"id":1,"number":0,"body":"x"},{"id":2,"number":1}],"names":["a","b"]}', adapter, endpoint
    )
    assert [post.author for post in page.posts] == ["a", "b"]
    assert page.settled(["fold", "fold"]) == ["fold", "remove"]
    assert page.edited(["label", "keep"], {0: Note("! ")}).startswith(b'{"items":[{"id":1,"number":0,"body":"! x"}')


def test_an_item_that_must_not_be_deleted_is_folded_or_left() -> None:
    def slots(text: JsonText) -> Iterator[Slot]:
        for array in text.find("items"):
            items = text.elements(array)
            yield from (Slot(items, i, removable=i != 0) for i in range(len(items)))

    def settled(*items: object) -> list[Action]:
        return _page([*items], Endpoint(re.compile("/feed"), items=slots)).settled(["remove"] * len(items))

    post, bare = {"id": 1, "by": "a", "body": "x"}, {"id": 2, "by": "a"}
    assert settled(post, post) == ["fold", "remove"]
    assert settled(bare, bare) == ["watch", "remove"]

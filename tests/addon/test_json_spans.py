"""The invariants of cutting JSON by span."""

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circleshield_addon.json_spans import JsonError, JsonText, cut, spliced

# JSON as text, so that white space, number forms, escapes and duplicate keys are what a server might write.
SPACE = st.text(alphabet=" \t\r\n", max_size=3)
NUMBER = st.one_of(
    st.integers(min_value=-(2**70), max_value=2**70).map(str),
    st.sampled_from(
        ["0", "-0", "1.0", "1e5", "1E+2", "-0.0", "12345678901234567890.10", "1e400", "0.1000000000000000000001"]
    ),
    st.decimals(allow_nan=False, allow_infinity=False, places=20).map(lambda d: format(d, "f")),
)
PIECE = st.one_of(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters='"\\'),
    st.sampled_from(["\\n", "\\/", "\\\\", '\\"', "\\u4f60", "\\ud83d\\ude00", "\\u0000", "😀", "面", "[", "}", ","]),
)
STRING = st.lists(PIECE, max_size=8).map(lambda pieces: '"' + "".join(pieces) + '"')
LEAF = st.one_of(NUMBER, STRING, st.sampled_from(["true", "false", "null"]))


def _array(elements: list[str], spaces: list[str]) -> str:
    return "[" + ",".join(f"{s}{e}{s}" for e, s in zip(elements, spaces, strict=False)) + "]"


def _object(members: list[tuple[str, str, str]]) -> str:
    return "{" + ",".join(f"{s}{k}{s}:{s}{v}{s}" for k, v, s in members) + "}"


def _containers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    arrays = st.lists(inner, max_size=4).flatmap(
        lambda e: st.lists(SPACE, min_size=len(e), max_size=len(e)).map(lambda s: _array(e, s))
    )
    objects = st.lists(st.tuples(st.one_of(STRING, st.just('"a"')), inner, SPACE), max_size=4).map(_object)
    return st.one_of(arrays, objects)


VALUE = st.recursive(LEAF, _containers, max_leaves=12)


@st.composite
def pages(draw: st.DrawFn) -> tuple[str, list[str], set[int]]:
    """A page with its list under `data.items`, the list's elements as written, and the indices to take out."""
    elements = draw(st.lists(VALUE, max_size=7))
    spaces = draw(st.lists(SPACE, min_size=len(elements), max_size=len(elements)))
    removed = draw(st.sets(st.integers(0, len(elements) - 1))) if elements else set()
    before, after = draw(VALUE), draw(VALUE)
    text = (
        draw(SPACE)
        + _object(
            [
                ('"cursor"', before, draw(SPACE)),
                ('"data"', _object([('"x"', after, ""), ('"items"', _array(elements, spaces), " ")]), ""),
                (draw(STRING.filter(lambda s: json.loads(s) not in ("data", "cursor"))), after, draw(SPACE)),
            ]
        )
        + draw(SPACE)
    )
    return text, elements, removed


def _parsed(text: str | bytes) -> Any:
    """Exactly what is written: numbers with all digits, duplicate keys all kept, in order."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal, object_pairs_hook=lambda pairs: ("object", pairs))


def _items(parsed: Any) -> list[Any]:
    data = [value for key, value in parsed[1] if key == "data"][-1]
    items: list[Any] = [value for key, value in data[1] if key == "items"][-1]
    return items


@settings(max_examples=600, deadline=None)
@given(pages())
def test_what_stays_is_the_page_without_the_items(page: tuple[str, list[str], set[int]]) -> None:
    text, elements, removed = page
    body = text.encode()
    document = JsonText(body)
    (array,) = document.find("data.items")
    spans = document.elements(array)
    assert [body[start:end].decode() for start, end in spans] == elements

    left = spliced(body, cut(spans, removed))
    expected = _parsed(body)
    items = _items(expected)
    items[:] = [item for i, item in enumerate(items) if i not in removed]
    assert _parsed(left) == expected
    if not removed:
        assert left is body
    # Everything around the list, and every element that stays, is the same bytes in the same order.
    start, end = array
    tail = len(body) - end
    assert left[:start] == body[:start]
    assert left[len(left) - tail :] == body[end:]
    inside, at = left[start : len(left) - tail], 0
    for i, (first, last) in enumerate(spans):
        if i not in removed:
            at = inside.index(body[first:last], at) + last - first


@given(st.binary(max_size=80))
def test_never_raises_anything_but_json_error(body: bytes) -> None:
    try:
        body.decode()
        JsonText(body)
    except (UnicodeDecodeError, JsonError):
        pass


@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"{", b"[1,]", b"nul", b"[1] x", b'{"a":}', b"<html>", b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000],
)
def test_what_is_not_json_is_refused(body: bytes) -> None:
    with pytest.raises(JsonError):
        JsonText(body)


def test_lone_surrogates_and_control_characters_are_read_and_kept() -> None:
    body = (
        b'{"items":[{"t":"half \\ud83d emoji"},{"t":"tab\there\x01"},'
        b'{"t":"\\\\ud83d is no escape"},{"t":"\\ud83d\\ude00"}]}'
    )
    document = JsonText(body)
    (array,) = document.find("items")
    spans = document.elements(array)
    texts = [document.value(span)["t"] for span in spans]
    assert texts == ["half � emoji", "tab here ", "\\ud83d is no escape", "😀"]
    assert spliced(body, cut(spans, {1})) == body.replace(b'{"t":"tab\there\x01"},', b"")


def test_the_last_of_duplicate_keys_counts_as_in_javascript() -> None:
    document = JsonText(b'{"items":[1],"items":[2,3]}')
    assert [document.value(span) for array in document.find("items") for span in document.elements(array)] == [2, 3]


def test_numbers_beyond_floats_do_not_stop_a_read() -> None:
    document = JsonText(b'{"id":123456789012345678901234567890,"big":1e999}')
    assert document.value(document.root) == {"id": 123456789012345678901234567890, "big": float("inf")}


def test_paths_name_nested_arrays() -> None:
    document = JsonText(b'{"data":{"cards":[{"g":[1,2]},{"g":{"no":"array"}},{"other":1},[],{"g":[3]}]}}')
    assert [document.value(a) for a in document.find("data.cards[].g")] == [[1, 2], {"no": "array"}, [3]]
    assert [document.value(a) for a in document.find("data.cards[].g[]")] == [1, 2, 3]
    assert list(document.find("data.nothing.here")) == []
    bare = JsonText(b" [1] ")
    assert [bare.value(array) for array in bare.find("")] == [[1]]


def test_a_span_inside_another_goes_with_it() -> None:
    assert spliced(b"0123456789", [(2, 8, b"-"), (3, 4, b"+")]) == b"01-89"
    assert spliced(b"0123456789", [(9, 10, b""), (0, 3, b"")]) == b"345678"
    assert spliced(b"0123456789", [(5, 5, b"new")]) == b"01234new56789"


def test_the_readme_of_cut() -> None:
    body = b"[ a , b , c ]"
    spans = [m.span() for m in re.finditer(rb"[abc]", body)]
    assert spliced(body, cut(spans, {0})) == b"[ b , c ]"
    assert spliced(body, cut(spans, {2})) == b"[ a , b ]"
    assert spliced(body, cut(spans, {0, 1, 2})) == b"[  ]"


def test_members_go_with_their_keys() -> None:
    body = b'{ "a" : 1 , "b":[2,"x"], "c\\u0022":{"a":3} }'
    document = JsonText(body)

    def left(*names: str) -> bytes:
        return spliced(body, document.without_members(document.root, set(names)))

    assert left() is body
    assert left("nothing") is body
    assert left("a") == b'{ "b":[2,"x"], "c\\u0022":{"a":3} }'
    assert left("b", 'c"') == b'{ "a" : 1 }'
    assert left("a", "b", 'c"') == b"{  }"


def test_a_list_longer_than_is_read() -> None:
    text = JsonText(b"[" + b"0," * 20_000 + b"0]")
    with pytest.raises(JsonError, match="longer than is read"):
        text.elements(text.root)

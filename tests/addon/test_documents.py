"""JSON in every wrapping, and the way back to the bytes of the body."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circleshield_addon.adapters import ADAPTERS
from circleshield_addon.documents import documents, in_string
from circleshield_addon.json_spans import JsonError, JsonText, cut, spliced


def _drop_second(body: bytes, path: str = "items", embedded: re.Pattern[bytes] | None = None) -> bytes:
    edits = []
    for document in documents(body, embedded):
        for array in document.text.find(path):
            edits += [document.place(edit) for edit in cut(document.text.elements(array), {1})]
    return spliced(body, edits)


@pytest.mark.parametrize(
    ("body", "left"),
    [
        (b'{"items":[1,2,3]}', b'{"items":[1,3]}'),
        (b' for (;;);{"items":[1,2,3]}\n', b' for (;;);{"items":[1,3]}\n'),
        (b'for(;;);{"items":[1,2,3]}', b'for(;;);{"items":[1,3]}'),
        (b'for (;;);{"items":[1,2,3]}\r\n{"items":[4,5]}', b'for (;;);{"items":[1,3]}\r\n{"items":[4]}'),
        (b')]}\'\n{"items":[1,2,3]}', b')]}\'\n{"items":[1,3]}'),
        (b'while(1);{"items":[1,2,3]}', b'while(1);{"items":[1,3]}'),
        (b'cb({"items":[1,2,3]})', b'cb({"items":[1,3]})'),
        (b'/**/ jQuery_1.cb$2( {"items":[1,2,3]} );\n', b'/**/ jQuery_1.cb$2( {"items":[1,3]} );\n'),
        (b'{"items":[1,2,3]}\n{"items":[4,5]}\r\n\n{"x":1}', b'{"items":[1,3]}\n{"items":[4]}\r\n\n{"x":1}'),
        (
            b'_Callback({code:0,items:[{k:\'it\\\'s \\x3Cli\\x3E\'},{"k":"two"}, /* three */ undefined,],});',
            b"_Callback({code:0,items:[{k:'it\\'s \\x3Cli\\x3E'},undefined,],});",
        ),
        (b'{"code":0,\n"items":[{a:\'1\'},{b:2},undefined]}\n', b'{"code":0,\n"items":[{a:\'1\'},undefined]}\n'),
    ],
)
def test_wrappings(body: bytes, left: bytes) -> None:
    found = _drop_second(body)
    assert re.sub(rb" /\* three \*/ ", b"", found) == left


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"for(;;);",
        b'for(;;);{"a":1}\n{',
        b"cb(",
        b"cb(1)x",
        b"cb(f(1))",
        b'{"a":1}\nnot json',
        b"cb({a:new Date()})",
        b"\x00",
    ],
)
def test_what_holds_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(JsonError):
        documents(body)


def test_json_inside_html() -> None:
    pattern = re.compile(rb"__INITIAL_STATE__\s*=\s*")
    body = (
        '<script>window.__INITIAL_STATE__={"items":[{"t":"面"},{"t":undefined},3]};(function(){})()</script>'.encode()
    )
    left = body.replace(b',{"t":undefined}', b"")
    assert _drop_second(body, embedded=pattern) == left
    (document,) = documents(body, pattern)
    (array,) = document.text.find("items")
    written = spliced(body, [document.place((*array, b'["</script>"]'))])
    assert b'{"items":["<\\/script>"]};' in written
    with pytest.raises(JsonError):
        documents(b"<html></html>", pattern)


def test_json_inside_a_json_string() -> None:
    inner = '{"items":["面膜\\n",{"q":"\\"two\\""},"😀"]}'
    body = json.dumps({"payload": inner}).encode()
    outer = JsonText(body)
    (span,) = outer.find("payload")
    document = in_string(outer, span)
    assert document.text.value(document.text.root) == json.loads(inner)
    (array,) = document.text.find("items")
    edits = [document.place(edit) for edit in cut(document.text.elements(array), {1})]
    assert json.loads(json.loads(spliced(body, edits))["payload"]) == {"items": ["面膜\n", "😀"]}
    (first,) = (s for s in document.text.elements(array)[:1])
    written = spliced(body, [document.place((*first, '"新 \\"text\\""'.encode()))])
    assert json.loads(json.loads(written)["payload"])["items"][0] == '新 "text"'


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(st.characters(exclude_categories=["Cs"]))),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=3), inner, max_size=4)),
    max_leaves=12,
)


@given(st.lists(JSON, max_size=5), st.sets(st.integers(0, 4)), st.booleans())
def test_any_json_in_a_string_there_and_back(items: list[object], gone: set[int], ascii_only: bool) -> None:
    body = json.dumps({"p": json.dumps(items, ensure_ascii=ascii_only)}, ensure_ascii=ascii_only).encode()
    outer = JsonText(body)
    (span,) = outer.find("p")
    document = in_string(outer, span)
    edits = cut(document.text.elements(document.text.root), {i for i in gone if i < len(items)})
    left = spliced(body, map(document.place, edits))
    assert json.loads(json.loads(left)["p"]) == [item for i, item in enumerate(items) if i not in gone]


@given(st.binary(max_size=60))
def test_nothing_but_json_errors_on_any_bytes(data: bytes) -> None:
    for body in (b"cb({a:" + data + b"})", b"for(;;);" + data, data):
        try:
            body.decode()
            documents(body)
        except (JsonError, UnicodeDecodeError):
            pass


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece", [b"'\\", b"/* ", b"$render_data = [", b"var FrontPage =", b"window.__INITIAL_STATE__ = "]
)
def test_what_never_ends_takes_no_time(piece: bytes) -> None:
    """Its square would be hours, in which nothing else of the proxy moves."""
    body = piece * (1_000_000 // len(piece))
    patterns = [e.embedded for adapter in ADAPTERS for e in adapter.endpoints if e.embedded is not None]
    assert len(patterns) >= 4
    for text, embedded in [(b"{a:" + body, None), (b"cb({a:" + body, None), *((body, pattern) for pattern in patterns)]:
        with pytest.raises(JsonError):
            documents(text, embedded)


def test_a_literal_longer_than_is_read() -> None:
    assert documents(b"{a:'" + b"x" * 1_000_000 + b"'}")
    with pytest.raises(JsonError):
        documents(b"{a:'" + b"x" * 1_100_000 + b"'}")

"""Posts read from what adapters need of an item are the same as from the whole item."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circleshield_addon.adapter import Adapter, Endpoint
from circleshield_addon.adapters import ADAPTERS
from circleshield_addon.json_spans import JsonText
from circleshield_addon.needed_parts import decoder_of

_CASES = [
    (adapter, endpoint)
    for adapter in ADAPTERS
    for endpoint in adapter.endpoints
    if decoder_of(adapter, endpoint, endpoint.fields or adapter.fields) is not None
]


def _put(item: dict[str, Any], path: str, value: Any) -> None:
    first, _, rest = path.partition(".")
    key, is_list = first.removesuffix("[]"), first.endswith("[]")
    inside = item.get(key, {})
    if rest:
        if not isinstance(inside, dict):
            return
        _put(inside, rest, value)
    item[key] = [inside if rest else value] if is_list else inside if rest else value


@st.composite
def _items(draw: st.DrawFn, adapter: Adapter, endpoint: Endpoint) -> dict[str, Any]:
    fields = endpoint.fields or adapter.fields
    texts = [path for alternatives in fields.text for path in alternatives]
    inner: dict[str, Any] = {}
    for path in texts:
        _put(inner, path, "里面的话")
    leaf = st.sampled_from((None, True, 7, "", "面膜", "<p>b</p>", [], {}, inner))
    item: dict[str, Any] = {"other": {"id": 1}}
    for post in endpoint.post:
        for path in (*fields.id, *fields.author_id, *fields.author, *texts, *fields.inner, *fields.ad, *fields.needs):
            if draw(st.booleans()):
                is_inner = path in fields.inner and draw(st.booleans())
                _put(item, ".".join(filter(None, (post, path))), inner if is_inner else draw(leaf))
    return item


def test_most_adapters_are_read_so() -> None:
    assert len({adapter.name for adapter, _ in _CASES}) >= 8


@pytest.mark.parametrize(("adapter", "endpoint"), _CASES[::3], ids=lambda value: getattr(value, "name", ""))
def test_same_posts(adapter: Adapter, endpoint: Endpoint) -> None:
    @settings(max_examples=40)
    @given(_items(adapter, endpoint))
    def same(item: dict[str, Any]) -> None:
        text = JsonText(json.dumps(item).encode())
        fields = endpoint.fields or adapter.fields
        parts = text.value(text.root, decoder_of(adapter, endpoint, fields))
        assert adapter.read(parts, endpoint.post, fields) == adapter.read(item, endpoint.post, fields)

    same()


def test_a_number_that_no_float_holds() -> None:
    adapter, endpoint = _CASES[0]
    text = JsonText(b'{"id":1e999}')
    assert text.value(text.root, decoder_of(adapter, endpoint, adapter.fields)) == {"id": float("inf")}

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


def _keys(adapter: Adapter, endpoint: Endpoint) -> list[str]:
    fields = endpoint.fields or adapter.fields
    texts = [path for alternatives in fields.text for path in alternatives]
    paths = [*endpoint.post, *fields.id, *fields.author_id, *fields.author, *texts, *fields.inner, *fields.ad]
    return sorted({key for path in paths for key in path.replace("[]", "").split(".") if key} | {"other"})


def _items(keys: list[str]) -> st.SearchStrategy[Any]:
    leaf = st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(("", "a", "面膜", "<p>b</p>"))
    name = st.sampled_from(keys)
    return st.dictionaries(
        name,
        st.recursive(leaf, lambda inside: st.dictionaries(name, inside, max_size=5) | st.lists(inside, max_size=3)),
        max_size=8,
    )


def test_most_adapters_are_read_so() -> None:
    assert len({adapter.name for adapter, _ in _CASES}) >= 8


@pytest.mark.parametrize(("adapter", "endpoint"), _CASES[::3], ids=lambda value: getattr(value, "name", ""))
def test_same_posts(adapter: Adapter, endpoint: Endpoint) -> None:
    @settings(max_examples=30)
    @given(_items(_keys(adapter, endpoint)))
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

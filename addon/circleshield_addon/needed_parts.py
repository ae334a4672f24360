"""Decoders that read of an object only what stands at some paths, and skip the rest."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, TypedDict

import msgspec

from circleshield_addon.adapter import Adapter, Endpoint, Fields
from circleshield_addon.json_spans import steps

_Tree = dict[str, Any]  # key -> what is needed below it; empty: the whole value


def decoder_of(adapter: Adapter, endpoint: Endpoint, fields: Fields) -> msgspec.json.Decoder[Any] | None:
    """One for the items of an endpoint, for `Adapter.read`; None where code of the adapter's reads them too.

    It raises msgspec.ValidationError for an object of another shape, which is to be decoded whole.
    """
    if adapter.item_is_ad is not None or endpoint.resolve is not None or adapter.wrapper:
        return None
    inside = (
        *fields.id,
        *fields.author_id,
        *fields.author,
        *(path for alternatives in fields.text for path in alternatives),
        *fields.inner,
        *fields.ad,
        *fields.needs,
    )
    return _decoder(endpoint.post, inside)


@lru_cache(maxsize=256)
def _decoder(posts: tuple[str, ...], inside: tuple[str, ...]) -> msgspec.json.Decoder[Any] | None:
    tree = _tree(steps(f"{post}.{path}") for post in posts for path in inside)
    return msgspec.json.Decoder(_typed(tree)) if tree else None


def _tree(ways: Iterable[tuple[str, ...]]) -> _Tree:
    root: _Tree = {}
    objects = {way[: way.index("[]")] if "[]" in way else way for way in ways}
    for keys in sorted(objects, key=len, reverse=True):  # what is needed whole comes after what is in it
        if not keys:
            return {}
        here = root
        for key in keys[:-1]:
            here = here.setdefault(key, {})
        here[keys[-1]] = {}
    return root


def _typed(tree: _Tree) -> Any:
    members = {key: _typed(below) | None if below else Any for key, below in tree.items()}
    return TypedDict("Part", members, total=False)  # type: ignore[operator]

"""What pydantic finds wrong with a config file, as sentences a person can act on."""

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Any, get_args

import pydantic
from pydantic.fields import FieldInfo


def explained(error: Any, root: type[pydantic.BaseModel]) -> str:
    """One pydantic error about a `root`: the key, what it must be, and what it is."""
    loc: tuple[str | int, ...] = error["loc"]
    key = dotted(loc)
    got = f"got {error['input']!r}" if not isinstance(error["input"], dict | list) else "got a table"
    bounds = _bounds(error, root)
    match error["type"]:
        case "extra_forbidden":
            return f"{key} is not a known key{nearest(str(loc[-1]), _model(loc[:-1], root).model_fields)}"
        case "missing":
            return f"{key} is missing"
        case "greater_than_equal" | "less_than_equal" | "finite_number":
            return f"{key} must be {bounds}, {got}"
        case "float_type":
            return f"{key} must be a number {bounds}, {got}"
        case "int_type" | "int_from_float":
            return f"{key} must be a whole number {bounds}, {got}"
        case "bool_type":
            return f"{key} must be true or false, {got}"
        case "literal_error":
            expected = ", ".join(re.findall(r"'(\w+)'", error["ctx"]["expected"]))
            return f"{key} must be one of {expected}, {got}"
        case "string_too_short":
            return f"{key} must not be empty"
        case "model_type" | "dict_type":
            return f"{key} must be a table, {got}"
        case "tuple_type":
            return f"{key} must be a list{_of_what(loc)}, {got}"
        case "string_type":
            return f"{key} must be a text in quotes, {got}"
        case "value_error":
            return f"{key} {error['ctx']['error']}"
        case kind if kind.startswith("date"):
            return f"{key} must be a day such as 2026-12-31, without quotes, {got}"
        case _:
            return f"{key}: {error['msg']}, {got}"


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that was probably meant, or all of them."""
    known = list(known)
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]}?" if near else f"; there are: {', '.join(known)}"


def dotted(loc: Sequence[str | int]) -> str:
    """`filter.remove_at`, `rules[2].pattern`: what stands in a list is counted from 1."""
    return "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in loc).removeprefix(".")


def _model(loc: Sequence[str | int], root: type[pydantic.BaseModel]) -> type[pydantic.BaseModel]:
    """The model of the table at `loc`: a field of the root, or what such a field's dict or list is made of."""
    if not loc:
        return root
    kind: Any = root.model_fields[str(loc[0])].annotation
    return kind if isinstance(kind, type) and issubclass(kind, pydantic.BaseModel) else _models_in(kind)[0]


def _models_in(kind: Any) -> list[type[pydantic.BaseModel]]:
    return [k for k in get_args(kind) if isinstance(k, type) and issubclass(k, pydantic.BaseModel)]


def _bounds(error: Any, root: type[pydantic.BaseModel]) -> str:
    fields = _model(error["loc"][:-1], root).model_fields
    field = fields.get(str(error["loc"][-1]))
    return bounds(field) if field is not None else ""


def bounds(field: FieldInfo) -> str:
    """`between 0 and 1`, from a field's declaration; empty where it has none."""
    metadata = [*field.metadata, *(m for part in get_args(field.annotation) for m in getattr(part, "__metadata__", ()))]
    found: dict[str, float] = {}
    for entry in metadata:
        for each in (entry, *getattr(entry, "metadata", ())):
            found |= {name: getattr(each, name) for name in ("ge", "le") if hasattr(each, name)}
    return f"between {found['ge']} and {found['le']}" if found.keys() >= {"ge", "le"} else ""


def _of_what(loc: Sequence[str | int]) -> str:
    return {"hosts": " of host names", "devices": " of IP addresses or user:NAME", "languages": " of languages"}.get(
        str(loc[-1]), ""
    )

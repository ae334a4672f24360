"""The config file as a person meets it: the commented one, what each key is, and changes that keep the rest."""

import re
import types
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin

import pydantic
import tomlkit
import tomlkit.exceptions
import tomlkit.items
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from circleshield_addon.config_errors import bounds
from circleshield_addon.rules import Rule
from circleshield_addon.settings import (
    Access,
    Filter,
    Friends,
    Generic,
    Ledger,
    Platform,
    Profile,
    Review,
    User,
    read_config,
)
from circleshield_model.errors import InputError
from circleshield_model.private_file import written_private


class Key(NamedTuple):
    """One key of the config file."""

    name: str
    default: str
    values: str
    help: str


class Table(NamedTuple):
    """One table of the config file; `example` is its header as it may stand there."""

    header: str
    example: str
    model: type[pydantic.BaseModel]

    @property
    def keys(self) -> Iterator[Key]:
        """Its own keys; not those that it shares with `[filter]`."""
        shared = Filter.model_fields if self.model is not Filter else {}
        for name, field in self.model.model_fields.items():
            if name not in shared:
                yield Key(name, _default(field), _values(field), " ".join((field.description or "").split()))


TABLES = (
    Table("[filter]", "[filter]", Filter),
    Table("[platforms.NAME]", "[platforms.x]", Platform),
    Table("[profiles.NAME]", "[profiles.child]", Profile),
    Table("[[rules]]", "[[rules]]", Rule),
    Table("[generic]", "[generic]", Generic),
    Table("[ledger]", "[ledger]", Ledger),
    Table("[access]", "[access]", Access),
    Table("[friends]", "[friends]", Friends),
    Table("[users.NAME]", "[users.anna]", User),
    Table("[review]", "[review]", Review),
)
# Of nothing that anybody uses: how a hash looks.
_HASH = "$argon2id$v=19$m=19456,t=2,p=1$c29tZSBzYWx0IGhlcmU$c29tZSBoYXNoIHRoYXQgaXMgbm9ib2R5J3MgcGFzc3dvcmQ"
_EXAMPLES = {
    "remove_at": "0.95",
    "review_at": "0.6",
    "devices": '["192.168.1.7"]',
    "shield_after": "10",
    "password": f'"{_HASH}"',
    "effect": '"block"',
    "author": '"weibo:7700000001"',
    "word": '"招代理"',
    "pattern": "'加(微信|v|薇) ?\\w+'",
    "link": '"shop.example.com"',
    "platform": '"weibo_web"',
    "until": "2026-12-31",
}


def commented() -> str:
    """The config file with every key explained and none set."""
    lines = [
        "# circleshield: every key with its default, or an example where it has none. Take away the # to change one."
    ]
    for table in TABLES:
        lines += ["", f"# {' '.join((table.model.__doc__ or '').split())}"]
        always = table.example == table.header and table.model is not Rule
        lines.append(table.example if always else f"# {table.example}")
        for key in table.keys:
            lines.append(f"# {key.help}{f' ({key.values})' if key.values else ''}")
            lines.append(f"# {key.name} = {key.default or _EXAMPLES[key.name]}")
    return "\n".join(lines) + "\n"


def with_value(path: Path, key: str, value: str) -> str:
    """The text of the config file with one key set, as `with_values`."""
    return with_values(path, {key: value})


def with_values(path: Path, values: Mapping[str, str | None]) -> str:
    """The text of the config file with keys set, comments and order kept. Whether it is valid then is not looked at.

    Values are TOML; what is none is taken as a text. None takes a key out, by a # where it has a line of its own.
    """
    text = read_config(path) if path.exists() else ""
    for key, value in values.items():
        text = _without(text, path, *key.split(".")) if value is None else _with_value(text, path, key, value)
    return text


def _with_value(text: str, path: Path, key: str, value: str) -> str:
    *tables, name = key.split(".")
    if not tables or not all((*tables, name)) or tables[0] == "rules":
        raise InputError(
            f"{key!r} is not a key that can be set, such as filter.remove_at; rules are edited in the file"
        )
    document = _parsed(_uncommented(text, tables, name), path)
    try:
        item: Any = tomlkit.value(value)
    except (tomlkit.exceptions.TOMLKitError, ValueError):
        item = value
    inner: Any = document
    for depth, table in enumerate(tables):
        if table not in inner:
            inline = isinstance(inner, tomlkit.items.InlineTable)
            inner[table] = tomlkit.inline_table() if inline else tomlkit.table(depth < len(tables) - 1)
        inner = inner[table]
        if not isinstance(inner, dict):
            raise InputError(f"{path.name}: {'.'.join(tables[: depth + 1])} must be a table")
    inner[name] = item
    return tomlkit.dumps(document)


def without_table(path: Path, *tables: str) -> str:
    """The text of the config file without a table that is in it, comments and order of the rest kept."""
    return _less(read_config(path), path, *tables)


def _without(text: str, path: Path, *names: str) -> str:
    found = _own_lines(text, names[:-1])
    if found is not None:
        line = re.compile(rf"^(?=[ \t]*{re.escape(names[-1])}[ \t]*=)", re.M)
        text = text[: found.start()] + line.sub("# ", found[0], count=1) + text[found.end() :]
    return _less(text, path, *names)  # it may stand there as filter.remove_at as well


def _less(text: str, path: Path, *names: str) -> str:
    document = _parsed(text, path)
    inner: Any = document
    for name in names[:-1]:
        inner = inner.get(name) if isinstance(inner, dict) else None
    if isinstance(inner, dict):
        inner.pop(names[-1], None)
    return tomlkit.dumps(document)


def _parsed(text: str, path: Path) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text)
    except tomlkit.exceptions.TOMLKitError as e:
        raise InputError(f"{path}: is not TOML: {e}") from e


def _own_lines(text: str, tables: Sequence[str]) -> re.Match[str] | None:
    """The lines of a table with a header of its own, from that on."""
    return re.search(rf"^\[{re.escape('.'.join(tables))}\].*$(?:\n(?!(?:# )?\[).*)*", text, re.M)


def _uncommented(text: str, tables: list[str], name: str) -> str:
    """The text with the commented line of a key, where its table has one and not the key itself, taken for the key."""
    table = _own_lines(text, tables)
    if table is None or re.search(rf"^\s*{re.escape(name)}\s*=", table[0], re.M):
        return text
    taken = re.sub(rf"^# ({re.escape(name)} =)", r"\1", table[0], count=1, flags=re.M)
    return text[: table.start()] + taken + text[table.end() :]


def write_config(path: Path, text: str) -> None:
    """Writes the file whole or not at all; a link to it stays one. Raises InputError if it cannot."""
    path = path.resolve()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
        with written_private(path, mode) as file:
            file.write(text.encode())
    except OSError as e:
        raise InputError(f"{path}: cannot be written: {e.strerror}") from e


def _default(field: FieldInfo) -> str:
    if field.default is None or field.default is PydanticUndefined:
        return ""
    plain = list(field.default) if isinstance(field.default, tuple) else field.default
    return str(tomlkit.item(plain).as_string())


def _values(field: FieldInfo) -> str:
    choices = [choice for kind in _kinds(field.annotation) if get_origin(kind) is Literal for choice in get_args(kind)]
    return ", ".join(choices) if choices else bounds(field)


def _kinds(kind: Any) -> Iterator[Any]:
    yield kind
    if get_origin(kind) in (tuple, types.UnionType) or hasattr(kind, "__metadata__"):
        for part in get_args(kind):
            yield from _kinds(part)

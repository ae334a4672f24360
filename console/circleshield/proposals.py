"""Adapters proposed from a capture: which responses hold a feed, and the declarations that would read them."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from circleshield.captures import Exchange
from circleshield_addon import routing
from circleshield_addon.adapter import Endpoint, Fields
from circleshield_addon.coding import CodingError, decode
from circleshield_addon.generic import GENERIC, described
from circleshield_addon.json_spans import JsonError
from circleshield_addon.page import JsonPage
from circleshield_addon.post import Post
from circleshield_addon.settings import Settings

_NAME_CHARACTERS = re.compile(r"[a-z0-9.-]+")
# A part of a path that names one thing, not a kind: a number, a hash, an id of mixed letters and figures.
_ID = re.compile(r"\d+|[0-9a-fA-F-]{8,}|(?=(?:.*\d){3})[\w-]{10,}|[^/]*[@:%][^/]*")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A kind of response that holds a feed.

    `path` is a pattern for the whole URL path, `endpoint` how its pages are read, `posts` what was read from all
    `pages` of the capture. `known`: the adapter that reads such responses already, or empty.
    """

    host: str
    method: str
    path: str
    endpoint: Endpoint
    pages: int
    posts: tuple[Post, ...]
    known: str


def proposals(exchanges: Iterable[Exchange]) -> list[Proposal]:
    """The feeds in a capture, those that no adapter reads yet; if there are none such, the others."""
    groups: defaultdict[tuple[str, str, str], list[tuple[str, bytes]]] = defaultdict(list)
    for exchange in exchanges:
        host, path = exchange.url.hostname or "", exchange.url.path or "/"
        if _NAME_CHARACTERS.fullmatch(host) and (body := _json(exchange)) is not None:
            groups[host, exchange.method, _pattern(path)].append((path, body))
    found = [proposal for key, bodies in groups.items() if (proposal := _proposal(*key, bodies)) is not None]
    return [proposal for proposal in found if not proposal.known] or found


def _json(exchange: Exchange) -> bytes | None:
    """The body of a response that may hold a feed, as UTF-8."""
    endpoints = [endpoint for endpoint in GENERIC.endpoints if endpoint.method == exchange.method]
    if exchange.status != 200 or not any(endpoint.path.fullmatch(exchange.url.path or "/") for endpoint in endpoints):
        return None
    if not any(word in exchange.content_type for word in ("json", "javascript", "text/plain")):
        return None
    try:
        body, _ = decode(exchange.body, exchange.content_encoding, routing.charset(exchange.content_type))
    except CodingError:
        return None
    return body


def _proposal(host: str, method: str, pattern: str, bodies: Sequence[tuple[str, bytes]]) -> Proposal | None:
    pages = []
    for _, body in bodies:
        try:
            endpoint = described(body)
            pages.append((len(JsonPage(body, GENERIC, endpoint).posts), endpoint, body))
        except JsonError:
            continue
    most, endpoint, _ = max(pages, key=lambda page: page[0], default=(0, GENERIC.endpoints[0], b""))
    if not most:
        return None
    read = [posts for _, _, body in pages if (posts := JsonPage(body, GENERIC, endpoint).posts)]
    known = routing.route(method, host, bodies[0][0], Settings())
    posts = tuple(post for page in read for post in page)
    return Proposal(host, method, pattern, endpoint, len(read), posts, known.adapter.name if known else "")


def _pattern(path: str) -> str:
    return "/".join("[^/]+" if _ID.fullmatch(part) else re.escape(part).replace("\\-", "-") for part in path.split("/"))


def source(found: Sequence[Proposal], as_of: str) -> str:
    """A Python file that declares adapters for these feeds, one a host."""
    hosts: defaultdict[str, list[Proposal]] = defaultdict(list)
    for proposal in found:
        hosts[proposal.host].append(proposal)
    adapters = [_adapter(host, group, as_of, alone=len(hosts) == 1) for host, group in hosts.items()]
    head = (
        '"""Proposed from a capture: check it against further pages."""\n\n'
        "import re\n\nfrom circleshield_addon.adapter import Adapter, Endpoint, Fields\n"
    )
    return "\n".join((head, *adapters))


def _adapter(host: str, group: Sequence[Proposal], as_of: str, *, alone: bool) -> str:
    name = re.sub(r"\W+", "_", re.sub(r"^(?:www|api|m)\.(?=.*\.)", "", host)).strip("_")
    name = name if name[:1].isalpha() else f"site_{name}"
    constant = "ADAPTER" if alone else re.sub(r"\W", "_", host).upper()
    constant = constant if constant[0].isalpha() else f"SITE_{constant}"
    main = max(group, key=lambda proposal: len(proposal.posts)).endpoint.fields
    assert main is not None
    lines = [
        f"{constant} = Adapter(",
        f"    name={_quoted(name)},",
        f"    title={_quoted(host)},",
        f"    hosts=({_quoted(host)},),",
        "    endpoints=(",
    ]
    for proposal in group:
        endpoint = proposal.endpoint
        assert isinstance(endpoint.items, tuple)
        lines += [
            "        Endpoint(",
            f"            re.compile({_quoted(proposal.path, raw=True)}),",
            f"            items={_tuple(endpoint.items)},",
        ]
        if endpoint.post != ("",):
            lines.append(f"            post={_tuple(endpoint.post)},")
        if proposal.method != "GET":
            lines.append(f"            method={_quoted(proposal.method)},")
        if endpoint.fields is not None and endpoint.fields != main:
            lines += _fields(endpoint.fields, " " * 12)
        lines += [
            "            # For clients that page by the last post's id. Take it out where the server names a cursor.",
            "            last_item_is_cursor=True,",
            "        ),",
        ]
    lines += ["    ),", *_fields(main, "    ")]
    lines += ['    confidence="low",', f"    as_of={_quoted(as_of)},", ")", ""]
    return "\n".join(lines)


def _fields(declared: Fields, indent: str) -> list[str]:
    lines = [f"{indent}fields=Fields("]
    deeper = indent + "    "
    for name in (field.name for field in fields(Fields)):
        value = getattr(declared, name)
        if name == "text" and len(value) > 1:
            lines += [f"{deeper}text=(", *(f"{deeper}    {_tuple(part)}," for part in value), f"{deeper}),"]
        elif name == "text":
            lines.append(f"{deeper}text=({_tuple(value[0])},),")
        elif isinstance(value, frozenset) and value:
            lines.append(f"{deeper}{name}=frozenset({_tuple(tuple(sorted(value)))}),")
        elif isinstance(value, dict) and value:
            members = (f"{deeper}    {_quoted(key)}: {_value(member)}," for key, member in value.items())
            lines += [f"{deeper}{name}={{", *members, f"{deeper}}},"]
        elif isinstance(value, tuple) and (value or name in ("author_id", "author")):
            lines.append(f"{deeper}{name}={_tuple(value)},")
    return [*lines, f"{indent}),"]


def _tuple(values: Sequence[str]) -> str:
    return f"({', '.join(map(_quoted, values))}{',' * (len(values) == 1)})"


def _value(value: object) -> str:
    return _quoted(value) if isinstance(value, str) else repr(value)


def _quoted(text: str, raw: bool = False) -> str:
    """A string literal, written as the formatter would; what a server sent never gets out of it."""
    if raw and re.fullmatch(r"[\w/.\\\[\]^+~-]*[\w/\]+]", text, re.ASCII):
        return f'r"{text}"'
    return f'"{text}"' if re.fullmatch(r"[\w .$@/-]*(?:\[\][\w .$@/-]*)*", text) else repr(text)

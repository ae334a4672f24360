"""Which hosts are decrypted, and which responses are feed pages: by host, path, method and content type."""

from dataclasses import dataclass
from functools import lru_cache

from circleshield_addon.adapter import Adapter, Endpoint, HtmlList, Stream
from circleshield_addon.adapters import ADAPTERS
from circleshield_addon.generic import GENERIC
from circleshield_addon.settings import Settings


@dataclass(frozen=True, slots=True)
class Route:
    """A request that an adapter takes."""

    adapter: Adapter
    endpoint: Endpoint


# What servers label JSON with. A page that says it is HTML or an image is an error page or a challenge: it passes.
_JSON_TYPES = frozenset(
    (
        "",
        "application/json",
        "application/x-json",
        "application/javascript",
        "application/x-javascript",
        "text/json",
        "text/javascript",
        "text/plain",
    )
)


def matches(host: str, patterns: tuple[str, ...]) -> bool:
    """Whether `host` (a name without port) is one of `patterns`; `*.example.com` stands for every name below."""
    host = host.lower().removesuffix(".")
    return any(host == p or (p.startswith("*.") and host.endswith(p[1:])) for p in patterns)


def decrypted(host: str, settings: Settings) -> bool:
    """Whether TLS to `host` is opened: only for hosts of enabled adapters and those in `[generic]`."""
    return matches(host, settings.hosts)


def route(method: str, host: str, path: str, settings: Settings) -> Route | None:
    """The adapter for a request, or None. `path`: the URL's path; what follows a `?` does not count.

    A federated platform is told by its path alone, on any host that is read at all. Of hosts in `[generic]`, those that
    have an adapter keep theirs.
    """
    path = path.partition("?")[0]
    found = _route(method, host.lower().removesuffix("."), path)
    if found is not None and settings.enabled(found.adapter.name):
        return found
    if matches(host, settings.generic.hosts) and not matches(host, settings.adapter_hosts):
        return _generic_route(method, path)
    return None


def _generic_route(method: str, path: str) -> Route | None:
    endpoints = (endpoint for endpoint in GENERIC.endpoints if endpoint.method == method)
    return next((Route(GENERIC, endpoint) for endpoint in endpoints if endpoint.path.fullmatch(path)), None)


@lru_cache(maxsize=1024)
def _route(method: str, host: str, path: str) -> Route | None:
    for adapter in _adapters_of(host):
        for endpoint in adapter.endpoints:
            if endpoint.method == method and endpoint.path.fullmatch(path):
                return Route(adapter, endpoint)
    return None


@lru_cache(maxsize=1024)
def _adapters_of(host: str) -> tuple[Adapter, ...]:
    return tuple(adapter for adapter in ADAPTERS if adapter.federated or matches(host, adapter.hosts))


def stream(kind: str, host: str, path: str, settings: Settings) -> tuple[Adapter, Stream] | None:
    """The adapter and its stream of that kind (`sse` or `websocket`) for a request, or None."""
    path = path.partition("?")[0]
    for adapter in _adapters_of(host.lower().removesuffix(".")):
        for candidate in adapter.streams:
            if candidate.kind == kind and candidate.path.fullmatch(path) and settings.enabled(adapter.name):
                return adapter, candidate
    return None


def is_page_type(content_type: str, endpoint: Endpoint) -> bool:
    """Whether a Content-Type header may stand on a page of that endpoint."""
    mime = content_type.partition(";")[0].strip().lower()
    if endpoint.embedded is not None or isinstance(endpoint.items, HtmlList):
        return mime in ("", "text/html", "application/xhtml+xml")
    if endpoint in GENERIC.endpoints:
        return mime == "application/json" or "+json" in mime
    if endpoint.typed_html and mime == "text/html":
        return True
    return mime in _JSON_TYPES or "+json" in mime  # LinkedIn puts a version behind it


def charset(content_type: str) -> str:
    """The charset that a Content-Type header names; empty where it names none."""
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip()
    return ""

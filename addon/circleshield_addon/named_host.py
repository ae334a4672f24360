"""The host that a request names."""

from functools import lru_cache

from mitmproxy import http
from mitmproxy.net.http import url


def named_host(request: http.Request) -> str:
    """As mitmproxy's `Request.pretty_host`, which reads the name anew each time it is asked."""
    header = request.host_header
    return _host_in(header) if header else request.host


@lru_cache(maxsize=1024)
def _host_in(header: str) -> str:
    return url.parse_authority(header, check=False)[0]

"""Keeps the feeds off HTTP/3, which is not filtered: clients are not told of it, and a tunnel carries no QUIC."""

from collections.abc import Callable

from mitmproxy import connection, http
from mitmproxy.proxy.mode_specs import WireGuardMode

from circleshield_addon import routing
from circleshield_addon.named_host import named_host
from circleshield_addon.settings import Settings

QUIC_PORT = 443


class NoQuic:
    """A mitmproxy addon. HTTP/3 in DNS records is taken out by mitmproxy's own, where its `http3` option is off."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings

    def client_connected(self, client: connection.Client) -> None:
        """Refuses UDP to port 443 in a WireGuard tunnel: its client falls back to TCP."""
        is_tunnelled = isinstance(client.proxy_mode, WireGuardMode) and client.transport_protocol == "udp"
        if is_tunnelled and client.sockname[1] == QUIC_PORT:
            client.error = "QUIC is not carried"

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Takes out what tells clients of other ways to a host that is decrypted (RFC 7838)."""
        assert flow.response is not None
        headers = flow.response.headers
        if "alt-svc" in headers and routing.decrypted(named_host(flow.request), self._settings()):
            del headers["alt-svc"]

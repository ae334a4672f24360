"""WireGuard for several devices on one port: mitmproxy's own mode takes the key of a single one."""

import ipaddress
from collections.abc import Callable
from pathlib import Path

import mitmproxy_rs
from mitmproxy import connection, dns
from mitmproxy.net.dns import types
from mitmproxy.proxy.mode_servers import AsyncioServerInstance, WireGuardServerInstance
from mitmproxy.proxy.mode_specs import WireGuardMode
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from circleshield.tunnels import load
from circleshield_addon.destinations import RESOLVER
from circleshield_addon.notes import HOST

_PAGE = "10.0.0.54"
"""What the proxy's own name is said to be inside a tunnel."""
_TYPE = "wireguarddevices"


class WireGuardDevicesMode(WireGuardMode):
    """The mode of `WireGuardDevices`."""


def mode_spec(spec: str) -> str:
    """What mitmproxy is given for a `--mode`: `wireguard`, without a file of its own, is that of many devices."""
    head, at, where = spec.partition("@")
    return f"{_TYPE}{at}{where}" if head == "wireguard" else spec


def user_spec(spec: str) -> str:
    """The `--mode` that the user gave."""
    return "wireguard" + spec.removeprefix(_TYPE) if spec.startswith(_TYPE) else spec


class WireGuardDevices(WireGuardServerInstance):
    """Lets in each device by its own key. mitmproxy makes the instances itself; `home` is set before."""

    home: Path
    __orig_bases__ = (AsyncioServerInstance[WireGuardDevicesMode],)  # by this mitmproxy finds the class of a mode

    _was_at: tuple[connection.Address, ...] = ()

    @property
    def listen_addrs(self) -> tuple[connection.Address, ...]:
        """Where it listens, or will again in a moment."""
        return super().listen_addrs or self._was_at

    async def _start(self) -> None:
        self._tunnels = load(self.home)
        await AsyncioServerInstance._start(self)

    async def restart(self) -> None:
        """Reads the devices anew. Tunnels that are open find back within seconds."""
        closing, self._was_at = list(self._servers), self.listen_addrs
        try:
            await self.stop()
            for server in closing:
                await server.wait_closed()
            await self.start()
        finally:
            self._was_at = ()

    async def start_udp_based_server(self, host: str, port: int) -> mitmproxy_rs.wireguard.WireGuardServer:
        """Listens."""
        keys = [device.public_key for device in self._tunnels.devices]
        # The server wants one; of this one nobody has the private half.
        keys = keys or [mitmproxy_rs.wireguard.pubkey(mitmproxy_rs.wireguard.genkey())]
        return await mitmproxy_rs.wireguard.start_wireguard_server(
            host, port, self._tunnels.server_key, keys, self.handle_stream, self.handle_stream
        )

    def client_conf(self) -> None:
        """None: there is one for each device."""


class InTunnels:
    """A mitmproxy addon: names inside a tunnel.

    The proxy's own is found, and IPv6 addresses are not: this machine may have no IPv6, while the tunnel takes it all.
    """

    def __init__(self, page: Callable[[], connection.Address]) -> None:
        """`page`: where the proxy's page listens; a connection to its own name is opened to there."""
        self._page = page

    def dns_request(self, flow: dns.DNSFlow) -> None:
        """Answers for the proxy's own name, and with nothing where an IPv6 address is asked for."""
        question = flow.request.question
        if not self._is_ours(flow.client_conn) or question is None:
            return
        if question.name.lower().removesuffix(".") == HOST:
            found = [ipaddress.IPv4Address(_PAGE)] if question.type == types.A else []
            flow.response = flow.request.succeed(
                [dns.ResourceRecord.A(question.name, address, ttl=60) for address in found]
            )
        elif question.type == types.AAAA:
            flow.response = flow.request.succeed([])

    def server_connect(self, data: ServerConnectionHookData) -> None:
        """Gives a request for the proxy's own name, which it answers by itself, a connection that can be opened."""
        if self._is_tunnel(data.client) and data.server.address == (_PAGE, 80):
            data.server.address = self._page()

    def _is_ours(self, client: connection.Client) -> bool:
        return self._is_tunnel(client) and client.sockname[:2] == (RESOLVER, 53)

    def _is_tunnel(self, client: connection.Client) -> bool:
        return isinstance(client.proxy_mode, WireGuardMode)

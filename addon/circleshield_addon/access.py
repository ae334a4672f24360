"""Who may use the proxy, and what they may reach through it: no open relay, and no way into this machine."""

import asyncio
import logging
import socket
from collections.abc import Callable, Iterable
from ipaddress import ip_address, ip_network

from mitmproxy import connection, http
from mitmproxy.proxy import mode_specs
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from circleshield_addon import notes
from circleshield_addon.destinations import RESOLVER, Address, allowed, barred, literal, plain
from circleshield_addon.device import device_of
from circleshield_addon.named_host import named_host
from circleshield_addon.settings import Settings

log = logging.getLogger("circleshield")

OWN_PORT = "circleshield.own_port"
"""Among a flow's metadata: the request is for the proxy's own address and port."""
_TOLD = 1000


class Access:
    """A mitmproxy addon that lets in devices of private networks alone, and keeps them out of this machine.

    Clients on this machine may reach all that they could without the proxy. Nobody has it call itself, for ever.
    """

    def __init__(
        self,
        listening: Callable[[], Iterable[connection.Address]],
        page_port: Callable[[], int],
        settings: Callable[[], Settings],
    ) -> None:
        """`listening`: the proxy's own addresses. `page_port`: the port its page listens on besides, or 0."""
        self._listening, self._page_port = listening, page_port
        self._settings = settings
        self._names: dict[str, connection.Address] = {}
        self._told: set[tuple[str, str]] = set()

    def client_connected(self, client: connection.Client) -> None:
        """Closes the connection of a client from elsewhere."""
        device = device_of(client.peername)
        if isinstance(client.proxy_mode, mode_specs.LocalMode) or not device or not ip_address(device).is_global:
            return
        if any(ip_address(device) in ip_network(text) for text in self._settings().access.clients):
            return
        client.error = "not a client of a private network"
        self._tell(device, "was not let in: it is not in a private network (access.clients lets more in)")

    def http_connect(self, flow: http.HTTPFlow) -> None:
        """Answers 403 where the client asks for a barred address; a reset would make browsers go round the proxy."""
        self._check(flow)

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """The same for plain HTTP, but a request to the proxy itself is marked, for its page to answer."""
        request = flow.request
        address = literal(request.host)
        if address is not None and request.scheme == "http" and self._is_own(address, request.port):
            flow.metadata[OWN_PORT] = True
        elif named_host(request) != notes.HOST:
            self._check(flow)

    async def server_connect(self, data: ServerConnectionHookData) -> None:
        """Looks the name up, once, and has the very address dialled that was checked."""
        if data.server.error or data.server.address is None:
            return
        host, port = data.server.address[:2]
        exempt = self._is_exempt(data.client, data.server.address)
        if exempt and not any(listening[1] == port for listening in self._listening()):
            return
        kind = socket.SOCK_STREAM if data.server.transport_protocol == "tcp" else socket.SOCK_DGRAM
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=kind)
        except (OSError, UnicodeError) as e:
            data.server.error = str(e)
            return
        addresses = [ip_address(entry[4][0]) for entry in found]
        why = next((why for address in addresses if (why := self._why_not(address, port, exempt)) is not None), None)
        if why is not None:
            data.server.error = why if exempt else self._refusal(data.client, host, port, why)
        elif str(addresses[0]) != host:
            self._names[data.server.id] = data.server.address
            data.server.address = (str(found[0][4][0]), port)

    def server_connected(self, data: ServerConnectionHookData) -> None:
        """Gives the connection its name back, by which it is found again for the next request."""
        if (address := self._names.pop(data.server.id, None)) is not None:
            object.__setattr__(data.server, "address", address)  # mitmproxy holds that it cannot change any more

    server_connect_error = server_connected

    def _check(self, flow: http.HTTPFlow) -> None:
        request = flow.request
        address = literal(request.host)
        if flow.response is not None or address is None or self._is_exempt(flow.client_conn, None):
            return
        why = self._why_not(address, request.port, exempt=False)
        if why is not None:
            text = self._refusal(flow.client_conn, request.host, request.port, why)
            flow.response = http.Response.make(403, f"circleshield: {text}\n", {"content-type": "text/plain"})

    def _is_exempt(self, client: connection.Client, address: connection.Address | None) -> bool:
        """Whether the client is on this machine, or the address is one that the user, not the client, has chosen."""
        mode, device = client.proxy_mode, device_of(client.peername)
        if isinstance(mode, mode_specs.LocalMode | mode_specs.ReverseMode | mode_specs.DnsMode):
            return True
        if isinstance(mode, mode_specs.UpstreamMode) and address == mode.address:
            return True
        if isinstance(mode, mode_specs.WireGuardMode) and client.sockname[:2] == (RESOLVER, 53):
            return True
        return bool(device) and ip_address(device).is_loopback

    def _why_not(self, address: Address, port: int, exempt: bool) -> str | None:
        if self._is_own(address, port) or (not exempt and port == self._page_port() and _is_here(plain(address))):
            return f"it is the proxy itself; its page is http://{notes.HOST}/"
        why = None if exempt else barred(address)
        return None if why is None or allowed(address, port, self._settings().access.allow) else why

    def _is_own(self, address: Address, port: int) -> bool:
        return any(listening[1] == port for listening in self._listening()) and _is_here(plain(address))

    def _refusal(self, client: connection.Client, host: str, port: int, why: str) -> str:
        self._tell(device_of(client.peername), f"was refused {host}:{port}: {why} (access.allow lets it through)")
        return f"{host}:{port} is not reached for other devices: {why}"

    def _tell(self, device: str, what: str) -> None:
        if (device, what) not in self._told:
            if len(self._told) >= _TOLD:
                self._told.clear()
            self._told.add((device, what))
            log.warning("%s %s", device, what)


def _is_here(address: Address) -> bool:
    """Whether it is an address of this machine: only those can be bound to."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:  # without IPv6 there is no such socket either
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True

"""Which addresses a device must not reach through the proxy, because it could not reach them by itself."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Allowed = tuple[Network, int | None]
"""A network, and the one port in it, or None for all."""

RESOLVER = "10.0.0.53"
"""Where mitmproxy answers DNS inside a WireGuard tunnel; what it cannot answer it asks this machine's resolver."""

_METADATA = frozenset(
    map(
        ip_address,
        # 169.254.169.254 and its like are link-local. AWS over IPv6, Alibaba Cloud, Azure, Oracle Cloud:
        ("fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192"),
    )
)
_THIS_NETWORK = ip_network("0.0.0.0/8")  # 0.0.0.0 is loopback to Linux
_NAT64 = ip_network("64:ff9b::/96")


def barred(address: Address) -> str | None:
    """Why a device must not reach this address; None where it may."""
    address = plain(address)
    if address.is_loopback or address.is_unspecified or address in _THIS_NETWORK:
        return "it is the proxy's own machine"
    if address in _METADATA:
        return "it is a cloud's metadata service"
    if address.is_link_local:
        return "it is link-local"
    if address.is_multicast or address.is_reserved:
        return "it is no single machine"
    return None


def plain(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for (mapped, 6to4, Teredo, NAT64), or the address itself."""
    if isinstance(address, IPv6Address):
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFF_FFFF)
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
        return inner or IPv6Address(int(address))  # without a zone
    return address


@lru_cache(maxsize=1024)
def literal(host: str) -> Address | None:
    """The address that a host is spelt as; None for a name."""
    try:
        return ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


@lru_cache(maxsize=256)
def allowance(text: str) -> Allowed:
    """What an entry such as `127.0.0.1:3000`, `[::1]:3000` or `169.254.0.0/16` allows. Raises ValueError."""
    try:
        return ip_network(text), None
    except ValueError:
        host, colon, port = text.rpartition(":")
        if not colon or not port.isdecimal() or int(port) > 65535:
            raise
        return ip_network(host.removeprefix("[").removesuffix("]")), int(port)


def allowed(address: Address, port: int, entries: Iterable[str]) -> bool:
    """Whether one of the entries allows it."""
    address = plain(address)
    return any(address in network and one in (None, port) for network, one in map(allowance, entries))

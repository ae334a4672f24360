"""How a client is named: by its IP address, spelt in one way, or as a proxy user."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

USER = "user:"
"""Before the name of a proxy user, where one stands in place of a device."""


@lru_cache(maxsize=1024)
def device(address: str) -> str:
    """The canonical spelling of an IP address; an IPv4 one mapped into IPv6 is that IPv4 one, a zone is dropped.

    Raises ValueError for what is no IP address.
    """
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return str(found)


def device_of(peername: tuple[str, int] | None) -> str:
    """The device at the other end of a connection; empty where that is not known by an address."""
    try:
        return device(peername[0]) if peername else ""
    except ValueError:
        return ""

"""Where other devices reach this machine."""

import socket
from ipaddress import ip_address


def lan_address() -> str | None:
    """The address of this machine in its network; None without one."""
    for family, elsewhere in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):  # for documentation
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((elsewhere, 9))  # chooses a route, sends nothing
            except OSError:
                continue
            return str(probe.getsockname()[0])
    return None


def shown_host(listening: str) -> str:
    """What others use for an address that is listened on, in brackets where it is IPv6."""
    host = listening.strip("[]")
    if not host or ip_address(host).is_unspecified:
        host = lan_address() or host
    return f"[{host}]" if ":" in host else host

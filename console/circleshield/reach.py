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


def reached_host(listening: str) -> str:
    """The address that others use for one that is listened on, which may stand in brackets or for all there are."""
    host = listening.strip("[]")
    return lan_address() or host if not host or ip_address(host).is_unspecified else host


def in_url(address: tuple[str, int]) -> str:
    """Host and port as a URL has them, with brackets around an IPv6 address."""
    host, port = address
    return f"{f'[{host}]' if ':' in host else host}:{port}"

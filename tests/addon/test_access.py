"""Which clients are let in, and what is dialled. What they reach: tests/end_to_end/test_access.py."""

import asyncio
import logging
import socket
from collections.abc import Sequence
from typing import Any

import pytest
from mitmproxy.connection import Client, Server
from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from circleshield_addon.access import Access
from circleshield_addon.settings import Access as AccessTable
from circleshield_addon.settings import Settings


def let_in(address: str, mode: str = "regular", networks: tuple[str, ...] = ()) -> bool:
    settings = Settings(access=AccessTable(clients=networks))
    client = Client(peername=(address, 50000), sockname=("192.168.1.5", 8080), proxy_mode=ProxyMode.parse(mode))
    Access(list, int, lambda: settings).client_connected(client)
    return client.error is None


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "192.168.1.7", "10.0.0.1", "172.16.9.9", "fd12::7", "fe80::1%eth0", "100.64.1.1"]
)
def test_private_networks_are_let_in(address: str) -> None:
    assert let_in(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
@pytest.mark.parametrize("mode", ["regular", "socks5", "transparent", "reverse:https://weibo.com"])
def test_others_are_not(address: str, mode: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "circleshield")
    assert not let_in(address, mode)
    assert "access.clients" in caplog.text


def test_networks_in_the_config_file_are() -> None:
    assert let_in("2606:4700::1111", networks=("2606:4700::/32",))
    assert let_in("::ffff:8.8.8.8", networks=("8.8.8.8",))
    assert not let_in("2607::1", networks=("2606:4700::/32",))


def dialled(
    monkeypatch: pytest.MonkeyPatch, device: str, leads_to: Sequence[str]
) -> tuple[Access, ServerConnectionHookData]:
    """What becomes of a device's connection to `name.example:8080` at a proxy on port 8080, looked up once."""
    answers = iter([[(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 8080)) for address in leads_to]])

    async def looked_up(*_: Any, **__: Any) -> Any:
        return next(answers)

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", looked_up)
    client = Client(peername=(device, 50000), sockname=("127.0.0.1", 8080), proxy_mode=ProxyMode.parse("regular"))
    data = ServerConnectionHookData(Server(address=("name.example", 8080)), client)
    access = Access(lambda: [("127.0.0.1", 8080)], int, Settings)
    asyncio.run(access.server_connect(data))
    return access, data


@pytest.mark.parametrize("device", ["192.168.1.7", "127.0.0.1"])
def test_the_address_that_was_checked_is_dialled(monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    """So a name that leads elsewhere when it is asked for again leads nowhere."""
    access, data = dialled(monkeypatch, device, ["203.0.113.9", "203.0.113.10"])
    assert data.server.error is None
    assert data.server.address == ("203.0.113.9", 8080)
    access.server_connected(data)
    assert data.server.address == ("name.example", 8080)


@pytest.mark.parametrize("device", ["192.168.1.7", "127.0.0.1"])
def test_a_name_one_of_whose_addresses_is_barred_is_not_dialled(monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    _, data = dialled(monkeypatch, device, ["203.0.113.9", "127.0.0.1"])
    assert "it is the proxy itself" in (data.server.error or "")

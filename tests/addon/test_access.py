"""Which clients are let in. What they reach: tests/end_to_end/test_access.py."""

import logging

import pytest
from mitmproxy.connection import Client
from mitmproxy.proxy.mode_specs import ProxyMode

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

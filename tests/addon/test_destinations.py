from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circleshield_addon.destinations import allowance, allowed, barred, literal

_BARRED = [
    "127.0.0.1",
    "127.8.9.1",
    "0.0.0.0",
    "0.1.2.3",
    "::1",
    "::",
    "169.254.169.254",
    "169.254.170.2",
    "fe80::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "224.0.0.251",
    "ff02::1",
    "255.255.255.255",
    "240.0.0.1",
]


@pytest.mark.parametrize("address", _BARRED)
def test_barred(address: str) -> None:
    assert barred(ip_address(address)) is not None


@pytest.mark.parametrize("address", ["192.168.1.20", "10.1.2.3", "100.64.0.7", "fd12::7", "8.8.8.8", "2606:4700::1111"])
def test_not_barred(address: str) -> None:
    assert barred(ip_address(address)) is None


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_in_an_ipv6_one_counts_as_itself(inner: IPv4Address) -> None:
    number = int(inner)
    around = [
        IPv6Address((0xFFFF << 32) | number),  # mapped
        IPv6Address((0x64FF9B << 96) | number),  # NAT64
        IPv6Address((0x2002 << 112) | (number << 80)),  # 6to4
        IPv6Address((0x20010000 << 96) | (number ^ 0xFFFF_FFFF)),  # Teredo
    ]
    assert {barred(address) for address in around} == {barred(inner)}


def test_allowances() -> None:
    entries = ("127.0.0.1:3000", "[::1]:3000", "169.254.0.0/16")
    assert allowed(ip_address("127.0.0.1"), 3000, entries)
    assert allowed(ip_address("::ffff:127.0.0.1"), 3000, entries)
    assert allowed(ip_address("::1"), 3000, entries)
    assert allowed(ip_address("169.254.169.254"), 80, entries)
    assert not allowed(ip_address("127.0.0.1"), 3001, entries)
    assert not allowed(ip_address("127.0.0.2"), 3000, entries)


@pytest.mark.parametrize("text", ["localhost:3000", "127.0.0.1:70000", "127.0.0.1/33", "", "127.0.0.1:"])
def test_allowances_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"does not appear|Expected|host bits"):
        allowance(text)


def test_literals() -> None:
    assert literal("[::1]") == ip_address("::1")
    assert literal("localhost") is None

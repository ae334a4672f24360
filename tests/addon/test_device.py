"""One spelling for each device."""

import pytest

from circleshield_addon.device import device, device_of


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.168.1.7", "192.168.1.7"),
        ("::ffff:192.168.1.7", "192.168.1.7"),
        ("FE80:0::1%eth0", "fe80::1"),
        ("0:0:0:0:0:0:0:1", "::1"),
    ],
)
def test_canonical(address: str, expected: str) -> None:
    assert device(address) == expected
    assert device_of((address, 50123)) == expected


def test_what_has_no_address() -> None:
    with pytest.raises(ValueError, match="phone"):
        device("phone")
    assert device_of(("phone", 1)) == ""
    assert device_of(None) == ""

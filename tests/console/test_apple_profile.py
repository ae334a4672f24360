"""The profile against the keys that Apple documents (github.com/apple/device-management, mdm/profiles)."""

import plistlib
import re
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from circleshield.apple_profile import Wifi, profile
from circleshield_addon import authority

_COMMON = {
    "PayloadType": str,
    "PayloadVersion": int,
    "PayloadIdentifier": str,
    "PayloadUUID": str,
    "PayloadDisplayName": str,
    "PayloadDescription": str,
    "PayloadOrganization": str,
}
_KEYS: dict[str, dict[str, type]] = {
    "Configuration": {**_COMMON, "PayloadContent": list, "PayloadRemovalDisallowed": bool},
    "com.apple.security.root": {**_COMMON, "PayloadContent": bytes, "PayloadCertificateFileName": str},
    "com.apple.wifi.managed": {
        **_COMMON,
        "SSID_STR": str,
        "HIDDEN_NETWORK": bool,
        "AutoJoin": bool,
        "EncryptionType": str,
        "Password": str,
        "ProxyType": str,
        "ProxyServer": str,
        "ProxyServerPort": int,
        "ProxyPACURL": str,
        "ProxyPACFallbackAllowed": bool,
    },
}
_REQUIRED = {"PayloadType", "PayloadVersion", "PayloadIdentifier", "PayloadUUID"}
_VALUES: dict[str, set[object]] = {
    "EncryptionType": {"WEP", "WPA", "WPA2", "WPA3", "Any", "None"},
    "ProxyType": {"None", "Manual", "Auto"},
    "PayloadVersion": {1},
}


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> authority.Authority:
    return authority.create(tmp_path_factory.mktemp("ca"), ("weibo.com",))


def check(payload: dict[str, Any]) -> None:
    keys = _KEYS[payload["PayloadType"]]
    assert payload.keys() >= _REQUIRED
    for key, value in payload.items():
        assert type(value) is keys[key], key
        assert key not in _VALUES or value in _VALUES[key]
    assert re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", payload["PayloadUUID"])


@pytest.mark.parametrize(
    "wifi",
    [
        None,
        Wifi("家里的 Wi-Fi", "secret words", "http://192.168.1.5:8080/proxy.pac", fail_closed=False),
        Wifi("open", "", "http://192.168.1.5:8080/proxy.pac?closed", fail_closed=True),
    ],
    ids=["CA alone", "Wi-Fi", "open Wi-Fi"],
)
def test_every_key_is_one_of_apples(wifi: Wifi | None, ca: authority.Authority) -> None:
    whole = plistlib.loads(profile(ca, wifi))
    payloads = [whole, *whole["PayloadContent"]]
    for payload in payloads:
        check(payload)
    assert len({payload["PayloadUUID"] for payload in payloads}) == len(payloads) == (2 if wifi is None else 3)
    assert x509.load_der_x509_certificate(payloads[1]["PayloadContent"]) == ca.root
    if wifi is not None:
        network = payloads[2]
        assert network["ProxyPACFallbackAllowed"] is not wifi.fail_closed
        assert network.get("Password", "") == wifi.password
        assert (network["EncryptionType"] == "None") is not bool(wifi.password)


def test_installing_it_again_replaces_it_and_another_ca_does_not(ca: authority.Authority, tmp_path: Path) -> None:
    assert profile(ca) == profile(ca)
    other = plistlib.loads(profile(authority.create(tmp_path, ("weibo.com",))))
    assert other["PayloadIdentifier"] != plistlib.loads(profile(ca))["PayloadIdentifier"]

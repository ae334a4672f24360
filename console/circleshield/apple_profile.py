"""A configuration profile for iPhone, iPad and Mac: the CA, and where asked for the proxy of one Wi-Fi network.

Keys: Apple's Device Management documentation, profiles `TopLevel`, `com.apple.security.root`, `com.apple.wifi.managed`.
"""

import plistlib
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from circleshield_addon.authority import Authority

MIME = "application/x-apple-aspen-config"


@dataclass(frozen=True)
class Wifi:
    """A Wi-Fi network, and the address of the PAC file to use in it. `password` is empty for an open network."""

    ssid: str
    password: str
    pac_url: str
    fail_closed: bool


def profile(authority: "Authority", wifi: Wifi | None = None) -> bytes:
    """The profile as a property list. The same CA and network give the same identifiers: installing again replaces."""
    from cryptography.hazmat.primitives.serialization import Encoding

    payloads = [
        _payload(
            "com.apple.security.root",
            authority.fingerprint,
            authority.title,
            PayloadCertificateFileName="circleshield.cer",
            PayloadContent=authority.root.public_bytes(Encoding.DER),
        )
    ]
    if wifi is not None:
        payloads.append(
            _payload(
                "com.apple.wifi.managed",
                f"{authority.fingerprint} {wifi.ssid}",
                f"Wi-Fi {wifi.ssid}",
                SSID_STR=wifi.ssid,
                HIDDEN_NETWORK=False,
                AutoJoin=True,
                EncryptionType="Any" if wifi.password else "None",
                **({"Password": wifi.password} if wifi.password else {}),
                ProxyType="Auto",
                ProxyPACURL=wifi.pac_url,
                ProxyPACFallbackAllowed=not wifi.fail_closed,
            )
        )
    whole = _payload(
        "Configuration",
        f"{authority.fingerprint} profile",
        "circleshield",
        PayloadOrganization="circleshield",
        PayloadDescription="Trusts the CA of your own circleshield proxy. 信任你自己的 circleshield 代理的证书。",
        PayloadContent=payloads,
    )
    return plistlib.dumps(whole)


def _payload(kind: str, identity: str, title: str, **keys: Any) -> dict[str, Any]:
    unique = uuid.uuid5(uuid.NAMESPACE_URL, f"https://circleshield.invalid/{kind}/{identity}")
    return {
        "PayloadType": kind,
        "PayloadVersion": 1,
        "PayloadIdentifier": f"circleshield.{kind.rpartition('.')[2].lower()}.{unique}",
        "PayloadUUID": str(unique).upper(),
        "PayloadDisplayName": title,
        **keys,
    }

"""The devices that may open a WireGuard tunnel: their keys, one each, kept in the home folder."""

import json
import re
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import mitmproxy_rs

from circleshield.control import ask
from circleshield.reach import in_url, reached_host
from circleshield_addon.destinations import RESOLVER
from circleshield_model.errors import InputError
from circleshield_model.private_file import write_private

FILE = "wireguard.json"
_MITMPROXYS = Path("ca") / "wireguard.conf"
_PORT = 51820
_NUMBERS = (*range(2, 53), *range(60, 255))
_NAME = re.compile(r"[\w.-]{1,40}")


@dataclass(frozen=True)
class Device:
    """A device with a key of its own. `number` is the last part of its address in the tunnel."""

    name: str
    key: str
    number: int

    @property
    def address(self) -> str:
        """Its address in the tunnel; so the log, pauses and profiles can name it."""
        return f"10.0.0.{self.number}"

    @property
    def public_key(self) -> str:
        """What the server knows it by."""
        return str(mitmproxy_rs.wireguard.pubkey(self.key))


@dataclass(frozen=True)
class Tunnels:
    """The server's key and its devices."""

    server_key: str
    devices: tuple[Device, ...] = ()

    def device(self, name: str) -> Device:
        """Raises InputError where there is none of that name."""
        found = next((device for device in self.devices if device.name == name), None)
        if found is None:
            names = ", ".join(device.name for device in self.devices)
            raise InputError(
                f"there is no device {name!r}; {f'the devices are: {names}' if names else 'there are none'}"
            )
        return found

    def with_device(self, name: str) -> "Tunnels":
        """With one more. Raises InputError for a name that is taken or none."""
        if not _NAME.fullmatch(name):
            raise InputError(f"{name!r} is no name for a device: up to 40 letters, digits, dots and hyphens")
        if any(device.name == name for device in self.devices):
            raise InputError(f"there is a device {name!r} already: circleshield wireguard show {name}")
        taken = {device.number for device in self.devices}
        number = next((n for n in _NUMBERS if n not in taken), None)
        if number is None:
            raise InputError(
                f"there are {len(taken)} devices, and no room for more: circleshield wireguard revoke NAME"
            )
        return replace(self, devices=(*self.devices, Device(name, mitmproxy_rs.wireguard.genkey(), number)))

    def without(self, name: str) -> "Tunnels":
        """With one less: its key opens nothing any more. Raises InputError where there is none of that name."""
        gone = self.device(name)
        return replace(self, devices=tuple(device for device in self.devices if device is not gone))

    def client_config(self, name: str, endpoint: str) -> str:
        """What the device's WireGuard app takes, for an endpoint (`host:port`).

        IPv6 is taken into the tunnel as well, so that nothing goes past it.
        """
        device = self.device(name)
        return (
            "[Interface]\n"
            f"PrivateKey = {device.key}\n"
            f"Address = {device.address}/32, fd00:c5::{device.number:x}/128\n"
            f"DNS = {RESOLVER}\n"
            "MTU = 1380\n"
            "\n"
            "[Peer]\n"
            f"PublicKey = {mitmproxy_rs.wireguard.pubkey(self.server_key)}\n"
            "AllowedIPs = 0.0.0.0/0, ::/0\n"
            f"Endpoint = {endpoint}\n"
            "PersistentKeepalive = 25\n"
        )


def load(home: Path) -> Tunnels:
    """The devices of a home folder; of an older installation its one key; a new server key where there is nothing.

    Raises InputError for a bad file.
    """
    path = home / FILE
    try:
        if path.exists():
            found = json.loads(path.read_text(encoding="utf-8"))
            tunnels = Tunnels(found["server_key"], tuple(Device(**device) for device in found["devices"]))
        elif (home / _MITMPROXYS).exists():
            path = home / _MITMPROXYS
            found = json.loads(path.read_text(encoding="utf-8"))
            tunnels = Tunnels(found["server_key"], (Device("phone", found["client_key"], 1),))
        else:
            return Tunnels(mitmproxy_rs.wireguard.genkey())
        for key in (tunnels.server_key, *(device.key for device in tunnels.devices)):
            mitmproxy_rs.wireguard.pubkey(key)
    except OSError as e:
        raise InputError(f"{path}: {e.strerror}") from e
    except (ValueError, KeyError, TypeError) as e:
        raise InputError(f"{path}: is no list of WireGuard keys: {e}; take it away to begin anew") from e
    return tunnels


def save(home: Path, tunnels: Tunnels) -> None:
    """Writes them, readable by the owner alone. Raises InputError where that cannot be done."""
    try:
        write_private(home / FILE, json.dumps(asdict(tunnels), indent=1).encode())
        (home / _MITMPROXYS).unlink(missing_ok=True)  # readable by everybody, and taken over
    except OSError as e:
        raise InputError(f"{home / FILE}: cannot be written: {e.strerror}") from e


def apply(home: Path, tunnels: Tunnels) -> None:
    """Writes them, and has a running proxy let in who is in them. Raises InputError where they cannot be written."""
    save(home, tunnels)
    with suppress(InputError):  # no proxy runs
        ask(home, "renew_tunnels")


def endpoint(home: Path, named: str | None) -> str:
    """Host and port for a device's config; what is not named is where the running proxy listens.

    Raises InputError where that is nowhere.
    """
    if named is not None and (match := re.fullmatch(r"(\[.+\]|[^:]+):(\d{1,5})", named)):
        return match[0]
    listening: dict[str, list[str]] = {}
    with suppress(InputError):  # no proxy runs
        listening = ask(home, "status")["listening"]
    tunnels = (addresses for mode, addresses in listening.items() if mode.startswith("wireguard"))
    where = next((addresses[0] for addresses in tunnels if addresses), None)
    if where is None and named is None:
        raise InputError(
            "no proxy listens for tunnels: start one with circleshield run --mode wireguard, or name an --endpoint"
        )
    host, _, port = (where or f":{_PORT}").rpartition(":")
    return in_url((named.strip("[]") if named is not None else reached_host(host), int(port)))

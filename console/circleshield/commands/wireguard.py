"""`circleshield wireguard`: the devices that may open a tunnel to the proxy."""

import contextlib
import json
import re
from pathlib import Path

import click

from circleshield.home import home_option
from circleshield.reach import in_url, reached_host
from circleshield.terminal_qr import show_qr
from circleshield_model.errors import InputError

_PORT = 51820
_endpoint_option = click.option(
    "--endpoint",
    metavar="HOST[:PORT]",
    help="Where the device finds this machine, such as a name that leads to it; default: where it listens.",
)


@click.group()
def command() -> None:
    """Let devices in by WireGuard tunnel, each with a key of its own: `circleshield run --mode wireguard`."""


@command.command()
@click.argument("name")
@home_option
@_endpoint_option
def add(name: str, home: Path, endpoint: str | None) -> None:
    """Let one more device in, and show its config as text and as a QR code for the WireGuard app."""
    from circleshield import tunnels

    found = tunnels.load(home).with_device(name)
    where = _endpoint(home, endpoint)
    tunnels.save(home, found)
    _tell(home)
    _show(found.client_config(name, where))


@command.command()
@click.argument("name")
@home_option
@_endpoint_option
def show(name: str, home: Path, endpoint: str | None) -> None:
    """Show a device's config again."""
    from circleshield import tunnels

    found = tunnels.load(home)
    found.device(name)
    _show(found.client_config(name, _endpoint(home, endpoint)))


@command.command("list")
@home_option
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
def list_devices(home: Path, as_json: bool) -> None:
    """List the devices and their addresses in the tunnel, which pauses, profiles and the log name them by."""
    from circleshield import tunnels

    devices = tunnels.load(home).devices
    if as_json:
        click.echo(json.dumps([{"name": d.name, "address": d.address, "public_key": d.public_key} for d in devices]))
        return
    for device in devices:
        click.echo(f"{device.address:<12} {device.name}")


@command.command()
@click.argument("name")
@home_option
def revoke(name: str, home: Path) -> None:
    """Shut a device out: its key opens nothing any more, at once."""
    from circleshield import tunnels

    tunnels.save(home, tunnels.load(home).without(name))
    _tell(home)
    click.echo(f"{name}: its key opens nothing any more; delete the tunnel in its WireGuard app", err=True)


def _show(config: str) -> None:
    click.echo(config, nl=False)
    show_qr(config)


def _tell(home: Path) -> None:
    """Tells the running proxy of it, if there is one."""
    from circleshield.control import ask

    with contextlib.suppress(InputError):
        ask(home, "renew_tunnels")


def _endpoint(home: Path, named: str | None) -> str:
    """Host and port for a device's config; what is not named is where the running proxy listens."""
    from circleshield.control import ask

    if named is not None and (match := re.fullmatch(r"(\[.+\]|[^:]+):(\d{1,5})", named)):
        return match[0]
    listening: dict[str, list[str]] = {}
    with contextlib.suppress(InputError):  # no proxy runs
        listening = ask(home, "status")["listening"]
    where = next((addresses[0] for mode, addresses in listening.items() if mode.startswith("wireguard")), None)
    if where is None and named is None:
        raise InputError(
            "no proxy listens for tunnels: start one with circleshield run --mode wireguard, or name an --endpoint"
        )
    host, _, port = (where or f":{_PORT}").rpartition(":")
    return in_url((named.strip("[]") if named is not None else reached_host(host), int(port)))

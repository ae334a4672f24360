"""`circleshield wireguard`: the devices that may open a tunnel to the proxy."""

import json
from pathlib import Path

import click

from circleshield.home import home_option
from circleshield.terminal_qr import show_qr

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
    where = tunnels.endpoint(home, endpoint)
    tunnels.apply(home, found)
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
    _show(found.client_config(name, tunnels.endpoint(home, endpoint)))


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
    if not devices:
        click.echo("no device yet; let one in with: circleshield wireguard add NAME", err=True)
    for device in devices:
        click.echo(f"{device.address:<12} {device.name}")


@command.command()
@click.argument("name")
@home_option
def revoke(name: str, home: Path) -> None:
    """Shut a device out: its key opens nothing any more, at once."""
    from circleshield import tunnels

    tunnels.apply(home, tunnels.load(home).without(name))
    click.echo(f"{name}: its key opens nothing any more; delete the tunnel in its WireGuard app", err=True)


def _show(config: str) -> None:
    click.echo(config, nl=False)
    show_qr(config)

"""`circleshield run`: the proxy."""

import asyncio
import logging
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from platformdirs import user_data_path

from circleshield.ca_folder import CA_FOLDER, KINDS, made
from circleshield.home import config_option
from circleshield_model.errors import InputError

if TYPE_CHECKING:
    from mitmproxy.proxy.mode_servers import ServerInstance

    from circleshield.proxy import Proxy
    from circleshield.review.hosting import ReviewHost


class _Address(click.ParamType[tuple[str, int]]):
    name = "HOST:PORT"

    def convert(
        self, value: str | tuple[str, int], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        if isinstance(value, tuple):
            return value
        host, colon, port = value.rpartition(":")
        if not colon or not port.isdecimal() or int(port) > 65535:
            self.fail(f"{value!r} is not HOST:PORT, such as 127.0.0.1:8080 or 192.168.1.5:8080", param, ctx)
        return host.removeprefix("[").removesuffix("]"), int(port)


@click.command()
@click.option(
    "--listen", type=_Address(), default="127.0.0.1:8080", show_default=True, help="A LAN address lets phones in."
)
@click.option(
    "--mode",
    "modes",
    multiple=True,
    default=("regular",),
    metavar="MODE",
    help="regular, socks5, wireguard, transparent, upstream:URL, reverse:URL, each with @PORT if need be; repeatable.",
)
@config_option
@click.option(
    "--model", type=click.Path(path_type=Path), help="Folder of the model; default: the one that training put in use."
)
@click.option(
    "--home",
    type=click.Path(path_type=Path),
    help="Folder for the CA and the ledger; default: the user's data folder.",
)
@click.option(
    "--upstream-ca",
    type=click.Path(path_type=Path),
    help="PEM file with the CA of private servers, trusted instead of the public ones.",
)
@click.option(
    "--ca",
    "kind",
    type=click.Choice(KINDS),
    help="The CA to make on the first run: constrained to the platforms' hosts (default), or unconstrained for clients "
    "so old that they do not understand that.",
)
@click.option("-v", "--verbose", is_flag=True, help="Log every connection and verdict; this puts posts into the log.")
def command(
    listen: tuple[str, int],
    modes: tuple[str, ...],
    config: Path | None,
    model: Path | None,
    home: Path | None,
    upstream_ca: Path | None,
    kind: str | None,
    verbose: bool,
) -> None:
    """Run the proxy until Ctrl-C. It follows changes of the config file and of the model at once."""
    from circleshield.service_manager import Heartbeat, JournalFormatter, in_journal
    from circleshield.terminal import LogFormatter
    from circleshield_addon.reloading import Files, Reloading
    from circleshield_addon.settings import load_settings

    handler = logging.StreamHandler(sys.stderr)
    plain = LogFormatter("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")
    handler.setFormatter(JournalFormatter() if in_journal() else plain)
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("circleshield").setLevel(logging.DEBUG if verbose else logging.INFO)
    if verbose:
        logging.getLogger("mitmproxy").setLevel(logging.INFO)
    home = home or user_data_path("circleshield")
    files = Files(config, model, home)
    made_from = files.stamps()
    settings, scorer = load_settings(config), files.scorer()
    ca_folder = home / CA_FOLDER
    made(ca_folder, kind, settings.hosts)
    if any(mode.partition("@")[0] == "wireguard" for mode in modes):
        from circleshield import tunnels

        tunnels.save(home, tunnels.load(home))

    # mitmproxy takes seconds to load on a small machine; what is wrong above is said before.
    from circleshield.commands.pause import pause_answers
    from circleshield.control import control_socket
    from circleshield.proxy import Proxy
    from circleshield.review.hosting import ReviewHost
    from circleshield_addon.ledger import FILE
    from circleshield_addon.recorder import Recorder
    from circleshield_addon.shield import Shield

    async def serve() -> None:
        recorder = Recorder(home / FILE, settings.ledger)
        shield = Shield(scorer, settings, recorder)
        reloading = Reloading(shield, files, made_from)
        review = ReviewHost(home, shield, reloading)
        proxy = Proxy(shield, reloading, listen, modes, ca_folder=ca_folder, upstream_ca=upstream_ca, review=review)
        proxy.addons.add(Heartbeat())
        answers = {
            "status": lambda: {**_status(proxy), "ledger": recorder.status(), "review": review.status()},
            "renew_ca": proxy.renew_ca,
            "renew_tunnels": proxy.renew_tunnels,
            **pause_answers(shield.pauses),
            **review.answers(),
        }
        async with control_socket(home, answers):
            with recorder:
                await proxy.serve(lambda proxy: _greet(proxy, review))

    asyncio.run(serve())


def _greet(proxy: "Proxy", review: "ReviewHost") -> None:
    """Says on stderr what a person needs to get a phone or browser connected."""
    from circleshield.reach import in_url
    from circleshield.service_manager import in_journal
    from circleshield.wireguard_server import WireGuardDevices, user_spec
    from circleshield_addon.adapters import ADAPTERS
    from circleshield_addon.authority import ROOT_FILE

    settings = proxy.shield.settings
    on = [adapter.title for adapter in ADAPTERS if settings.enabled(adapter.name)]
    servers = list(proxy.server.servers)
    lines = [(user_spec(server.mode.full_spec), _addresses(server)) for server in servers]
    lines += [
        ("platforms", ", ".join(on) or "none: nothing is decrypted"),
        ("action", f"{settings.filter.action} from a score of {proxy.shield.judge.policy().remove_at:.2f}"),
        ("WeChat", "its Moments cannot be filtered: the app encrypts them itself; the platforms above can be"),
        # A token is for the terminal, not for a log that others read.
        ("review", "open it with: circleshield review" if in_journal() else _where(review)),
        ("CA", str(Path(proxy.options.confdir) / ROOT_FILE)),
        *(("", f"warning: it {trouble}") for trouble in proxy.ca_troubles()),
    ]
    if all(address[0] in ("127.0.0.1", "::1") for server in servers for address in server.listen_addrs):
        lines.append(("phone", "cannot reach a loopback address: use --listen THIS-MACHINE'S-LAN-ADDRESS:8080"))
    else:
        address = proxy.address()
        page = f"open http://{in_url(address)}/setup in its browser, or see: " if address is not None else ""
        lines.append(("phone", f"{page}circleshield setup"))
    if any(isinstance(server, WireGuardDevices) for server in servers):
        lines.append(("WireGuard", "a device's tunnel, as a QR code: circleshield wireguard add phone"))
    for name, text in lines:
        click.echo(f"{name:<10} {text}", err=True)


def _where(review: "ReviewHost") -> str:
    try:
        return review.url()
    except InputError as e:
        return str(e)


def _status(proxy: "Proxy") -> dict[str, Any]:
    from circleshield.wireguard_server import user_spec
    from circleshield_addon.adapters import ADAPTERS

    shield = proxy.shield
    return {
        "listening": {
            user_spec(server.mode.full_spec): [f"{host}:{port}" for host, port, *_ in server.listen_addrs]
            for server in proxy.server.servers
        },
        "platforms": [adapter.name for adapter in ADAPTERS if shield.settings.enabled(adapter.name)],
        "action": shield.settings.filter.action,
        "remove_at": shield.judge.policy().remove_at,
        "review_at": shield.judge.policy().review_at,
        "model": shield.judge.scorer.version,
        "config": str(proxy.reloading.config),
        "refused": proxy.reloading.refused,
        "ca_troubles": proxy.ca_troubles(),
        "passed": [asdict(entry) for entry in proxy.refusals.passed()],
        "untrusting": proxy.refusals.untrusting(),
        "paused": [pause._asdict() for pause in shield.pauses.in_force()],
        "counts": dict(shield.counts),
        "drifts": [asdict(drift) for drift in shield.drift.drifts],
    }


def _addresses(server: "ServerInstance[Any]") -> str:
    return "listening at " + ", ".join(sorted({f"{host}:{port}" for host, port, *_ in server.listen_addrs}))

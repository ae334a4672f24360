"""`circleshield setup`: what to do on a phone or computer, with QR codes."""

import getpass
import locale
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from circleshield.ca_folder import CA_FOLDER
from circleshield.home import home_option
from circleshield.reach import lan_address, reached_host
from circleshield.setup_steps import HEADINGS, LANGUAGES, PAC_NOTE, SYSTEMS, TUNNEL, TUNNEL_UNDO, System, Ways
from circleshield.standard_input import first_line
from circleshield.terminal_qr import show_qr
from circleshield_model.errors import InputError

if TYPE_CHECKING:
    from circleshield_addon.authority import Authority


@click.command()
@click.argument("systems", nargs=-1, type=click.Choice(list(SYSTEMS)), metavar="[ios|android|windows|macos|linux]...")
@home_option
@click.option("--language", type=click.Choice(LANGUAGES), help="Default: that of this machine.")
@click.option("--remove", is_flag=True, help="How to undo it.")
@click.option("--profile", type=click.Path(path_type=Path), help="Write Apple's configuration profile to a file.")
@click.option(
    "--wifi", metavar="SSID", help="With --profile: set the proxy for this Wi-Fi as well; asks for its password."
)
@click.option(
    "--closed", is_flag=True, help="With --wifi: feeds do not load while the proxy is off, instead of unfiltered."
)
def command(
    systems: tuple[str, ...],
    home: Path,
    language: str | None,
    remove: bool,
    profile: Path | None,
    wifi: str | None,
    closed: bool,
) -> None:
    """Show what to tap on a device to use the running proxy. Without a system: on all of them."""
    from circleshield_addon import authority

    # The proxy is asked first, as it makes the CA; to undo things it need not run any more.
    host, port = ("", 0) if remove and profile is None else _address(home)
    found = authority.read(home / CA_FOLDER)
    ways = Ways(host, port, found.title)
    if profile is not None:
        _write_profile(profile, found, ways, wifi, closed)
        return
    if wifi is not None or closed:
        raise InputError("--wifi and --closed go with --profile FILE")
    if language is None:
        language = "zh" if (locale.getlocale()[0] or "").lower().startswith(("zh", "chinese")) else "en"
    if ways.host in ("127.0.0.1", "::1"):
        click.echo(
            "The proxy listens on this machine only; to let phones in: "
            f"circleshield run --listen {lan_address() or 'ADDRESS-OF-THIS-MACHINE'}:8080",
            err=True,
        )
    for name in systems or SYSTEMS:
        _show(SYSTEMS[name], ways, language, remove)
    if not remove:
        click.echo(ways.say(PAC_NOTE, language))
        for title, text in ways.codes(systems or SYSTEMS):
            click.echo(f"\n{ways.say(title, language)}: {text}")
            show_qr(text)


def _show(system: System, ways: Ways, language: str, remove: bool) -> None:
    parts = [("undo", (*system.undo, TUNNEL_UNDO))]
    if not remove:
        parts = [("trust", system.trust), ("proxy", system.proxy), ("tunnel", TUNNEL)]
    click.secho(system.title, bold=True)
    for heading, texts in parts:
        click.echo(f"  {HEADINGS[heading][LANGUAGES.index(language)]}")
        for number, text in enumerate(texts, 1):
            click.echo(f"    {number}. {ways.say(text, language)}")
    click.echo()


def _address(home: Path) -> tuple[str, int]:
    """Where devices reach the running proxy."""
    from circleshield.control import ask

    listening: dict[str, list[str]] = ask(home, "status")["listening"]
    where = next((addresses[0] for mode, addresses in listening.items() if mode.startswith("regular")), None)
    if where is None:
        raise InputError(
            "the running proxy has no --mode regular, where devices get the certificate; run it with that mode as well"
        )
    host, _, port = where.rpartition(":")
    return reached_host(host), int(port)


def _write_profile(file: Path, found: "Authority", ways: Ways, ssid: str | None, closed: bool) -> None:
    from circleshield.apple_profile import Wifi, profile
    from circleshield_model.private_file import write_private

    wifi = None
    if ssid is not None:
        asked = f"Password of {ssid} (empty for an open network): "
        password = getpass.getpass(asked) if sys.stdin.isatty() else first_line()
        wifi = Wifi(ssid, password, ways.url("proxy.pac?closed" if closed else "proxy.pac"), closed)
    try:
        write_private(file, profile(found, wifi))  # the Wi-Fi's password is in it
    except OSError as e:
        raise InputError(f"{file}: cannot be written: {e.strerror}") from e
    click.echo(f"{file}: send it to the iPhone, iPad or Mac and open it there", err=True)

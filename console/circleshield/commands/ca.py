"""`circleshield ca`: the certificate authority that devices trust."""

import contextlib
import json
import sys
from pathlib import Path
from typing import Any

import click

from circleshield.ca_folder import CA_FOLDER, KINDS, kind_of
from circleshield.home import config_option, home_option, settings_in_use
from circleshield_model.errors import InputError


@click.group()
def command() -> None:
    """The certificate authority that devices trust, made on this machine for the platforms' hosts alone."""


@command.command()
@home_option
@config_option
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
def show(home: Path, config: Path | None, as_json: bool) -> None:
    """Show its name, what it may sign for, when it expires, and what is wrong with it."""
    from circleshield_addon import authority

    found = authority.read(home / CA_FOLDER)
    wrong = list(authority.troubles(found, settings_in_use(home, config).hosts))
    about: dict[str, Any] = {
        "file": str(home / CA_FOLDER / authority.ROOT_FILE),
        "name": found.title,
        "sha256": found.fingerprint,
        "expires": found.expires.isoformat(),
        "kind": kind_of(found),
        "domains": found.names,
        "troubles": wrong,
    }
    if as_json:
        click.echo(json.dumps(about, ensure_ascii=False))
        return
    click.echo(f"file       {about['file']}")
    click.echo(f"name       {found.title}")
    click.echo(f"sha256     {found.fingerprint.upper()}")
    click.echo(f"expires    {found.expires:%Y-%m-%d}")
    click.echo(f"signs for  {'any site' if found.names is None else ', '.join(found.names)}")
    for trouble in wrong:
        click.echo(f"warning    it {trouble}")


@command.command()
@home_option
@config_option
@click.option("--ca", "kind", type=click.Choice(KINDS), default=KINDS[0], show_default=True, help="See `run --ca`.")
def renew(home: Path, config: Path | None, kind: str) -> None:
    """Make a new one for the hosts that are enabled now; every device has to install it again."""
    from circleshield.control import ask
    from circleshield_addon import authority

    folder = home / CA_FOLDER
    hosts = settings_in_use(home, config).hosts
    before = authority.read(folder) if authority.exists(folder) else None
    fresh = authority.create(folder, None if kind == "unconstrained" else authority.domains(hosts))
    with contextlib.suppress(InputError):  # no proxy runs
        ask(home, "renew_ca")
    click.echo(f"made: {fresh.title}, valid until {fresh.expires:%Y-%m-%d}", err=True)
    for trouble in authority.troubles(fresh, hosts):
        click.echo(f"warning: it {trouble}", err=True)
    if before is not None:
        click.echo(f"on every device: remove {before.title!r} and install the new one: circleshield setup", err=True)


@command.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@home_option
def export(file: Path, home: Path) -> None:
    """Write the certificate that devices install, without any key: PEM, or DER for .cer, .crt and .der."""
    from cryptography.hazmat.primitives.serialization import Encoding

    from circleshield_addon import authority

    encoding = Encoding.DER if file.suffix.lower() in (".cer", ".crt", ".der") else Encoding.PEM
    data = authority.read(home / CA_FOLDER).root.public_bytes(encoding)
    try:
        if str(file) == "-":
            sys.stdout.buffer.write(data)
        else:
            file.write_bytes(data)
    except BrokenPipeError:
        raise
    except OSError as e:
        raise InputError(f"{file}: cannot be written: {e.strerror}") from e

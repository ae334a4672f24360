"""`circleshield backup`: all that a user would miss, in one file, and back again."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

from circleshield.home import config_option, home_option
from circleshield_model.errors import InputError

_LEAST = 8

_passphrase_option = click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path, allow_dash=True),
    help="Its first line is the passphrase; default: you are asked.",
)


@click.group()
def command() -> None:
    """Keep config, CA, ledger, samples and models in one file, and take them back."""


@command.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@home_option
@config_option
@_passphrase_option
@click.option("--without-ca", is_flag=True, help="Leave the CA, tunnel keys and sessions out, and do not encrypt.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def create(
    file: Path, home: Path, config: Path | None, passphrase_file: Path | None, without_ca: bool, force: bool
) -> None:
    """Write a backup to FILE, encrypted with a passphrase; a proxy may run meanwhile."""
    from circleshield import backups
    from circleshield_addon.settings import default_config_path

    if without_ca and passphrase_file is not None:
        raise InputError("--without-ca does not encrypt; leave --passphrase-file out")
    if str(file) == "-" and sys.stdout.isatty():
        raise InputError("a backup is no text for a terminal; name a file, or send it on")
    if str(file) != "-" and file.exists() and not force:
        raise InputError(f"{file}: is there already; --force replaces it")
    passphrase = None if without_ca else _passphrase(passphrase_file, new=True)
    with _whole(file) as out:
        kept = backups.create(home, config or default_config_path(), out, passphrase)
    how = "not encrypted, without the CA" if without_ca else "encrypted"
    click.echo(f"{file}: {how}: {_summary(kept)}", err=True)


@command.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@home_option
@config_option
@_passphrase_option
@click.option("--force", is_flag=True, help="Also where there is something already; that is moved aside, not deleted.")
def restore(file: Path, home: Path, config: Path | None, passphrase_file: Path | None, force: bool) -> None:
    """Take everything in the backup FILE back. Only of your own backups: it brings a CA, settings and who gets in.

    All of it is unpacked and checked before anything is put in its place.
    """
    from circleshield import backups
    from circleshield.control import runs
    from circleshield_addon.settings import default_config_path, load_settings
    from circleshield_model.private_file import private_folder

    config = (config or default_config_path()).resolve()
    if runs(home):
        raise InputError(f"a proxy runs with {home}; stop it first")
    try:
        with sys.stdin.buffer if str(file) == "-" else file.open("rb") as source:
            passphrase = _passphrase(passphrase_file, new=False) if backups.is_sealed(source) else None
            private_folder(home)
            with backups.unpacked(source, home, passphrase) as backup:
                there = [path for path in backup.targets(home, config).values() if path.exists()]
                if there and not force:
                    raise InputError(
                        f"{there[0]}{f' and {len(there) - 1} more' if there[1:] else ''}: there already; "
                        "--force moves that aside"
                    )
                aside = backups.put_in_place(backup, home, config)
    except OSError as e:
        raise InputError(f"{e.filename or file}: {e.strerror or e}") from e
    click.echo(f"taken back from {backup.about['made'][:16]}: {_summary(backup.names)}", err=True)
    if aside is not None:
        click.echo(f"what was there before is in {aside}", err=True)
    try:
        load_settings(config if config.exists() else None)
    except InputError as e:
        click.echo(f"warning: {e}", err=True)


def _summary(names: list[str]) -> str:
    parts = [name.removeprefix("home/").split("/")[0] for name in names]
    return ", ".join(dict.fromkeys(parts))


def _passphrase(file: Path | None, new: bool) -> str:
    if file is not None:
        try:
            with sys.stdin if str(file) == "-" else file.open(encoding="utf-8") as lines:
                passphrase = lines.readline().rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as e:
            raise InputError(f"{file}: cannot be read as a passphrase: {getattr(e, 'strerror', None) or e}") from e
    elif sys.stdin.isatty():
        passphrase = click.prompt("Passphrase", hide_input=True, confirmation_prompt=new, err=True)
    else:
        raise InputError(
            "nobody can be asked for the passphrase: name a --passphrase-file"
            + (", or leave the CA out: --without-ca" if new else "")
        )
    if new and len(passphrase) < _LEAST:
        raise InputError(f"the passphrase must have at least {_LEAST} characters: it protects your CA's key")
    return passphrase


@contextmanager
def _whole(file: Path) -> Iterator[IO[bytes]]:
    """Where a backup is written, which takes its name when it is whole; `-` is stdout."""
    from circleshield_model.private_file import written_private

    if str(file) == "-":
        yield sys.stdout.buffer
        return
    try:
        with written_private(file) as out:
            yield out
    except OSError as e:
        raise InputError(f"{file}: cannot be written: {e.strerror}") from e

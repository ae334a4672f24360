"""The home folder and the config file for commands that read and change what is in them."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click
from platformdirs import user_data_path

from circleshield_model.errors import InputError

if TYPE_CHECKING:
    from circleshield_addon.ledger import Ledger
    from circleshield_addon.settings import Settings


def _or_default(context: click.Context, parameter: click.Parameter, value: Path | None) -> Path:
    return value or user_data_path("circleshield")


home_option = click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    callback=_or_default,
    is_eager=True,  # the model in use is looked up in it
    help="The home folder the proxy runs with.",
)

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    envvar="CIRCLESHIELD_CONFIG",
    help="Config file; default: config.toml in the user's config folder.",
)


def settings_in_use(home: Path, config: Path | None) -> "Settings":
    """The settings of the config file that is named, else of the proxy that runs with this home folder, else default.

    Raises InputError for a bad file.
    """
    from circleshield.control import ask
    from circleshield_addon.settings import load_settings

    if config is None:
        with suppress(InputError):  # no proxy runs
            config = Path(ask(home, "status")["config"])
            if not config.exists():
                config = None
    return load_settings(config)


def _or_in_use(context: click.Context, parameter: click.Parameter, value: Path | None) -> Path:
    from circleshield_model.versions import folder_in_use

    return value or folder_in_use(context.params.get("home") or user_data_path("circleshield"))


model_option = click.option(
    "--model",
    type=click.Path(path_type=Path),
    callback=_or_in_use,
    help="Folder of the model; default: the one in use.",
)


@contextmanager
def open_ledger(home: Path) -> Iterator["Ledger"]:
    """The ledger in a home folder. Raises InputError where there is none, and for whatever goes wrong with it."""
    from circleshield_addon.ledger import FILE, Ledger

    path = home / FILE
    try:
        if not path.exists():
            raise InputError(f"{path}: nothing is recorded there yet; start a proxy with: circleshield run")
        ledger = Ledger(path)
        try:
            yield ledger
        finally:
            ledger.close()
    except sqlite3.Error as e:
        raise InputError(f"{path}: {e}{_mend(e)}") from e
    except BrokenPipeError:
        raise
    except OSError as e:
        raise InputError(f"{e.filename or path}: {e.strerror}") from e


def _mend(error: sqlite3.Error) -> str:
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return "; a running proxy sets it aside and begins a new one"
        case sqlite3.SQLITE_BUSY:
            return "; close the program that holds it, or try again"
        case _:
            return ""

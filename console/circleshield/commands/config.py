"""`circleshield config`: the config file written, shown, changed, checked."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from circleshield.completing import config_keys
from circleshield.home import config_option, model_option
from circleshield.standard_input import first_line
from circleshield_model.errors import InputError

if TYPE_CHECKING:
    from circleshield_addon.settings import Settings


@click.group()
def command() -> None:
    """Write, show, change or check the config file. A running proxy takes a change within a second."""


@command.command("init")
@config_option
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def init(config: Path | None, force: bool) -> None:
    """Write a config file in which every key is explained and none is set."""
    from circleshield.config_file import commented, write_config
    from circleshield_addon.settings import default_config_path

    path = config or default_config_path()
    if path.exists() and not force:
        raise InputError(f"{path}: is there already; --force replaces it")
    write_config(path, commented())
    click.echo(f"wrote {path}", err=True)


@command.command("show")
@config_option
@model_option
@click.option("--json", "as_json", is_flag=True, help="As one JSON object: each key's value and where it comes from.")
def show(config: Path | None, model: Path, as_json: bool) -> None:
    """Print every value that is in effect, and where it comes from: default, file or model."""
    from circleshield_addon.settings import load_settings
    from circleshield_model.scorer import Scorer

    shown = effective(load_settings(config), Scorer.load(model))
    if as_json:
        click.echo(json.dumps({key: {"value": v, "from": o} for key, (v, o) in shown.items()}, ensure_ascii=False))
        return
    lines = [(f"{key} = {_toml(value)}", origin) for key, (value, origin) in shown.items()]
    width = min(60, max(len(line) for line, _ in lines))
    for line, origin in lines:
        click.echo(f"{line:<{width}}  # {origin}")


@command.command("set", context_settings={"ignore_unknown_options": True})  # a value may be -0.1
@config_option
@model_option
@click.argument("key", shell_complete=config_keys)
@click.argument("value")
def set_value(config: Path | None, model: Path, key: str, value: str) -> None:
    """Set KEY (such as filter.remove_at) to VALUE in the config file; comments and order stay.

    What would make the file invalid is refused, and the file left as it is.
    """
    from circleshield.config_file import with_value, write_config
    from circleshield_addon.judge import Judge
    from circleshield_addon.settings import default_config_path, parse_settings
    from circleshield_model.scorer import Scorer

    path = config or default_config_path()
    changed = with_value(path, key, value)
    Judge(Scorer.load(model), parse_settings(changed, path))
    write_config(path, changed)
    click.echo(f"{path}: {key} is set", err=True)


@command.command("check")
@config_option
@model_option
@click.argument("file", required=False, type=click.Path(path_type=Path))
def check(config: Path | None, model: Path, file: Path | None) -> None:
    """Say whether the config file, or FILE, is valid; exit code 2 if it is not."""
    from circleshield_addon.judge import Judge
    from circleshield_addon.settings import default_config_path, load_settings
    from circleshield_model.scorer import Scorer

    path = file or config or default_config_path()
    Judge(Scorer.load(model), load_settings(path))
    click.echo(f"{path}: valid")


@command.command("add-user")
@config_option
@click.argument("name")
def add_user(config: Path | None, name: str) -> None:
    """Let NAME use the proxy with a password, which is asked for, or read from stdin if that is no terminal.

    Once there is a user, the proxy serves nobody else. A user who is there already gets the new password.
    """
    from circleshield.config_file import with_value, write_config
    from circleshield_addon.proxy_users import hash_of
    from circleshield_addon.settings import default_config_path, parse_settings

    path = config or default_config_path()
    if "." in name:
        raise InputError(f"users: {name!r} is no name; use letters, figures, - and _")
    changed = with_value(path, f"users.{name}.password", json.dumps(hash_of("")))
    parse_settings(changed, path)  # what is wrong is said before the password is asked for
    terminal = sys.stdin.isatty()
    password = click.prompt("password", hide_input=True, confirmation_prompt=True) if terminal else first_line()
    if not password:
        raise InputError("the password must not be empty")
    write_config(path, with_value(path, f"users.{name}.password", json.dumps(hash_of(password))))
    click.echo(f"{path}: {name} may use the proxy", err=True)


@command.command("remove-user")
@config_option
@click.argument("name")
def remove_user(config: Path | None, name: str) -> None:
    """Let NAME use the proxy no longer. Without any user it serves everybody who reaches it."""
    from circleshield.config_file import without_table, write_config
    from circleshield_addon.settings import default_config_path, load_settings, parse_settings

    path = config or default_config_path()
    settings = load_settings(path)
    if name not in settings.users:
        raise InputError(f"{path}: there is no proxy user {name}")
    for profile, its in settings.profiles.items():
        if f"user:{name}" in its.devices:
            raise InputError(f"{path}: profiles.{profile}.devices names user:{name}; take that out of it first")
    changed = without_table(path, "users", name)
    parse_settings(changed, path)
    write_config(path, changed)
    click.echo(f"{path}: {name} is no proxy user any more", err=True)


def effective(settings: "Settings", scorer: Any) -> dict[str, tuple[Any, str]]:
    """Each key's value in effect, and where it comes from. Of platforms and profiles what they have of their own."""
    from pydantic import BaseModel

    from circleshield_addon.adapters import ADAPTERS
    from circleshield_addon.judge import effective_policy
    from circleshield_addon.settings import Filter, Platform

    shown: dict[str, tuple[Any, str]] = {}

    def add(table: str, key: str, value: Any, origin: str) -> None:
        shown[f"{table}.{key}"] = (list(value) if isinstance(value, tuple) else value, origin)

    base = effective_policy(settings, scorer, None, None)._asdict()
    for key in Filter.model_fields:
        absent = "model" if getattr(settings.filter, key) is None else "default"
        add("filter", key, base[key], "file" if key in settings.filter.model_fields_set else absent)
    for adapter in ADAPTERS:
        platform = settings.platforms.get(adapter.name, Platform())
        for key in Platform.model_fields:
            if key in platform.model_fields_set or key == "enabled":
                origin = "file" if key in platform.model_fields_set else "default"
                add(f"platforms.{adapter.name}", key, getattr(platform, key), origin)
    for name, profile in settings.profiles.items():
        for key in profile.model_fields_set:
            add(f"profiles.{name}", key, getattr(profile, key), "file")
    for number, rule in enumerate(settings.rules, 1):
        for key, value in rule.model_dump(mode="json", exclude_none=True).items():
            shown[f"rules[{number}].{key}"] = (value, "file")
    for name, table in settings:
        if isinstance(table, BaseModel) and name != "filter":
            for key in type(table).model_fields:
                add(name, key, getattr(table, key), "file" if key in table.model_fields_set else "default")
    for name in settings.users:
        add(f"users.{name}", "password", "…", "file")
    return shown


def _toml(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)

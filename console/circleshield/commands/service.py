"""`circleshield service`: the proxy in the background, from login or boot on."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from circleshield.services import Plan

system_option = click.option("--system", is_flag=True, help="For the whole machine, from boot on; needs root.")


@click.group()
def command() -> None:
    """Run the proxy in the background: with systemd on Linux, with launchd on macOS."""


@command.command(context_settings={"ignore_unknown_options": True})
@system_option
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[-- RUN_OPTIONS...]")
def install(system: bool, options: tuple[str, ...]) -> None:
    """Install and start the service: `circleshield run` with RUN_OPTIONS, such as -- --listen 192.168.1.5:8080.

    Once more: takes other options, or the new version after an upgrade.
    """
    from circleshield.services import service_here

    for line in service_here(system).install(_plan(options, system)):
        click.echo(line, err=True)


@command.command()
@system_option
def uninstall(system: bool) -> None:
    """Stop the service and delete its unit. Config, CA, ledger, samples and models stay."""
    from circleshield.services import service_here

    service = service_here(system)
    for line in service.uninstall():
        click.echo(line, err=True)
    click.echo(f"config, CA, ledger, samples and models stay in {service.data}", err=True)


@command.command()
@system_option
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
@click.pass_context
def status(context: click.Context, system: bool, as_json: bool) -> None:
    """Say whether the service is installed and runs; exit code 1 if it does not run."""
    from circleshield.services import service_here

    service = service_here(system)
    state = {"file": str(service.file), **service.state()}
    click.echo(json.dumps(state) if as_json else _in_words(state, system))
    if not state["running"]:
        context.exit(1)


def _in_words(state: dict[str, Any], system: bool) -> str:
    if not state["installed"]:
        return f"not installed; install it with: circleshield service install{' --system' * system}"
    did = "running" if state["running"] else f"not running ({state.get('result') or 'stopped'})"
    lines = [
        f"service    {did}{f' since {since}' if (since := state.get('since')) and state['running'] else ''}",
        f"at start   {'enabled' if state['enabled'] else 'not enabled'}",
        f"file       {state['file']}",
    ]
    if state.get("restarts"):
        lines.append(f"restarts   {state['restarts']}")
    if state.get("memory_bytes"):
        lines.append(f"memory     {state['memory_bytes'] / 1e6:.0f} MB")
    return "\n".join(lines)


def _plan(options: tuple[str, ...], system: bool) -> "Plan":
    """What the service runs: the options checked as `run` itself would, paths made absolute."""
    from platformdirs import user_data_path

    from circleshield.commands.run import command as run
    from circleshield.proxy import check_certificates
    from circleshield.services import Plan, run_command
    from circleshield_addon.settings import default_config_path

    with run.make_context("circleshield run", list(options)) as context:
        parsed = context.params
        fixed: list[str] = []
        for parameter in run.params:
            assert parameter.name is not None
            source, value = context.get_parameter_source(parameter.name), parsed[parameter.name]
            if source not in (click.core.ParameterSource.COMMANDLINE, click.core.ParameterSource.ENVIRONMENT):
                continue
            for one in value if parameter.multiple else (value,):
                fixed += _spelt(parameter.opts[-1], one)
    home, config = parsed["home"], parsed["config"]
    if parsed["upstream_ca"] is not None:
        check_certificates(parsed["upstream_ca"])
    reads = [path.absolute() for path in (config, parsed["model"], parsed["upstream_ca"]) if path is not None]
    writable = [home] if home is not None else [] if system else [user_data_path("circleshield")]
    if not system:
        writable.append((config or default_config_path()).parent)
    return Plan(run_command(fixed), list(dict.fromkeys(p.absolute() for p in writable)), reads, _has_low_port(context))


def _spelt(option: str, value: Any) -> list[str]:
    match value:
        case bool():
            return [option] if value else []
        case Path():
            return [option, str(value.absolute())]
        case (str() as host, int() as port):
            return [option, f"[{host}]:{port}" if ":" in host else f"{host}:{port}"]
        case _:
            return [option, str(value)]


def _has_low_port(context: click.Context) -> bool:
    from circleshield.proxy import proxy_mode

    ports = [proxy_mode(mode).listen_port(context.params["listen"][1]) for mode in context.params["modes"]]
    return any(port is not None and 0 < port < 1024 for port in ports)

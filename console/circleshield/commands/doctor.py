"""`circleshield doctor`: whether all is well, and what to do where it is not."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from circleshield.home import config_option, home_option
from circleshield_model.errors import InputError

_MARKS = {"ok": ("ok", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "red"), "unknown": ("?", "cyan")}


@click.command()
@home_option
@config_option
@click.option("--model", type=click.Path(path_type=Path), help="Folder of the model; default: the one in use.")
@click.option("--device", "address", metavar="IP", help="Also what is known of this device.")
@click.option(
    "--origin", metavar="HOST[:PORT]", help="Also ask this host, through the proxy; otherwise nobody is asked."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object: checks, and whether all is well.")
@click.pass_context
def command(
    context: click.Context,
    home: Path,
    config: Path | None,
    model: Path | None,
    address: str | None,
    origin: str | None,
    as_json: bool,
) -> None:
    """Look at everything that can go wrong; each line says ok, warn, FAIL or ? (cannot be told), and the mend.

    Exit code 1 where something fails. Nothing but the proxy on this machine is contacted, unless you name --origin.
    """
    from circleshield.checkup import Subject, device, machine
    from circleshield.checkup_network import Answer, network, not_asked, quic
    from circleshield_addon.device import device as plain

    try:
        address = None if address is None else plain(address)
    except ValueError as e:
        raise InputError(f"--device must be an IP address such as 192.168.1.7, got {address!r}") from e
    asked = None if origin is None else _host_and_port(origin)
    subject = Subject(home, config, model)
    answer = None if asked is None else Answer(subject, *asked)
    findings = [*machine(subject), *network(subject)]
    findings += [not_asked()] if answer is None else answer.findings()
    findings.append(quic(subject, answer))
    if address is not None:
        findings.append(device(subject, address))
    failed = any(finding.state == "fail" for finding in findings)
    if as_json:
        click.echo(json.dumps({"ok": not failed, "checks": [asdict(f) for f in findings]}, ensure_ascii=False))
    else:
        for finding in findings:
            mark, colour = _MARKS[finding.state]
            click.echo(f"{click.style(f'{mark:<5}', fg=colour)} {finding.check:<12} {finding.found}")
            if finding.mend and finding.state != "ok":
                click.echo(f"{'':<18} → {finding.mend}")
    if failed:
        context.exit(1)


def _host_and_port(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon:
        return text, 443
    if not host or not port.isdecimal() or int(port) > 65535:
        raise InputError(f"--origin must be a host such as weibo.com or weibo.com:443, got {text!r}")
    return host, int(port)

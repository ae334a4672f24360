"""`circleshield status`: what the running proxy does."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from circleshield.commands.pause import pause_in_words
from circleshield.home import home_option

_DID = (("remove", "removed"), ("fold", "folded"), ("label", "labelled"), ("watch", "left"), ("review", "unsure"))


@click.command()
@home_option
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
def command(home: Path, as_json: bool) -> None:
    """Show what the running proxy listens on, has filtered, and what it could not read."""
    from circleshield.control import ask

    status = ask(home, "status")
    click.echo(json.dumps(status, ensure_ascii=False) if as_json else _in_words(status))


def _in_words(status: dict[str, Any]) -> str:
    counts = status["counts"]
    changed = ", ".join(f"{counts.get(action, 0)} {did}" for action, did in _DID if counts.get(action))
    lines = [f"listening  {mode} at {', '.join(where)}" for mode, where in status["listening"].items()]
    lines.append(f"platforms  {', '.join(status['platforms']) or 'none'}")
    lines.append(f"action     {status['action']} from a score of {status['remove_at']:.2f}")
    lines.append(
        f"seen       {_counted(counts.get('posts', 0), 'post')} on {_counted(counts.get('pages', 0), 'page')}: "
        f"{changed or 'none changed'}"
    )
    for pause in status["paused"]:
        lines.append(f"paused     {pause_in_words(pause)}")
    if status["refused"]:
        lines.append(f"refused    {status['refused']}")
        lines.append("           what was before goes on")
    lines += [f"CA         warning: it {trouble}" for trouble in status["ca_troubles"]]
    for entry in status["passed"]:
        until = f"{datetime.fromtimestamp(entry['until']):%Y-%m-%d %H:%M}"
        lines.append(f"refused by  an app on {entry['device']}, so unfiltered there until {until}: {entry['host']}")
    for device in status["untrusting"]:
        lines.append(f"no CA      {device} refuses all certificates: install the CA there: circleshield setup")
    if counts.get("faults"):
        lines.append(f"passed     {_counted(counts['faults'], 'page')} unfiltered; the log says why")
    if counts.get("mmtls"):
        lines.append(f"WeChat     {counts['mmtls']} requests of its own protocol; its Moments cannot be filtered")
    review = status["review"]
    lines.append(f"review     {review['address'] or review['fault'] or 'off'}")
    ledger = status["ledger"]
    state = "recording" if ledger["enabled"] else "off"
    lines.append(f"ledger     {f'nothing is recorded: {ledger["fault"]}' if ledger['fault'] else state}")
    if ledger["lost"]:
        lines.append(f"           {ledger['lost']} verdicts could not be recorded")
    lines += [f"           a damaged one was set aside: {name}" for name in ledger["set_aside"]]
    for drift in status["drifts"]:
        lines.append(f"changed?   {drift['adapter']} {drift['endpoint']}: {drift['missing']}")
        lines.append(f"           {drift['shape']}")
    return "\n".join(lines)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"

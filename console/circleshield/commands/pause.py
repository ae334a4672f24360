"""`circleshield pause`: everything passes as it is for a while."""

import math
import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from circleshield.home import home_option
from circleshield_model.errors import InputError

if TYPE_CHECKING:
    from circleshield_addon.pauses import Pauses

_DURATION = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?")
_MOST = timedelta(days=30)


@click.command()
@click.argument("span", metavar="[30m|2h|18:30]", default="30m")
@click.option("--device", metavar="IP", help="Only for this device; default: for all.")
@home_option
def command(span: str, device: str | None, home: Path) -> None:
    """Let everything pass as it is for a while, for all devices or for one. It ends by itself.

    How long: 30m (the default), 2h, 1h30m, 1d, or until a time of day such as 18:30 or 2026-11-22T18:30.
    """
    from circleshield.control import ask

    until = end_of(span, datetime.now().astimezone()).timestamp()
    reply = ask(home, "pause", until=until, device=device)
    for pause in reply["paused"]:
        click.echo(f"paused: {pause_in_words(pause)}")


def end_of(span: str, now: datetime) -> datetime:
    """When a pause of that span ends; a time of day is the next one. Raises InputError for what is no span."""
    found = _DURATION.fullmatch(span)
    if found is not None and any(found.groups()):
        days, hours, minutes, seconds = (int(number or 0) for number in found.groups())
        until = now + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    elif re.fullmatch(r"\d{1,2}:\d\d", span) and int(span[:-3]) < 24 and int(span[-2:]) < 60:
        until = now.replace(hour=int(span[:-3]), minute=int(span[-2:]), second=0, microsecond=0)
        until += timedelta(days=until <= now)
    else:
        try:
            until = datetime.fromisoformat(span).astimezone()
        except ValueError as e:
            raise InputError(f"{span!r} is neither a time such as 30m, 2h, 1h30m nor an end such as 18:30") from e
    if not now < until <= now + _MOST:
        raise InputError(f"a pause must end within {_MOST.days} days from now, got {span}")
    return until


def pause_in_words(pause: dict[str, Any]) -> str:
    """One pause as a person reads it: of what, and until when on this machine's clock."""
    until = datetime.fromtimestamp(pause["until"])
    day = "" if until.date() == datetime.now().date() else f"{until:%Y-%m-%d} "
    return f"{pause['device'] or 'all devices'} until {day}{until:%H:%M:%S}"


def pause_answers(pauses: "Pauses") -> dict[str, Callable[..., dict[str, Any]]]:
    """What the running proxy answers to `pause` and `resume`."""

    def answer() -> dict[str, Any]:
        return {"paused": [pause._asdict() for pause in pauses.in_force()]}

    def pause(until: float, device: str | None = None) -> dict[str, Any]:
        if not isinstance(until, int | float) or not math.isfinite(until) or until <= time.time():
            raise InputError("until must be a time to come, in seconds since 1970")
        pauses.pause(until, _named(device))
        return answer()

    def resume(device: str | None = None) -> dict[str, Any]:
        pauses.resume(_named(device))
        return answer()

    return {"pause": pause, "resume": resume}


def _named(address: str | None) -> str | None:
    from circleshield_addon.device import device

    try:
        return None if address is None else device(address)
    except ValueError as e:
        raise InputError(f"--device must be an IP address such as 192.168.1.7, got {address!r}") from e

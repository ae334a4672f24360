"""circleshield with faults of its own that a test switches on: `python -m tests.end_to_end.faulty_proxy FILE run …`.

FILE names the fault of the moment, or holds a number by which the clock is off.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from circleshield.cli import main
from circleshield_addon import coding, judge, shield
from circleshield_addon.adapter import Adapter
from circleshield_addon.drift import DriftAlarm
from circleshield_addon.ledger import Ledger
from circleshield_addon.notes import Notes
from circleshield_addon.page import JsonPage
from circleshield_addon.recorder import Recorder
from circleshield_model.scorer import Scorer

NEVER = 3600.0
PLACES: dict[str, tuple[Any, str]] = {
    "adapter": (Adapter, "read"),
    "scorer": (Scorer, "read"),
    "policy": (judge.Judge, "policy"),
    "rules": (judge.Judge, "_ruled"),
    "edit": (JsonPage, "edited"),
    "notes": (Notes, "note"),
    "encoder": (coding.Coding, "encode"),
    "recorder": (Recorder, "record"),
    "drift": (DriftAlarm, "saw"),
    "ledger": (Ledger, "rows"),
}


def broken(function: Callable[..., Any], name: str, switch: Path) -> Callable[..., Any]:
    """`function`, which raises or stalls as long as the switch says so; the error quotes what it was given."""

    def wrapped(*arguments: Any, **named: Any) -> Any:
        fault = switch.read_text()
        if fault == name:
            raise LookupError(repr(arguments))
        if fault == f"{name} stalls":
            time.sleep(NEVER)
        return function(*arguments, **named)

    return wrapped


def ahead(switch: Path) -> float:
    """By how many seconds the clock is off."""
    said = switch.read_text()
    return float(said) if said.lstrip("-").isdecimal() else 0.0


if __name__ == "__main__":
    switch = Path(sys.argv.pop(1))
    for name, (owner, function) in PLACES.items():
        setattr(owner, function, broken(getattr(owner, function), name, switch))
    shield.PAGE_SECONDS, shield.EVENT_SECONDS = 1.0, 0.5
    now, now_ns = time.time, time.time_ns
    time.time = lambda: now() + ahead(switch)
    time.time_ns = lambda: now_ns() + int(ahead(switch) * 1e9)
    main()

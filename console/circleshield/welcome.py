"""What `circleshield` alone says: what it is, how things stand, and what to do next. Imports nothing heavy."""

import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

from platformdirs import user_config_path, user_data_path

from circleshield.ca_folder import CA_FOLDER
from circleshield.control import ask
from circleshield.reach import lan_address
from circleshield_model import artefact
from circleshield_model.errors import InputError
from circleshield_model.versions import folder_in_use

_TRY = ("circleshield demo", "see it at work on a small feed of its own")
_RUN = ("circleshield run", "start the proxy; to let phones in: --listen LAN-ADDRESS:8080")
_SETUP = ("circleshield setup", "what to tap on a phone or computer, with QR codes (while the proxy runs)")
_SERVICE = ("circleshield service install", "run it in the background, from login on")
_REVIEW = ("circleshield review", "see what was taken out, and take it back")
_LABEL = ("circleshield label", "judge a few posts, to learn from with: circleshield train")
_DOCTOR = ("circleshield doctor", "find out why nothing arrives, or what else is wrong")
_RESUME = ("circleshield resume", "end the pause")
_STATS = ("circleshield stats", "count what was taken out so far")


def versions() -> str:
    """The program's version and that of the model in use."""
    return f"{version('circleshield')}, {_model(user_data_path('circleshield'))}"


def welcome() -> str:
    """Some lines for a person. Never raises for what is not there or damaged: it says so."""
    home = user_data_path("circleshield")
    status = _status(home)
    config = Path(os.environ.get("CIRCLESHIELD_CONFIG") or user_config_path("circleshield") / "config.toml")
    steps = _next(home, status)
    here = lan_address() or "ADDRESS-OF-THIS-MACHINE"
    width = max(len(command) for command, _ in steps)
    lines = [
        "circleshield takes micro-business sales posts (微商) out of your friends' feeds, on your own machine.",
        "",
        f"  version  {versions()}",
        f"  proxy    {'not running' if status is None else _at_work(status)}",
        f"  config   {config if config.exists() else 'none: the defaults hold'}",
        "",
        "Next:",
        *(f"  {command:<{width}}  {text.replace('LAN-ADDRESS', here)}" for command, text in steps),
        "",
        "All commands: circleshield --help",
    ]
    return "\n".join(lines)


def _model(home: Path) -> str:
    try:
        folder = folder_in_use(home)
        whose = "packaged" if folder == artefact.PACKAGED else "your own"
        return f"model {artefact.read_manifest(folder)['version']} ({whose})"
    except InputError as e:
        return f"no model: {e}"


def _status(home: Path) -> dict[str, Any] | None:
    try:
        return ask(home, "status")
    except InputError:
        return None


def _at_work(status: dict[str, Any]) -> str:
    where = "; ".join(f"{mode} at {', '.join(places)}" for mode, places in status["listening"].items())
    paused = ", paused" if status["paused"] else ""
    return f"runs{paused}, {where}; {status['counts'].get('posts', 0)} posts seen since its start"


def _next(home: Path, status: dict[str, Any] | None) -> tuple[tuple[str, str], ...]:
    if status is None:
        return (_RUN, _SERVICE, _STATS) if (home / CA_FOLDER).exists() else (_TRY, _RUN, _SETUP)
    if status["paused"]:
        return (_RESUME, _REVIEW, _STATS)
    if not status["counts"].get("posts"):
        return (_SETUP, _DOCTOR, _REVIEW)
    return (_REVIEW, _STATS, _LABEL)

"""The user's own models: `models/<version>/` in the home folder, and which of them, or the packaged one, is in use.

`models/in_use.json` lists what was put in use, oldest first; its last entry holds. It is replaced whole, so that at any
moment one model is in use, and a running proxy can follow it.
"""

import json
import shutil
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from circleshield_model.artefact import PACKAGED
from circleshield_model.errors import InputError
from circleshield_model.private_file import written_private

NAME = "packaged"
"""In place of a version: the packaged model."""

_LOG = "in_use.json"
_ABANDONED_SECONDS = 86_400.0


class Promotion(NamedTuple):
    """That a version was put in use, and when (ISO 8601, UTC)."""

    version: str
    time: str


def models(home: Path) -> Path:
    """The folder of the user's models."""
    return home / "models"


def pointer(home: Path) -> Path:
    """The file that says which model is in use; it may not exist."""
    return models(home) / _LOG


def folder_of(home: Path, version: str) -> Path:
    """The folder of a version, or of the packaged model. InputError if there is no such version."""
    if version == NAME:
        return PACKAGED
    if version not in versions(home):
        have = ", ".join([*versions(home), NAME])
        raise InputError(f"there is no model {version!r} in {models(home)}; there are: {have}")
    return models(home) / version


def versions(home: Path) -> list[str]:
    """The user's versions, oldest first."""
    found = [path for path in models(home).glob("*/") if not path.name.startswith(".")]
    return [path.name for path in sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name))]


def promotions(home: Path) -> list[Promotion]:
    """What was put in use, oldest first; empty where nothing was. InputError if the file is damaged."""
    path = pointer(home)
    try:
        return [Promotion(str(row["version"]), str(row["time"])) for row in json.loads(path.read_bytes())]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as e:
        raise InputError(f"{path}: cannot be read: {e.strerror}") from e
    except (ValueError, TypeError, KeyError) as e:
        raise InputError(f"{path}: is damaged; choose a model with: circleshield model rollback packaged") from e


def in_use(home: Path) -> str:
    """The version in use. InputError if the file that says so is damaged."""
    found = promotions(home)
    return found[-1].version if found else NAME


def folder_in_use(home: Path) -> Path:
    """The folder of the model in use; whether it is there is not looked at. InputError as `in_use`."""
    version = in_use(home)
    return PACKAGED if version == NAME else models(home) / version


def put_in_use(home: Path, version: str) -> None:
    """Puts a version in use, or the packaged model. InputError if there is no such version or it cannot be written."""
    folder_of(home, version)
    try:
        before = promotions(home)
    except InputError:  # damaged: what was in use is not known any more
        before = []
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    _write(home, [*before, Promotion(version, now)])


def take_back(home: Path) -> str:
    """Puts the model in use that was before, and returns its version. InputError if there was none."""
    before = promotions(home)
    if not before:
        raise InputError("the packaged model is in use, and there was none before it")
    left = before[:-1]
    while left and left[-1].version != NAME and left[-1].version not in versions(home):
        left = left[:-1]  # deleted since
    _write(home, left)
    return in_use(home)


def prune(home: Path, keep: int = 10) -> None:
    """Deletes all versions but the newest, the one in use and the one before it; and what a killed training left."""
    needed = {promotion.version for promotion in promotions(home)[-2:]}
    for version in versions(home)[:-keep]:
        if version not in needed:
            shutil.rmtree(models(home) / version, ignore_errors=True)
    for path in models(home).glob(".*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()


def _write(home: Path, rows: list[Promotion]) -> None:
    path = pointer(home)
    data: list[dict[str, Any]] = [row._asdict() for row in rows]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_private(path) as file:
            file.write((json.dumps(data, indent=1) + "\n").encode())
    except OSError as e:
        raise InputError(f"{path}: cannot be written: {e.strerror}; the model in use stays") from e

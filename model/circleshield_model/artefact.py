"""The model on disk: `pipeline.joblib`, `scorer.npz` and `manifest.json`, checked before anything is believed."""

import hashlib
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from circleshield_model.errors import InputError

if TYPE_CHECKING:  # the manifest alone is read without numpy
    from numpy.typing import NDArray

FORMAT = 1
PACKAGED = Path(__file__).with_name("artefact")
FILES = PIPELINE, ARRAYS, MANIFEST = "pipeline.joblib", "scorer.npz", "manifest.json"
HELD_OUT, GATE = "held_out.npz", "gate.json"  # beside a model of the user's: what it was proved with, and how


class Artefact(NamedTuple):
    """A checked artefact: its manifest and the scorer's arrays."""

    folder: Path
    manifest: dict[str, Any]
    arrays: "dict[str, NDArray[Any]]"


def sha256(data: bytes) -> str:
    """Hexadecimal digest, as the manifest holds it."""
    return hashlib.sha256(data).hexdigest()


def checked_bytes(folder: Path, name: str, manifest: dict[str, Any]) -> bytes:
    """One file's bytes, if their hash is the manifest's. InputError otherwise, before anything reads them."""
    try:
        data = (folder / name).read_bytes()
    except OSError as e:
        raise InputError(f"no model in {folder}: {name}: {e.strerror}; train one with `circleshield train`") from e
    if sha256(data) != manifest["sha256"].get(name):
        raise InputError(f"model {folder}: {name} is not the file its manifest names; train it again or reinstall")
    return data


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of an artefact. InputError if missing, unreadable or of another format."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
    except OSError as e:
        raise InputError(f"no model in {folder}: {MANIFEST}: {e.strerror}; train one with `circleshield train`") from e
    except ValueError as e:
        raise InputError(f"model {folder}: {MANIFEST} is not JSON; train it again or reinstall") from e
    needed = {"format", "version", "sha256", "remove_at", "review_at", "canaries"}
    if not isinstance(manifest, dict) or not needed <= manifest.keys():
        raise InputError(f"model {folder}: {MANIFEST} lacks entries; train it again or reinstall")
    if manifest["format"] != FORMAT:
        raise InputError(f"model {folder}: format {manifest['format']}, this version reads {FORMAT}; train it again")
    return manifest


def read(folder: Path | None = None) -> Artefact:
    """Reads manifest and arrays; the pipeline is left alone. InputError if anything is missing or not as signed."""
    import numpy as np

    folder = folder or PACKAGED
    manifest = read_manifest(folder)
    data = checked_bytes(folder, ARRAYS, manifest)
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return Artefact(folder, manifest, {name: arrays[name] for name in arrays.files})
    except (ValueError, OSError, KeyError) as e:
        raise InputError(f"model {folder}: {ARRAYS} cannot be read: {e}") from e

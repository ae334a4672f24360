"""Where the tasks of a training run: in this process, in several of this machine, or on a Dask cluster."""

import importlib.metadata
import platform
import re
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import joblib

from circleshield_model.errors import InputError

_PATIENCE = 10  # seconds for a scheduler to answer


@contextmanager
def processes(jobs: int) -> Iterator[None]:
    """Tasks within run in so many processes of this machine. InputError if one of them is killed."""
    try:
        with joblib.parallel_config("loky" if jobs > 1 else "sequential", n_jobs=jobs):
            yield
    except BrokenProcessPool as e:
        raise InputError("a process was killed, as the system does when memory runs out; try fewer --jobs") from e


@contextmanager
def cluster(scheduler: str, folder: Path) -> Iterator[None]:
    """Tasks within run on the workers of a Dask cluster, `scheduler` being as tcp://host:8786.

    A worker that dies has its tasks done by another one. InputError if Dask is not installed here, the scheduler does
    not answer or has no workers, or one of them has other versions or does not see the scratch folder; and if one task
    is there when several workers in turn die.
    """
    try:
        from distributed import Client, KilledWorker
    except ImportError as e:
        raise InputError("--scheduler needs Dask: install circleshield[cluster]") from e
    if not re.fullmatch(r"\w+://.+:\d+", scheduler):
        raise InputError(f"--scheduler {scheduler}: wanted is an address such as tcp://192.168.1.5:8786")
    try:
        client = Client(scheduler, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as e:
        raise InputError(f"no Dask scheduler answers at {scheduler}: {e}") from e
    with client:
        _check(client, scheduler, folder)
        try:
            with joblib.parallel_config("dask", client=client):
                yield
        except KilledWorker as e:
            raise InputError(f"one worker after the other died at the same task, the last one {e.last_worker}") from e


def versions() -> dict[str, str]:
    """What must be the same everywhere for the result to be."""
    names = ("circleshield", "numpy", "scipy", "scikit-learn", "joblib")
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in names}}


def sees(folder: str) -> bool:
    """Whether this machine has the folder."""
    return Path(folder).is_dir()


def _check(client: Any, scheduler: str, folder: Path) -> None:
    try:
        found = client.run(versions, on_error="return")
        seen = client.run(sees, str(folder), on_error="return")
    except OSError as e:
        raise InputError(f"the workers of {scheduler} do not answer: {e}") from e
    if not found:
        raise InputError(f"{scheduler} has no workers; start some: dask worker {scheduler}")
    for worker, theirs in found.items():
        if isinstance(theirs, Exception):
            raise InputError(f"worker {worker} cannot run circleshield: {theirs}; install it there")
        for name, ours in versions().items():
            if theirs[name] != ours:
                raise InputError(f"worker {worker} has {name} {theirs[name]}, here it is {ours}; install the same")
        if seen[worker] is not True:
            raise InputError(f"worker {worker} does not see {folder}; name a folder that all share by --scratch")

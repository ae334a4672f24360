"""The parts of a training that may run anywhere: each reads from and writes to the scratch folder, which all share.

What a task writes is there whole or not at all and depends on nothing but its arguments and the files. So it does not
matter where it runs, or whether a worker that died had begun it. Arguments and results are short on purpose: joblib's
Dask backend keeps long arguments on one worker, and they are lost with it.
"""

import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from circleshield_model.evidence import COLUMNS
from circleshield_training.chunks import Chunk, Corpus, Files, chosen, numbering
from circleshield_training.estimators import NgramEvidence
from circleshield_training.posts import texts_in, written


def everywhere(function: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
    """Results of the function in the order of the arguments, by the backend that joblib is set to at the moment."""
    with _held_back() as came:  # joblib cannot end processes that are not all started
        found: Generator[Any] = Parallel(return_as="generator")(delayed(function)(*each) for each in arguments)
    try:
        for number in came:
            signal.raise_signal(number)
    except KeyboardInterrupt as e:
        found.throw(e)  # a generator that is only dropped ends the processes as well, but with a warning
    return found


@contextmanager
def _held_back() -> Iterator[list[int]]:
    """Fills a list with the interrupts that come in the block, Ctrl-C and SIGTERM, and does not raise them.

    No mask of signals, as the processes started in the block would inherit it.
    """
    came: list[int] = []
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    held = [number for number, handler in before.items() if callable(handler)]
    for number in held:
        signal.signal(number, lambda number, _: came.append(number))
    try:
        yield came
    finally:
        for number in held:
            signal.signal(number, before[number])


def put(folder: Path, name: str, array: NDArray[Any]) -> None:
    """Writes an array that tasks read by its name."""
    with written(folder):
        np.save(folder / f"{name}.npy", array)


def hash_posts(folder: Path, number: int, bits: int) -> None:
    """Makes the chunk of one file of posts, and counts its n-grams by bucket."""
    with written(folder):
        chunk = Chunk.of(texts_in(folder, number), bits)
        chunk.save(folder, number)
        _whole(folder / f"{number:06}.counts", [np.bincount(chunk.columns, minlength=1 << bits).astype(np.int32)])


def choose_buckets(folder: Path, files: int, bits: int) -> None:
    """From the counts of all files: which n-grams are learnt from."""
    occurrences = np.zeros(1 << bits, np.int64)
    for number in range(files):
        occurrences += np.fromfile(folder / f"{number:06}.counts", np.int32)
    put(folder, "buckets", chosen(occurrences))


def renumber(folder: Path, number: int, bits: int) -> None:
    """Replaces the buckets in one chunk by the places of those that are learnt from, in another chunk."""
    with written(folder):
        numbers = numbering(np.load(folder / "buckets.npy"), bits)
        Chunk.load(folder, number).renumbered(numbers).save(folder / "numbered", number)


def learn(folder: Path, files: int, name: str, estimator: NgramEvidence) -> tuple[NDArray[np.int16], float]:
    """Fits the estimator with the weights `<name>.weight.npy` and leaves evidence of the posts `<name>.rows.npy`.

    Returned are the n-grams' weights and their step.
    """
    with threadpool_limits(1), written(folder):  # more threads would add in another order
        corpus = Corpus(Files(folder / "numbered", files), np.load(folder / "buckets.npy"))
        estimator.fit_corpus(corpus, np.load(folder / "spam.npy"), np.load(folder / f"{name}.weight.npy"))
        rows = np.load(folder / f"{name}.rows.npy")
        _whole(folder / f"{name}.columns", estimator.transform_corpus(corpus, rows))
    return estimator.weights_, estimator.step_


class Columns:
    """Evidence (n, columns) in a file, read some posts at a time."""

    def __init__(self, path: Path, rows: int = 16_000) -> None:
        self._path, self._rows = path, rows

    def __iter__(self) -> Iterator[NDArray[np.float64]]:
        with self._path.open("rb") as file:
            while (block := np.fromfile(file, np.float64, self._rows * len(COLUMNS))).size:
                yield block.reshape(-1, len(COLUMNS))


def _whole(path: Path, arrays: Iterable[NDArray[Any]]) -> None:
    """Writes arrays one after the other; the file is there with all of them or not at all."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    with unfinished.open("wb") as file:
        for array in arrays:
            array.tofile(file)
    unfinished.replace(path)

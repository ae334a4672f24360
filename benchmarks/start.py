"""How long commands take to start, from a warm disk: `run` until it listens, `--help`; beside mitmdump and bare Python.

With all modules compiled, as after the first start; and as they are installed (uv does not compile them).

uv run python -m benchmarks.start
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from benchmarks.origin import Origin
from benchmarks.proxies import Proxy, circleshield, mitmdump


def started(proxy: AbstractContextManager[Proxy]) -> tuple[float, float]:
    """Seconds until it listens, and of processor time."""
    began = time.perf_counter()
    with proxy as running:
        return time.perf_counter() - began, running.cpu()


def ran(*command: str) -> tuple[float, float]:
    """Seconds until it ends, and of processor time."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    taken, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return taken, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        origin = Origin(Path(folder))
        program = str(Path(sys.executable).with_name("circleshield"))
        starts: dict[str, Callable[[], tuple[float, float]]] = {
            "circleshield run, until it listens": lambda: started(circleshield(origin)),
            "mitmdump, until it listens": lambda: started(mitmdump(origin)),
            "circleshield --help": lambda: ran(program, "--help"),
            "python -c pass": lambda: ran(sys.executable, "-c", "pass"),
        }
        print("| | modules | median, s | least, s | processor time, s |\n|---|---|---|---|---|")
        for modules in ("compiled", "as installed"):
            os.environ["PYTHONPYCACHEPREFIX"] = str(Path(folder) / "compiled") if modules == "compiled" else ""
            os.environ["PYTHONDONTWRITEBYTECODE"] = "" if modules == "compiled" else "1"
            for start in starts.values():  # warms the disk, compiles, makes the CA
                start()
            taken: dict[str, list[tuple[float, float]]] = {name: [] for name in starts}
            for _ in range(rounds):
                for name, start in starts.items():
                    taken[name].append(start())
            for name, times in taken.items():
                median, least = statistics.median(t for t, _ in times), min(t for t, _ in times)
                cpu = statistics.median(cpu for _, cpu in times)
                print(f"| {name} | {modules} | {median:.2f} | {least:.2f} | {cpu:.2f} |", flush=True)


if __name__ == "__main__":
    main()

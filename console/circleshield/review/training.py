"""A training in a process of its own, so that neither the proxy's memory nor its loop has to do with it."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

COMMAND = [sys.executable, "-m", "circleshield", "train", "--propose", "--json", "--json-progress"]
_NICE = 10
_STOP_SECONDS = 5.0
# The parts of a training and which share of its time each takes, measured with 20 to 200 labels on two cores.
_PARTS = {"starting": 0.28, "learning": 0.41, "comparing with the model in use": 0.16, "writing the report": 0.15}


@dataclass(frozen=True, slots=True)
class Result:
    """What a training came to: what `circleshield train --propose --json` prints, or else why there is nothing."""

    found: dict[str, Any] | None
    fault: str = ""


class Training:
    """One at a time. `result` is the last one's, until it is dealt with. May be used from several threads."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._watch: threading.Thread | None = None
        self._began = 0.0
        self.done = 0.0
        self.result: Result | None = None

    def start(self) -> bool:
        """Begins one; False while there is one."""
        with self._lock:
            if self.running:
                return False
            output = tempfile.TemporaryFile()  # noqa: SIM115 it lives as long as the child
            self._child = subprocess.Popen(
                [*COMMAND, "--home", str(self._home)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.PIPE,
                start_new_session=True,  # a Ctrl-C is for the proxy, which ends it
            )
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, self._child.pid, _NICE)
            self._began, self.done, self.result = time.monotonic(), 0.0, None
            self._watch = threading.Thread(target=self._follow, args=(self._child, output), daemon=True)
            self._watch.start()
            return True

    @property
    def running(self) -> bool:
        """Whether there is one."""
        return self._watch is not None and self._watch.is_alive()

    @property
    def seconds_left(self) -> float | None:
        """About how long it will take; None before that can be told."""
        return (time.monotonic() - self._began) * (1 - self.done) / self.done if self.done else None

    def stop(self) -> None:
        """Ends it, if there is one; the model in use stays."""
        with self._lock:
            if not self.running or self._child is None or self._watch is None:
                return
            self._child.send_signal(signal.SIGINT)
            self._watch.join(_STOP_SECONDS)
            if self._watch.is_alive():
                self._child.kill()
                self._watch.join(_STOP_SECONDS)
            self.result = None

    def leave(self) -> None:
        """Lets go of the result."""
        self.result = None

    def _follow(self, child: "subprocess.Popen[bytes]", output: IO[bytes]) -> None:
        said: list[str] = []
        assert child.stderr is not None
        with child, output:
            for line in child.stderr:
                text = line.decode("utf-8", "replace").strip()
                if (step := _step(text)) is not None:
                    self.done = max(self.done, step)
                else:
                    said.append(text)
            child.wait()
            output.seek(0)
            try:
                self.result = Result(dict(json.loads(output.read())))
            except ValueError:
                self.result = Result(None, next((text for text in reversed(said) if text), f"exit {child.returncode}"))


def _step(line: str) -> float | None:
    """The share of the whole that is done, from a line of progress; None for another line."""
    try:
        told = json.loads(line)
        what, done = str(told["what"]), float(told["done"] or 0)
    except (ValueError, TypeError, KeyError):
        return None
    before = 0.0
    for part, share in _PARTS.items():
        if what == part or (part == "learning" and what not in _PARTS):
            return before + share * done
        before += share
    return None

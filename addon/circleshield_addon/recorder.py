"""Writes the ledger from a thread of its own, so that traffic never waits for it, nor fails with it."""

import logging
import os
import sqlite3
import threading
import time
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from circleshield_addon import settings
from circleshield_addon.choices import Choices
from circleshield_addon.filtering import where
from circleshield_addon.friends import Friends
from circleshield_addon.ledger import HEADER, Ledger, Row, Seen, View, damaged
from circleshield_addon.post import Verdict
from circleshield_model.errors import InputError

_log = logging.getLogger("circleshield")

_TURN_SECONDS = 0.5
_LOCK_SECONDS = 1.0
_READY_SECONDS = 3.0
_PRUNE_SECONDS = 600.0
_BATCH_POSTS = 1_000  # each batch is one transaction
_WAITING_POSTS = 10_000  # so much is held while the ledger cannot be written
_DAY_MILLISECONDS = 86_400_000

_IN_WORDS = {
    sqlite3.SQLITE_BUSY: "another program holds it locked",
    sqlite3.SQLITE_LOCKED: "another program holds it locked",
    sqlite3.SQLITE_READONLY: "it may not be written",
    sqlite3.SQLITE_PERM: "it may not be opened",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk cannot be read or written",
}
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_OF_THE_ROWS = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError, sqlite3.ProgrammingError)


class Recorder:
    """Records verdicts, and keeps up with what the user chose. To be used as a context manager.

    `settings` may be replaced at any time. `choices` is replaced when another process has changed them; `friends` knows
    what the ledger says of authors. While the ledger cannot be written, `fault` says why, and the newest verdicts wait;
    those beyond are counted in `lost`.
    """

    def __init__(self, path: Path, ledger_settings: settings.Ledger) -> None:
        self.path = path
        self.settings = ledger_settings
        self.choices = Choices()
        self.friends = Friends()
        self.fault: str | None = None
        self.lost = 0
        self.set_aside: list[str] = []
        self._ledger: Ledger | None = None
        self._file: int | None = None  # to look at the file's start
        self._queue: deque[Seen] = deque()
        self._waiting = 0
        self._rows: list[Row] = []  # prepared, and not written yet
        self._views: list[View] = []
        self._rescued: Choices | None = None  # of a ledger that was set aside
        self._next_prune = 0.0
        self._ready = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)

    def __enter__(self) -> Self:
        """Starts the thread, and waits for the choices to be read, though not for a file that is locked."""
        self._thread.start()
        self._ready.wait(_READY_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        """Writes what waits, and ends."""
        self._stopping.set()
        self._thread.join(2 * _LOCK_SECONDS + _READY_SECONDS)

    def record(self, platform: str, verdicts: tuple[Verdict, ...], device: str) -> None:
        """Takes verdicts to be written within a second. Never waits, never raises."""
        if not verdicts or not self.settings.enabled:
            return
        if self._waiting + len(verdicts) > _WAITING_POSTS:
            if not self.lost:
                _log.warning("ledger: too much waits to be written; posts go on, but are not recorded")
            self.lost += len(verdicts)
            return
        self._waiting += len(verdicts)  # the thread sets it right; a race costs a little of the bound's sharpness
        self._queue.append(Seen(time.time_ns() // 1_000_000, platform, device, verdicts))

    def status(self) -> dict[str, Any]:
        """For `circleshield status`."""
        return {
            "file": str(self.path),
            "enabled": self.settings.enabled,
            "fault": self.fault,
            "lost": self.lost,
            "set_aside": self.set_aside,
        }

    def _run(self) -> None:
        stopping = False
        while not stopping:
            try:
                self._turn()
                self._well()
            except _OF_THE_ROWS as e:
                self._let_go(e)
            except sqlite3.Error as e:
                self._faulty(e)
            except (OSError, InputError) as e:
                self._report((isinstance(e, OSError) and e.strerror) or str(e))
            except Exception as e:  # an error of ours must not end the thread
                self._let_go(e)
            self._ready.set()
            anew = self._rescued is not None and self.fault is None
            stopping = self._stopping.wait(0 if anew else _TURN_SECONDS)
        try:
            self._turn()
        except Exception as e:
            _log.warning("ledger: the last verdicts are not recorded: %s", where(e))
        self._close()

    def _turn(self) -> None:
        ledger = self._opened()
        if ledger is None:
            return
        if ledger.is_changed():
            self._read(ledger)
        while self._rows or self._views or self._queue:
            if not self._rows and not self._views:
                batch = self._batch()
                self._rows, self._views = ledger.rows(batch, self.settings.store_text), ledger.views(batch)
            ledger.write(self._rows, self._views)
            self.friends.saw(self._rows)
            self._rows, self._views = [], []
        if time.monotonic() >= self._next_prune:
            now = time.time_ns() // 1_000_000
            if ledger.prune(now - self.settings.keep_days * _DAY_MILLISECONDS, self.settings.keep_rows):
                self._read(ledger)
            self._next_prune = time.monotonic() + _PRUNE_SECONDS

    def _read(self, ledger: Ledger) -> None:
        self.choices = ledger.choices()
        self.friends.load(ledger)

    def _batch(self) -> list[Seen]:
        batch: list[Seen] = []
        posts = 0
        while self._queue and posts < _BATCH_POSTS:
            batch.append(self._queue.popleft())
            posts += len(batch[-1].verdicts)
        self._waiting = sum(len(seen.verdicts) for seen in tuple(self._queue))
        return batch

    def _opened(self) -> Ledger | None:
        """The ledger; None where nothing is to be recorded and nothing ever was."""
        if self._ledger is not None and not self._ledger.is_in_place():  # deleted, or another put in its place
            self._close()
        if self._ledger is None:
            if not self.settings.enabled and not self.path.exists():
                return None
            self._ledger = Ledger(self.path, _LOCK_SECONDS)
            if self._rescued is not None:
                self._ledger.adopt(self._rescued)
                self._rescued = None
            self._read(self._ledger)
            self._ready.set()
            self._ledger.check()
        if self._file is None:
            self._file = os.open(self.path, os.O_RDONLY)
        os.lseek(self._file, 0, os.SEEK_SET)
        if os.read(self._file, len(HEADER)) != HEADER:  # what SQLite has in memory would hide it for long
            raise damaged("the file was written over")
        return self._ledger

    def _close(self, in_peace: bool = True) -> None:
        if self._ledger is not None:
            (self._ledger.close if in_peace else self._ledger.abandon)()
            self._ledger = None
        if self._file is not None:  # only now, see Ledger.__init__
            os.close(self._file)
            self._file = None

    def _faulty(self, error: sqlite3.Error) -> None:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code not in _DAMAGED:
            self._report(_IN_WORDS.get(code, str(error)))
            return
        self._close(in_peace=False)
        name = f"{self.path.name}.corrupt-{datetime.now(UTC):%Y%m%dT%H%M%S%f}Z"
        try:
            for suffix in ("-shm", "-wal", ""):
                part = self.path.with_name(self.path.name + suffix)
                if part.exists():
                    part.rename(self.path.with_name(name + suffix))
        except OSError as e:
            self._report(f"it is damaged and cannot be set aside: {e.strerror}")
            return
        self.set_aside.append(name)
        self._rescued = self.choices
        _log.warning("ledger: it is damaged; set aside as %s, a new one is begun", name)

    def _let_go(self, error: Exception) -> None:
        """Drops what waits: an error that is not the file's would come again with the same posts."""
        self.lost += len(self._rows) + sum(len(seen.verdicts) for seen in tuple(self._queue))
        self._rows, self._views = [], []
        self._queue.clear()
        self._report(where(error))

    def _report(self, why: str) -> None:
        if why != self.fault:
            _log.warning("ledger: nothing is recorded at present: %s (%s)", why, self.path)
        self.fault = why

    def _well(self) -> None:
        if self.fault is not None:
            _log.info("ledger: recording again")
        self.fault = None

"""Threads that judge, so that neither a long page nor one that is never done with keeps others waiting."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

_THREADS = 2  # they share one interpreter: more would not judge faster, and each has memory of its own


_PAUSE_SECONDS = 0.0002


def with_pauses[T](items: Iterable[T], after: int) -> Iterator[T]:
    """The items, with a pause between each so many and the next, in which other threads may go on.

    Without it each waits up to 5 ms for the interpreter (`sys.getswitchinterval`), several times a request.
    """
    for number, item in enumerate(items):
        if number and number % after == 0:
            time.sleep(_PAUSE_SECONDS)
        yield item


class OverdueError(Exception):
    """What was asked for is not done in time; it may be done yet, but nobody waits for it."""


class _Job:
    __slots__ = ("given_up", "tell", "work")

    def __init__(self, work: Callable[[], Any], tell: Callable[[tuple[Any, Exception | None]], object]) -> None:
        self.work = work
        self.tell = tell  # takes what came of it, in the thread that did it
        self.given_up = False


class Desk:
    """Does work in threads of its own, each piece within its time.

    One starts when first needed, the next when all are at work: in turn they would fill the processors' caches anew.
    Python waits at its exit for the threads of `asyncio.to_thread`, for ever if one hangs; it does not for these.
    """

    def __init__(self) -> None:
        self._queue: SimpleQueue[_Job] = SimpleQueue()
        self._under_way: list[_Job | None] = []  # by thread
        self._unfinished = 0
        self._counting = threading.Lock()

    async def done[T](self, work: Callable[[], T], seconds: float) -> T:
        """What `work` returns or raises. Raises OverdueError after so many seconds, at once while all threads hang."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[T] = loop.create_future()

        def settle(outcome: tuple[T, Exception | None]) -> None:
            if not waiter.done():
                if outcome[1] is None:
                    waiter.set_result(outcome[0])
                else:
                    waiter.set_exception(outcome[1])

        def give_up() -> None:
            if not waiter.done():
                waiter.set_exception(OverdueError())

        job = _Job(work, lambda outcome: loop.call_soon_threadsafe(settle, outcome))
        self._take(job)
        timer = loop.call_later(seconds, give_up)
        try:
            return await waiter
        finally:
            job.given_up = True  # also where the one who waits is cancelled
            timer.cancel()

    def waited_for[T](self, work: Callable[[], T], seconds: float) -> T:
        """As `done`, for where nothing can be awaited: the caller's thread stands still meanwhile."""
        outcomes: SimpleQueue[tuple[T, Exception | None]] = SimpleQueue()
        job = _Job(work, outcomes.put)
        self._take(job)
        try:
            result, error = outcomes.get(timeout=seconds)
        except Empty:
            job.given_up = True
            raise OverdueError from None
        if error is not None:
            raise error
        return result

    def _take(self, job: _Job) -> None:
        if len(self._under_way) < min(_THREADS, self._unfinished + 1):
            self._under_way.append(None)
            number = len(self._under_way) - 1
            try:
                threading.Thread(target=self._work, args=(number,), name="judge", daemon=True).start()
            except RuntimeError:  # the system gives no more threads
                self._under_way.pop()
                if not self._under_way:
                    raise
        elif all(under_way is not None and under_way.given_up for under_way in self._under_way):
            raise OverdueError
        with self._counting:
            self._unfinished += 1
        self._queue.put(job)

    def _work(self, number: int) -> None:
        while True:
            job = self._under_way[number] = self._queue.get()
            outcome: tuple[Any, Exception | None] | None = None
            if not job.given_up:
                try:
                    outcome = job.work(), None
                except Exception as e:
                    outcome = None, e
            self._under_way[number] = None
            with self._counting:
                self._unfinished -= 1
            if outcome is not None:
                with suppress(RuntimeError):  # the loop is closed: the process ends
                    job.tell(outcome)

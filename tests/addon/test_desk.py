"""Work within its time, by threads that may hang."""

import asyncio
import threading
import time

import pytest

from circleshield_addon.desk import Desk, OverdueError, with_pauses


def test_what_comes_of_the_work() -> None:
    desk = Desk()

    def fails() -> None:
        raise LookupError("no")

    assert asyncio.run(desk.done(lambda: 7, 60)) == 7
    assert desk.waited_for(lambda: 7, 60) == 7
    with pytest.raises(LookupError):
        asyncio.run(desk.done(fails, 60))
    with pytest.raises(LookupError):
        desk.waited_for(fails, 60)


def test_one_thread_as_long_as_that_will_do_and_another_while_it_hangs() -> None:
    desk, go_on = Desk(), threading.Event()
    (only,) = {desk.waited_for(threading.get_ident, 60) for _ in range(20)}

    async def both() -> int:
        hangs = asyncio.ensure_future(desk.done(go_on.wait, 60))
        await asyncio.sleep(0)
        other = await desk.done(threading.get_ident, 60)
        assert not hangs.done()
        go_on.set()
        await hangs
        return other

    assert asyncio.run(both()) != only


@pytest.mark.timeout(30)
def test_while_all_hang_nobody_waits_and_afterwards_work_is_done() -> None:
    desk, go_on = Desk(), threading.Event()
    with pytest.raises(OverdueError):
        asyncio.run(desk.done(go_on.wait, 0.1))
    with pytest.raises(OverdueError):
        desk.waited_for(go_on.wait, 0.1)
    for _ in range(3):
        with pytest.raises(OverdueError):
            asyncio.run(desk.done(lambda: 7, 3600))
        with pytest.raises(OverdueError):
            desk.waited_for(lambda: 7, 3600)
    go_on.set()
    while True:
        try:
            assert desk.waited_for(lambda: 7, 60) == 7
            return
        except OverdueError:
            continue


@pytest.mark.timeout(30)
def test_work_that_nobody_waits_for_any_more_counts_as_given_up() -> None:
    desk, go_on = Desk(), threading.Event()

    async def all_cancelled() -> None:
        waiting = [asyncio.ensure_future(desk.done(go_on.wait, 3600)) for _ in range(2)]
        await asyncio.sleep(0.1)
        for one in waiting:
            one.cancel()
        await asyncio.wait(waiting)
        with pytest.raises(OverdueError):
            await asyncio.wait_for(desk.done(lambda: 7, 3600), 5)

    asyncio.run(all_cancelled())
    go_on.set()


def test_a_system_without_threads_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    desk, start = Desk(), threading.Thread.start
    monkeypatch.setattr(threading.Thread, "start", refused)
    with pytest.raises(RuntimeError):
        desk.waited_for(lambda: 7, 60)
    monkeypatch.setattr(threading.Thread, "start", start)
    assert desk.waited_for(lambda: 7, 60) == 7


def test_pauses_come_between_so_many_items(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    paused_after: list[int] = []
    monkeypatch.setattr(time, "sleep", lambda _: paused_after.append(len(seen)))
    for item in with_pauses(range(7), after=3):
        seen.append(item)
    assert (seen, paused_after) == (list(range(7)), [3, 6])
    assert list(with_pauses(range(3), after=3)) == [0, 1, 2]
    assert paused_after == [3, 6], "none after the last"

"""Pauses: of all, of one, and how they end."""

from typing import Any

import pytest

from circleshield_addon.pauses import Pause, Pauses

MINE, CHILD = "192.168.1.7", "192.168.1.8"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr("circleshield_addon.pauses.time.time", lambda: now[0])
    return now


def test_a_pause_ends_by_itself(clock: list[float]) -> None:
    pauses = Pauses()
    assert not pauses.paused(MINE)
    pauses.pause(1060)
    assert pauses.paused(MINE)
    assert pauses.paused("")
    assert pauses.in_force() == [Pause(None, 1060)]
    clock[0] = 1060
    assert not pauses.paused(MINE)
    assert pauses.in_force() == []


def test_one_device(clock: list[float]) -> None:
    pauses = Pauses()
    pauses.pause(1060, MINE)
    assert (pauses.paused(MINE), pauses.paused(CHILD)) == (True, False)
    pauses.pause(1030)
    clock[0] = 1040
    assert (pauses.paused(MINE), pauses.paused(CHILD)) == (True, False)
    assert pauses.in_force() == [Pause(MINE, 1060)]
    pauses.resume(MINE)
    assert not pauses.paused(MINE)


def test_one_device_can_be_resumed_from_a_pause_of_all(clock: list[float]) -> None:
    pauses = Pauses()
    pauses.pause(1060)
    pauses.resume(CHILD)
    assert (pauses.paused(MINE), pauses.paused(CHILD)) == (True, False)
    pauses.pause(1070)
    assert pauses.paused(CHILD)


def test_resume_of_all_ends_every_pause(clock: list[float]) -> None:
    pauses = Pauses()
    pauses.pause(1060)
    pauses.pause(1060, MINE)
    pauses.resume()
    assert not pauses.paused(MINE)
    assert pauses.in_force() == []


def test_a_pause_that_comes_while_another_thread_asks_is_not_lost(clock: list[float]) -> None:
    pauses = Pauses()

    class Meanwhile(dict[str | None, float]):
        def items(self) -> Any:
            before = list(super().items())
            pauses.pause(1060, CHILD)
            return before

    pauses._until = Meanwhile({MINE: 1060.0})
    pauses.in_force()
    assert pauses.paused(CHILD)

"""Who refuses, and what follows from it. With real TLS clients: tests/end_to_end/test_refusals.py."""

import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circleshield_addon.refusals import APART, FILE, REPEATS, WINDOW, App, Refusals

PINNED = App("192.168.1.7", "app", "api.weibo.cn")
BROWSER = App("192.168.1.7", "browser", "weibo.com")
STRANGER = App("192.168.1.9", "browser", "weibo.com")
DAY = 86_400.0


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def refusals(tmp_path: Path, clock: Clock) -> Refusals:
    return Refusals(tmp_path / FILE, "ca", clock)


def refuse(refusals: Refusals, app: App, clock: Clock, times: int = REPEATS) -> None:
    for _ in range(times):
        clock.now += APART
        refusals.refused(app)


def test_an_app_that_refuses_again_and_again_while_others_do_not(refusals: Refusals, clock: Clock) -> None:
    refusals.accepted(BROWSER)
    refuse(refusals, PINNED, clock, REPEATS - 1)
    assert not refusals.passes(PINNED)
    refuse(refusals, PINNED, clock, 1)
    assert refusals.passes(PINNED)
    assert not refusals.passes(PINNED._replace(app="browser"))
    assert not refusals.passes(PINNED._replace(host="weibo.com"))
    assert not refusals.passes(PINNED._replace(device="192.168.1.8"))


def test_it_is_tried_again_and_then_left_alone_for_longer(refusals: Refusals, clock: Clock) -> None:
    days = []
    for _ in range(7):
        refusals.accepted(BROWSER)
        refuse(refusals, PINNED, clock)
        (entry,) = refusals.passed()
        days.append(entry.days)
        clock.now = entry.until
        assert not refusals.passes(PINNED)
    assert days == [1, 2, 4, 8, 16, 32, 32]
    refusals.accepted(PINNED)
    refusals.accepted(BROWSER)
    refuse(refusals, PINNED, clock)
    assert refusals.passed()[0].days == 1


def test_a_device_without_the_ca_is_told_and_never_passed(
    refusals: Refusals, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "circleshield")
    refusals.accepted(BROWSER)  # another device accepts
    for host in ("weibo.com", "x.com", "weibo.com"):
        refuse(refusals, STRANGER._replace(host=host), clock, 10)
    assert refusals.passed() == []
    assert refusals.untrusting() == ["192.168.1.9"]
    assert [record.getMessage() for record in caplog.records] == [
        "192.168.1.9 refuses the certificates of this proxy: install its CA there, see: circleshield setup"
    ]
    refusals.accepted(STRANGER)
    assert refusals.untrusting() == []


def test_connections_opened_at_once_count_once(refusals: Refusals, clock: Clock) -> None:
    refusals.accepted(BROWSER)
    for _ in range(20):
        clock.now += APART / 25
        refusals.refused(PINNED)
    assert refusals.passed() == []


def test_a_success_in_between_begins_anew(refusals: Refusals, clock: Clock) -> None:
    refusals.accepted(BROWSER)
    for _ in range(5):
        refuse(refusals, PINNED, clock, REPEATS - 1)
        refusals.accepted(PINNED)
    assert refusals.passed() == []


def test_what_was_long_ago_does_not_count(refusals: Refusals, clock: Clock) -> None:
    refusals.accepted(BROWSER)
    for _ in range(5):
        clock.now += WINDOW / 2 + 1
        refusals.accepted(BROWSER)
        refusals.refused(PINNED)
    assert refusals.passed() == []
    clock.now += WINDOW + 1
    refuse(refusals, PINNED, clock, 5)  # nothing has worked there within the hour: the CA may be gone
    assert refusals.passed() == []


def test_remembered_on_disk_for_this_ca_alone(tmp_path: Path, refusals: Refusals, clock: Clock) -> None:
    refusals.accepted(BROWSER)
    refuse(refusals, PINNED, clock)
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert Refusals(tmp_path / FILE, "ca", clock).passed() == refusals.passed()
    assert Refusals(tmp_path / FILE, "another", clock).passed() == []
    clock.now += DAY
    assert Refusals(tmp_path / FILE, "ca", clock).passed() == []


def test_another_ca_begins_anew(tmp_path: Path, refusals: Refusals, clock: Clock) -> None:
    refusals.accepted(BROWSER)
    refuse(refusals, PINNED, clock)
    refusals.renew("another")
    assert refusals.passed() == []
    refuse(refusals, PINNED, clock, 10)
    assert refusals.passed() == []
    assert Refusals(tmp_path / FILE, "another", clock).passed() == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "\0",
        '{"ca": "ca", "passed": [{"device": 1}]}',
        '{"ca": "ca", "passed": [{"device": "10.0.0.1", "app": "a", "host": "b", "until": "soon", "days": 1}]}',
    ],
)
def test_a_bad_file_is_set_aside(text: str, tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    assert Refusals(tmp_path / FILE, "ca", clock).passed() == []
    assert "not read" in caplog.text


@given(st.lists(st.tuples(st.sampled_from([PINNED, BROWSER, STRANGER]), st.floats(0, 5000)), max_size=40))
def test_nothing_passes_on_a_device_where_nothing_works(events: list[tuple[App, float]]) -> None:
    clock = Clock()
    refusals = Refusals(Path("/nowhere") / FILE, "ca", clock)
    for app, wait in events:
        clock.now += wait
        refusals.refused(app)
    assert refusals.passed() == []

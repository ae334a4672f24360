"""How long a pause lasts, and what the proxy answers to it."""

from datetime import datetime, timedelta

import pytest

from circleshield.commands.pause import end_of, pause_answers, pause_in_words
from circleshield_addon.pauses import Pauses
from circleshield_model.errors import InputError

NOW = datetime(2026, 11, 22, 14, 0, 30).astimezone()


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ("30m", NOW + timedelta(minutes=30)),
        ("2h", NOW + timedelta(hours=2)),
        ("1h30m", NOW + timedelta(minutes=90)),
        ("45s", NOW + timedelta(seconds=45)),
        ("1d", NOW + timedelta(days=1)),
        ("18:30", NOW.replace(hour=18, minute=30, second=0)),
        ("14:00", NOW.replace(day=23, minute=0, second=0)),
        ("2026-11-23T08:00", NOW.replace(day=23, hour=8, minute=0, second=0)),
    ],
)
def test_spans(span: str, expected: datetime) -> None:
    assert end_of(span, NOW) == expected


@pytest.mark.parametrize("span", ["", "30", "m", "soon", "25:00", "12:60", "h2"])
def test_what_is_no_span(span: str) -> None:
    with pytest.raises(InputError, match="is neither a time such as 30m"):
        end_of(span, NOW)


@pytest.mark.parametrize("span", ["0m", "31d", "9999d", "2020-01-01T00:00"])
def test_a_pause_must_end(span: str) -> None:
    with pytest.raises(InputError, match="a pause must end within 30 days"):
        end_of(span, NOW)


def test_answers() -> None:
    pauses = Pauses()
    answers = pause_answers(pauses)
    until = datetime.now().timestamp() + 60
    assert answers["pause"](until=until, device="::ffff:192.168.1.7") == {
        "paused": [{"device": "192.168.1.7", "until": until}]
    }
    assert pauses.paused("192.168.1.7")
    assert answers["resume"]() == {"paused": []}
    for wrong in (1.0, float("inf"), float("nan"), "soon", None):
        with pytest.raises(InputError, match="until must be a time to come"):
            answers["pause"](until=wrong)
    with pytest.raises(InputError, match="--device must be an IP address"):
        answers["resume"](device="phone")


def test_in_words() -> None:
    today = datetime.now().replace(hour=23, minute=5, second=9)
    assert pause_in_words({"device": None, "until": today.timestamp()}) == "all devices until 23:05:09"
    later = today + timedelta(days=2)
    assert pause_in_words({"device": "::1", "until": later.timestamp()}) == f"::1 until {later:%Y-%m-%d} 23:05:09"

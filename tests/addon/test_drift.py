"""When a platform changes: what counts as a change, and that it is said once."""

import json

import pytest

from circleshield_addon.adapters import mastodon, weibo
from circleshield_addon.drift import DriftAlarm, shape_of
from circleshield_addon.page import read_page

FRIENDS, PROFILE = weibo.WEB.endpoints[:2]
POST = {"idstr": "1", "user": {"idstr": "2", "screen_name": "a"}, "text_raw": "今天下雨", "pics": ["x" * 700]}


def _missing(page: object) -> str | None:
    return read_page(json.dumps(page).encode(), weibo.WEB, FRIENDS).missing


@pytest.mark.parametrize(
    ("page", "missing"),
    [
        ({"statuses": [POST] * 4}, None),
        ({"statuses": []}, None),
        ({"statuses": [], "more": "x" * 5000}, None),
        ({"ok": 0, "msg": "please log in"}, None),
        ({"statuses": [{**POST, "text_raw": ""}]}, None),
        ({"statuses": [{**POST, "text_raw": ""}] * 3}, "no post with a text"),
        ({"statuses": [{"renamed": POST}] * 4}, "items, but no post among them"),
        ({"data": {"renamed": [POST] * 4}}, "no list of items"),
    ],
)
def test_what_counts_as_changed(page: object, missing: str | None) -> None:
    assert _missing(page) == missing


def test_it_is_said_once_and_taken_back(caplog: pytest.LogCaptureFixture) -> None:
    alarm = DriftAlarm()
    for _ in range(2):
        alarm.saw(weibo.WEB, FRIENDS, "no list of items", "{}")
    alarm.saw(weibo.WEB, PROFILE, "no list of items", "{}")
    assert not alarm.drifts
    for _ in range(5):
        alarm.saw(weibo.WEB, FRIENDS, "no list of items", '{"data":"dict"}')
    (drift,) = alarm.drifts
    assert (drift.adapter, drift.missing, drift.shape) == ("weibo_web", "no list of items", '{"data":"dict"}')
    assert caplog.text.count("may have changed") == 1
    alarm.saw(weibo.WEB, FRIENDS, None, "")
    assert alarm.drifts == ()


def test_other_platforms_do_not_count(caplog: pytest.LogCaptureFixture) -> None:
    alarm = DriftAlarm()
    for adapter in (weibo.WEB, weibo.MOBILE, mastodon.ADAPTER):
        alarm.saw(adapter, adapter.endpoints[0], "no list of items", "{}")
    assert alarm.drifts == ()


def test_a_shape_holds_no_value() -> None:
    secret = {
        "name": "林小满",
        "age": 31,
        "by_id": {"7700000001": {"x": [1.5, None]}},
        "list": [{"t": "面膜"}] * 3,
        "面膜": 1,
    }
    shape = shape_of(json.dumps(secret).encode())
    assert shape == (
        '{"name":"str","age":"int","by_id":{"…":{"x":["float","× 2"]}},"list":[{"t":"str"},"× 3"],"…":"int"}'
    )
    assert len(shape_of(json.dumps({f"key{i}": i for i in range(900)}).encode())) == 600
    assert shape_of(b"<html>") == "6 bytes that are no JSON"

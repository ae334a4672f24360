"""Who is let in to the review page, and for how long."""

import json
import stat
import time
from pathlib import Path

import pytest

from circleshield.review.sessions import FILE, Sessions, TooManyTriesError


@pytest.fixture
def known(tmp_path: Path) -> Sessions:
    return Sessions(tmp_path / FILE)


def test_the_terminals_token_opens_the_page_any_number_of_times(known: Sessions) -> None:
    for _ in range(10):
        cookie = known.open(known.token, "Linux")
        assert cookie is not None
        found = known.find(cookie)
        assert found is not None
        assert (found.role, found.name) == ("owner", "Linux")
    assert known.open(known.token[:-1], "") is None
    assert known.open("", "") is None


def test_a_link_is_good_once(known: Sessions) -> None:
    token = known.link_token()
    assert known.open(token, "") is not None
    assert known.open(token, "") is None


def test_a_code_is_good_once_and_however_it_is_typed(known: Sessions) -> None:
    code = known.code("device")
    cookie = known.pair(f" {code.lower()} ", "192.168.1.7", "phone")
    assert cookie is not None
    found = known.find(cookie)
    assert found is not None
    assert found.role == "device"
    assert known.pair(code, "192.168.1.7", "phone") is None


def test_codes_and_links_expire(known: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    code, token = known.code("owner"), known.link_token()
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 601)
    assert known.pair(code, "192.168.1.7", "") is None
    assert known.open(token, "") is None


def test_after_five_wrong_codes_an_address_waits(known: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    code = known.code("owner")
    for _ in range(5):
        assert known.pair("AAAAAAAA", "192.168.1.66", "") is None
    with pytest.raises(TooManyTriesError):
        known.pair(code, "192.168.1.66", "")  # not even the right one
    assert known.pair(code, "192.168.1.7", "") is not None
    code = known.code("owner")
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 599)
    with pytest.raises(TooManyTriesError):
        known.pair(code, "192.168.1.66", "")
    monkeypatch.setattr(time, "monotonic", lambda: now + 601)
    assert known.pair(known.code("owner"), "192.168.1.66", "") is not None


def test_the_file_is_private_and_gives_nothing_away(known: Sessions, tmp_path: Path) -> None:
    cookie = known.open(known.token, "Linux")
    assert cookie is not None
    file = tmp_path / FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text(encoding="utf-8")
    assert cookie not in text
    assert known.token not in text
    assert json.loads(text)[0]["role"] == "owner"


def test_sessions_outlive_the_proxy_and_end_when_shut_out(known: Sessions, tmp_path: Path) -> None:
    cookie = known.open(known.token, "")
    assert cookie is not None
    again = Sessions(tmp_path / FILE)
    found = again.find(cookie)
    assert found is not None
    assert again.token != known.token
    again.end(found.id)
    assert again.find(cookie) is None
    assert Sessions(tmp_path / FILE).find(cookie) is None


def test_what_nobody_used_for_90_days_has_ended(known: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    cookie = known.open(known.token, "")
    assert cookie is not None
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 89 * 86_400)
    assert known.find(cookie) is not None  # which is a use
    monkeypatch.setattr(time, "time", lambda: now + 178 * 86_400)
    assert known.find(cookie) is not None
    monkeypatch.setattr(time, "time", lambda: now + 269 * 86_400)
    assert known.find(cookie) is None


_WRONG_TYPE = '[{"id": "x", "role": "owner", "name": "", "since": 0, "used": "soon"}]'


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"id": "x"}]', _WRONG_TYPE, "\x00"])
def test_a_damaged_file_lets_nobody_in(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    known = Sessions(tmp_path / FILE)
    assert known.all() == []
    assert known.open(known.token, "") is not None

"""The review page is safe: each clause, and what would happen without its guard.

Each attack is tried twice: it must fail, and it must succeed once the guard is taken out, or it would prove nothing.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from markupsafe import Markup
from tests.console.review_client import Browser, made, owner, paired, parts_of, record, verdict

from circleshield.review.sessions import Session
from circleshield_addon.settings import Review, Settings

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)> javascript:alert(3) https://evil.example/?a=1&b=2 "
    "\u202egnp.exe \u2066 \"'><svg onload=alert(4)> {{7*7}} {% raw %}"
)


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    record(tmp_path, verdict(1), verdict(2, "兼职日结"))
    return made(tmp_path)


Attack = Callable[[Flask], bool]
"""Tries something; whether it worked."""


def without_a_session(app: Flask) -> bool:
    return any("诚招代理" in Browser(app, address).ask("/").text for address in ("", "192.168.1.9"))


def by_a_guessed_cookie(app: Flask) -> bool:
    return "诚招代理" in Browser(app, cookies={"circleshield_8765": "0" * 43}).ask("/").text


def from_a_name_that_was_moved_here(app: Flask) -> bool:
    return owner(app).ask("/", host="evil.example:8765").status_code == 200


def from_a_name_moved_here_behind_the_proxy(app: Flask) -> bool:
    return paired(app, "192.168.1.9", "owner").ask("/", host="evil.example").status_code == 200


def by_a_form_on_another_site(app: Flask) -> bool:
    return owner(app).post("/posts", origin="http://evil.example", one="social weibo:1").status_code == 303


def by_a_form_without_an_origin(app: Flask) -> bool:
    return owner(app).post("/posts", origin="", one="social weibo:1").status_code == 303


def by_a_form_from_a_sandbox(app: Flask) -> bool:
    return owner(app).post("/posts", origin="null", one="social weibo:1").status_code == 303


def by_a_form_without_our_token(app: Flask) -> bool:
    return owner(app).post("/posts", form_token="0" * 32, one="social weibo:1").status_code == 303


def by_the_form_token_of_another_session(app: Flask) -> bool:
    theirs = re.search(r'name="form_token" value="(\w+)"', paired(app, "192.168.1.66").get("/"))
    assert theirs is not None
    return owner(app).post("/posts", form_token=theirs[1], one="social weibo:1").status_code == 303


def by_trying_codes(app: Flask) -> bool:
    browser = Browser(app, "192.168.1.66")
    return [browser.post("/pair", code=f"AAAAAAA{n}").status_code for n in range(7)] == [401] * 7


def by_a_used_code(app: Flask) -> bool:
    code = parts_of(app).sessions.code("owner")
    replies = [Browser(app, f"192.168.1.{n}").post("/pair", code=code).status_code for n in (7, 66)]
    return replies == [303, 303]


def another_devices_posts(app: Flask) -> bool:
    browser = paired(app, "192.168.1.66")
    return "诚招代理" in browser.get("/") + browser.get("/queue") + browser.get("/?words=代理")


def a_choice_about_another_devices_post(app: Flask) -> bool:
    paired(app, "192.168.1.66").post("/posts", one="social weibo:1")
    return "weibo:1" in owner(app).get("/choices")


def the_owners_pages(app: Flask) -> bool:
    return paired(app, "192.168.1.9").ask("/devices").status_code == 200


def a_rule_about_an_author(app: Flask) -> bool:
    return paired(app, "192.168.1.9").post("/authors", one="block weibo:7").status_code == 303


def a_device_by_way_of_the_listener(app: Flask) -> bool:
    """Through the proxy to 127.0.0.1:8765 a phone would be this machine."""
    cookies = paired(app, "192.168.1.66").cookies
    return Browser(app, cookies={"circleshield_8765": cookies["circleshield"]}).ask("/").status_code == 200


def a_try_by_a_web_page(app: Flask) -> bool:
    """It can have any link opened; that must not shut the owner out."""
    for n in range(7):
        Browser(app).ask(f"/?token=wrong{n}")
    return Browser(app).ask(f"/?token={parts_of(app).sessions.token}").status_code != 303


def script_in_a_post(app: Flask) -> bool:
    record(parts_of(app).home, verdict(3, HOSTILE), verdict(4, HOSTILE, "review"))
    browser = owner(app)
    browser.post("/posts", one="unsure weibo:4")
    pages = browser.get("/") + browser.get("/queue") + browser.get("/choices") + browser.get("/?words=<script>")
    return any(f"<{tag}" in pages for tag in ("script>alert", "img src=x", "svg onload"))


OWNER = Session("", "owner", "", 0, 0)
GUARDS: dict[Attack, dict[str, object]] = {  # each attack, and what takes its guard out
    without_a_session: {"guard._OPEN": "__name__", "today.own_device": lambda: None},
    by_a_guessed_cookie: {"sessions.Sessions.find": lambda self, cookie: OWNER},
    from_a_name_that_was_moved_here: {"guard._is_our_name": lambda: True},
    from_a_name_moved_here_behind_the_proxy: {"guard._is_our_name": lambda: True},
    by_a_form_on_another_site: {"guard._is_own_origin": lambda: True},
    by_a_form_without_an_origin: {"guard._is_own_origin": lambda: True},
    by_a_form_from_a_sandbox: {"guard._is_own_origin": lambda: True},
    by_a_form_without_our_token: {"guard.form_token": lambda cookie: "0" * 32},
    by_the_form_token_of_another_session: {"guard.form_token": lambda cookie: "0" * 32},
    by_trying_codes: {"sessions._TRIES_SECONDS": 0.0},
    by_a_used_code: {"sessions.Sessions._role": lambda self, code, address: "owner"},
    another_devices_posts: {"today.own_device": lambda: None, "queue.own_device": lambda: None},
    a_choice_about_another_devices_post: {"choosing.own_device": lambda: None},
    the_owners_pages: {"guard._OWNER": "_nothing"},
    a_rule_about_an_author: {"guard._OWNER": "_nothing"},
    a_device_by_way_of_the_listener: {"guard._is_of_elsewhere": lambda found: False},
    a_try_by_a_web_page: {"sessions.Sessions.open": lambda self, token, name: self.pair(token, "127.0.0.1", name)},
    script_in_a_post: {"cards.escape": Markup},
}


@pytest.mark.parametrize("attack", GUARDS, ids=lambda attack: attack.__name__)
def test_attack(app: Flask, monkeypatch: pytest.MonkeyPatch, attack: Attack) -> None:
    assert not attack(app)
    for name, instead in GUARDS[attack].items():
        monkeypatch.setattr(f"circleshield.review.{name}", instead)
    assert attack(app)


def test_the_cookie(app: Flask) -> None:
    for reply in (
        Browser(app).ask(f"/?token={parts_of(app).sessions.token}"),
        Browser(app, "192.168.1.9").post("/pair", code=parts_of(app).sessions.code("device")),
    ):
        attributes = {part.strip().lower() for part in reply.headers["Set-Cookie"].split(";")}
        assert {"httponly", "samesite=lax", "path=/"} <= attributes
        assert reply.headers["Location"] == "/"  # without the token


@pytest.mark.parametrize("path", ["/", "/queue", "/choices", "/devices", "/nothing", "/static/review.css", "/pair"])
@pytest.mark.parametrize("let_in", [True, False])
def test_every_reply_has_the_headers(app: Flask, path: str, let_in: bool) -> None:
    headers = (owner(app) if let_in else Browser(app)).ask(path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert ("no-store" in headers.get("Cache-Control", "")) == (not path.startswith("/static/"))


def test_nothing_in_a_page_is_inline_and_no_text_is_a_link(app: Flask) -> None:
    record(parts_of(app).home, verdict(3, HOSTILE, author="javascript:alert(5)"))
    browser = owner(app)
    browser.post("/authors", one="block weibo:javascript:alert(5)")
    for path in ("/", "/queue", "/choices", "/devices", "/pair?code=%22%3E%3Cscript%3E"):
        page = browser.get(path)
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=\"|<script(?! src=\"/static/)", page), path
        assert all(link.startswith(("/", "#", "?")) for link in re.findall(r'(?:href|action|src)="([^"]*)"', page))
    assert "{{7*7}}" in browser.get("/")


def test_names_and_reasons_cannot_turn_the_text_around_them(app: Flask) -> None:
    record(parts_of(app).home, verdict(3, "\u202eabc", author="\u202e7"))
    page = owner(app).get("/")
    assert "<bdi>名\u202e7</bdi>" in page
    assert '<div class="text" dir="auto">\u202eabc</div>' in re.sub("</?mark>", "", page)


def test_a_huge_text_is_clipped(app: Flask) -> None:
    record(parts_of(app).home, verdict(3, "长" * 900_000))
    page = owner(app).get("/")
    assert len(page) < 150_000
    assert "880000 more characters" in page
    assert "Show all" in page


def test_huge_and_foul_requests_are_refused_in_words(app: Flask) -> None:
    browser = owner(app)
    assert browser.post("/posts", one="x" * 2_000_000).status_code == 413
    for path in ("/?below=x", "/?since=99999-1-1&lowest=nan", "/?until=9999-12-31", "/folded/%00", "/?words=%00%ff"):
        assert browser.ask(path).status_code in (200, 404), path
    assert browser.post("/posts", one="nothing weibo:1").status_code == 400
    assert browser.post("/authors", one="block weibo").status_code == 400


def test_a_fault_of_ours_tells_nothing(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("诚招代理")

    browser = owner(app)
    monkeypatch.setattr("circleshield.review.today.cards", fail)
    reply = browser.ask("/")
    assert reply.status_code == 500
    assert "诚招代理" not in reply.text + caplog.text
    assert "ValueError at test_review_guard.py" in caplog.text


def test_the_configured_address_is_a_name_of_ours(tmp_path: Path) -> None:
    app = made(tmp_path, Settings(review=Review(listen="192.168.1.2:8765")))
    assert owner(app).ask("/", host="192.168.1.2:8765").status_code == 200
    assert owner(app).ask("/", host="192.168.1.3:8765").status_code == 421
    everywhere = made(tmp_path, Settings(review=Review(listen="0.0.0.0:8765")))
    assert owner(everywhere).ask("/", host="192.168.1.3:8765").status_code == 200
    assert owner(everywhere).ask("/", host="evil.example:8765").status_code == 421
    assert owner(everywhere).ask("/", host="192.168.1.3:80").status_code == 421


def test_signed_out_and_shut_out(app: Flask) -> None:
    browser, phone = owner(app), paired(app, "192.168.1.9")
    (theirs,) = [s for s in parts_of(app).sessions.all() if s.role == "device"]
    assert browser.post("/devices/end", session=theirs.id).status_code == 303
    assert phone.ask("/").status_code == 401
    assert browser.post("/leave").status_code == 200
    assert browser.ask("/").status_code == 401

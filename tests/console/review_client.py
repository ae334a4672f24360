"""The review page's application on a ledger of its own, and browsers that ask it."""

import re
import time
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from circleshield.review.app import review_app
from circleshield.review.served import DEVICE, Served
from circleshield.review.sessions import FILE, Sessions
from circleshield.review.training import Training
from circleshield_addon import ledger
from circleshield_addon.ledger import Ledger, Seen
from circleshield_addon.post import Action, Post, Verdict
from circleshield_addon.reloading import Files, Reloading
from circleshield_addon.settings import Settings
from circleshield_addon.shield import Shield
from circleshield_model.scorer import Scorer

PORT = 8765
LISTENER = f"127.0.0.1:{PORT}"


@cache
def scorer() -> Scorer:
    return Scorer.load()


def made(home: Path, settings: Settings = Settings()) -> Flask:  # noqa: B008
    shield = Shield(scorer(), settings)
    parts = Served(
        home, shield, Reloading(shield, Files(), (None,)), Sessions(home / FILE), Training(home), lambda: PORT
    )
    app = review_app(parts)
    app.testing = False  # an error is answered as in the proxy
    return app


def parts_of(app: Flask) -> Served:
    found = app.extensions["circleshield"]
    assert isinstance(found, Served)
    return found


@dataclass
class Browser:
    """A browser: on this machine at the listener, or behind the proxy when it has an `address`."""

    app: Flask
    address: str = ""
    language: str = "en"
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def host(self) -> str:
        return "circle.shield" if self.address else LISTENER

    def ask(self, path: str, method: str = "GET", host: str = "", **more: Any) -> TestResponse:
        headers = {"Accept-Language": self.language, **more.pop("headers", {})}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        base = {DEVICE: self.address, "REMOTE_ADDR": self.address} if self.address else {"REMOTE_ADDR": "127.0.0.1"}
        reply = self.app.test_client(use_cookies=False).open(
            path,
            method=method,
            headers={**headers, "Host": host or self.host},
            environ_base=base,
            buffered=True,
            **more,
        )
        for cookie in reply.headers.getlist("Set-Cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return reply

    def get(self, path: str) -> str:
        reply = self.ask(path)
        assert reply.status_code == 200, reply.text
        return reply.text

    def post(self, path: str, origin: str | None = None, referrer: str = "/", **fields: Any) -> TestResponse:
        """As a form of ours sends it, unless told otherwise."""
        token = re.search(r'name="form_token" value="(\w*)"', self.ask("/devices").text) if self.cookies else None
        data = {"form_token": token[1] if token else "", **fields}
        own = f"http://{self.host}"
        headers = {"Origin": own if origin is None else origin, "Referer": own + referrer}
        return self.ask(path, "POST", data=data, headers={k: v for k, v in headers.items() if v})


def owner(app: Flask, **more: Any) -> Browser:
    """A browser on this machine that came by the terminal's link."""
    browser = Browser(app, **more)
    assert browser.ask(f"/?token={parts_of(app).sessions.token}").status_code == 303
    return browser


def paired(app: Flask, address: str, role: Any = "device") -> Browser:
    """A browser behind the proxy that was paired."""
    browser = Browser(app, address)
    assert browser.post("/pair", code=parts_of(app).sessions.code(role)).status_code == 303
    return browser


def verdict(
    number: object, text: str = "诚招代理，加微信", action: Action = "remove", author: str = "7", score: float = 0.99
) -> Verdict:
    post = Post(str(number), author, f"名{author}", text, ad=False)
    return Verdict(post, score, action, (f"score {score:.2f} ≥ 0.95",), lambda: ("“代理” +3.5", "recruiting +0.8"))


def record(home: Path, *verdicts: Verdict, device: str = "192.168.1.9", ago: float = 0) -> None:
    with closing(Ledger(home / ledger.FILE)) as opened:
        seen = [Seen(int((time.time() - ago) * 1000), "weibo", device, verdicts)]
        opened.write(opened.rows(seen), opened.views(seen))


def names(page: str) -> list[str]:
    """The numbers of the posts on a page, in order."""
    return re.findall(r'<article class="post"[^>]*>.*?value="weibo:([^"]+)"', page, re.S)

"""Serves the review page: as http://circle.shield/ inside the proxy, and on a port of its own.

Both are answered in threads, so that a page never keeps the proxy's loop from the traffic.
"""

import asyncio
import logging
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from mitmproxy import http

from circleshield.review.sessions import CODE_MINUTES, FILE, Sessions
from circleshield.review.training import Training
from circleshield_addon.access import OWN_PORT
from circleshield_addon.device import device_of
from circleshield_addon.named_host import named_host
from circleshield_addon.notes import HOST
from circleshield_addon.refusals import Passed
from circleshield_addon.reloading import Reloading
from circleshield_addon.settings import Review
from circleshield_addon.shield import Shield
from circleshield_model.errors import InputError

if TYPE_CHECKING:
    from flask import Flask
    from tornado.httpserver import HTTPServer

_SECONDS = 0.5
_THREADS = 4
_SETUP_PATHS = frozenset(("/setup", "/proxy.pac", "/ca.pem", "/ca.cer", "/profile.mobileconfig"))
"""What every device gets to see, on the proxy's own port too, and while the page itself is off."""
_MAX_REQUEST_BYTES = 1_000_000
_log = logging.getLogger("circleshield")


class ReviewHost:
    """A mitmproxy addon that serves the page, and follows `[review]` in the settings."""

    def __init__(self, home: Path, shield: Shield, reloading: Reloading) -> None:
        self._home, self._shield, self._reloading = home, shield, reloading
        self.sessions = Sessions(home / FILE)
        self.training = Training(home)
        self.fault: str | None = None
        self.passed: Callable[[], list[Passed]] = list
        self.proxy_address: Callable[[], tuple[str, int] | None] = lambda: None
        self._app: Flask | None = None
        self._making = threading.Lock()
        self._threads = ThreadPoolExecutor(_THREADS, "review")
        self._socket: socket.socket | None = None
        self._server: HTTPServer | None = None
        self._in_use: Review | None = None
        self._task: asyncio.Task[None] | None = None
        self._serving: asyncio.Task[None] | None = None

    def running(self) -> None:
        """Listens at once; what answers is loaded when somebody asks. Needs a running event loop."""
        self._listen()
        self._task = asyncio.get_running_loop().create_task(self._follow())

    def done(self) -> None:
        """Ends."""
        if self._task is not None:
            self._task.cancel()
        self._close()
        self.training.stop()
        self._threads.shutdown(wait=False, cancel_futures=True)

    @property
    def port(self) -> int:
        """The port that the listener has; 0 while there is none."""
        return int(self._socket.getsockname()[1]) if self._socket is not None else 0

    def status(self) -> dict[str, str | None]:
        """For `circleshield status`: where the page is on this machine, or why it is not."""
        return {"address": self._address() if self._socket is not None else None, "fault": self.fault}

    def url(self, token: str | None = None) -> str:
        """The page on this machine, opened to the owner by a token, or else by the terminal's.

        Raises InputError while it is not served there.
        """
        if self._socket is None:
            raise InputError(self.fault or "the review page is off: set review.enabled = true in the config file")
        return f"{self._address()}?token={token or self.sessions.token}"

    def _address(self) -> str:
        host = self._shield.settings.review.address[0]
        if host in ("0.0.0.0", "::"):
            host = "127.0.0.1"
        name = f"[{host}]" if ":" in host else host
        return f"http://{name}:{self.port}/"

    def answers(self) -> dict[str, Callable[..., dict[str, Any]]]:
        """What the control socket has to say about it."""
        return {"review": self._answer_review, "pair": self._answer_pair}

    async def request(self, flow: http.HTTPFlow) -> None:
        """Answers for the proxy's own name."""
        is_own_port = bool(flow.metadata.get(OWN_PORT))
        if flow.response is not None or not (is_own_port or named_host(flow.request) == HOST):
            return
        path = flow.request.path.partition("?")[0]
        is_setup = path in _SETUP_PATHS or path.startswith("/static/")
        if is_own_port and not is_setup:
            text = f"This is circleshield. Set up a device: /setup. With the proxy in use: http://{HOST}/\n"
            flow.response = http.Response.make(403, text, {"content-type": "text/plain; charset=utf-8"})
            return
        if not is_setup and not self._shield.settings.review.enabled:
            return
        environment = _environment(flow, self._shield.device(flow))
        flow.response = await asyncio.get_running_loop().run_in_executor(self._threads, self._reply, environment)

    def _answer_review(self) -> dict[str, Any]:
        return {"url": self.url(self.sessions.link_token())}

    def _answer_pair(self, owner: bool) -> dict[str, Any]:
        if not self._shield.settings.review.enabled:
            raise InputError("the review page is off: set review.enabled = true in the config file")
        code = self.sessions.code("owner" if owner else "device")
        return {"url": pairing_url(code), "code": code, "minutes": CODE_MINUTES}

    async def _follow(self) -> None:
        while True:
            if self._shield.settings.review != self._in_use:
                self._close()
                self.fault = None
                self._listen()
            elif self.fault is not None:
                self._listen()  # the port may be free by now
            await asyncio.sleep(_SECONDS)

    def _listen(self) -> None:
        self._in_use = self._shield.settings.review
        if not self._in_use.enabled:
            return
        host, port = self._in_use.address
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._socket = socket.create_server((host, port), family=family)
        except OSError as e:
            why = os.strerror(e.errno) if e.errno else str(e)
            fault = f"the review page cannot listen on {self._in_use.listen}: {why}; set review.listen otherwise"
            if fault != self.fault:
                _log.warning("%s", fault)
            self.fault = fault
            return
        self._socket.setblocking(False)
        asyncio.get_running_loop().add_reader(self._socket, self._called, self._socket)
        if self.fault is not None:
            _log.info("the review page listens on %s now", self._in_use.listen)
        self.fault = None

    def _called(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(listening)
        self._serving = loop.create_task(self._serve(listening))

    async def _serve(self, listening: socket.socket) -> None:
        httpserver, wsgi = await asyncio.to_thread(_tornado)
        if self._socket is not listening:  # closed meanwhile
            return
        container = wsgi.WSGIContainer(self._wsgi, self._threads)
        self._server = httpserver.HTTPServer(
            container, idle_connection_timeout=60, body_timeout=30, max_body_size=_MAX_REQUEST_BYTES
        )
        self._server.add_sockets([listening])

    def _close(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None
        elif self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _wsgi(self, environment: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        with self._making:
            if self._app is None:
                from circleshield.review.app import review_app
                from circleshield.review.served import Served

                parts = Served(
                    self._home,
                    self._shield,
                    self._reloading,
                    self.sessions,
                    self.training,
                    lambda: self.port,
                    self.proxy_address,
                    self.passed,
                )
                self._app = review_app(parts)
        return self._app(environment, start)

    def _reply(self, environment: dict[str, Any]) -> http.Response:
        from werkzeug.test import run_wsgi_app

        body, status, headers = run_wsgi_app(self._wsgi, environment, buffered=True)
        fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        return http.Response.make(int(status.split(" ")[0]), b"".join(body), fields)


def pairing_url(code: str) -> str:
    """What a device behind the proxy opens to be paired."""
    return f"http://{HOST}/pair?code={code}"


def _tornado() -> tuple[Any, Any]:
    import tornado.httpserver
    import tornado.wsgi

    logging.getLogger("tornado.access").disabled = True  # it would write tokens down

    return tornado.httpserver, tornado.wsgi


def _environment(flow: http.HTTPFlow, device: str) -> dict[str, Any]:
    """A request as WSGI has it (PEP 3333)."""
    from circleshield.review.served import DEVICE

    request = flow.request
    path, _, query = request.path.partition("?")
    body = request.raw_content or b""
    environment = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": HOST,
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": device_of(flow.client_conn.peername),
        "CONTENT_TYPE": _native(request.headers.get("content-type", "")),
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        DEVICE: device,
        "HTTP_HOST": HOST,
    }
    for name, value in request.headers.items():
        environment.setdefault(f"HTTP_{_native(name).upper().replace('-', '_')}", _native(value))
    return environment


def _native(text: str) -> str:
    """A header as WSGI has it, each byte a character; mitmproxy reads it as UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("latin-1")

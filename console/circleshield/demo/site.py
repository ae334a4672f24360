"""The demo's feed site: HTTPS, a home timeline shaped like Mastodon's, and a phone-sized page that renders it."""

import html
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from flask import Flask, Response, jsonify
from mitmproxy.certs import CertStore
from werkzeug.serving import WSGIRequestHandler, make_server

_HERE = files("circleshield.demo")


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Requests are not logged: the terminal belongs to the demo."""


def _timeline() -> list[dict[str, object]]:
    posts = json.loads((_HERE / "posts.json").read_text(encoding="utf-8"))
    newest = datetime.now(UTC)
    return [
        {
            "id": str(117_000_000_000_000_000 - number * 1_000_003),
            "created_at": (newest - timedelta(minutes=7 * number)).isoformat(),
            "content": f"<p>{html.escape(post['text'])}</p>",
            "spoiler_text": "",
            "reblog": None,
            "account": {"id": str(1000 + number), "acct": post["acct"], "display_name": post["who"]},
        }
        for number, post in enumerate(posts)
    ]


def _app() -> Flask:
    app = Flask("circleshield.demo")
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # the default provider has it

    @app.get("/")
    def page() -> Response:
        return Response((_HERE / "page.html").read_text(encoding="utf-8"), content_type="text/html; charset=utf-8")

    @app.get("/api/v1/timelines/home")
    def home() -> Response:
        return jsonify(_timeline())

    return app


@contextmanager
def feed_site(folder: Path) -> Iterator[tuple[int, Path]]:
    """Serves the site on a free loopback port as `localhost`; yields the port and its CA's certificate (PEM).

    Keys and certificates are made anew in `folder`.
    """
    store = CertStore.from_store(folder, "site", 2048)
    entry = store.get_cert("localhost", [x509.DNSName("localhost")])
    chain = folder / "localhost.pem"
    key = entry.privatekey.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    chain.write_bytes(key + entry.cert.to_pem())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    server = make_server("127.0.0.1", 0, _app(), threaded=True, request_handler=_Quiet, ssl_context=context)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port, folder / "site-ca-cert.pem"
    finally:
        server.shutdown()
        thread.join()

"""Streams of a real Mastodon server through the proxy: server-sent events with Mastodon.py, and a WebSocket."""

import base64
import json
import os
import queue
import socket
import time
from collections.abc import Iterator
from html import unescape
from importlib.util import find_spec
from urllib.parse import urlsplit

import pytest
from mastodon import Mastodon, StreamListener
from tests.end_to_end.client import Client
from tests.end_to_end.feed import FRIENDS, SALES
from tests.end_to_end.mastodon_server import Server, running_mastodon
from tests.end_to_end.origin import HANG_SECONDS
from tests.end_to_end.proxy_process import CONFIG, ProxyProcess, running_proxy
from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import TextMessage

pytestmark = pytest.mark.skipif(find_spec("mastodon_mock") is None, reason="needs mastodon-mock (PyPI)")

POSTED = (FRIENDS[0], SALES[0], FRIENDS[1], SALES[1], SALES[2], FRIENDS[2])
KEPT = [text for text in POSTED if text in FRIENDS]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_mastodon(tmp_path_factory.mktemp("mastodon")) as started:
        yield started


@pytest.fixture(scope="module", params=["remove", "fold"])
def stream_proxy(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, server: Server
) -> Iterator[tuple[str, ProxyProcess]]:
    config = CONFIG + f'[filter]\naction = "{request.param}"\n'
    with running_proxy(tmp_path_factory.mktemp("proxy"), server.ca, config=config) as started:
        yield request.param, started


class _Heard(StreamListener):
    def __init__(self) -> None:
        self.texts: queue.Queue[str] = queue.Queue()
        self.deleted: queue.Queue[object] = queue.Queue()

    def on_update(self, status: dict[str, str]) -> None:
        self.texts.put(_plain(status["content"]))

    def on_delete(self, status_id: object) -> None:
        self.deleted.put(status_id)


def _plain(content: str) -> str:
    return unescape(content.removeprefix("<p>").removesuffix("</p>"))


def _as_expected(action: str, texts: list[str]) -> bool:
    if action == "remove":
        return texts == KEPT
    return len(texts) == len(POSTED) and all(
        text == posted if posted in FRIENDS else text.startswith(("已折叠：", "Folded: "))
        for text, posted in zip(texts, POSTED, strict=True)
    )


def _post_all(server: Server) -> object:
    """Posts everything, takes the last one back; returns its id."""
    poster: Mastodon = server.client("friend")
    posted = [poster.status_post(text) for text in POSTED]
    poster.status_delete(posted[-1])
    return posted[-1].id


def test_server_sent_events(server: Server, stream_proxy: tuple[str, ProxyProcess]) -> None:
    action, proxy = stream_proxy
    heard = _Heard()
    handle = server.client("reader", proxy).stream_user(heard, run_async=True, timeout=HANG_SECONDS)
    try:
        assert handle.is_alive()
        while not handle.is_receiving():
            time.sleep(0.02)
        last = _post_all(server)
        assert str(heard.deleted.get(timeout=HANG_SECONDS)) == str(last)
    finally:
        handle.close()
    texts = [heard.texts.get_nowait() for _ in range(heard.texts.qsize())]
    assert _as_expected(action, texts), texts


def _opened(connection: socket.socket, path: str) -> Connection:
    """A WebSocket on a connection; what has come on it already is in the reader."""
    key = base64.b64encode(os.urandom(16)).decode()
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    connection.sendall(f"{head}Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 101 "), answer
    reader = Connection(ConnectionType.CLIENT)
    reader.receive_data(answer.partition(b"\r\n\r\n")[2])
    return reader


def _messages(connection: socket.socket, reader: Connection, last: str) -> list[dict[str, str]]:
    """What comes up to an event of the name `last`."""
    found: list[dict[str, str]] = []
    text = ""
    while True:
        for event in reader.events():
            if isinstance(event, TextMessage):
                text += event.data
                if event.message_finished:
                    found.append(json.loads(text))
                    text = ""
                    if found[-1]["event"] == last:
                        return found
        reader.receive_data(connection.recv(65536))


def test_websocket(server: Server, stream_proxy: tuple[str, ProxyProcess]) -> None:
    action, proxy = stream_proxy
    client = Client(proxy.ca, urlsplit(server.url).port or 0, proxy=proxy.port)
    with client.connected() as connection:
        reader = _opened(connection, "/api/v1/streaming?stream=user&access_token=reader_token")
        _post_all(server)
        messages = _messages(connection, reader, "delete")
    texts = [_plain(json.loads(m["payload"])["content"]) for m in messages if m["event"] == "update"]
    assert _as_expected(action, texts), texts

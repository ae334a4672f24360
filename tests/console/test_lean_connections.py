"""Connections with less work an event do what mitmproxy's own do."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import circleshield.few_addons  # noqa: F401  # before any of mitmproxy

# isort: split

from mitmproxy import connection, options
from mitmproxy.proxy import commands, context, events
from mitmproxy.proxy.layers.tcp import TcpEndHook, TcpMessageHook, TcpStartHook
from mitmproxy.proxy.server import ConnectionHandler, ConnectionIO
from mitmproxy.test import tflow

from circleshield import lean_connections, relay

Made = list[object]
THEIRS = ConnectionHandler.server_event
OURS = lean_connections._server_event


class _Writer:
    def __init__(self, name: str, made: Made) -> None:
        self.name, self.made, self.closed = name, made, False

    def is_closing(self) -> bool:
        return self.closed

    def write(self, data: bytes) -> None:
        self.made.append((self.name, data))

    def write_eof(self) -> None:
        self.made.append((self.name, "end"))


class _Handler(ConnectionHandler):
    """Notes what is done, instead of doing it."""

    def __init__(self, made: Made, transport: Any) -> None:
        self.made = made
        client = connection.Client(peername=("127.0.0.1", 1), sockname=("127.0.0.1", 2), transport_protocol=transport)
        super().__init__(context.Context(client, options.Options()))
        self.transports[client] = ConnectionIO(writer=_Writer("client", made))  # type: ignore[arg-type]
        self.layer = _Layer(self, client)  # type: ignore[assignment]

    async def handle_hook(self, hook: commands.StartHook) -> None:
        self.made.append(f"{hook.name} begins")
        if hook.name == "tcp_message":
            await asyncio.sleep(0.01)
        self.made.append(f"{hook.name} ends")
        if hook.name == "tcp_end":
            raise LookupError("no")

    def log(self, message: str, *_: Any, **__: Any) -> None:
        self.made.append(message)

    async def open_connection(self, command: commands.OpenConnection) -> None:
        self.made.append("open")
        await self.server_event(events.OpenConnectionCompleted(command, None))

    def close_connection(self, connection: connection.Connection, half_close: bool = False) -> None:
        self.made.append(("close", half_close))
        del self.transports[connection]


class _Layer:
    """Answers an event by the commands that a test says; notes what is completed."""

    def __init__(self, handler: _Handler, client: connection.Client) -> None:
        self.handler, self.client = handler, client
        self.asked: Callable[[_Layer], Iterator[commands.Command]]

    def handle_event(self, event: events.Event) -> Iterator[commands.Command]:
        if isinstance(event, events.Start):
            yield from self.asked(self)
        else:
            done = event.command.name if isinstance(event, events.HookCompleted) else type(event).__name__
            self.handler.made.append(f"{done} completed")
            yield commands.SendData(self.client, done.encode())


def _sent(self: _Layer) -> Iterator[commands.Command]:
    for data in (b"a", b"b", b"c"):
        yield commands.SendData(self.client, data)


def _hooks(self: _Layer) -> Iterator[commands.Command]:
    yield commands.SendData(self.client, b"before")
    yield TcpStartHook(tflow.ttcpflow())
    yield TcpMessageHook(tflow.ttcpflow())
    yield commands.Log("said")


def _closed(self: _Layer) -> Iterator[commands.Command]:
    yield commands.SendData(self.client, b"last")
    yield commands.CloseTcpConnection(self.client, half_close=True)
    yield commands.SendData(self.client, b"too late")
    yield commands.CloseConnection(self.client)


def _opened(self: _Layer) -> Iterator[commands.Command]:
    yield commands.SendData(self.client, b"before")
    yield commands.OpenConnection(connection.Server(address=("localhost", 1)))
    yield commands.SendData(self.client, b"after")


def _wakes(self: _Layer) -> Iterator[commands.Command]:
    yield commands.RequestWakeup(0.001)


def _fails(self: _Layer) -> Iterator[commands.Command]:
    yield commands.SendData(self.client, b"before")
    raise LookupError("no")


def _made(
    event: Any, asked: Callable[[_Layer], Iterator[commands.Command]], monkeypatch: pytest.MonkeyPatch, transport: str
) -> Made:
    async def run() -> Made:
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        monkeypatch.setattr(ConnectionHandler, "server_event", event)
        handler = _Handler([], transport)
        handler.layer.asked = asked  # type: ignore[attr-defined]
        await handler.server_event(events.Start())
        await asyncio.sleep(0.05)
        return handler.made

    return asyncio.run(run())


def _order(made: Made) -> list[object]:
    """With what was sent in a row put together."""
    found: list[object] = []
    for each in made:
        last = found[-1] if found else None
        if isinstance(each, tuple) and isinstance(last, tuple) and isinstance(each[1], bytes) and last[0] == each[0]:
            found[-1] = each[0], last[1] + each[1]
        else:
            found.append(each)
    return found


@pytest.mark.parametrize("asked", [_sent, _closed, _opened, _wakes, _fails], ids=lambda asked: asked.__name__[1:])
def test_the_same_in_the_same_order(asked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _order(_made(OURS, asked, monkeypatch, "tcp")) == _order(_made(THEIRS, asked, monkeypatch, "tcp"))


def test_hooks_are_completed_in_order_and_nothing_waits_for_one_that_takes_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = _made(OURS, _hooks, monkeypatch, "tcp")
    assert made == [
        "tcp_start begins",
        "tcp_start ends",
        "tcp_message begins",
        ("client", b"before"),
        "said",
        "tcp_start completed",
        ("client", b"tcp_start"),
        "tcp_message ends",
        "tcp_message completed",
        ("client", b"tcp_message"),
    ]
    theirs = _made(THEIRS, _hooks, monkeypatch, "tcp")
    sent = [each for each in made if isinstance(each, tuple)]
    assert sent == [each for each in theirs if isinstance(each, tuple)]
    assert [each for each in made if each not in sent] == [each for each in theirs if each not in sent]


def test_one_write_for_a_stream_and_one_a_datagram(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _made(OURS, _sent, monkeypatch, "tcp") == [("client", b"abc")]
    assert _made(OURS, _sent, monkeypatch, "udp") == [("client", b"a"), ("client", b"b"), ("client", b"c")]


def test_a_hook_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(_: _Layer) -> Iterator[commands.Command]:
        yield TcpEndHook(tflow.ttcpflow())

    assert _made(OURS, asked, monkeypatch, "tcp") == ["tcp_end begins", "tcp_end ends", "mitmproxy has crashed!"]


_PIECE = b"a piece"


@pytest.mark.parametrize(
    ("got", "sent", "begins"),
    [
        (_PIECE, _PIECE, True),
        (_PIECE, bytes(bytearray(_PIECE)), False),
        (_PIECE, _PIECE + b"!", False),
        (b"xy"[:1], b"zx"[1:], False),  # one object, whatever it was made of
    ],
    ids=["as it came", "the same, but made anew", "changed", "a single byte"],
)
def test_what_goes_on_as_it_came_may_pass(
    got: bytes, sent: bytes, begins: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[connection.Connection, connection.Connection]] = []
    monkeypatch.setattr(relay, "begin", lambda _, source, to: asked.append((source, to)))
    server = connection.Server(address=("localhost", 1))

    async def run() -> connection.Client:
        monkeypatch.setattr(ConnectionHandler, "server_event", OURS)
        handler = _Handler([], "tcp")
        monkeypatch.setattr(handler.layer, "handle_event", lambda _: iter([commands.SendData(handler.client, sent)]))
        await handler.server_event(events.DataReceived(server, got))
        return handler.client

    client = asyncio.run(run())
    assert asked == [(server, client)] * begins

"""Connections that are passed on as they are: what one side sends is written to the other at once.

mitmproxy makes an event of each piece, takes it through its layers and writes what comes out. Here its layers only see
how such a connection begins, is closed and half-closed; it goes on to end those where nobody is there any more, or
nothing moves.
"""

import asyncio
from collections.abc import Callable
from weakref import WeakSet

from mitmproxy.connection import Client, Connection
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.tcp import TCPLayer
from mitmproxy.proxy.server import ConnectionHandler

_init = TCPLayer.__init__
_raw: WeakSet[Client] = WeakSet()
"""Those whose innermost layer looks at nothing."""


def install() -> None:
    """Takes effect for every connection of this process. Does nothing the second time."""
    TCPLayer.__init__ = _without_messages  # type: ignore[method-assign]


def _without_messages(self: TCPLayer, context: Context, ignore: bool = False) -> None:
    """In place of `TCPLayer.__init__`: always ignores messages. It would keep them all, and no addon asks for them."""
    _init(self, context, ignore=True)
    _raw.add(context.client)


def begin(handler: ConnectionHandler, source: Connection, to: Connection) -> None:
    """From now on what `source` sends goes straight `to` the other. For when the layers have passed a piece as it was.

    Does nothing where a layer might look at what comes, where some of it waits to be read, where a side is no socket.
    """
    if handler.client not in _raw or source not in handler.transports or to not in handler.transports:
        return
    reader, writer = handler.transports[source].reader, handler.transports[source].writer
    sink = handler.transports[to].writer
    if not isinstance(writer, asyncio.StreamWriter) or not isinstance(sink, asyncio.StreamWriter):
        return  # a stream in a tunnel of WireGuard
    if getattr(reader, "_buffer", None) != b"":  # the next piece may find it empty
        return
    active = handler.timeout_watchdog.register_activity
    here, there = _end(writer.transport, active), _end(sink.transport, active)
    if here is not None and there is not None and here.other in (None, there) and there.other in (None, here):
        here.other, there.other = there, here
        here.passes = True


class _End(asyncio.Protocol):
    """One side of a connection. Tells the protocol that it had all but what passes."""

    def __init__(
        self, transport: asyncio.Transport, protocol: asyncio.StreamReaderProtocol, active: Callable[[], None]
    ) -> None:
        self.transport = transport
        self.other: _End | None = None
        self.passes = False
        """Whether what is read here goes to the other side."""
        self._protocol = protocol
        self._active = active
        self._waits = False

    def data_received(self, data: bytes) -> None:
        if not self.passes or self.other is None or self.other.transport.is_closing():
            self._protocol.data_received(data)  # where nobody is there to have it, mitmproxy finds that out and ends it
            return
        self._active()
        to = self.other.transport
        to.write(data)
        if to.get_write_buffer_size() > to.get_write_buffer_limits()[1]:
            self._waits = True
            self.transport.pause_reading()

    def eof_received(self) -> bool | None:
        return self._protocol.eof_received()

    def pause_writing(self) -> None:
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        self._protocol.resume_writing()
        self._let_go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        self._protocol.connection_lost(exc)
        self._let_go_on()

    def _let_go_on(self) -> None:
        """The other side need not wait for this one any longer."""
        if self.other is not None and self.other._waits:
            self.other._waits = False
            self.other.transport.resume_reading()


def _end(transport: asyncio.BaseTransport, active: Callable[[], None]) -> _End | None:
    """That of a transport; None for one that is read in a way that is not known here."""
    protocol = transport.get_protocol()
    if isinstance(protocol, _End):
        return protocol
    if not isinstance(protocol, asyncio.StreamReaderProtocol) or not isinstance(transport, asyncio.Transport):
        return None
    end = _End(transport, protocol, active)
    transport.set_protocol(end)
    return end

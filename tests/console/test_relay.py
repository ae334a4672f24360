"""Connections that are passed on as they are: the same bytes, and the same ends, as through mitmproxy's layers."""

import asyncio
import gc
import random
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

import circleshield.few_addons  # before any of mitmproxy

# isort: split

from mitmproxy import connection, tcp, tls
from mitmproxy.addons import next_layer, proxyserver
from mitmproxy.proxy import server_hooks

import circleshield_addon
from circleshield import relay
from circleshield.lean_master import LeanMaster

type Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

HANG_SECONDS = 40.0
MOST_WAITING = 64 * 1024 + 256 * 1024
"""What may wait for a side that does not read: up to where asyncio says stop, and one read more."""


class _Undecrypted:
    def tls_clienthello(self, data: tls.ClientHelloData) -> None:
        data.ignore_connection = True


class _Passing:
    """A proxy, an origin, and connections between a client and it."""

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self.master = LeanMaster()
        self.proxy = proxyserver.Proxyserver()
        self.master.addons.add(self.proxy, next_layer.NextLayer(), _Undecrypted())
        self.accepted: asyncio.Queue[Streams] = asyncio.Queue()
        self.origin: asyncio.Server
        self.opened: list[asyncio.StreamWriter] = []

    async def connected(self) -> tuple[Streams, Streams]:
        """The client's end and the origin's."""
        host, port = "127.0.0.1", self.origin.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection(*self.proxy.listen_addrs()[0][:2])
        if self.mode == "socks5":  # RFC 1928
            writer.write(b"\x05\x01\x00")
            assert await reader.readexactly(2) == b"\x05\x00"
            writer.write(b"\x05\x01\x00\x03" + bytes([len(host)]) + host.encode() + port.to_bytes(2))
            assert (await reader.readexactly(10))[:2] == b"\x05\x00"
        else:
            writer.write(f"CONNECT {host}:{port} HTTP/1.1\r\n\r\n".encode())
            assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
        origin = await self.accepted.get()
        self.opened += [writer, origin[1]]
        return (reader, writer), origin

    async def greeted(self) -> tuple[Streams, Streams]:
        """The same, passed on as it is in both directions."""
        client, origin = await self.connected()
        for sender, receiver in ((client, origin), (origin, client)) * 2:
            await exchange(sender, receiver, hello())
        assert self.passing() == [True, True]
        return client, origin

    def sides(self) -> list[relay._End]:
        """Of the one connection that there is."""
        (handler,) = self.proxy.connections.values()
        writers = [io.writer for io in handler.transports.values()]
        ends = [writer.transport.get_protocol() for writer in writers if isinstance(writer, asyncio.StreamWriter)]
        return [end for end in ends if isinstance(end, relay._End)]

    def passing(self) -> list[bool]:
        return [side.passes for side in self.sides()]

    async def over(self) -> None:
        """Returns when the proxy has no connection any more."""
        while self.proxy.connections:
            await asyncio.sleep(0.01)


@asynccontextmanager
async def _started(mode: str, **options: object) -> AsyncIterator[_Passing]:
    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
    passing = _Passing(mode)
    passing.origin = await asyncio.start_server(lambda *streams: passing.accepted.put(streams), "127.0.0.1", 0)
    passing.master.options.update(mode=[mode], listen_host="127.0.0.1", listen_port=0, **options)
    await passing.proxy.setup_servers()
    await passing.master.running()
    try:
        yield passing
        for writer in passing.opened:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
        await passing.over()
    finally:
        await passing.proxy.servers.update([])
        passing.origin.close()
        await passing.master.done()


def run(mode: str, test: Callable[[_Passing], Awaitable[None]], **options: object) -> None:
    async def within() -> None:
        async with asyncio.timeout(HANG_SECONDS), _started(mode, **options) as passing:
            await test(passing)

    asyncio.run(within())


def hello() -> bytes:
    """The beginning of a TLS connection; what comes after it need not be TLS for those who do not look."""
    outgoing = ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="example.org").do_handshake()
    return outgoing.read()


async def exchange(sender: Streams, receiver: Streams, data: bytes) -> None:
    sender[1].write(data)
    assert await receiver[0].readexactly(len(data)) == data


async def _all(reader: asyncio.StreamReader, pause: Callable[[], float]) -> bytes:
    pieces = []
    while piece := await reader.read(1 << 17):
        pieces.append(piece)
        await asyncio.sleep(pause())
    return b"".join(pieces)


async def _send(
    writer: asyncio.StreamWriter, data: bytes, sizes: Callable[[], int], pause: Callable[[], float]
) -> None:
    at = 0
    while at < len(data):
        size = sizes()
        writer.write(data[at : at + size])
        at += size
        await writer.drain()
        await asyncio.sleep(pause())
    writer.write_eof()


@pytest.mark.parametrize("first", [hello(), b"\x00\x01 no protocol that mitmproxy knows"], ids=["TLS", "any protocol"])
@pytest.mark.parametrize("seed", range(15))
def test_the_same_bytes_both_ways(seed: int, first: bytes) -> None:
    """Pieces of any size, pauses, each side done at its own time while the other goes on."""
    chance = random.Random(seed)
    pieces = chance.choice([(1, 3), (1, 100), (1, 5000), (60_000, 400_000)])
    waits = chance.choice([0.0, 0.0, 0.001])

    def pause() -> float:
        return chance.choice([0, 0, waits])

    async def test(passing: _Passing) -> None:
        client, origin = await passing.connected()
        up = first + chance.randbytes(pieces[1] * chance.randint(0, 100))
        down = chance.randbytes(pieces[1] * chance.randint(0, 100))

        async def answer() -> bytes:
            begin = await origin[0].readexactly(len(first))  # no server of TLS speaks before
            sending = asyncio.create_task(_send(origin[1], down, lambda: chance.randint(*pieces), pause))
            rest = await _all(origin[0], pause)
            await sending
            return begin + rest

        _, received, answered = await asyncio.gather(
            _send(client[1], up, lambda: chance.randint(*pieces), pause), answer(), _all(client[0], pause)
        )
        assert received == up
        assert answered == down

    run("socks5", test)


@pytest.mark.parametrize("mode", ["socks5", "regular"])
@pytest.mark.parametrize("slow", ["client", "origin"])
def test_little_waits_for_a_side_that_does_not_read(mode: str, slow: str) -> None:
    data = random.Random(0).randbytes(30_000_000)

    async def test(passing: _Passing) -> None:
        client, origin = await passing.greeted()
        sender, receiver = (origin, client) if slow == "client" else (client, origin)
        receiver[1].transport.pause_reading()  # type: ignore[attr-defined]
        sender[1].write(data)
        left = len(data)
        while (now := sender[1].transport.get_write_buffer_size()) < left:  # until no more goes in
            left = now
            await asyncio.sleep(0.1)
        waiting = [side.transport.get_write_buffer_size() for side in passing.sides()]
        assert 0 < max(waiting) <= MOST_WAITING
        assert left > 0
        await exchange(receiver, sender, b"the other way goes on")
        receiver[1].transport.resume_reading()  # type: ignore[attr-defined]
        assert await receiver[0].readexactly(len(data)) == data
        await exchange(receiver, sender, b"and on")

    run(mode, test)


@pytest.mark.parametrize("mode", ["socks5", "regular"])
@pytest.mark.parametrize("gone", ["client", "origin"])
@pytest.mark.parametrize("reads", [True, False], ids=["reading", "waited for"])
def test_one_side_goes_while_the_other_sends(mode: str, gone: str, reads: bool) -> None:
    async def test(passing: _Passing) -> None:
        client, origin = await passing.greeted()
        sender, leaver = (origin, client) if gone == "client" else (client, origin)
        if not reads:
            leaver[1].transport.pause_reading()  # type: ignore[attr-defined]
        sending = asyncio.create_task(_send_for_ever(sender[1]))
        while not any(side.transport.get_write_buffer_size() for side in passing.sides()) and not reads:
            await asyncio.sleep(0.01)
        if reads:
            await leaver[0].readexactly(3_000_000)
        leaver[1].transport.abort()
        if gone == "client":
            with pytest.raises(ConnectionError):
                await sending
        else:  # mitmproxy says that nothing more comes
            with suppress(ConnectionError):
                assert await sender[0].read() == b""
            sending.cancel()
            sender[1].close()
        await passing.over()

    run(mode, test)


async def _send_for_ever(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b" " * 50_000)
        await writer.drain()
        await asyncio.sleep(0)


@pytest.mark.parametrize("closing", ["client", "origin"])
def test_one_side_is_done_and_the_other_goes_on(closing: str) -> None:
    data = random.Random(0).randbytes(3_000_000)

    async def test(passing: _Passing) -> None:
        client, origin = await passing.greeted()
        closer, other = (client, origin) if closing == "client" else (origin, client)
        closer[1].write_eof()
        assert await other[0].read() == b""
        await exchange(other, closer, data)
        assert len(passing.proxy.connections) == 1
        other[1].close()
        assert await closer[0].read() == b""
        await passing.over()

    run("socks5", test)


def test_what_is_idle_is_closed_and_what_is_not_goes_on() -> None:
    async def test(passing: _Passing) -> None:
        client, origin = await passing.greeted()
        for _ in range(8):
            await asyncio.sleep(0.3)
            await exchange(origin, client, b"one way is enough")
        assert len(passing.proxy.connections) == 1
        assert await client[0].read() == b""  # without anybody closing it
        await passing.over()

    run("socks5", test, tcp_timeout=1)


def test_no_message_is_kept() -> None:
    async def test(passing: _Passing) -> None:
        client, origin = await passing.connected()
        for _ in range(5):
            await exchange(client, origin, b"\x00\x01 no protocol that mitmproxy knows")
            await exchange(origin, client, b"\x00\x02 an answer")
        assert passing.passing() == [True, True]
        assert not [each for each in gc.get_objects() if isinstance(each, (tcp.TCPFlow, tcp.TCPMessage))]

    run("socks5", test)


def test_no_addon_asks_for_messages() -> None:
    for folder in (Path(circleshield.__file__).parent, Path(circleshield_addon.__file__).parent):
        assert not [file for file in folder.rglob("*.py") if "def tcp_" in file.read_text(encoding="utf-8")]


class _NoSocket:
    """What the client's connection is where it comes out of a tunnel: not asyncio's own."""

    def __init__(self, passing: _Passing) -> None:
        self.passing = passing

    def client_connected(self, client: connection.Client) -> None:
        io = self.passing.proxy.connections[client.id].transports[client]
        io.reader, io.writer = _Stream(io.reader), _Stream(io.writer)  # type: ignore[assignment]


class _Stream:
    def __init__(self, stream: object) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


def test_a_side_that_is_no_socket_goes_through_the_layers() -> None:
    data = random.Random(0).randbytes(1_000_000)

    async def test(passing: _Passing) -> None:
        passing.master.addons.add(_NoSocket(passing))
        client, origin = await passing.connected()
        await exchange(client, origin, hello())
        for sender, receiver in ((client, origin), (origin, client)) * 3:
            await exchange(sender, receiver, data)
        assert passing.passing() == []

    run("socks5", test)


class _Narrow:
    """An addon that lets little into the operating system at once for origins."""

    def __init__(self, passing: _Passing) -> None:
        self.passing = passing

    def server_connected(self, data: server_hooks.ServerConnectionHookData) -> None:
        writer = self.passing.proxy.connections[data.client.id].transports[data.server].writer
        assert isinstance(writer, asyncio.StreamWriter)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)


def test_what_is_read_already_goes_first() -> None:
    data = random.Random(0).randbytes(10_000_000)

    async def test(passing: _Passing) -> None:
        passing.master.addons.add(_Narrow(passing))
        client, origin = await passing.connected()
        origin[1].transport.pause_reading()  # type: ignore[attr-defined]
        client[1].write(hello() + data)
        await asyncio.sleep(0.2)
        origin[1].transport.resume_reading()  # type: ignore[attr-defined]
        await origin[0].readexactly(len(hello()))
        assert await origin[0].readexactly(len(data)) == data

    run("socks5", test)

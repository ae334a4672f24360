"""A client that shows every byte of what it got, with and without a proxy in between."""

import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from tests.end_to_end.origin import HANG_SECONDS


@dataclass(frozen=True)
class Reply:
    """A response over HTTP/1.1: `head` is its very bytes, `body` is without chunk framing, `complete` if it ended."""

    head: bytes
    body: bytes
    complete: bool

    @property
    def status(self) -> int:
        return int(self.head.split(b" ")[1])

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Names in small letters, in order."""
        pairs = (line.decode("latin-1").split(":", 1) for line in self.head.split(b"\r\n")[1:])
        return [(name.lower(), value.strip()) for name, value in pairs]


@dataclass(frozen=True)
class Client:
    """Sends requests to `port` of loopback: directly, or through the proxy at `proxy`. Trusts `ca` alone."""

    ca: Path
    port: int
    proxy: int | None = None
    via: str = "connect"
    """How the proxy is asked: `connect`, `socks5`, `absolute` (plain http), or `none` (reverse: it is the server)."""
    name: str = "localhost"
    """What is asked for by SNI and Host."""
    address: str = "localhost"
    """What the proxy is told to connect to."""
    device: str = "127.0.0.1"
    """The address of loopback that it comes from."""
    ciphers: str = ""
    """TLS 1.2 cipher suites, in OpenSSL's words: what makes it another app to the proxy."""

    @contextmanager
    def connected(self, alpn: Sequence[str] = ("http/1.1",)) -> Iterator[socket.socket]:
        """A connection to the origin: TLS, or plain for `absolute`."""
        to, source = ("127.0.0.1", self.proxy or self.port), (self.device, 0)
        with socket.create_connection(to, HANG_SECONDS, source) as plain:
            if self.proxy is not None:
                self._ask_proxy(plain)
            if self.via == "absolute":
                yield plain
                return
            context = ssl.create_default_context(cafile=str(self.ca))
            context.set_alpn_protocols(list(alpn))
            if self.ciphers:
                context.set_ciphers(self.ciphers)
            with context.wrap_socket(plain, server_hostname=self.name) as encrypted:
                yield encrypted

    def _ask_proxy(self, plain: socket.socket) -> None:
        if self.via == "connect":
            target = f"{self.address}:{self.port}"
            plain.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
            answer = b""
            while not answer.endswith(b"\r\n\r\n"):
                piece = plain.recv(1)
                assert piece, answer
                answer += piece
            assert b" 200 " in answer, answer
        elif self.via == "socks5":  # RFC 1928
            plain.sendall(b"\x05\x01\x00")
            assert plain.recv(2) == b"\x05\x00"
            address = self.address.encode()
            plain.sendall(b"\x05\x01\x00\x03" + bytes([len(address)]) + address + self.port.to_bytes(2))
            assert plain.recv(10)[:2] == b"\x05\x00"

    def request(
        self, path: str, method: str = "GET", headers: Sequence[tuple[str, str]] = (), body: bytes = b""
    ) -> bytes:
        """The bytes of a request."""
        target = f"http://{self.name}:{self.port}{path}" if self.via == "absolute" and self.proxy else path
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self.name}:{self.port}"]
        lines += [f"{name}: {value}" for name, value in headers]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def get(self, path: str, headers: Sequence[tuple[str, str]] = (), method: str = "GET", body: bytes = b"") -> Reply:
        """One request on a connection of its own, and all that came until it closed."""
        with self.connected() as connection:
            connection.sendall(self.request(path, method, (*headers, ("Connection", "close")), body))
            return read_reply(connection)

    def httpx(self, http2: bool) -> httpx.Client:
        """The same as a client that speaks HTTP/2 as well."""
        return httpx.Client(
            verify=ssl.create_default_context(cafile=str(self.ca)),
            proxy=f"http://127.0.0.1:{self.proxy}" if self.proxy else None,
            http1=not http2,
            http2=http2,
            trust_env=False,
            timeout=HANG_SECONDS,
            base_url=f"https://{self.name}:{self.port}",
        )


def read_reply(connection: socket.socket) -> Reply:
    """All that comes until the connection closes."""
    pieces: list[bytes] = []
    try:
        while piece := connection.recv(1 << 20):
            pieces.append(piece)
    except (ssl.SSLEOFError, ConnectionResetError):
        pass  # a server that breaks off does not say goodbye
    head, _, rest = b"".join(pieces).partition(b"\r\n\r\n")
    reply = Reply(head, rest, complete=False)
    fields = dict(reply.headers) if head else {}
    if fields.get("transfer-encoding") == "chunked":
        body, complete = _unchunked(rest)
    else:
        body, complete = rest, len(rest) == int(fields.get("content-length", len(rest)))
    return Reply(head, body, complete)


def read_until(connection: socket.socket, ending: bytes) -> bytes:
    """What comes up to and with `ending`."""
    received = b""
    while ending not in received:
        piece = connection.recv(65536)
        assert piece, f"closed after {received[-300:]!r}"
        received += piece
    return received


def _unchunked(rest: bytes) -> tuple[bytes, bool]:
    body: list[bytes] = []
    at = 0
    while (end := rest.find(b"\r\n", at)) >= 0:
        size = int(rest[at:end], 16)
        if size == 0:
            return b"".join(body), True
        body.append(rest[end + 2 : end + 2 + size])
        at = end + 2 + size + 2
    return b"".join(body), False

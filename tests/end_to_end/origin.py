"""A scripted HTTPS origin: any status, headers and bytes, over HTTP/1.1 and HTTP/2, and it can stop half-way."""

import ipaddress
import socket
import ssl
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import wsproto
import wsproto.events
import wsproto.extensions
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from mitmproxy.certs import CertStore

HANG_SECONDS = 40.0
"""After which a test that waits for something that never comes fails instead of hanging."""

JSON_HEADERS = (("Content-Type", "application/json; charset=utf-8"), ("ETag", 'W/"77"'), ("X-Request-Id", "r-1"))


@dataclass(frozen=True)
class Answer:
    """What to send. An Event among `pieces` is waited for.

    `framing` (HTTP/1.1): `length` declares the size of all pieces, `chunked` makes each piece a chunk, `close` ends the
    body by closing, `wait` keeps back the head too until the Events are set, `websocket` sends the pieces as messages
    of many frames, compressed if the client offers it, and echoes what comes. `cut`: the
    connection (HTTP/1.1) or the stream (HTTP/2) breaks after the pieces, and `length` declares more than comes.
    """

    pieces: Sequence[bytes | threading.Event] = ()
    headers: Sequence[tuple[str, str]] = JSON_HEADERS
    status: int = 200
    framing: str = "length"
    cut: bool = False

    @property
    def length(self) -> int:
        """What Content-Length says."""
        return sum(len(piece) for piece in self.pieces if isinstance(piece, bytes)) + (1000 if self.cut else 0)


@dataclass(frozen=True)
class Request:
    """What reached the origin: over HTTP/1.1 `head` is its very bytes, over HTTP/2 name and value on lines."""

    protocol: str
    head: bytes
    body: bytes


def issue_certificate(ca_folder: Path, names: Sequence[str]) -> tuple[Path, Path]:
    """A CA kept in `ca_folder` and a certificate for `names`: PEM files of the CA and of key and certificate."""
    store = CertStore.from_store(ca_folder, "test", 2048)
    sans: list[x509.GeneralName] = []
    for name in names:
        try:
            sans.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            sans.append(x509.DNSName(name))
    entry = store.get_cert(names[0], sans)
    key = entry.privatekey.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem = ca_folder / "server.pem"
    pem.write_bytes(key + entry.cert.to_pem())
    return ca_folder / "test-ca-cert.pem", pem


class Origin:
    """Answers each path as told, and keeps what was asked. One thread a connection."""

    def __init__(self, certificate: Path | None, listener: socket.socket | None = None) -> None:
        """Without `certificate` it speaks plain HTTP/1.1. `listener`: where to listen, if not on loopback."""
        self.requests: defaultdict[str, list[Request]] = defaultdict(list)
        self.dropped = threading.Event()
        """Set when a client went away before the end of its answer."""
        self._answers: dict[str, Answer] = {}
        self._numbers = count()
        self._tls: ssl.SSLContext | None = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate)
            self._tls.set_alpn_protocols(["h2", "http/1.1"])
        self._listener = listener or socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def add(self, answer: Answer, path: str = "/api/v1/timelines/list/{}") -> str:
        """Answers a path of its own with `answer`; returns the path, by default one of a feed."""
        path = path.format(next(self._numbers))
        self._answers[path] = answer
        return path

    @contextmanager
    def running(self) -> Iterator["Origin"]:
        """Serves until the end of the block."""
        thread = threading.Thread(target=self._accept, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        plain.settimeout(HANG_SECONDS)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(OSError), plain:
            connection = plain if self._tls is None else self._tls.wrap_socket(plain, server_side=True)
            with connection:
                if isinstance(connection, ssl.SSLSocket) and connection.selected_alpn_protocol() == "h2":
                    _Http2(self, connection).serve()
                else:
                    while self._serve_http1(connection):
                        pass

    def _serve_http1(self, connection: socket.socket) -> bool:
        received = b""
        while b"\r\n\r\n" not in received:
            if not (more := connection.recv(65536)):
                return False
            received += more
        head, _, body = received.partition(b"\r\n\r\n")
        lines = [line.partition(b":") for line in head.split(b"\r\n")[1:]]
        fields = {name.lower(): value.strip() for name, _, value in lines}
        while len(body) < int(fields.get(b"content-length", 0)):
            body += connection.recv(65536)
        answer = self.record(head.split(b" ")[1].decode(), Request("HTTP/1.1", head, body))
        headers = list(answer.headers)
        if answer.framing == "length":
            headers.append(("Content-Length", str(answer.length)))
        if answer.framing == "chunked":
            headers.append(("Transfer-Encoding", "chunked"))
        if answer.framing == "websocket":
            _messages(connection, received, [piece for piece in answer.pieces if isinstance(piece, bytes)])
            return False
        head_lines = [f"HTTP/1.1 {answer.status} OK", *(f"{name}: {value}" for name, value in headers), "", ""]
        if answer.framing == "wait":
            for piece in answer.pieces:
                if isinstance(piece, threading.Event):
                    piece.wait(HANG_SECONDS)
        try:
            connection.sendall("\r\n".join(head_lines).encode())
            for piece in answer.pieces:
                if isinstance(piece, threading.Event):
                    piece.wait(HANG_SECONDS)
                elif answer.framing == "chunked":
                    connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
                else:
                    connection.sendall(piece)
            if answer.framing == "chunked" and not answer.cut:
                connection.sendall(b"0\r\n\r\n")
        except OSError:
            self.dropped.set()
            raise
        return not answer.cut and answer.framing != "close" and fields.get(b"connection", b"").lower() != b"close"

    def record(self, path: str, request: Request) -> Answer:
        """Keeps the request and finds its answer."""
        self.requests[path.partition("?")[0]].append(request)
        return self._answers.get(path.partition("?")[0], Answer([b"no such path\n"], [], 404))


class _Http2:
    """One HTTP/2 connection, one stream at a time."""

    def __init__(self, origin: Origin, socket: ssl.SSLSocket) -> None:
        self._origin = origin
        self._socket = socket
        self._http2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding=None))
        self._asked: list[tuple[int, Request, str]] = []
        self._gone: set[int] = set()

    def serve(self) -> None:
        self._http2.initiate_connection()
        heads: dict[int, list[tuple[bytes, bytes]]] = {}
        bodies: defaultdict[int, bytes] = defaultdict(bytes)
        self._heads, self._bodies = heads, bodies
        while self._receive():
            while self._asked:
                stream, request, path = self._asked.pop(0)
                try:
                    self._answer(stream, self._origin.record(path, request))
                except (OSError, ConnectionError):
                    self._origin.dropped.set()
                    raise

    def _receive(self) -> bool:
        self._socket.sendall(self._http2.data_to_send())
        received = self._socket.recv(65536)
        if not received:
            return False
        for event in self._http2.receive_data(received):
            match event:
                case h2.events.RequestReceived():
                    self._heads[event.stream_id] = [(bytes(n), bytes(v)) for n, v in event.headers]
                case h2.events.DataReceived():
                    self._bodies[event.stream_id] += event.data
                    self._http2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                case h2.events.StreamReset():
                    self._gone.add(event.stream_id)
                case h2.events.StreamEnded():
                    fields = self._heads[event.stream_id]
                    head = b"\r\n".join(name + b": " + value for name, value in fields)
                    request = Request("HTTP/2", head, self._bodies[event.stream_id])
                    self._asked.append((event.stream_id, request, dict(fields)[b":path"].decode()))
                case h2.events.ConnectionTerminated():
                    return False
        self._socket.sendall(self._http2.data_to_send())
        return True

    def _answer(self, stream: int, answer: Answer) -> None:
        headers = [(":status", str(answer.status)), *((name.lower(), value) for name, value in answer.headers)]
        if answer.framing == "length":
            headers.append(("content-length", str(answer.length)))
        self._http2.send_headers(stream, headers)
        self._socket.sendall(self._http2.data_to_send())
        for piece in answer.pieces:
            if isinstance(piece, threading.Event):
                piece.wait(HANG_SECONDS)
                continue
            at = 0
            while at < len(piece):
                if stream in self._gone:
                    raise ConnectionError
                room = min(self._http2.local_flow_control_window(stream), self._http2.max_outbound_frame_size)
                if room == 0:
                    if not self._receive():
                        raise ConnectionError
                    continue
                self._http2.send_data(stream, piece[at : at + room])
                self._socket.sendall(self._http2.data_to_send())
                at += room
        if answer.cut:
            self._http2.reset_stream(stream)
        else:
            self._http2.end_stream(stream)
        self._socket.sendall(self._http2.data_to_send())


_FRAME_CHARACTERS = 701


def _messages(connection: socket.socket, received: bytes, first: Sequence[bytes]) -> None:
    websocket = wsproto.WSConnection(wsproto.ConnectionType.SERVER)
    said = ""
    while True:
        websocket.receive_data(received)
        for event in websocket.events():
            match event:
                case wsproto.events.Request():
                    deflate = wsproto.extensions.PerMessageDeflate()
                    connection.sendall(websocket.send(wsproto.events.AcceptConnection(extensions=[deflate])))
                    for text in map(bytes.decode, first):
                        for at in range(0, len(text), _FRAME_CHARACTERS):
                            end = at + _FRAME_CHARACTERS
                            frame = wsproto.events.TextMessage(text[at:end], message_finished=end >= len(text))
                            connection.sendall(websocket.send(frame))
                case wsproto.events.TextMessage():
                    said += event.data
                    if event.message_finished:
                        connection.sendall(websocket.send(wsproto.events.TextMessage("echo " + said)))
                        said = ""
                case wsproto.events.BytesMessage():
                    connection.sendall(websocket.send(wsproto.events.BytesMessage(b"echo " + bytes(event.data))))
                case wsproto.events.CloseConnection():
                    connection.sendall(websocket.send(event.response()))
                    return
        received = connection.recv(65536)
        if not received:
            return

"""What is no feed passes: undecrypted where no enabled adapter has the host, as a stream everywhere else."""

import random
import socket
import ssl
from dataclasses import replace
from threading import Event

import pytest
import wsproto
import wsproto.events
from tests.end_to_end.client import Client, read_until
from tests.end_to_end.feed import MIXED, timeline, weibo
from tests.end_to_end.origin import HANG_SECONDS, Answer, Origin
from tests.end_to_end.proxy_process import ProxyProcess

EVENT_STREAM = (("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"))


def certificate(client: Client) -> bytes:
    """The certificate that the client is shown."""
    with client.connected() as connection:
        assert isinstance(connection, ssl.SSLSocket)
        shown = connection.getpeercert(binary_form=True)
        assert shown is not None
        return shown


@pytest.mark.parametrize(
    ("name", "address"),
    [("127.0.0.1", "127.0.0.1"), ("evilweibo.com", "127.0.0.1"), ("x.com", "127.0.0.1")],
    ids=["no platform", "a name that only ends like a platform's", "a platform that is off"],
)
def test_other_hosts_are_not_decrypted(
    name: str, address: str, origin: Origin, through: Client, direct: Client, proxy: ProxyProcess
) -> None:
    tunnelled = replace(direct, proxy=proxy.port, name=name, address=address)

    assert certificate(tunnelled) == certificate(direct)
    path = origin.add(Answer([timeline(*MIXED)]))
    assert tunnelled.get(path) == direct.get(path)
    assert proxy.new_log() == []


def test_long_bodies_of_other_hosts_pass_both_ways(origin: Origin, direct: Client, proxy: ProxyProcess) -> None:
    tunnelled = replace(direct, proxy=proxy.port, name="127.0.0.1", address="127.0.0.1")
    body, answer = random.Random(0).randbytes(5_000_000), random.Random(1).randbytes(20_000_000)
    path = origin.add(Answer([answer]))
    sent = [("Content-Length", str(len(body)))]
    assert tunnelled.get(path, sent, "POST", body).body == answer
    assert [request.body for request in origin.requests[path]] == [body]


def test_hosts_of_platforms_are_decrypted(through: Client, direct: Client) -> None:
    for name in ("localhost", "weibo.com"):
        client = replace(through, name=name, address="127.0.0.1")
        assert certificate(client) != certificate(direct)


def test_any_protocol_through_a_proxy_that_is_reached_over_tls(proxy: ProxyProcess) -> None:
    """What the proxy's own TLS carries cannot go from socket to socket."""
    data = [random.Random(n).randbytes(size) for n, size in enumerate((1, 2, 1, 50, 1, 100_000, 1, 1, 300_000))]
    trusting = ssl.create_default_context(cafile=str(proxy.ca))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        to = f"127.0.0.1:{listener.getsockname()[1]}"
        with (
            socket.create_connection(("127.0.0.1", proxy.port), HANG_SECONDS) as plain,
            trusting.wrap_socket(plain, server_hostname="localhost") as client,
        ):
            client.sendall(f"CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n".encode())
            assert read_until(client, b"\r\n\r\n").startswith(b"HTTP/1.1 200 ")
            with listener.accept()[0] as server:
                server.settimeout(HANG_SECONDS)
                for piece in [b"\x00\x01 no protocol", *data]:
                    for sender, receiver in ((client, server), (server, client)):
                        sender.sendall(piece)
                        received = b""
                        while len(received) < len(piece):
                            received += receiver.recv(65536)
                        assert received == piece


def test_platform_that_is_off_is_not_filtered_over_plain_http(proxy: ProxyProcess, direct: Client) -> None:
    with Origin(None).running() as plain:
        path = plain.add(Answer([weibo(*MIXED)]), "/graphql/abc/HomeTimeline")
        client = replace(direct, port=plain.port, proxy=proxy.port, via="absolute")
        assert client.get(path).body == weibo(*MIXED)


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_first_bytes_arrive_before_the_origin_has_finished(framing: str, origin: Origin, through: Client) -> None:
    go_on = Event()
    page = timeline(*MIXED)
    path = origin.add(Answer([page[:200], go_on, page[200:]], framing=framing), "/api/v1/statuses/{}/context")
    with through.connected() as connection:
        connection.sendall(through.request(path))
        received = read_until(connection, page[180:200])
        go_on.set()
        received += read_until(connection, page[-20:])
    for piece in (page[:200], page[200:]):
        assert piece in received


def test_first_bytes_arrive_over_http2(origin: Origin, through: Client) -> None:
    go_on = Event()
    path = origin.add(Answer([b"first ", go_on, b"second"]), "/api/v1/media/{}")
    received = b""
    with through.httpx(http2=True) as client, client.stream("GET", path) as response:
        for piece in response.iter_raw():
            received += piece
            if received == b"first ":
                go_on.set()
    assert received == b"first second"


@pytest.mark.parametrize("path", ["/api/v1/streaming/user{}", "/api/v1/timelines/list/{}"], ids=["other path", "feed"])
def test_endless_event_stream(path: str, origin: Origin, through: Client, proxy: ProxyProcess) -> None:
    origin.dropped.clear()
    steps = [Event() for _ in range(3)]
    pieces: list[bytes | Event] = [b"event: hello\n\n"]
    for number, step in enumerate(steps):
        pieces += [step, f"data: {number}\n\n".encode()]
    pieces += [b": keep-alive\n\n" * 10_000] * 1000  # until the client goes
    path = origin.add(Answer(pieces, EVENT_STREAM, framing="chunked"), path)
    with through.connected() as connection:
        connection.sendall(through.request(path))
        read_until(connection, b"event: hello\n\n")
        for number, step in enumerate(steps):
            step.set()
            read_until(connection, f"data: {number}\n\n".encode())
    assert origin.dropped.wait(HANG_SECONDS), "the origin was not told that the client is gone"
    assert [line for line in proxy.new_log() if "content type" not in line] == []


def test_websocket(origin: Origin, through: Client, proxy: ProxyProcess) -> None:
    path = origin.add(Answer(framing="websocket"), "/api/v1/streaming/{}")
    websocket = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
    with through.connected() as connection:
        connection.sendall(websocket.send(wsproto.events.Request(host="localhost", target=path)))
        assert isinstance(next_event(connection, websocket), wsproto.events.AcceptConnection)
        for text in ("hello", "面膜" * 1000):
            connection.sendall(websocket.send(wsproto.events.TextMessage(text)))
            assert text_message(connection, websocket) == "echo " + text
        connection.sendall(websocket.send(wsproto.events.CloseConnection(1000, "bye")))
        assert isinstance(next_event(connection, websocket), wsproto.events.CloseConnection)
    assert proxy.new_log() == []


def text_message(connection: socket.socket, websocket: wsproto.WSConnection) -> str:
    text = ""
    while True:
        event = next_event(connection, websocket)
        assert isinstance(event, wsproto.events.TextMessage)
        text += event.data
        if event.message_finished:
            return text


def next_event(connection: socket.socket, websocket: wsproto.WSConnection) -> wsproto.events.Event:
    while True:
        for event in websocket.events():
            return event
        received = connection.recv(65536)
        assert received, "closed"
        websocket.receive_data(received)

"""Clients and origins that go away, stall, crowd or cannot be trusted: the proxy does what they did, and goes on."""

import json
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest
import wsproto
import wsproto.events
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.end_to_end.client import Client, read_reply, read_until
from tests.end_to_end.feed import FRIENDS, MIXED, SALES, status, timeline, timeline_without_sales
from tests.end_to_end.origin import HANG_SECONDS, Answer, Origin
from tests.end_to_end.proxy_process import CONFIG, ProxyProcess, running_proxy
from tests.end_to_end.test_passing import next_event, text_message
from tests.end_to_end.test_start_and_stop import wait_for_request
from wsproto.extensions import Extension, PerMessageDeflate

PAGE, WITHOUT = timeline(*MIXED), timeline_without_sales(*MIXED)
IDLE = 1_000
EVENT_STREAM = (("Content-Type", "text/event-stream"),)


def descriptors(proxy: ProxyProcess) -> int:
    """How many the proxy has open."""
    return len(list(Path(f"/proc/{proxy.process.pid}/fd").iterdir()))


def settles(proxy: ProxyProcess, most: int) -> None:
    """Returns when the proxy has no more descriptors open than `most`."""
    give_up_at = time.monotonic() + HANG_SECONDS
    while descriptors(proxy) > most:
        assert time.monotonic() < give_up_at, (descriptors(proxy), most)
        time.sleep(0.05)


@pytest.fixture
def still_works(origin: Origin, through: Client, proxy: ProxyProcess) -> Iterator[None]:
    """A page is filtered before and after, and no descriptor is left over."""
    path = origin.add(Answer([PAGE]))
    assert through.get(path).body == WITHOUT
    before = descriptors(proxy)
    yield
    assert through.get(path).body == WITHOUT
    settles(proxy, before + 2)
    assert "Traceback" not in proxy.whole_log()


@pytest.mark.usefixtures("still_works")
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/v1/timelines/list/{}", "localhost"),
        ("/api/v1/statuses/{}", "localhost"),
        ("/{}", "127.0.0.1"),
    ],
    ids=["feed", "other path", "not decrypted"],
)
def test_client_gone_mid_body(path: str, name: str, origin: Origin, origin_ca: Path, through: Client) -> None:
    if name != "localhost":
        through = replace(through, ca=origin_ca, name=name, address=name)
    origin.dropped.clear()
    go_on = Event()
    path = origin.add(Answer([PAGE[:500], go_on, *[b" " * 100_000] * 300], framing="chunked"), path)
    with through.connected() as connection:
        connection.sendall(through.request(path))
        wait_for_request(origin, path)
    go_on.set()
    assert origin.dropped.wait(HANG_SECONDS), "the origin was not told"


@pytest.mark.usefixtures("still_works")
def test_requests_cancelled_by_the_dozen(origin: Origin, through: Client) -> None:
    """Some before the answer, some while it is judged, some while it is read; over HTTP/2 too."""
    path = origin.add(Answer([timeline(*MIXED * 40)], framing="chunked"))
    for wait in (0.0, 0.002, 0.01, 0.03) * 6:
        with through.connected() as connection:
            connection.sendall(through.request(path))
            time.sleep(wait)
    with through.httpx(http2=True) as client:
        for _ in range(6):
            with client.stream("GET", path) as response:
                assert response.status_code == 200


@pytest.mark.usefixtures("still_works")
def test_origin_that_stalls_holds_up_nobody_else(origin: Origin, through: Client) -> None:
    go_on = Event()
    paths = [
        origin.add(Answer([PAGE[:700], go_on, PAGE[700:]])),
        origin.add(Answer([go_on, PAGE], framing="wait")),
        origin.add(Answer([PAGE[:700], go_on, PAGE[700:]]), "/api/v1/statuses/{}"),
    ]
    other = origin.add(Answer([PAGE]))
    with ExitStack() as stack:
        connections = [stack.enter_context(through.connected()) for _ in paths]
        for connection, path in zip(connections, paths, strict=True):
            connection.sendall(through.request(path, headers=[("Connection", "close")]))
            wait_for_request(origin, path)
        read_until(connections[2], PAGE[690:700])
        assert through.get(other).body == WITHOUT
        go_on.set()
        assert [read_reply(connection).body for connection in connections[:2]] == [WITHOUT, WITHOUT]
        read_until(connections[2], PAGE[-20:])


def test_a_thousand_idle_connections_and_slow_clients(
    tmp_path: Path, origin: Origin, origin_ca: Path, direct: Client
) -> None:
    """More than the limit of descriptors it was started with; the slow ones send their request byte by byte."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    path = origin.add(Answer([PAGE]))
    with running_proxy(tmp_path, origin_ca, program=limited_to(256, hard)) as proxy, ExitStack() as stack:
        through = replace(direct, ca=proxy.ca, proxy=proxy.port)
        for _ in range(IDLE):
            stack.enter_context(socket.create_connection(("127.0.0.1", proxy.port), HANG_SECONDS))
        slow = [stack.enter_context(through.connected()) for _ in range(30)]
        for byte in through.request(path, headers=[("Connection", "close")])[:-1]:
            for connection in slow:
                connection.sendall(bytes([byte]))
        assert through.get(path).body == WITHOUT
        slow[0].sendall(b"\n")
        assert read_reply(slow[0]).body == WITHOUT
        assert descriptors(proxy) > IDLE


def limited_to(soft: int, hard: int) -> tuple[str, str]:
    """A circleshield with these limits of descriptors."""
    code = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}));"
    return "-c", code + "from circleshield.cli import main; main()"


def test_out_of_descriptors(tmp_path: Path, origin: Origin, origin_ca: Path, direct: Client) -> None:
    path = origin.add(Answer([PAGE]))
    with running_proxy(tmp_path, origin_ca, program=limited_to(70, 70)) as proxy:
        through = replace(direct, ca=proxy.ca, proxy=proxy.port)
        assert through.get(path).body == WITHOUT
        with ExitStack() as stack:
            for _ in range(100):
                stack.enter_context(socket.create_connection(("127.0.0.1", proxy.port), HANG_SECONDS))
            time.sleep(0.5)
            assert descriptors(proxy) >= 69
        settles(proxy, 60)
        assert through.get(path).body == WITHOUT
        log = proxy.whole_log()
        assert "socket.accept() out of system resource: Too many open files" in log
        assert "Traceback" not in log


def self_made(folder: Path, names: list[str], days: int) -> Path:
    """Key and certificate that no CA has signed, valid until so many days from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=90))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / f"{names[0]}{days}.pem"
    pem.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + made.public_bytes(Encoding.PEM)
    )
    return pem


def test_certificates_that_are_not_to_be_trusted(tmp_path: Path, direct: Client) -> None:
    """Refused with the reason in the answer; nothing of the page is shown, and nothing asked of the origin."""
    expired = self_made(tmp_path, ["localhost"], -1)
    wrong_name = self_made(tmp_path, ["elsewhere.example"], 30)
    self_signed = self_made(tmp_path, ["localhost"], 30)
    (tmp_path / "trusted.pem").write_bytes(expired.read_bytes() + wrong_name.read_bytes())
    reasons = {
        expired: "certificate has expired",
        wrong_name: "hostname mismatch",
        self_signed: "self-signed certificate",
    }
    with running_proxy(tmp_path, tmp_path / "trusted.pem") as proxy:
        for pem, why in reasons.items():
            with Origin(pem).running() as untrusted:
                path = untrusted.add(Answer([PAGE]))
                reply = replace(direct, port=untrusted.port, ca=proxy.ca, proxy=proxy.port).get(path)
                assert reply.status == 502
                assert why in reply.body.decode()
                assert untrusted.requests == {}


@pytest.mark.parametrize("gone", [{1, 2, 3}, {1}, {3}, set()], ids=["all", "first", "last", "none"])
def test_events_across_chunks(gone: set[int], origin: Origin, through: Client) -> None:
    """However the events are cut; the stream never ends of itself, and what is not dropped comes at once."""
    texts = [SALES[n % 3] if n in gone else FRIENDS[n] for n in (1, 2, 3)]
    events = [f"event: update\ndata: {status(n, text).strip()}\n\n".encode() for n, text in enumerate(texts)]
    body = b":thump\n" + b"".join(events)
    never = Event()
    path = origin.add(
        Answer(
            [*(body[i : i + 97] for i in range(0, len(body), 97)), b":end\n", never], EVENT_STREAM, framing="chunked"
        ),
        "/api/v1/streaming/user",
    )
    kept = b"".join(event for n, event in enumerate(events, 1) if n not in gone)
    with through.connected() as connection:
        connection.sendall(through.request(path))
        received = read_until(connection, b":end\n")
    never.set()
    pieces = received.partition(b"\r\n\r\n")[2].split(b"\r\n")
    assert b"".join(pieces[1::2]) == b":thump\n" + kept + b":end\n"


@pytest.fixture(scope="module")
def folding(tmp_path_factory: pytest.TempPathFactory, origin_ca: Path) -> Iterator[ProxyProcess]:
    config = CONFIG + '[filter]\naction = "fold"\n'
    with running_proxy(tmp_path_factory.mktemp("folding"), origin_ca, config=config) as started:
        yield started


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "compressed"])
def test_fragmented_websocket_messages(compressed: bool, origin: Origin, direct: Client, folding: ProxyProcess) -> None:
    """A long folded message is as whole as one that is left alone; the client's own are echoed."""

    def message(number: int, text: str) -> bytes:
        post = {**json.loads(status(number, text)), "long": "一张图" * 3_000}
        return json.dumps(
            {"event": "update", "payload": json.dumps(post, ensure_ascii=False)}, ensure_ascii=False
        ).encode()

    sent = [message(0, FRIENDS[0]), message(1, SALES[0]), message(2, FRIENDS[2])]
    path = origin.add(Answer(sent, framing="websocket"), "/api/v1/streaming")
    websocket = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
    offered: list[Extension] = [PerMessageDeflate()] if compressed else []
    through = replace(direct, ca=folding.ca, proxy=folding.port)
    with through.connected() as connection:
        connection.sendall(websocket.send(wsproto.events.Request(host="localhost", target=path, extensions=offered)))
        accepted = next_event(connection, websocket)
        assert isinstance(accepted, wsproto.events.AcceptConnection)
        assert bool(accepted.extensions) == compressed
        came = [text_message(connection, websocket) for _ in sent]
        for at in range(0, 30_000, 1_000):
            frame = wsproto.events.TextMessage("面膜" * 500, message_finished=at == 29_000)
            connection.sendall(websocket.send(frame))
        assert text_message(connection, websocket) == "echo " + "面膜" * 15_000
    assert [came[0].encode(), came[2].encode()] == [sent[0], sent[2]]
    folded = json.loads(json.loads(came[1])["payload"])
    assert folded["content"].startswith("<p>已折叠")
    assert folded["long"] == "一张图" * 3_000

"""What clients learn of HTTP/3 through the proxy: nothing for feeds, so that they stay where they are filtered."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from mitmproxy import dns
from mitmproxy.net.dns import https_records, types
from tests.end_to_end.client import Client
from tests.end_to_end.feed import MIXED, timeline
from tests.end_to_end.origin import HANG_SECONDS, JSON_HEADERS, Answer, Origin
from tests.end_to_end.proxy_process import ProxyProcess, running_proxy

ALT_SVC = ("Alt-Svc", 'h3=":443"; ma=2592000,h3-29=":443"')


def test_alt_svc_is_taken_from_feed_hosts_responses(origin: Origin, through: Client, direct: Client) -> None:
    for path in ("/api/v1/timelines/list/{}", "/api/v1/media/{}"):
        path = origin.add(Answer([timeline(*MIXED)], (*JSON_HEADERS, ALT_SVC)), path)
        assert ALT_SVC[0].lower() in dict(direct.get(path).headers)
        for client in (through, replace(through, name="weibo.com", address="127.0.0.1")):
            assert ALT_SVC[0].lower() not in dict(client.get(path).headers)


def test_alt_svc_of_other_hosts_stays(direct: Client, proxy: ProxyProcess) -> None:
    with Origin(None).running() as plain:
        path = plain.add(Answer([b"{}"], (*JSON_HEADERS, ALT_SVC)))
        client = replace(direct, port=plain.port, proxy=proxy.port, via="absolute", name="127.0.0.1")
        assert dict(client.get(path).headers)["alt-svc"] == ALT_SVC[1]


@contextmanager
def name_server() -> Iterator[int]:
    """Answers every question with an HTTPS record (RFC 9460) that offers HTTP/3 and ECH."""
    record = https_records.HTTPSRecord(1, "", {1: b"\x02h2\x02h3", 5: b"ech-config"})
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(HANG_SECONDS)

        def serve() -> None:
            raw, client = listener.recvfrom(4096)
            question = dns.DNSMessage.unpack(raw)
            data = https_records.pack(record)
            answer = dns.ResourceRecord(question.questions[0].name, types.HTTPS, 1, 60, data)
            listener.sendto(question.succeed([answer]).packed, client)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def test_dns_records_offer_no_http3(tmp_path: Path, origin_ca: Path) -> None:
    question = dns.DNSMessage.unpack(
        b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + b"\x05weibo\x03com\x00" + b"\x00\x41\x00\x01"
    )
    with (
        name_server() as port,
        running_proxy(tmp_path, origin_ca, "--mode", f"reverse:dns://127.0.0.1:{port}") as proxy,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        client.settimeout(HANG_SECONDS)
        client.sendto(question.packed, ("127.0.0.1", proxy.port))
        (answer,) = dns.DNSMessage.unpack(client.recv(4096)).answers
        assert answer.https_alpn == (b"h2",)
        assert answer.https_ech is None

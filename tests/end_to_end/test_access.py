"""A device of the local network at the proxy: what it reaches, and what it does not."""

import http.client
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.end_to_end.feed import MIXED, timeline, timeline_without_sales
from tests.end_to_end.origin import HANG_SECONDS, Answer, Origin
from tests.end_to_end.proxy_process import CONFIG, ProxyProcess, running_proxy


def lan_address() -> str | None:
    """An address of this machine that is not loopback; one talks to itself from there as from another machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            return None
        return str(probe.getsockname()[0])


LAN = lan_address()
pytestmark = pytest.mark.skipif(LAN is None, reason="needs a network interface besides loopback")


@dataclass
class Door:
    """A service of this machine that listens on all its addresses and notes who comes."""

    port: int
    knocks: list[bytes]


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    with socket.create_server(("", 0)) as listener:
        found = Door(listener.getsockname()[1], [])

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(HANG_SECONDS)
                    found.knocks.append(connection.recv(4096))
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield found
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture(scope="module")
def lan_proxy(tmp_path_factory: pytest.TempPathFactory, origin: Origin, origin_ca: Path) -> Iterator[ProxyProcess]:
    """A proxy on all addresses: http, and SOCKS5; the origin is allowed."""
    config = CONFIG + f'[access]\nallow = ["127.0.0.1:{origin.port}", "[::1]:{origin.port}"]\n'
    options = ("--listen", f"{LAN}:0")
    with running_proxy(tmp_path_factory.mktemp("lan"), origin_ca, *options, config=config) as started:
        yield started


def asked(proxy: ProxyProcess, way: str, host: str, port: int) -> tuple[int, bytes]:
    """Status and body of what a device of the network gets that asks the proxy for a host."""
    assert LAN is not None
    shown = f"[{host}]" if ":" in host else host
    with socket.create_connection((LAN, proxy.port), HANG_SECONDS) as client:
        if way == "connect":
            client.sendall(f"CONNECT {shown}:{port} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        elif way == "absolute":
            client.sendall(f"GET http://{shown}:{port}/ HTTP/1.1\r\nHost: {shown}:{port}\r\n\r\n".encode())
        else:
            client.sendall(f"GET / HTTP/1.1\r\nHost: {shown}:{port}\r\n\r\n".encode())
        response = http.client.HTTPResponse(client)
        response.begin()
        return response.status, b"" if way == "connect" and response.status == 200 else response.read()


@pytest.mark.parametrize("way", ["connect", "absolute", "origin"])
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1.2.3",
        "0.0.0.0",
        "2130706433",
        "0x7f.1",
        "localhost",
        "::1",
        "::ffff:127.0.0.1",
        "169.254.169.254",
        "fd00:ec2::254",
    ],
)
def test_this_machine_and_link_local_are_refused(way: str, host: str, door: Door, lan_proxy: ProxyProcess) -> None:
    status, body = asked(lan_proxy, way, host, door.port)
    assert status in (403, 502)
    if status == 403 or way != "connect":
        assert b"is not reached for other devices" in body
    assert door.knocks == []


@pytest.mark.parametrize("way", ["connect", "absolute", "origin"])
def test_what_a_device_asks_for_cannot_steer_the_terminal(way: str, lan_proxy: ProxyProcess) -> None:
    """An address may have any characters for its zone."""
    assert asked(lan_proxy, way, f"fe80::1%{way}\x1b]0;x\x07", 80)[0] == 403
    log = lan_proxy.wait_for_log(f"was refused fe80::1%{way}.*")
    assert log[0].startswith(f"was refused fe80::1%{way}]0;x:80: it is link-local")
    assert not {"\x1b", "\x07"} & set(lan_proxy.whole_log())


@pytest.mark.parametrize("way", ["connect", "absolute"])
def test_the_proxys_own_port_is_refused(way: str, lan_proxy: ProxyProcess) -> None:
    assert LAN is not None
    assert asked(lan_proxy, way, LAN, lan_proxy.port)[0] == 403
    assert asked(lan_proxy, way, f"::ffff:{LAN}", lan_proxy.port)[0] == 403
    assert asked(lan_proxy, way, "127.0.0.1", lan_proxy.port)[0] == 403
    page = re.search(r"^review +http://127.0.0.1:(\d+)/", lan_proxy.whole_log(), re.M)
    assert page is not None
    status, body = asked(lan_proxy, way, LAN, int(page[1]))
    assert status == 403
    assert b"http://circle.shield/" in body


def test_other_services_of_the_network_are_reached(door: Door, lan_proxy: ProxyProcess) -> None:
    assert LAN is not None
    assert asked(lan_proxy, "absolute", LAN, door.port) == (200, b"secret")
    door.knocks.clear()


def test_a_device_reads_a_filtered_feed(origin: Origin, lan_proxy: ProxyProcess) -> None:
    path = origin.add(Answer([timeline(*MIXED)]))
    connection = http.client.HTTPSConnection(
        str(LAN), lan_proxy.port, context=ssl.create_default_context(cafile=str(lan_proxy.ca)), timeout=HANG_SECONDS
    )
    connection.set_tunnel("localhost", origin.port)
    for _ in range(2):
        connection.request("GET", path)
        assert connection.getresponse().read() == timeline_without_sales(*MIXED)
    connection.close()


def test_plain_http_keeps_its_connection_to_the_origin(tmp_path: Path, origin_ca: Path) -> None:
    served: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                for _ in range(2):
                    served.append(connection.recv(65536))
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        config = f'[access]\nallow = ["127.0.0.1:{port}", "[::1]:{port}"]\n'
        with running_proxy(tmp_path, origin_ca, "--listen", f"{LAN}:0", config=config) as proxy:
            client = http.client.HTTPConnection(str(LAN), proxy.port, timeout=HANG_SECONDS)
            for _ in range(2):  # the second would wait for ever where the first connection was not used again
                client.request("GET", f"http://localhost:{port}/")
                assert client.getresponse().read() == b"ok"
            client.close()
        thread.join()
    assert len(served) == 2


def test_socks5_and_names_that_lead_here_are_refused(tmp_path: Path, origin_ca: Path, door: Door) -> None:
    with running_proxy(tmp_path, origin_ca, "--listen", f"{LAN}:0", "--mode", "socks5") as proxy:
        for host in ("127.0.0.1", "localhost"):
            with socket.create_connection((str(LAN), proxy.port), HANG_SECONDS) as client:
                client.sendall(b"\x05\x01\x00")
                assert client.recv(2) == b"\x05\x00"
                client.sendall(b"\x05\x01\x00\x03" + bytes([len(host)]) + host.encode() + door.port.to_bytes(2))
                answer = client.recv(10)
                if answer[1:2] == b"\x00":
                    client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                    assert b"secret" not in client.recv(4096)
        assert door.knocks == []
        assert "is not reached" not in proxy.whole_log()
        assert f"was refused localhost:{door.port}: it is the proxy's own machine" in proxy.whole_log()


def test_clients_on_this_machine_reach_it(door: Door, proxy: ProxyProcess) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port), HANG_SECONDS) as client:
        client.sendall(f"GET http://127.0.0.1:{door.port}/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        assert client.makefile("rb").read().endswith(b"secret")
    door.knocks.clear()


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "LOCALHOST", "127.0.0.1"])
@pytest.mark.parametrize("way", ["{} http://{}:{}/", "{} /"])
def test_a_client_on_this_machine_cannot_have_the_proxy_call_itself(host: str, way: str, proxy: ProxyProcess) -> None:
    request = way.format("GET", host, proxy.port)
    with socket.create_connection(("127.0.0.1", proxy.port), HANG_SECONDS) as client:
        client.sendall(f"{request} HTTP/1.1\r\nHost: {host}:{proxy.port}\r\nConnection: close\r\n\r\n".encode())
        assert re.match(rb"HTTP/1.1 (502|403) ", client.makefile("rb").read())


def test_a_client_on_this_machine_cannot_tunnel_to_the_proxy_itself(proxy: ProxyProcess) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port), HANG_SECONDS) as client:
        client.sendall(f"CONNECT 0x7f.1:{proxy.port} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        answer = client.recv(65536)
        if answer.startswith(b"HTTP/1.1 200 "):
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            answer = client.recv(65536)
        assert b"it is the proxy itself" in answer

"""WeChat's own protocol is recognised and passes byte for byte."""

import socket
import threading

from tests.end_to_end.origin import HANG_SECONDS
from tests.end_to_end.proxy_process import ProxyProcess

MMTLS = bytes(range(256)) * 3  # what MMTLS carries looks like noise
REQUEST = (
    b"POST /mmtls/%b HTTP/1.1\r\nAccept: */*\r\nCache-Control: no-cache\r\nConnection: Upgrade\r\n"
    b"Content-Length: %d\r\nContent-Type: application/octet-stream\r\nHost: 127.0.0.1:%d\r\n"
    b"Upgrade: mmtls\r\nUser-Agent: MicroMessenger Client\r\n\r\n"
)
REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 512\r\n\r\n" + bytes(512)


def test_short_link_passes_byte_for_byte(proxy: ProxyProcess) -> None:
    got: list[bytes] = []

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(HANG_SECONDS)
            received = b""
            while not received.endswith(MMTLS):
                received += connection.recv(65536)
            got.append(received)
            connection.sendall(REPLY)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        sent = REQUEST % (b"00aa17f3", len(MMTLS), port) + MMTLS
        with socket.create_connection(("127.0.0.1", proxy.port), HANG_SECONDS) as client:
            client.sendall(sent.replace(b"POST /", b"POST http://127.0.0.1:%d/" % port, 1))
            reply = b""
            while len(reply) < len(REPLY):
                piece = client.recv(65536)
                assert piece
                reply += piece
        thread.join(HANG_SECONDS)
    assert got == [sent]
    assert reply == REPLY
    (line,) = [line for line in proxy.new_log() if "WeChat" in line]
    assert "cannot be filtered" in line


def test_the_greeting_says_what_cannot_be_filtered(proxy: ProxyProcess) -> None:
    assert "WeChat     its Moments cannot be filtered" in proxy.whole_log()

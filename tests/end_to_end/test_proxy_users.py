"""Proxy users: nobody without a password, each by the profile that names them, and the password goes no further."""

import base64
import http.client
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.end_to_end.client import Client, Reply, read_until
from tests.end_to_end.commands import wait_until
from tests.end_to_end.feed import MIXED, timeline, timeline_without_sales
from tests.end_to_end.origin import HANG_SECONDS, Answer, Origin
from tests.end_to_end.proxy_process import CONFIG, ProxyProcess, running_proxy

from circleshield_addon.proxy_users import hash_of

PASSWORDS = {"anna": "tea: for two", "小满": "茶"}
USERS = "".join(f"[users.{json.dumps(name)}]\npassword = '{hash_of(word)}'\n" for name, word in PASSWORDS.items())
PROFILES = "[profiles.anna]\ndevices = ['user:anna']\naction = 'watch'\n"
PAGE, WITHOUT = timeline(*MIXED), timeline_without_sales(*MIXED)


def credentials(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


RIGHT = {name: credentials(name, word) for name, word in PASSWORDS.items()}
WRONG = (None, credentials("anna", "tea"), credentials("nobody", "tea: for two"), "Basic ???", "Bearer x", "Basic")


@pytest.fixture(scope="module")
def plain_origin() -> Iterator[Origin]:
    with Origin(None).running() as started:
        yield started


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("users")


@pytest.fixture(scope="module")
def users_proxy(folder: Path, origin_ca: Path) -> Iterator[ProxyProcess]:
    with running_proxy(folder, origin_ca, config=CONFIG + USERS + PROFILES) as started:
        yield started


@dataclass(frozen=True)
class _Authorised(Client):
    """Sends a Proxy-Authorization header with CONNECT."""

    header: str = ""

    def _ask_proxy(self, plain: socket.socket) -> None:
        target = f"localhost:{self.port}"
        lines = (f"CONNECT {target} HTTP/1.1", f"Host: {target}", f"Proxy-Authorization: {self.header}")
        plain.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += plain.recv(1)
        assert b" 200 " in answer


def _plain(origin: Origin, proxy: ProxyProcess, path: str, header: str | None) -> Reply:
    fields = [("Proxy-Authorization", header)] if header is not None else []
    client = Client(proxy.ca, origin.port, proxy=proxy.port, via="absolute")
    return client.get(path, fields)


def _connect(origin: Origin, proxy: ProxyProcess, header: str | None) -> bytes:
    lines = [f"CONNECT localhost:{origin.port} HTTP/1.1", f"Host: localhost:{origin.port}", "Connection: close"]
    lines += [f"Proxy-Authorization: {header}"] if header is not None else []
    with socket.create_connection(("127.0.0.1", proxy.port), HANG_SECONDS) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        return read_until(connection, b"\r\n\r\n")


def test_plain_http(plain_origin: Origin, users_proxy: ProxyProcess) -> None:
    path = plain_origin.add(Answer([PAGE]))
    for header in WRONG:
        reply = _plain(plain_origin, users_proxy, path, header)
        assert reply.status == 407
        assert ("proxy-authenticate", 'Basic realm="circleshield", charset="UTF-8"') in reply.headers
    assert plain_origin.requests[path] == []
    assert _plain(plain_origin, users_proxy, path, RIGHT["小满"]).body == WITHOUT
    assert _plain(plain_origin, users_proxy, path, RIGHT["anna"]).body == PAGE
    assert all(b"uthorization" not in request.head for request in plain_origin.requests[path])


def test_the_password_goes_no_further_on_a_connection_that_is_kept(
    plain_origin: Origin, users_proxy: ProxyProcess
) -> None:
    path = plain_origin.add(Answer([PAGE]))
    connection = http.client.HTTPConnection("127.0.0.1", users_proxy.port, timeout=HANG_SECONDS)
    for _ in range(2):
        url = f"http://localhost:{plain_origin.port}{path}"
        connection.request("GET", url, headers={"Proxy-Authorization": RIGHT["小满"]})
        assert connection.getresponse().read() == WITHOUT
    connection.close()
    assert len(plain_origin.requests[path]) == 2
    assert all(b"uthorization" not in request.head for request in plain_origin.requests[path])


def test_tunnels(origin: Origin, users_proxy: ProxyProcess) -> None:
    path = origin.add(Answer([PAGE]))
    for header in WRONG:
        assert _connect(origin, users_proxy, header).startswith(b"HTTP/1.1 407 ")
    for name, body in (("小满", WITHOUT), ("anna", PAGE)):
        assert _Authorised(users_proxy.ca, origin.port, users_proxy.port, header=RIGHT[name]).get(path).body == body
    assert all(b"uthorization" not in request.head for request in origin.requests[path])


def test_the_log_names_who_failed_but_no_password(
    plain_origin: Origin, users_proxy: ProxyProcess, folder: Path
) -> None:
    users_proxy.new_log()
    path = plain_origin.add(Answer([PAGE]))
    _plain(plain_origin, users_proxy, path, credentials("anna", "geheim"))
    _plain(plain_origin, users_proxy, path, credentials("mallory", "geheim"))
    log = "\n".join(users_proxy.new_log())
    assert "a wrong proxy password for anna from 127.0.0.1" in log
    assert "a wrong proxy password for an unknown user from 127.0.0.1" in log
    assert "geheim" not in users_proxy.whole_log()
    assert "tea: for two" not in users_proxy.whole_log()
    assert "Traceback" not in users_proxy.whole_log()


def test_many_connections_of_one_user_are_quick(plain_origin: Origin, users_proxy: ProxyProcess) -> None:
    path = plain_origin.add(Answer([PAGE]))
    replies = [_plain(plain_origin, users_proxy, path, RIGHT["小满"]) for _ in range(50)]
    assert {reply.body for reply in replies} == {WITHOUT}


def test_socks5(tmp_path: Path, origin: Origin, origin_ca: Path, direct: Client) -> None:
    path = origin.add(Answer([PAGE]))
    with running_proxy(tmp_path, origin_ca, "--mode", "socks5", config=CONFIG + USERS + PROFILES) as proxy:

        def greeted(methods: bytes) -> tuple[socket.socket, bytes]:
            connection = socket.create_connection(("127.0.0.1", proxy.port), HANG_SECONDS)
            connection.sendall(b"\x05" + bytes([len(methods)]) + methods)
            return connection, connection.recv(2)

        def answered(name: str, password: str) -> bytes:
            connection, chosen = greeted(b"\x00\x02")
            assert chosen == b"\x05\x02"
            user, word = name.encode(), password.encode()
            connection.sendall(b"\x01" + bytes([len(user)]) + user + bytes([len(word)]) + word)
            with connection:
                return connection.recv(2)

        connection, chosen = greeted(b"\x00")
        connection.close()
        assert chosen == b"\x05\xff"
        assert answered("anna", "wrong") == b"\x01\x01"
        assert answered("anna", PASSWORDS["anna"]) == b"\x01\x00"

        # Without users it asks nobody.
        config = tmp_path / "config.toml"
        config.write_text(CONFIG, encoding="utf-8")

        def asks_nobody() -> bool:
            connection, chosen = greeted(b"\x00")
            connection.close()
            return chosen == b"\x05\x00"

        wait_until(asks_nobody)
        through = replace(direct, ca=proxy.ca, proxy=proxy.port, via="socks5")
        assert through.get(path).body == WITHOUT


def test_users_come_and_go_while_it_runs(tmp_path: Path, plain_origin: Origin, origin_ca: Path) -> None:
    path = plain_origin.add(Answer([PAGE]))
    with running_proxy(tmp_path, origin_ca) as proxy:

        def becomes(status: int, header: str | None) -> None:
            wait_until(lambda: _plain(plain_origin, proxy, path, header).status == status)

        becomes(200, None)
        # A password that nobody asked for goes no further either.
        becomes(200, RIGHT["anna"])
        assert all(b"uthorization" not in request.head for request in plain_origin.requests[path])
        (tmp_path / "config.toml").write_text(CONFIG + USERS, encoding="utf-8")
        becomes(407, None)
        becomes(200, RIGHT["anna"])
        changed = USERS.replace(USERS.split("'")[1], hash_of("new"))
        (tmp_path / "config.toml").write_text(CONFIG + changed, encoding="utf-8")
        becomes(407, RIGHT["anna"])
        becomes(200, credentials("anna", "new"))

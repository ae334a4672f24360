"""Other ways in than an HTTP proxy's CONNECT, and what the proxy asks of the origin's certificate."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.end_to_end.client import Client
from tests.end_to_end.feed import FRIENDS, MIXED, timeline, timeline_without_sales
from tests.end_to_end.origin import Answer, Origin
from tests.end_to_end.proxy_process import CONFIG, ProxyProcess, running_proxy, wait_for

import circleshield_addon
from circleshield_addon.proxy_users import hash_of


@pytest.fixture(scope="module")
def plain_origin() -> Iterator[Origin]:
    """An origin that speaks plain http."""
    with Origin(None).running() as started:
        yield started


def test_plain_http(plain_origin: Origin, direct: Client, proxy: ProxyProcess) -> None:
    plain = replace(direct, port=plain_origin.port, via="absolute")
    through = replace(plain, proxy=proxy.port)
    path = plain_origin.add(Answer([timeline(*MIXED)]))
    assert through.get(path).body == timeline_without_sales(*MIXED)
    path = plain_origin.add(Answer([timeline(*FRIENDS)]))
    assert through.get(path) == plain.get(path)
    was, came = sorted(request.head for request in plain_origin.requests[path])
    assert came == was


def test_socks5(tmp_path: Path, origin: Origin, origin_ca: Path, direct: Client) -> None:
    path = origin.add(Answer([timeline(*MIXED)]))
    with running_proxy(tmp_path, origin_ca, "--mode", "socks5") as proxy:
        through = replace(direct, ca=proxy.ca, proxy=proxy.port, via="socks5")
        assert through.get(path).body == timeline_without_sales(*MIXED)
        untouched = replace(direct, proxy=proxy.port, via="socks5", name="127.0.0.1", address="127.0.0.1")
        assert untouched.get(path) == direct.get(path)


def test_reverse(tmp_path: Path, origin: Origin, origin_ca: Path, direct: Client) -> None:
    path = origin.add(Answer([timeline(*MIXED)]))
    with running_proxy(tmp_path, origin_ca, "--mode", f"reverse:https://localhost:{origin.port}") as proxy:
        encrypted = replace(direct, ca=proxy.ca, proxy=proxy.port, via="none")
        plain = replace(encrypted, via="absolute", port=proxy.port, proxy=None)
        assert encrypted.get(path).body == timeline_without_sales(*MIXED)
        assert plain.get(path).body == timeline_without_sales(*MIXED)


def test_origin_with_a_certificate_of_its_own_is_refused(tmp_path: Path, origin: Origin, direct: Client) -> None:
    path = origin.add(Answer([timeline(*MIXED)]))
    with running_proxy(tmp_path, None) as proxy:
        reply = replace(direct, ca=proxy.ca, proxy=proxy.port).get(path)
        assert reply.status == 502
        assert b"ertificate verify failed" in reply.body
        assert origin.requests[path] == []
        # Without decryption the client itself checks the certificate, and this one trusts it.
        assert replace(direct, proxy=proxy.port, name="127.0.0.1", address="127.0.0.1").get(path) == direct.get(path)


def test_certificate_for_another_name_is_refused(origin: Origin, through: Client) -> None:
    path = origin.add(Answer([timeline(*MIXED)]))
    assert replace(through, name="m.weibo.cn", address="127.0.0.1").get(path).status == 502
    assert origin.requests[path] == []


def test_stock_mitmdump_with_the_script(tmp_path: Path, origin: Origin, origin_ca: Path, direct: Client) -> None:
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    command = [str(Path(sys.executable).with_name("mitmdump"))]
    command += ["-s", str(Path(circleshield_addon.__file__).with_name("script.py"))]
    command += ["--listen-host", "127.0.0.1", "--listen-port", "0", "--set", f"confdir={tmp_path}"]
    command += ["--set", f"ssl_verify_upstream_trusted_ca={origin_ca}"]
    environment = {**os.environ, "CIRCLESHIELD_CONFIG": str(tmp_path / "config.toml"), "PYTHONUNBUFFERED": "1"}
    output = tmp_path / "output"
    with output.open("wb") as stream:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, env=environment)
    try:
        port = int(wait_for(process, output, r"proxy listening at 127\.0\.0\.1:(\d+)")[1])
        through = replace(direct, ca=tmp_path / "mitmproxy-ca-cert.pem", proxy=port)
        path = origin.add(Answer([timeline(*MIXED)]))
        assert through.get(path).body == timeline_without_sales(*MIXED)
        path = origin.add(Answer([timeline(*MIXED)], cut=True))
        assert through.get(path) == direct.get(path)
        untouched = replace(direct, proxy=port, name="127.0.0.1", address="127.0.0.1")
        assert untouched.get(path) == direct.get(path)
    finally:
        process.terminate()
        process.wait()
    assert "Traceback" not in output.read_text(encoding="utf-8")


def test_stock_mitmdump_does_not_pass_over_proxy_users(tmp_path: Path) -> None:
    """It would serve everybody."""
    (tmp_path / "config.toml").write_text(f"[users.anna]\npassword = '{hash_of('tea')}'\n", encoding="utf-8")
    script = Path(circleshield_addon.__file__).with_name("script.py")
    environment = {**os.environ, "CIRCLESHIELD_CONFIG": str(tmp_path / "config.toml")}
    done = subprocess.run([sys.executable, str(script)], env=environment, capture_output=True, text=True, check=False)
    assert "mitmdump has --proxyauth" in done.stderr
    assert done.returncode

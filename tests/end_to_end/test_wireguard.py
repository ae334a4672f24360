"""Phones in a WireGuard tunnel: each lets itself in by its own key, and is shut out by itself."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.end_to_end.commands import said
from tests.end_to_end.feed import MIXED, timeline, timeline_without_sales
from tests.end_to_end.namespaces import HOME, SITE, Namespace, echo, home_and_phone, needs_namespaces
from tests.end_to_end.origin import HANG_SECONDS, JSON_HEADERS, Answer, Origin
from tests.end_to_end.proxy_process import running_proxy

pytestmark = [
    needs_namespaces,
    pytest.mark.skipif(
        not all(map(shutil.which, ("wireguard-go", "wg", "curl"))),
        reason="needs wireguard-go, wg and curl (Debian: wireguard-go wireguard-tools curl)",
    ),
]


LOOK_UP = """
import json, socket, sys
found = {}
for name, number in (("A", 1), ("AAAA", 28)):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(20)
        question = b"\\x06circle\\x06shield\\0" + number.to_bytes(2) + b"\\0\\1"
        asker.sendto(b"\\0\\7\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0" + question, (sys.argv[1], 53))
        answer = asker.recv(512)
    found[name] = [socket.inet_ntoa(answer[-4:])] if answer[7] else []
print(json.dumps(found))
"""
"""Asks a name server for circle.shield (RFC 1035, 4)."""
SEND = "import socket, sys; asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); asker.settimeout(3); "
HELLO = f"""{SEND}
asker.sendto(b"hello", ("{SITE}", int(sys.argv[1])))
try:
    print(asker.recv(100).decode())
except TimeoutError:
    print("nothing")
"""


@contextmanager
def tunnel(phone: Namespace, config: str) -> Iterator[dict[str, str]]:
    """Brings a device's config up, as its WireGuard app would; yields the keys of the config."""
    keys = dict(line.split(" = ", 1) for line in config.splitlines() if " = " in line)
    process = subprocess.Popen(
        [*phone.within, "wireguard-go", "--foreground", "wg0"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        give_up_at = time.monotonic() + HANG_SECONDS
        while subprocess.run([*phone.within, "wg", "show", "wg0"], capture_output=True).returncode != 0:
            assert time.monotonic() < give_up_at
            time.sleep(0.05)
        plain = "\n".join(line for line in config.splitlines() if not line.startswith(("Address", "DNS", "MTU")))
        phone.run("wg", "setconf", "wg0", "/dev/stdin", stdin=plain)
        for address in keys["Address"].split(", "):
            phone.run("ip", "address", "add", address, "dev", "wg0")
        phone.run("ip", "link", "set", "wg0", "up", "mtu", keys["MTU"])
        phone.run("ip", "route", "add", "default", "dev", "wg0")
        yield keys
    finally:
        process.terminate()
        process.wait()


def fetched(phone: Namespace, ca: Path, url: str, *options: str, seconds: float = HANG_SECONDS) -> str | None:
    """What a browser on the phone gets; None where it gets nothing."""
    command = [*phone.within, "curl", "--silent", "--max-time", str(seconds), "--cacert", str(ca), *options, url]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else None


def test_phones_in_tunnels(tmp_path: Path, certificates: tuple[Path, Path], origin_ca: Path) -> None:
    with home_and_phone() as (home, phone):
        origin = Origin(certificates[1], home.socket(SITE))
        path = origin.add(Answer([timeline(*MIXED)], JSON_HEADERS), "/api/v1/timelines/home")
        options = ("--listen", f"{HOME}:51820", "--mode", "wireguard")
        with origin.running(), running_proxy(tmp_path, origin_ca, *options, within=home.within) as proxy:
            feed = f"https://localhost:{origin.port}{path}"
            to_site = ("--connect-to", f"localhost:{origin.port}:{SITE}:{origin.port}")
            filtered = timeline_without_sales(*MIXED).decode()

            config = said(tmp_path, "wireguard", "add", "anna")
            assert f"Endpoint = {HOME}:51820\n" in config
            with tunnel(phone, config) as keys:
                assert fetched(phone, proxy.ca, feed, *to_site) == filtered
                # Names are looked up through the tunnel: the proxy's own, and that of a page it has.
                assert keys["DNS"] == "10.0.0.53"
                answer = phone.run(sys.executable, "-c", LOOK_UP, keys["DNS"])
                assert json.loads(answer) == {"A": ["10.0.0.54"], "AAAA": []}
                page = fetched(phone, proxy.ca, "http://circle.shield/", "--resolve", "circle.shield:80:10.0.0.54")
                assert page is not None
                assert "circleshield" in page
                with echo(home, SITE, 443), echo(home, SITE, 444):
                    assert phone.run(sys.executable, "-c", HELLO, "444") == "hello\n"
                    assert phone.run(sys.executable, "-c", HELLO, "443") == "nothing\n"  # QUIC
                assert "10.0.0.2" in said(tmp_path, "wireguard", "list")

            other = said(tmp_path, "wireguard", "add", "ben")
            said(tmp_path, "wireguard", "revoke", "anna")
            with tunnel(phone, config):
                assert fetched(phone, proxy.ca, feed, *to_site, seconds=5) is None
            with tunnel(phone, other):
                assert fetched(phone, proxy.ca, feed, *to_site) == filtered
        with running_proxy(tmp_path, origin_ca, *options, within=home.within):
            assert said(tmp_path, "wireguard", "show", "ben") == other

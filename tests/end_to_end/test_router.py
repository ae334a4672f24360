"""A phone with an address of its own, a home with the proxy, and the world behind it: each way in filters."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.end_to_end.browser import HEADLESS, needs_chromium, trusting
from tests.end_to_end.feed import FRIENDS, MIXED, weibo
from tests.end_to_end.namespaces import HOME, OUTSIDE, PHONE, WORLD, Namespace, echo, needs_namespaces, router_between
from tests.end_to_end.origin import HANG_SECONDS, Answer, Origin
from tests.end_to_end.proxy_process import ProxyProcess, running_proxy

pytestmark = [
    needs_namespaces,
    pytest.mark.skipif(
        not all(map(shutil.which, ("nft", "curl", "setpriv"))),
        reason="needs nft, curl and setpriv (Debian: nftables curl util-linux)",
    ),
]

DOCUMENT = Path(__file__).parents[2] / "docs" / "router.md"
FEED, OTHER, PAGE = "weibo.com", "evilweibo.com", "its own page"
PATH = "/ajax/feed/friendstimeline"
MODES = {"regular": 8080, "socks5": 1080, "transparent": 8081, "wireguard": 51820}
WAYS = {
    "regular": ("--proxy", f"http://{HOME}:8080"),
    "socks5": ("--proxy", f"socks5h://{HOME}:1080"),
    "transparent": (),
}
SCAN = """
import socket, sys
for port in range(1, 65536):
    with socket.socket() as probe:
        probe.settimeout(5)
        try:
            probe.connect((sys.argv[1], port))
        except ConnectionRefusedError:
            continue
        print(port)
"""
KNOCK = """
import socket, sys
for _ in range(20):  # refusals are sent at a limited rate
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(0.5)
        probe.connect((sys.argv[1], int(sys.argv[2])))
        probe.send(b"hello")
        try:
            print(probe.recv(10).decode())
        except ConnectionRefusedError:
            print("refused")
        except TimeoutError:
            continue
        break
"""


@dataclass
class Place:
    """All that stands."""

    home: Namespace
    phone: Namespace
    world: Namespace
    origin: Origin
    proxy: ProxyProcess
    origin_ca: Path

    @property
    def review_port(self) -> str:
        """Where the page listens, for the home alone."""
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", self.proxy.whole_log())
        assert found is not None
        return found[1]

    def got(self, url: str, ca: Path, *options: str, seconds: float = HANG_SECONDS) -> str | None:
        """What curl on the phone gets that trusts this CA; None where it gets nothing."""
        command = ["curl", "--silent", "--http1.1", "--max-time", str(seconds), "--cacert", str(ca), *options, url]
        done = subprocess.run([*self.phone.within, *command], capture_output=True, text=True, encoding="utf-8")
        return done.stdout if done.returncode == 0 else None


@pytest.fixture(scope="module")
def place(
    tmp_path_factory: pytest.TempPathFactory, certificates: tuple[Path, Path], origin_ca: Path
) -> Iterator[Place]:
    with router_between((FEED, OTHER)) as (home, phone, world):
        for _ in range(2):  # it can be loaded again
            home.run("nft", "-f", "-", stdin=rules())
        origin = Origin(certificates[1], world.socket(WORLD, 443))
        origin.add(Answer([weibo(*MIXED)]), PATH)
        origin.add(Answer([PAGE.encode()], (("Content-Type", "text/html"),)), "/")
        modes = [text for mode, port in MODES.items() for text in ("--mode", f"{mode}@{port}")]
        without_privilege = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs")
        with (
            origin.running(),
            running_proxy(
                tmp_path_factory.mktemp("router"),
                origin_ca,
                "--listen",
                f"{HOME}:8080",
                *modes,
                within=(*home.within, *without_privilege),
            ) as proxy,
        ):
            yield Place(home, phone, world, origin, proxy, origin_ca)


def rules() -> str:
    """Those of the page."""
    found = re.search(r"```nft\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.S)
    assert found is not None
    return found[1]


def texts(page: str) -> list[str]:
    return [status["text_raw"] for status in json.loads(page)["statuses"]]


@pytest.mark.parametrize("way", WAYS)
def test_the_feed_is_filtered(way: str, place: Place) -> None:
    page = place.got(f"https://{FEED}{PATH}", place.proxy.ca, *WAYS[way])
    assert page is not None
    assert texts(page) == list(FRIENDS)


@pytest.mark.parametrize("way", WAYS)
def test_other_sites_keep_their_own_certificate(way: str, place: Place) -> None:
    assert place.got(f"https://{OTHER}/", place.origin_ca, *WAYS[way]) == PAGE
    assert place.got(f"https://{OTHER}/", place.proxy.ca, *WAYS[way]) is None


@needs_chromium
def test_a_browser_with_the_pac_file(place: Place, tmp_path: Path) -> None:
    trusting(tmp_path / ".pki" / "nssdb", [place.proxy.ca])
    pac = f"http://{HOME}:8080/proxy.pac"
    command = ["env", f"HOME={tmp_path}", "chromium", *HEADLESS, f"--user-data-dir={tmp_path / 'profile'}"]
    command += [f"--proxy-pac-url={pac}", "--timeout=20000", "--dump-dom", f"https://{FEED}{PATH}"]
    document = place.phone.run(*command)
    found = re.search(r"\{.*\}", document, re.S)
    assert found is not None, document
    assert texts(found[0]) == list(FRIENDS)


def test_without_the_proxy_the_sales_posts_are_there(place: Place) -> None:
    """The tests above can fail: by another port than the router takes, the phone gets all there is."""
    with Origin(None, place.world.socket(WORLD, 8000)).running() as plain:
        plain.add(Answer([weibo(*MIXED)]), PATH)
        page = place.got(f"http://{FEED}:8000{PATH}", place.origin_ca)
    assert page is not None
    assert texts(page) == list(MIXED)


def test_plain_http_is_taken_as_well(place: Place) -> None:
    with Origin(None, place.world.socket(WORLD, 80)).running() as plain:
        plain.add(Answer([weibo(*MIXED)]), PATH)
        page = place.got(f"http://{FEED}{PATH}", place.origin_ca)
    assert page is not None
    assert texts(page) == list(FRIENDS)


def test_quic_is_refused_and_other_datagrams_pass(place: Place) -> None:
    assert place.phone.run(sys.executable, "-c", KNOCK, WORLD, "443") == "refused\n"
    with echo(place.world, WORLD, 444):
        assert place.phone.run(sys.executable, "-c", KNOCK, WORLD, "444") == "hello\n"


def test_who_asks_the_transparent_port_itself_gets_nothing(place: Place) -> None:
    """A request without a destination must not go round in circles."""
    there = ("--connect-to", f"{FEED}:443:{HOME}:{MODES['transparent']}")
    assert place.got(f"https://{FEED}{PATH}", place.proxy.ca, *there, seconds=3) is None


def test_a_device_that_is_left_out_goes_past_the_proxy(place: Place) -> None:
    """By the page's line, also when the rules are kept as nft lists them."""
    line = f"ip saddr {PHONE} accept"
    assert line.replace(PHONE, "192.168.1.20") in DOCUMENT.read_text(encoding="utf-8")
    redirect = next(each for each in rules().splitlines() if "redirect" in each)
    try:
        place.home.run("nft", "-f", "-", stdin=rules().replace(redirect, f"{line}\n{redirect}"))
        for _ in range(2):
            page = place.got(f"https://{FEED}{PATH}", place.origin_ca)
            assert page is not None
            assert texts(page) == list(MIXED)
            listed = place.home.run("nft", "list", "ruleset")
            place.home.run("nft", "-f", "-", stdin=f"flush ruleset\n{listed}")
    finally:
        place.home.run("nft", "-f", "-", stdin=rules())


def test_open_ports_from_the_phones_side(place: Place) -> None:
    tcp = {str(port) for mode, port in MODES.items() if mode != "wireguard"}
    assert set(place.phone.run(sys.executable, "-c", SCAN, HOME).split()) == tcp
    # By way of the home's other address, and by UDP: what is bound to, seen from within.
    assert _bound(place, "-ltnH") - {f"{HOME}:{port}" for port in tcp} == {f"127.0.0.1:{place.review_port}"}
    assert _bound(place, "-lunH") == {f"{HOME}:{MODES['wireguard']}"}


def _bound(place: Place, which: str) -> set[str]:
    return {line.split()[3] for line in place.home.run("ss", which).splitlines()}


def test_the_world_does_not_reach_the_proxy(place: Place) -> None:
    place.world.run("ip", "route", "replace", HOME, "via", OUTSIDE)
    for port in (8080, 8081):
        probe = f"import socket; socket.create_connection(('{HOME}', {port}), 1)"
        done = subprocess.run([*place.world.within, sys.executable, "-c", probe], capture_output=True, text=True)
        assert "TimeoutError" in done.stderr

"""Clients that refuse the proxy's certificates: as an app with pins does, and as a device without the CA does."""

import ssl
import time
from dataclasses import replace
from pathlib import Path

from tests.end_to_end.client import Client
from tests.end_to_end.feed import MIXED, timeline, timeline_without_sales
from tests.end_to_end.origin import Answer, Origin
from tests.end_to_end.proxy_process import CONFIG, running_proxy

from circleshield.control import ask
from circleshield_addon.refusals import REPEATS

TWO_HOSTS = CONFIG.replace('["localhost"]', '["localhost", "evilweibo.com"]')


def shown(client: Client) -> bytes | None:
    """The certificate that a client gets, which closes at once then; None where it refuses it."""
    try:
        with client.connected() as connection:
            assert isinstance(connection, ssl.SSLSocket)
            return connection.getpeercert(binary_form=True)
    except ssl.SSLCertVerificationError:
        return None


APART = 0.1
# In earnest it is a second, as tests/addon/test_refusals.py has it.
PROGRAM = (
    f"from circleshield_addon import refusals; refusals.APART = {APART}; from circleshield.cli import main; main()"
)


def test_an_app_with_pins_is_passed_through_and_the_browser_beside_it_is_not(
    tmp_path: Path, origin: Origin, origin_ca: Path, direct: Client
) -> None:
    path = origin.add(Answer([timeline(*MIXED)]))
    app = Client(origin_ca, origin.port, name="evilweibo.com", address="127.0.0.1", ciphers="ECDHE+AESGCM")
    with running_proxy(tmp_path, origin_ca, config=TWO_HOSTS, program=("-c", PROGRAM)) as proxy:
        pinned = replace(app, proxy=proxy.port)
        browser = replace(direct, ca=proxy.ca, proxy=proxy.port)
        assert browser.get(path).body == timeline_without_sales(*MIXED)
        for _ in range(REPEATS):
            assert shown(pinned) is None
            time.sleep(1.5 * APART)
        assert shown(pinned) == shown(app) is not None
        filtered = replace(browser, name="evilweibo.com", address="127.0.0.1").get(path)
        assert filtered.body == timeline_without_sales(*MIXED)
        (entry,) = ask(tmp_path, "status")["passed"]
        assert (entry["device"], entry["host"]) == ("127.0.0.1", "evilweibo.com")
        assert "which passes unfiltered for that app until" in proxy.whole_log()
    with running_proxy(tmp_path, origin_ca, config=TWO_HOSTS, program=("-c", PROGRAM)) as proxy:
        assert shown(replace(app, proxy=proxy.port)) == shown(app)


def test_an_app_that_checks_after_the_handshake(tmp_path: Path, origin: Origin, origin_ca: Path) -> None:
    path = origin.add(Answer([timeline(*MIXED)]))
    with running_proxy(tmp_path, origin_ca, config=TWO_HOSTS, program=("-c", PROGRAM)) as proxy:
        browser = Client(proxy.ca, origin.port, proxy.port)
        assert browser.get(path).body == timeline_without_sales(*MIXED)
        app = replace(browser, name="evilweibo.com", address="127.0.0.1", ciphers="ECDHE+AESGCM")
        for _ in range(REPEATS):
            assert shown(app) is not None
            time.sleep(1.5 * APART)
        assert shown(replace(app, ca=origin_ca)) is not None


def test_a_device_without_the_ca_is_told_and_stays_filtered(
    tmp_path: Path, origin: Origin, origin_ca: Path, direct: Client
) -> None:
    path = origin.add(Answer([timeline(*MIXED)]))
    with running_proxy(tmp_path, origin_ca, program=("-c", PROGRAM)) as proxy:
        assert replace(direct, ca=proxy.ca, proxy=proxy.port).get(path).body == timeline_without_sales(*MIXED)
        device = replace(direct, proxy=proxy.port, device="127.0.0.3")
        for _ in range(REPEATS + 1):
            assert shown(device) is None
            assert shown(replace(device, name="weibo.com", address="127.0.0.1")) is None
            time.sleep(1.5 * APART)
        assert "127.0.0.3 refuses the certificates of this proxy" in proxy.whole_log()
        assert ask(tmp_path, "status")["untrusting"] == ["127.0.0.3"]
        assert ask(tmp_path, "status")["passed"] == []

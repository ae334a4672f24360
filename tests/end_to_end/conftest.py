"""The expensive parts, once for the whole run: certificates, origins, proxies."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.end_to_end.client import Client
from tests.end_to_end.origin import Origin, issue_certificate
from tests.end_to_end.proxy_process import ProxyProcess, running_proxy

if TYPE_CHECKING:
    from selenium.webdriver import Chrome
    from tests.end_to_end.review_feed import Feed

NAMES = ("localhost", "127.0.0.1", "weibo.com", "x.com", "evilweibo.com")


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The origin's CA, and its key and certificate."""
    return issue_certificate(tmp_path_factory.mktemp("origin-ca"), NAMES)


@pytest.fixture(scope="session")
def origin_ca(certificates: tuple[Path, Path]) -> Path:
    return certificates[0]


@pytest.fixture(scope="session")
def origin(certificates: tuple[Path, Path]) -> Iterator[Origin]:
    with Origin(certificates[1]).running() as started:
        yield started


@pytest.fixture(scope="session")
def shared_proxy(tmp_path_factory: pytest.TempPathFactory, origin_ca: Path) -> Iterator[ProxyProcess]:
    with running_proxy(tmp_path_factory.mktemp("proxy"), origin_ca) as started:
        yield started


@pytest.fixture
def proxy(shared_proxy: ProxyProcess) -> ProxyProcess:
    """The shared proxy, with a log that begins now."""
    shared_proxy.new_log()
    return shared_proxy


@pytest.fixture
def direct(origin: Origin, origin_ca: Path) -> Client:
    """A client without the proxy."""
    return Client(origin_ca, origin.port)


@pytest.fixture
def through(direct: Client, proxy: ProxyProcess) -> Client:
    """The same client through the proxy."""
    return replace(direct, ca=proxy.ca, proxy=proxy.port)


@pytest.fixture(scope="session")
def shared_feed(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Feed]":
    from tests.end_to_end.review_feed import feed

    with feed(tmp_path_factory.mktemp("review")) as started:
        yield started


@pytest.fixture
def reviewed(shared_feed: "Feed") -> "Feed":
    """A proxy in front of a feed with sales posts. A test that changes which are taken out takes that back."""
    shared_feed.wait()
    return shared_feed


@pytest.fixture(scope="session")
def direct_browser(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Chrome]":
    from tests.end_to_end.browser import chromium

    with chromium(tmp_path_factory.mktemp("browser"), None, []) as driver:
        yield driver


@pytest.fixture
def browser(direct_browser: "Chrome") -> "Iterator[Chrome]":
    """A browser that goes through no proxy and knows nothing; it is a phone until `appear` says otherwise."""
    from tests.end_to_end.browser import appear

    appear(direct_browser)
    yield direct_browser
    direct_browser.get("about:blank")

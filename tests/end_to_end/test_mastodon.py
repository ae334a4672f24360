"""A Mastodon server (mastodon-mock) read through the proxy: by Mastodon.py, and by its web client in Chromium."""

from collections.abc import Iterator
from html import unescape
from importlib.util import find_spec
from pathlib import Path

import pytest
from mastodon import Mastodon
from tests.end_to_end.browser import chromium, needs_chromium, wait_for_text
from tests.end_to_end.feed import FRIENDS, MIXED, SALES
from tests.end_to_end.mastodon_server import Server, running_mastodon
from tests.end_to_end.proxy_process import ProxyProcess, running_proxy

pytestmark = pytest.mark.skipif(find_spec("mastodon_mock") is None, reason="needs mastodon-mock (PyPI)")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_mastodon(tmp_path_factory.mktemp("mastodon")) as started:
        yield started


@pytest.fixture(scope="module")
def mastodon_proxy(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Iterator[ProxyProcess]:
    with running_proxy(tmp_path_factory.mktemp("proxy"), server.ca) as started:
        yield started


def texts(statuses: list[dict[str, str]]) -> list[str]:
    """Oldest first."""
    return [unescape(status["content"].removeprefix("<p>").removesuffix("</p>")) for status in reversed(statuses)]


def test_mastodon_py_gets_the_friends_posts(server: Server, mastodon_proxy: ProxyProcess) -> None:
    direct, through = server.client("reader"), server.client("reader", mastodon_proxy)
    for read in (Mastodon.timeline_home, Mastodon.timeline_public):
        everything, kept = read(direct), read(through)
        assert texts(everything) == list(MIXED)
        assert texts(kept) == list(FRIENDS)
        assert kept == [status for status in everything if status in kept]


def test_next_pages_are_found(server: Server, mastodon_proxy: ProxyProcess) -> None:
    """The pages come short, but the way on is the server's own."""
    through = server.client("reader", mastodon_proxy)
    page = through.timeline_home(limit=2)
    pages = []
    while page:
        pages.append(texts(page))
        page = through.fetch_next(page)
    assert [text for page in reversed(pages) for text in page] == list(FRIENDS)


def test_posting_and_reading_one_post_work_as_ever(server: Server, mastodon_proxy: ProxyProcess) -> None:
    """Only timelines are filtered: the seller sees what was just posted."""
    seller = server.client("seller", mastodon_proxy)
    posted = seller.status_post(SALES[0], visibility="direct")
    assert seller.status(posted.id) == posted
    seller.status_delete(posted.id)


@needs_chromium
@pytest.mark.parametrize("filtered", [True, False], ids=["through the proxy", "control without it"])
def test_web_client_in_chromium(filtered: bool, server: Server, mastodon_proxy: ProxyProcess, tmp_path: Path) -> None:
    proxy = mastodon_proxy.port if filtered else None
    with chromium(tmp_path, proxy, [mastodon_proxy.ca if filtered else server.ca]) as driver:
        driver.get(f"{server.url}/_ui/")
        driver.execute_script("localStorage.setItem('mastodon_mock_token', 'reader_token')")
        driver.get(f"{server.url}/_ui/home")
        page = wait_for_text(driver, FRIENDS[0])
        driver.save_screenshot(str(tmp_path / "home.png"))
    assert all(text in page for text in FRIENDS)
    assert [text in page for text in SALES] == [not filtered] * len(SALES)

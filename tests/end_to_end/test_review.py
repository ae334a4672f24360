"""The review page of a running proxy, in a browser: 24 posts flow through, and what was taken out can be undone."""

import http.client
import json
import re
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from axe_selenium_python import Axe
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait
from tests.end_to_end.browser import DESKTOP, PHONE, chromium, needs_chromium, wait_for_text
from tests.end_to_end.origin import HANG_SECONDS
from tests.end_to_end.proxy_process import CONFIG, ProxyProcess, running_proxy

from circleshield.demo.site import feed_site

pytestmark = needs_chromium
_FILTER = CONFIG + "[filter]\nreview_at = 0.001\n"


@dataclass
class Feed:
    """A proxy in front of the demo's feed of 24 posts."""

    proxy: ProxyProcess
    home: Path
    site: int

    @property
    def link(self) -> str:
        """What the terminal says opens the page."""
        found = re.search(r"^review +(http\S+)$", self.proxy.whole_log(), re.M)
        assert found is not None
        return found[1]

    @property
    def page(self) -> str:
        return self.link.partition("?")[0]

    def load(self) -> list[dict[str, Any]]:
        """The feed as a client behind the proxy gets it."""
        context = ssl.create_default_context(cafile=str(self.proxy.ca))
        connection = http.client.HTTPSConnection("127.0.0.1", self.proxy.port, context=context, timeout=HANG_SECONDS)
        connection.set_tunnel("localhost", self.site)
        try:
            connection.request("GET", "/api/v1/timelines/home")
            posts: list[dict[str, Any]] = json.loads(connection.getresponse().read())
            return posts
        finally:
            connection.close()

    def shows(self, post_id: str) -> bool:
        return post_id in {post["id"] for post in self.load()}

    def said(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "circleshield", arguments[0], "--home", str(self.home), *arguments[1:]]
        return subprocess.run(command, capture_output=True, check=True).stdout.decode()


@contextmanager
def feed(folder: Path, config: str) -> Iterator[Feed]:
    with feed_site(folder) as (site, site_ca), running_proxy(folder, site_ca, config=config) as proxy:
        found = Feed(proxy, folder, site)
        found.load()
        until(lambda: '"remove"' in found.said("log", "--json", "--limit", "99") or "fold" in config)
        yield found


@pytest.fixture(scope="module")
def removing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Feed]:
    with feed(tmp_path_factory.mktemp("review"), _FILTER) as started:
        yield started


def until(is_so: Callable[[], object], seconds: float = HANG_SECONDS) -> None:
    give_up_at = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < give_up_at
        time.sleep(0.1)


def press(driver: webdriver.Chrome, selector: str) -> None:
    """Presses a button and waits for the next page, as a form's does."""
    button = driver.find_element(By.CSS_SELECTOR, selector)
    button.send_keys(Keys.ENTER)
    WebDriverWait(driver, HANG_SECONDS).until(lambda _: driver.find_elements(By.CSS_SELECTOR, ".notice"))


def fits(driver: webdriver.Chrome) -> bool:
    """Whether nothing has to be scrolled sideways; without scripts as well."""
    metrics = driver.execute_cdp_cmd("Page.getLayoutMetrics", {})
    return bool(metrics["cssContentSize"]["width"] <= metrics["cssLayoutViewport"]["clientWidth"])


@pytest.mark.parametrize(("width", "javascript"), [(DESKTOP, True), (PHONE, True), (PHONE, False)])
def test_what_was_taken_out_is_seen_and_undone(removing: Feed, tmp_path: Path, width: int, javascript: bool) -> None:
    with chromium(tmp_path, None, [], width, javascript) as driver:
        driver.get(removing.link)
        assert driver.current_url == removing.page  # the token is not in the address any more
        removed = driver.find_elements(By.CSS_SELECTOR, ".post:has(.action.remove)")
        assert len(removed) == 9
        assert len(driver.find_elements(By.CSS_SELECTOR, ".post")) > 9  # the unsure too
        assert fits(driver)
        first = removed[0]
        assert first.find_elements(By.TAG_NAME, "mark")
        key = first.find_element(By.NAME, "post").get_attribute("value") or ""
        post_id = key.partition(":")[2]
        assert not removing.shows(post_id)
        press(driver, f'button[value="social {key}"]')
        assert "1 shown again" in driver.find_element(By.CSS_SELECTOR, ".notice").text
        until(lambda: removing.shows(post_id), 3.0)
        driver.get(f"{removing.page}choices")
        assert "show it again" in driver.find_element(By.CSS_SELECTOR, "main").text
        press(driver, f'button[value="undo {key}"]')
        until(lambda: not removing.shows(post_id), 3.0)
        driver.get(f"{removing.page}?words=孕妇&platform=mastodon&action=remove")
        assert len(driver.find_elements(By.CSS_SELECTOR, ".post")) == 1


def test_friends_and_a_selection(removing: Feed, tmp_path: Path) -> None:
    with chromium(tmp_path, None, [], DESKTOP) as driver:
        driver.get(f"{removing.link}")
        driver.get(f"{removing.page}?action=remove")
        keys = [str(box.get_attribute("value")) for box in driver.find_elements(By.NAME, "post")]
        for box in driver.find_elements(By.NAME, "post")[:2]:
            box.send_keys(Keys.SPACE)
        press(driver, 'button[name="all"][value="social"]')
        until(lambda: all(removing.shows(key.partition(":")[2]) for key in keys[:2]), 3.0)
        assert not removing.shows(keys[2].partition(":")[2])
        driver.find_element(By.TAG_NAME, "body").send_keys(Keys.BACKSPACE)  # undo
        wait_for_text(driver, "Undone: 2")
        until(lambda: not any(removing.shows(key.partition(":")[2]) for key in keys[:2]), 3.0)

        driver.find_element(By.CSS_SELECTOR, ".friend summary").click()
        press(driver, 'button[value^="allow "]')
        until(lambda: len(removing.load()) == 16, 3.0)
        press(driver, ".notice button")
        until(lambda: len(removing.load()) == 15, 3.0)


def test_the_queue_by_keys_and_by_swiping(removing: Feed, tmp_path: Path) -> None:
    with chromium(tmp_path, None, [], PHONE) as driver:
        driver.get(removing.link)
        driver.get(f"{removing.page}queue")
        body = driver.find_element(By.TAG_NAME, "body")
        first = driver.find_element(By.CSS_SELECTOR, ".big .text").text
        body.send_keys(Keys.ARROW_LEFT)
        assert "1 taken out" in wait_for_text(driver, "1 of 20 new labels")
        assert driver.find_element(By.CSS_SELECTOR, ".big .text").text != first
        driver.find_element(By.TAG_NAME, "body").send_keys(Keys.BACKSPACE)
        assert "Undone" in wait_for_text(driver, "0 of 20 new labels")
        assert driver.find_element(By.CSS_SELECTOR, ".big .text").text == first
        swipe(driver, 200)
        assert "1 shown again" in wait_for_text(driver, "1 of 20 new labels")
        driver.find_element(By.CSS_SELECTOR, ".notice button").click()
        wait_for_text(driver, "0 of 20 new labels")
        driver.find_element(By.TAG_NAME, "body").send_keys(Keys.ARROW_UP)
        wait_for_text(driver, "noted as not sure")


def swipe(driver: webdriver.Chrome, across: int) -> None:
    """A finger on the card."""
    text = driver.find_element(By.CSS_SELECTOR, ".big .text").rect
    x, y = 80.0, text["y"] + 5.0
    touch = "Input.dispatchTouchEvent"
    driver.execute_cdp_cmd(touch, {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for step in range(1, 6):
        driver.execute_cdp_cmd(touch, {"type": "touchMove", "touchPoints": [{"x": x + across * step / 5, "y": y}]})
    driver.execute_cdp_cmd(touch, {"type": "touchEnd", "touchPoints": []})


@pytest.mark.parametrize(("width", "language", "scheme"), [(DESKTOP, "en", "light"), (PHONE, "zh-CN", "dark")])
def test_axe_finds_nothing_serious(removing: Feed, tmp_path: Path, width: int, language: str, scheme: str) -> None:
    with chromium(tmp_path, None, [], width, language=language) as driver:
        driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        )
        driver.get(f"{removing.page}pair")
        check(driver)
        driver.get(f"{removing.page}nothing")
        check(driver)
        driver.get(removing.link)
        for summary in driver.find_elements(By.TAG_NAME, "summary")[:12]:
            summary.click()
        check(driver)
        press(driver, 'button[value^="unsure "]')
        for path in ("queue", "choices", "devices", "?words=nothing", "folded/nothing"):
            driver.get(removing.page + path)
            check(driver)
        driver.get(f"{removing.page}devices")
        driver.find_element(By.CSS_SELECTOR, 'button[value="device"]').click()
        check(driver)


def check(driver: webdriver.Chrome) -> None:
    axe = Axe(driver)
    axe.inject()
    found = axe.run()["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")] == []
    assert fits(driver)
    log: list[dict[str, Any]] = driver.get_log("browser")  # type: ignore[no-untyped-call]
    assert [entry for entry in log if "Content Security" in entry["message"]] == []


def test_a_phone_behind_the_proxy_is_paired(removing: Feed, tmp_path: Path) -> None:
    with chromium(tmp_path, removing.proxy.port, [removing.proxy.ca], PHONE) as driver:
        driver.get("http://circle.shield/")
        assert "not paired" in wait_for_text(driver, "Closed")
        said = removing.said("pair")
        assert "█" in said or "▄" in said
        url = re.search(r"http://circle\.shield/pair\?code=\w+", said)
        assert url is not None
        driver.get(url[0])
        driver.find_element(By.CSS_SELECTOR, "button.main").click()
        wait_for_text(driver, "Taken out")
        assert len(driver.find_elements(By.CSS_SELECTOR, ".post:has(.action.remove)")) == 9
        assert "Devices" not in driver.find_element(By.TAG_NAME, "header").text
        driver.get(url[0])
        driver.find_element(By.CSS_SELECTOR, "button.main").click()
        wait_for_text(driver, "wrong or no longer good")
        driver.get(removing.page)  # through the proxy to the listener
        wait_for_text(driver, "Closed")


def is_folded(post: dict[str, Any]) -> bool:
    return "http://circle.shield/folded/" in post["content"]


def test_a_folded_posts_link_opens_its_text_and_choices(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with feed(home, CONFIG + '[filter]\naction = "fold"\n') as folding:
        folded = next(post for post in folding.load() if is_folded(post))
        with chromium(tmp_path / "browser", folding.proxy.port, [folding.proxy.ca], PHONE) as driver:
            follow = "document.body.innerHTML = arguments[0]; document.querySelector('a').click()"
            driver.get(f"https://localhost:{folding.site}/")
            driver.execute_script(follow, folded["content"])  # from the feed's own site
            assert "pair this device" in wait_for_text(driver, "A folded post")
            found = re.search(r"http://circle\.shield/pair\?code=\w+", folding.said("pair", "--owner"))
            assert found is not None
            driver.get(found[0])
            driver.find_element(By.CSS_SELECTOR, "button.main").click()
            wait_for_text(driver, "Taken out")
            driver.get(f"https://localhost:{folding.site}/")
            driver.execute_script(follow, folded["content"])
            wait_for_text(driver, "Show it again")
            press(driver, f'button[value="social mastodon:{folded["id"]}"]')
            until(
                lambda: "circle.shield" not in next(p["content"] for p in folding.load() if p["id"] == folded["id"]),
                3.0,
            )


def test_switched_off_and_on_again(removing: Feed) -> None:
    config = removing.home / "config.toml"
    before = config.read_text(encoding="utf-8")
    config.write_text(before.replace("[review]\n", "[review]\nenabled = false\n"), encoding="utf-8")
    try:
        until(lambda: _status(removing.page) is None)
        assert "review     off" in removing.said("status")
        assert _status("http://circle.shield/", removing.proxy.port) == 404
    finally:
        config.write_text(before, encoding="utf-8")
    until(lambda: _status("http://circle.shield/", removing.proxy.port) == 401)
    until(lambda: "review     http://127.0.0.1:" in removing.said("status"))
    url = removing.said("review", "--print").strip()
    assert _status(url) == 303
    assert _status(url) == 401  # good once


def _status(url: str, proxy: int | None = None) -> int | None:
    """What a GET is answered with; None where nobody listens."""
    host = url.split("/")[2]
    connection = http.client.HTTPConnection(f"127.0.0.1:{proxy}" if proxy else host, timeout=HANG_SECONDS)
    try:
        connection.request("GET", url if proxy else url.removeprefix(f"http://{host}"), headers={"Host": host})
        return connection.getresponse().status
    except ConnectionRefusedError:
        return None
    finally:
        connection.close()


def test_a_port_that_is_taken_stops_nothing_else(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with running_proxy(tmp_path, None, config=CONFIG.replace("127.0.0.1:0", address)) as proxy:
            assert f"cannot listen on {address}: Address already in use" in proxy.whole_log()
            assert _status("http://circle.shield/", proxy.port) == 401
            taken.close()
            until(lambda: f"the review page listens on {address}" in proxy.whole_log())
            assert _status(f"http://{address}/") == 401
            assert proxy.whole_log().count("cannot listen on") == 2  # in the greeting, and once in the log

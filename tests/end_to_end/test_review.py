"""The review page of a running proxy, in a browser: 24 posts flow through, and what was taken out can be undone."""

import http.client
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from tests.end_to_end.browser import DESKTOP, PHONE, appear, chromium, needs_chromium, wait_for_text
from tests.end_to_end.origin import HANG_SECONDS
from tests.end_to_end.proxy_process import CONFIG, running_proxy
from tests.end_to_end.review_feed import LEFT, REMOVED, Feed, check, fits, press, unfold, until

pytestmark = needs_chromium


@pytest.mark.parametrize(("width", "javascript"), [(DESKTOP, True), (PHONE, True), (PHONE, False)])
def test_what_was_taken_out_is_seen_and_undone(
    reviewed: Feed, browser: webdriver.Chrome, width: int, javascript: bool
) -> None:
    appear(browser, width, javascript)
    browser.get(reviewed.link)
    assert browser.current_url == reviewed.page  # the token is not in the address any more
    removed = browser.find_elements(By.CSS_SELECTOR, ".post:has(.action.remove)")
    assert len(removed) == REMOVED
    assert len(browser.find_elements(By.CSS_SELECTOR, ".post")) > REMOVED  # the unsure too
    assert fits(browser)
    assert browser.execute_script("return innerWidth") == width
    first = removed[0]
    assert first.find_elements(By.TAG_NAME, "mark")
    key = first.find_element(By.NAME, "post").get_attribute("value") or ""
    post_id = key.partition(":")[2]
    assert not reviewed.shows(post_id)
    press(browser, f'button[value="social {key}"]')
    assert "1 shown again" in browser.find_element(By.CSS_SELECTOR, ".notice").text
    until(lambda: reviewed.shows(post_id), 3.0)
    browser.get(f"{reviewed.page}choices")
    assert "show it again" in browser.find_element(By.CSS_SELECTOR, "main").text
    press(browser, f'button[value="undo {key}"]')
    until(lambda: not reviewed.shows(post_id), 3.0)
    browser.get(f"{reviewed.page}?words=孕妇&platform=mastodon&action=remove")
    assert len(browser.find_elements(By.CSS_SELECTOR, ".post")) == 1


def test_friends_and_a_selection(reviewed: Feed, browser: webdriver.Chrome) -> None:
    appear(browser, DESKTOP)
    browser.get(f"{reviewed.link}")
    browser.get(f"{reviewed.page}?action=remove")
    keys = [str(box.get_attribute("value")) for box in browser.find_elements(By.NAME, "post")]
    for box in browser.find_elements(By.NAME, "post")[:2]:
        box.send_keys(Keys.SPACE)
    press(browser, 'button[name="all"][value="social"]')
    until(lambda: all(reviewed.shows(key.partition(":")[2]) for key in keys[:2]), 3.0)
    assert not reviewed.shows(keys[2].partition(":")[2])
    browser.find_element(By.TAG_NAME, "body").send_keys(Keys.BACKSPACE)  # undo
    wait_for_text(browser, "Undone: 2")
    until(lambda: not any(reviewed.shows(key.partition(":")[2]) for key in keys[:2]), 3.0)

    browser.find_element(By.CSS_SELECTOR, ".friend summary").click()
    press(browser, 'button[value^="allow "]')
    until(lambda: len(reviewed.load()) == LEFT + 1, 3.0)
    press(browser, ".notice button")
    until(lambda: len(reviewed.load()) == LEFT, 3.0)


def test_the_queue_by_keys_and_by_swiping(reviewed: Feed, browser: webdriver.Chrome) -> None:
    browser.get(reviewed.link)
    browser.get(f"{reviewed.page}queue")
    body = browser.find_element(By.TAG_NAME, "body")
    first = browser.find_element(By.CSS_SELECTOR, ".big .text").text
    body.send_keys(Keys.ARROW_LEFT)
    assert "1 taken out" in wait_for_text(browser, "1 of 20 new labels")
    assert browser.find_element(By.CSS_SELECTOR, ".big .text").text != first
    browser.find_element(By.TAG_NAME, "body").send_keys(Keys.BACKSPACE)
    assert "Undone" in wait_for_text(browser, "0 of 20 new labels")
    assert browser.find_element(By.CSS_SELECTOR, ".big .text").text == first
    swipe(browser, 200)
    assert "1 shown again" in wait_for_text(browser, "1 of 20 new labels")
    browser.find_element(By.CSS_SELECTOR, ".notice button").click()
    wait_for_text(browser, "0 of 20 new labels")
    browser.find_element(By.TAG_NAME, "body").send_keys(Keys.ARROW_UP)
    wait_for_text(browser, "noted as not sure")


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
def test_axe_finds_nothing_serious(
    reviewed: Feed, browser: webdriver.Chrome, width: int, language: str, scheme: Literal["light", "dark"]
) -> None:
    appear(browser, width, language=language, scheme=scheme)
    browser.get(f"{reviewed.page}pair")
    check(browser)
    browser.get(f"{reviewed.page}nothing")
    check(browser)
    browser.get(reviewed.link)
    unfold(browser)
    check(browser)
    press(browser, 'button[value^="unsure "]')
    for path in ("queue", "choices", "devices", "?words=nothing", "folded/nothing"):
        browser.get(reviewed.page + path)
        check(browser)
    browser.get(f"{reviewed.page}devices")
    browser.find_element(By.CSS_SELECTOR, 'button[value="device"]').click()
    check(browser)


@pytest.fixture(scope="module")
def behind_proxy(shared_feed: Feed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """A phone behind the proxy."""
    with chromium(tmp_path_factory.mktemp("phone"), shared_feed.proxy.port, [shared_feed.proxy.ca]) as driver:
        yield driver


def test_a_phone_behind_the_proxy_is_paired(reviewed: Feed, behind_proxy: webdriver.Chrome) -> None:
    appear(behind_proxy)
    behind_proxy.get("http://circle.shield/")
    assert "not paired" in wait_for_text(behind_proxy, "Closed")
    said = reviewed.said("pair")
    assert "█" in said or "▄" in said
    url = re.search(r"http://circle\.shield/pair\?code=\w+", said)
    assert url is not None
    behind_proxy.get(url[0])
    behind_proxy.find_element(By.CSS_SELECTOR, "button.main").click()
    wait_for_text(behind_proxy, "Taken out")
    assert len(behind_proxy.find_elements(By.CSS_SELECTOR, ".post:has(.action.remove)")) == REMOVED
    assert "Devices" not in behind_proxy.find_element(By.TAG_NAME, "header").text
    behind_proxy.get(url[0])
    behind_proxy.find_element(By.CSS_SELECTOR, "button.main").click()
    wait_for_text(behind_proxy, "wrong or no longer good")
    behind_proxy.get(reviewed.page)  # through the proxy to the listener
    wait_for_text(behind_proxy, "Closed")


def is_folded(post: dict[str, Any]) -> bool:
    return "http://circle.shield/folded/" in post["content"]


def test_a_folded_posts_link_opens_its_text_and_choices(reviewed: Feed, behind_proxy: webdriver.Chrome) -> None:
    appear(behind_proxy)
    before = reviewed.config.read_text(encoding="utf-8")
    reviewed.config.write_text(before.replace("[filter]\n", '[filter]\naction = "fold"\n'), encoding="utf-8")
    try:
        until(lambda: len(reviewed.load()) == LEFT + REMOVED)
        folded = next(post for post in reviewed.load() if is_folded(post))
        follow = "document.body.innerHTML = arguments[0]; document.querySelector('a').click()"
        behind_proxy.get(f"https://localhost:{reviewed.site}/")
        behind_proxy.execute_script(follow, folded["content"])  # from the feed's own site
        assert "pair this device" in wait_for_text(behind_proxy, "A folded post")
        found = re.search(r"http://circle\.shield/pair\?code=\w+", reviewed.said("pair", "--owner"))
        assert found is not None
        behind_proxy.get(found[0])
        behind_proxy.find_element(By.CSS_SELECTOR, "button.main").click()
        wait_for_text(behind_proxy, "Taken out")
        behind_proxy.get(f"https://localhost:{reviewed.site}/")
        behind_proxy.execute_script(follow, folded["content"])
        wait_for_text(behind_proxy, "Show it again")
        press(behind_proxy, f'button[value="social mastodon:{folded["id"]}"]')
        until(
            lambda: "circle.shield" not in next(p["content"] for p in reviewed.load() if p["id"] == folded["id"]), 3.0
        )
        press(behind_proxy, ".notice button")
    finally:
        reviewed.config.write_text(before, encoding="utf-8")


def test_switched_off_and_on_again(reviewed: Feed) -> None:
    before, page = reviewed.config.read_text(encoding="utf-8"), reviewed.page
    reviewed.config.write_text(before.replace("[review]\n", "[review]\nenabled = false\n"), encoding="utf-8")
    try:
        until(lambda: _status(page) is None)
        assert "review     off" in reviewed.said("status")
        assert _status("http://circle.shield/", reviewed.proxy.port) == 404
    finally:
        reviewed.config.write_text(before, encoding="utf-8")
    until(lambda: _status("http://circle.shield/", reviewed.proxy.port) == 401)
    until(lambda: reviewed.page != "None")
    assert f"review     {reviewed.page}" in reviewed.said("status")
    url = reviewed.said("review", "--print").strip()
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

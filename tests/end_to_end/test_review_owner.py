"""The owner's pages of a running proxy, in a browser: friends, numbers, settings, model; 24 posts flow through."""

import re
from typing import Literal

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait
from tests.end_to_end.browser import DESKTOP, PHONE, appear, needs_chromium
from tests.end_to_end.review_feed import LEFT, REMOVED, Feed, check, fits, next_page, press, unfold, until

from circleshield_addon.settings import load_settings
from circleshield_model import versions

pytestmark = needs_chromium


@pytest.mark.parametrize(("width", "language", "scheme"), [(DESKTOP, "en", "light"), (PHONE, "zh-CN", "dark")])
def test_axe_finds_nothing_serious(
    reviewed: Feed, browser: webdriver.Chrome, width: int, language: str, scheme: Literal["light", "dark"]
) -> None:
    appear(browser, width, language=language, scheme=scheme)
    browser.get(reviewed.link)
    for path in ("friends", "numbers", "settings", "model"):
        browser.get(reviewed.page + path)
        unfold(browser)
        assert browser.find_elements(By.CSS_SELECTOR, "h2, legend")
        check(browser)


@pytest.mark.parametrize(("width", "javascript"), [(DESKTOP, True), (PHONE, False)])
def test_settings_are_written_and_hold(reviewed: Feed, browser: webdriver.Chrome, width: int, javascript: bool) -> None:
    config = reviewed.config
    before = config.read_text(encoding="utf-8")
    assert len(reviewed.load()) == LEFT
    appear(browser, width, javascript)
    browser.get(reviewed.link)
    browser.get(f"{reviewed.page}settings")
    assert fits(browser)
    assert "as many posts taken out as now" in browser.find_element(By.ID, "forecast").text
    if javascript:
        browser.find_element(By.ID, "slide_remove_at").send_keys(Keys.HOME)  # the slider, to 0
        number = browser.find_element(By.ID, "remove_at").get_attribute("value")
        assert number == "0"
    else:
        assert not browser.find_element(By.ID, "slide_remove_at").is_displayed()
        for name in ("remove_at", "review_at"):
            browser.find_element(By.ID, name).clear()
            browser.find_element(By.ID, name).send_keys("0")
        next_page(browser, "[data-forecast]")
    until(lambda: re.search(r"\+\d+ posts a week taken out", browser.find_element(By.ID, "forecast").text))
    for name in ("remove_at", "review_at"):
        browser.find_element(By.ID, name).clear()
        browser.find_element(By.ID, name).send_keys("0.0005" if name == "review_at" else "1")
    press(browser, "main form:last-of-type button.main")
    assert config.read_text(encoding="utf-8") == before.replace("0.95", "1").replace("0.001", "0.0005")
    until(lambda: len(reviewed.load()) > LEFT, 5.0)
    config.write_text(before, encoding="utf-8")
    until(lambda: len(reviewed.load()) == LEFT, 5.0)
    browser.get(f"{reviewed.page}settings")
    assert browser.find_element(By.ID, "remove_at").get_attribute("value") == "0.95"
    press(browser, 'button[name="span"][value="1h"]')
    assert len(reviewed.load()) == LEFT + REMOVED
    press(browser, 'button[name="device"]')
    until(lambda: len(reviewed.load()) == LEFT, 5.0)
    assert load_settings(config).filter.remove_at == 0.95


def test_numbers_and_friends_are_those_of_the_feed(reviewed: Feed, browser: webdriver.Chrome) -> None:
    browser.get(reviewed.link)
    browser.get(f"{reviewed.page}numbers")
    assert fits(browser)
    text = browser.find_element(By.TAG_NAME, "main").text
    delay = re.search(r"([\d.]+) ms for half of the pages, ([\d.]+) ms for all", text)
    assert delay is not None
    assert 0 < float(delay[1]) <= float(delay[2])
    browser.find_element(By.CSS_SELECTOR, "details summary").send_keys(Keys.ENTER)
    assert "24" in browser.find_element(By.CSS_SELECTOR, "table").text
    browser.get(f"{reviewed.page}friends")
    assert fits(browser)
    assert browser.find_elements(By.CSS_SELECTOR, ".person svg.chart.small")
    press(browser, 'button[value^="block "]')
    assert "shielded by you" in browser.find_element(By.TAG_NAME, "main").text
    press(browser, ".notice button")
    assert "shielded by you" not in browser.find_element(By.TAG_NAME, "main").text


@pytest.mark.timeout(300)  # it gives way to all else that runs
def test_a_training_is_followed_promoted_and_taken_back(reviewed: Feed, browser: webdriver.Chrome) -> None:
    appear(browser, DESKTOP)
    browser.get(reviewed.link)
    for _ in range(3):
        browser.get(f"{reviewed.page}?action=remove")
        press(browser, 'button[value^="spam "]')
    browser.get(f"{reviewed.page}model")
    press(browser, "button.main")
    assert browser.find_elements(By.CSS_SELECTOR, "[data-progress] progress")
    WebDriverWait(browser, 240).until(lambda d: "What the training came to" in d.page_source)
    assert re.search("not worse|is worse", browser.find_element(By.TAG_NAME, "main").text)
    check(browser)
    press(browser, 'button.main[name="version"]')
    (version,) = versions.versions(reviewed.home)
    assert versions.in_use(reviewed.home) == version
    browser.get(f"{reviewed.page}numbers")

    def holds() -> bool:
        browser.refresh()
        return f"{version}, trained on your labels" in browser.page_source

    until(holds)
    browser.get(f"{reviewed.page}model")
    press(browser, f'button[name="version"][value="{versions.NAME}"]')
    assert versions.in_use(reviewed.home) == versions.NAME

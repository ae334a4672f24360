"""The owner's pages of a running proxy, in a browser: friends, numbers, settings, model; 24 posts flow through."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait
from tests.end_to_end.browser import DESKTOP, PHONE, chromium, needs_chromium
from tests.end_to_end.proxy_process import CONFIG
from tests.end_to_end.test_review import Feed, check, feed, fits, press, until

from circleshield_addon.settings import load_settings
from circleshield_model import versions

pytestmark = needs_chromium
_CONFIG = CONFIG + "# ours\n[filter]\nremove_at = 0.95  # strict\nreview_at = 0.001\n"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Feed]:
    with feed(tmp_path_factory.mktemp("owner"), _CONFIG) as started:
        yield started


@pytest.mark.parametrize(("width", "language", "scheme"), [(DESKTOP, "en", "light"), (PHONE, "zh-CN", "dark")])
def test_axe_finds_nothing_serious(running: Feed, tmp_path: Path, width: int, language: str, scheme: str) -> None:
    with chromium(tmp_path, None, [], width, language=language) as driver:
        driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        )
        driver.get(running.link)
        for path in ("friends", "numbers", "settings", "model"):
            driver.get(running.page + path)
            for summary in driver.find_elements(By.TAG_NAME, "summary"):
                summary.click()
            assert driver.find_elements(By.CSS_SELECTOR, "h2, legend")
            check(driver)


@pytest.mark.parametrize(("width", "javascript"), [(DESKTOP, True), (PHONE, False)])
def test_settings_are_written_and_hold(running: Feed, tmp_path: Path, width: int, javascript: bool) -> None:
    config = running.home / "config.toml"
    before = config.read_text(encoding="utf-8")
    assert len(running.load()) == 15
    with chromium(tmp_path, None, [], width, javascript) as driver:
        driver.get(running.link)
        driver.get(f"{running.page}settings")
        assert fits(driver)
        assert "as many posts taken out as now" in driver.find_element(By.ID, "forecast").text
        if javascript:
            driver.find_element(By.ID, "slide_remove_at").send_keys(Keys.HOME)  # the slider, to 0
            number = driver.find_element(By.ID, "remove_at").get_attribute("value")
            assert number == "0"
        else:
            assert not driver.find_element(By.ID, "slide_remove_at").is_displayed()
            for name in ("remove_at", "review_at"):
                driver.find_element(By.ID, name).clear()
                driver.find_element(By.ID, name).send_keys("0")
            driver.find_element(By.CSS_SELECTOR, "[data-forecast]").send_keys(Keys.ENTER)
        until(lambda: re.search(r"\+\d+ posts a week taken out", driver.find_element(By.ID, "forecast").text))
        for name in ("remove_at", "review_at"):
            driver.find_element(By.ID, name).clear()
            driver.find_element(By.ID, name).send_keys("0.0005" if name == "review_at" else "1")
        press(driver, "main form:last-of-type button.main")
        assert config.read_text(encoding="utf-8") == before.replace("0.95", "1").replace("0.001", "0.0005")
        until(lambda: len(running.load()) > 15, 5.0)
        config.write_text(before, encoding="utf-8")
        until(lambda: len(running.load()) == 15, 5.0)
        driver.get(f"{running.page}settings")
        assert driver.find_element(By.ID, "remove_at").get_attribute("value") == "0.95"
        press(driver, 'button[name="span"][value="1h"]')
        assert len(running.load()) == 24
        press(driver, 'button[name="device"]')
        until(lambda: len(running.load()) == 15, 5.0)
        assert load_settings(config).filter.remove_at == 0.95


def test_numbers_and_friends_are_those_of_the_feed(running: Feed, tmp_path: Path) -> None:
    with chromium(tmp_path, None, [], PHONE, javascript=False) as driver:
        driver.get(running.link)
        driver.get(f"{running.page}numbers")
        assert fits(driver)
        text = driver.find_element(By.TAG_NAME, "main").text
        delay = re.search(r"([\d.]+) ms for half of the pages, ([\d.]+) ms for all", text)
        assert delay is not None
        assert 0 < float(delay[1]) <= float(delay[2])
        driver.find_element(By.CSS_SELECTOR, "details summary").click()
        assert "24" in driver.find_element(By.CSS_SELECTOR, "table").text
        driver.get(f"{running.page}friends")
        assert fits(driver)
        assert driver.find_elements(By.CSS_SELECTOR, ".person svg.chart.small")
        press(driver, 'button[value^="block "]')
        assert "shielded by you" in driver.find_element(By.TAG_NAME, "main").text
        press(driver, ".notice button")
        assert "shielded by you" not in driver.find_element(By.TAG_NAME, "main").text


@pytest.mark.timeout(300)  # it gives way to all else that runs
def test_a_training_is_followed_promoted_and_taken_back(running: Feed, tmp_path: Path) -> None:
    with chromium(tmp_path, None, [], DESKTOP) as driver:
        driver.get(running.link)
        for _ in range(3):
            driver.get(f"{running.page}?action=remove")
            press(driver, 'button[value^="spam "]')
        driver.get(f"{running.page}model")
        press(driver, "button.main")
        assert driver.find_elements(By.CSS_SELECTOR, "[data-progress] progress")
        WebDriverWait(driver, 240).until(lambda d: "What the training came to" in d.page_source)
        assert re.search("not worse|is worse", driver.find_element(By.TAG_NAME, "main").text)
        check(driver)
        press(driver, 'button.main[name="version"]')
        (version,) = versions.versions(running.home)
        assert versions.in_use(running.home) == version
        driver.get(f"{running.page}numbers")

        def holds() -> bool:
            driver.refresh()
            return f"{version}, trained on your labels" in driver.page_source

        until(holds)
        driver.get(f"{running.page}model")
        press(driver, f'button[name="version"][value="{versions.NAME}"]')
        assert versions.in_use(running.home) == versions.NAME

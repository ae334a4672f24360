"""A running proxy in front of the demo's feed of 24 posts, and what a person does on its review page."""

import http.client
import json
import re
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axe_selenium_python import Axe
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait
from tests.end_to_end.origin import HANG_SECONDS
from tests.end_to_end.proxy_process import CONFIG, ProxyProcess, running_proxy

from circleshield.control import ask
from circleshield.demo.site import feed_site
from circleshield_addon.history import Filter, count
from circleshield_addon.ledger import FILE, Ledger

REMOVED, LEFT = 9, 15
_CONFIG = CONFIG + "# ours\n[filter]\nremove_at = 0.95  # strict\nreview_at = 0.001\n"


@dataclass
class Feed:
    """A proxy in front of the demo's feed."""

    proxy: ProxyProcess
    home: Path
    site: int

    @property
    def page(self) -> str:
        """Where the review page listens, which changes when it is switched off and on."""
        return str(ask(self.home, "status")["review"]["address"])

    @property
    def link(self) -> str:
        """What opens the page, with the token that the terminal says."""
        found = re.search(r"^review +http\S+(\?token=\S+)$", self.proxy.whole_log(), re.M)
        assert found is not None
        return self.page + found[1]

    @property
    def config(self) -> Path:
        return self.home / "config.toml"

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

    def recorded(self, action: str) -> int:
        """How many posts the ledger has with an action."""
        with closing(Ledger(self.home / FILE)) as ledger:
            return count(ledger, Filter(action=action))

    def wait(self) -> None:
        """Until the feed and the ledger are as they are without any choice."""
        until(lambda: len(self.load()) == LEFT and self.recorded("remove") == REMOVED)

    def said(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "circleshield", arguments[0], "--home", str(self.home), *arguments[1:]]
        return subprocess.run(command, capture_output=True, check=True).stdout.decode()


@contextmanager
def feed(folder: Path) -> Iterator[Feed]:
    with feed_site(folder) as (site, site_ca), running_proxy(folder, site_ca, config=_CONFIG) as proxy:
        yield Feed(proxy, folder, site)


def until(is_so: Callable[[], object], seconds: float = HANG_SECONDS) -> None:
    give_up_at = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < give_up_at
        time.sleep(0.05)


def press(driver: webdriver.Chrome, selector: str) -> None:
    """Presses a button and waits for the next page, as a form's does, and for what it says was done."""
    next_page(driver, selector)
    WebDriverWait(driver, HANG_SECONDS, 0.1).until(lambda _: driver.find_elements(By.CSS_SELECTOR, ".notice"))


def next_page(driver: webdriver.Chrome, selector: str) -> None:
    """Presses a button and waits for the next page."""
    page = driver.find_element(By.TAG_NAME, "html")
    driver.find_element(By.CSS_SELECTOR, selector).send_keys(Keys.ENTER)
    WebDriverWait(driver, HANG_SECONDS, 0.1).until(lambda _: _is_gone(page))


def _is_gone(element: WebElement) -> bool:
    try:
        element.is_enabled()
    except StaleElementReferenceException:
        return True
    except WebDriverException as e:  # so it says in the moment when the next page comes
        return "does not belong to the document" in str(e)
    return False


def fits(driver: webdriver.Chrome) -> bool:
    """Whether nothing has to be scrolled sideways; without scripts as well."""
    metrics = driver.execute_cdp_cmd("Page.getLayoutMetrics", {})
    return bool(metrics["cssContentSize"]["width"] <= metrics["cssLayoutViewport"]["clientWidth"])


def unfold(driver: webdriver.Chrome) -> None:
    """Opens all that is folded on the page."""
    driver.execute_script("for (const one of document.querySelectorAll('details')) one.open = true")


def check(driver: webdriver.Chrome) -> None:
    """That axe finds nothing serious, nothing has to be scrolled sideways, and the content policy was kept to."""
    axe = Axe(driver)
    axe.inject()
    found = axe.run()["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in ("serious", "critical")] == []
    assert fits(driver)
    log: list[dict[str, Any]] = driver.get_log("browser")  # type: ignore[no-untyped-call]
    assert [entry for entry in log if "Content Security" in entry["message"]] == []

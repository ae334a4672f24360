"""Headless Chromium, with a fresh home, that trusts the certificate authorities it is given."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait
from tests.end_to_end.origin import HANG_SECONDS

HEADLESS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

_PEM = "-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n"
PHONE = 360
DESKTOP = 1200

needs_chromium = pytest.mark.skipif(
    not all(map(shutil.which, ("chromium", "chromedriver", "certutil"))),
    reason="needs chromium, chromedriver and certutil (Debian: chromium chromium-driver libnss3-tools)",
)


def trusting(database: Path, trusted: Sequence[Path]) -> None:
    """Makes a folder a certificate database of NSS, as browsers have one, that trusts the CAs in PEM files."""
    database.mkdir(parents=True)
    nss = ["certutil", "-d", f"sql:{database}"]
    subprocess.run([*nss, "-N", "--empty-password"], check=True)
    certificates = [part for file in trusted for part in re.findall(_PEM, file.read_text(), re.S)]
    for number, certificate in enumerate(certificates):
        command = [*nss, "-A", "-t", "C,,", "-n", f"test {number}"]
        subprocess.run(command, input=certificate, text=True, check=True)


@contextmanager
def chromium(
    folder: Path,
    proxy: int | None,
    trusted: Sequence[Path],
    loopback: Sequence[str] = (),
    pac: str | None = None,
) -> Iterator[webdriver.Chrome]:
    """A browser with its home in `folder`; through the proxy at a port of loopback, or direct.

    It is a phone until `appear` says otherwise. `loopback`: names that it looks for on this machine. `pac`: the address
    of a proxy auto-config file.
    """
    home = folder / "home"
    trusting(home / ".pki" / "nssdb", trusted)

    options = Options()
    for flag in (*HEADLESS, f"--user-data-dir={home / 'profile'}"):
        options.add_argument(flag)
    if pac is not None:
        options.add_argument(f"--proxy-pac-url={pac}")
    if loopback:
        options.add_argument("--host-resolver-rules=" + ", ".join(f"MAP {name} 127.0.0.1" for name in loopback))
    if proxy is not None:
        options.add_argument(f"--proxy-server=127.0.0.1:{proxy}")
        options.add_argument("--proxy-bypass-list=<-loopback>")
    options.binary_location = str(shutil.which("chromium"))
    service = Service(
        executable_path=str(shutil.which("chromedriver")),
        env={**os.environ, "HOME": str(home)},
        log_output=subprocess.DEVNULL,
    )
    driver = webdriver.Chrome(options, service)
    try:
        driver.set_page_load_timeout(HANG_SECONDS)
        appear(driver)
        yield driver
    finally:
        driver.quit()


def appear(
    driver: webdriver.Chrome,
    width: int = PHONE,
    javascript: bool = True,
    language: str = "en",
    scheme: Literal["light", "dark"] = "light",
) -> None:
    """Makes a running browser another one, without cookies; from 501 pixels on without a touch screen."""
    phone = width <= 500
    size = {"width": width, "height": 800, "deviceScaleFactor": 2, "mobile": phone}
    for command, values in (
        ("Network.clearBrowserCookies", {}),
        ("Emulation.setDeviceMetricsOverride", size),
        ("Emulation.setTouchEmulationEnabled", {"enabled": phone}),
        ("Emulation.setScriptExecutionDisabled", {"value": not javascript}),
        ("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}),
        ("Network.enable", {}),
        ("Network.setExtraHTTPHeaders", {"headers": {"Accept-Language": language}}),
    ):
        driver.execute_cdp_cmd(command, values)


def wait_for_text(driver: webdriver.Chrome, text: str) -> str:
    """The text of the page, as soon as `text` is part of it."""

    def page_text(driver: webdriver.Chrome) -> str:
        return str(driver.execute_script("return document.body.innerText"))

    WebDriverWait(driver, HANG_SECONDS).until(lambda driver: text in page_text(driver))
    return page_text(driver)

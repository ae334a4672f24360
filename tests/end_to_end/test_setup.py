"""What a device gets from the proxy's own port before it uses the proxy, and the commands that show the way there."""

import http.client
import plistlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from tests.end_to_end.browser import chromium, needs_chromium, wait_for_text
from tests.end_to_end.origin import HANG_SECONDS, Answer, Origin
from tests.end_to_end.proxy_process import CIRCLESHIELD, CONFIG, ProxyProcess, running_proxy

from circleshield.reach import lan_address
from circleshield_addon.adapters import ADAPTERS
from circleshield_addon.proxy_users import hash_of

LAN = lan_address() or ""
pytestmark = pytest.mark.skipif(not LAN, reason="needs a network interface besides loopback")


@pytest.fixture(scope="module")
def lan_proxy(tmp_path_factory: pytest.TempPathFactory, origin_ca: Path) -> Iterator[ProxyProcess]:
    with running_proxy(tmp_path_factory.mktemp("setup"), origin_ca, "--listen", f"{LAN}:0") as started:
        yield started


def got(proxy: ProxyProcess, path: str, language: str = "en") -> tuple[int, str, bytes]:
    """Status, type and body of what a device gets that has opened a path of the proxy's own port."""
    connection = http.client.HTTPConnection(LAN, proxy.port, timeout=HANG_SECONDS)
    connection.request("GET", path, headers={"Accept-Language": language})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, response.getheader("Content-Type", ""), body


def test_the_files_and_their_types(lan_proxy: ProxyProcess) -> None:
    root = x509.load_pem_x509_certificate(lan_proxy.ca.read_bytes())
    status, kind, body = got(lan_proxy, "/ca.pem")
    assert (status, kind, x509.load_pem_x509_certificate(body)) == (200, "application/x-pem-file", root)
    status, kind, body = got(lan_proxy, "/ca.cer")
    assert (status, kind, x509.load_der_x509_certificate(body)) == (200, "application/x-x509-ca-cert", root)
    status, kind, body = got(lan_proxy, "/profile.mobileconfig")
    assert (status, kind) == (200, "application/x-apple-aspen-config")
    assert plistlib.loads(body)["PayloadContent"][0]["PayloadType"] == "com.apple.security.root"
    status, kind, body = got(lan_proxy, "/proxy.pac")
    assert (status, kind) == (200, "application/x-ns-proxy-autoconfig")
    assert f'"PROXY {LAN}:{lan_proxy.port}; DIRECT"' in body.decode()
    assert f'"PROXY {LAN}:{lan_proxy.port}"' in got(lan_proxy, "/proxy.pac?closed")[2].decode()


@pytest.mark.parametrize(("language", "words"), [("en-GB,en", "Trust the certificate"), ("zh-CN,zh", "信任证书")])
def test_the_page_in_both_languages(language: str, words: str, lan_proxy: ProxyProcess) -> None:
    status, _, body = got(lan_proxy, "/setup", language)
    assert status == 200
    page = body.decode()
    assert words in page
    assert page.count("<svg") == 5
    assert f"http://{LAN}:{lan_proxy.port}/proxy.pac" in page


@pytest.mark.parametrize("path", ["/", "/queue", "/devices", "/pair", "/nothing", "//weibo.com/"])
def test_the_rest_of_the_page_is_not_on_that_port(path: str, lan_proxy: ProxyProcess) -> None:
    status, _, body = got(lan_proxy, path)
    assert status == 403
    assert b"http://circle.shield/" in body


def test_the_files_are_there_while_the_page_is_off(tmp_path: Path, origin_ca: Path) -> None:
    config = CONFIG.replace("[review]\n", "[review]\nenabled = false\n")
    assert "enabled = false" in config.partition("[review]")[2]
    with running_proxy(tmp_path, origin_ca, "--listen", f"{LAN}:0", config=config) as proxy:
        assert got(proxy, "/proxy.pac")[0] == 200
        assert got(proxy, "/")[0] == 403


def test_the_files_need_no_proxy_password_and_the_rest_does(tmp_path: Path, origin_ca: Path) -> None:
    config = CONFIG + f'[users.anna]\npassword = "{hash_of("secret words")}"\n'
    with running_proxy(tmp_path, origin_ca, "--listen", f"{LAN}:0", config=config) as proxy:
        assert got(proxy, "/proxy.pac")[0] == 200
        assert got(proxy, "/")[0] == 403
        assert got(proxy, "http://circle.shield/setup")[0] == 407
        assert got(proxy, f"http://{LAN}:1/setup")[0] == 407


def circleshield(proxy: ProxyProcess, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *CIRCLESHIELD, *arguments, "--home", str(proxy.ca.parent.parent)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=HANG_SECONDS)


def test_the_commands(lan_proxy: ProxyProcess, tmp_path: Path) -> None:
    shown = circleshield(lan_proxy, "setup", "ios", "--language", "zh").stdout
    assert "证书信任设置" in shown
    assert f"http://{LAN}:{lan_proxy.port}/setup" in shown
    removed = circleshield(lan_proxy, "setup", "android", "--remove", "--language", "en").stdout
    assert "Trusted credentials" in removed
    assert "Install" not in removed
    file = tmp_path / "x.mobileconfig"
    assert circleshield(lan_proxy, "setup", "--profile", str(file)).returncode == 0
    assert plistlib.loads(file.read_bytes())["PayloadType"] == "Configuration"
    assert file.stat().st_mode & 0o777 == 0o600
    refused = circleshield(lan_proxy, "setup", "--wifi", "home")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--profile" in refused.stderr


@needs_chromium
def test_the_pac_file_in_a_browser(tmp_path: Path, lan_proxy: ProxyProcess, origin_ca: Path) -> None:
    text = got(lan_proxy, "/proxy.pac")[2].decode()
    hosts = {host: host.replace("*", "deep.below") for adapter in ADAPTERS for host in adapter.hosts}
    off = set(next(adapter for adapter in ADAPTERS if adapter.name == "x").hosts)  # in the config
    proxied = [name for host, name in hosts.items() if host not in off]
    direct = ["evilweibo.com", "weibo.com.example", "bank.example", "host.bsky.network", "www.baidu.com", *off]
    with Origin(None, socket.create_server((LAN, 0))).running() as plain:
        path = plain.add(Answer([b"<p>straight</p>"], [("Content-Type", "text/html")]), "/page")
        pac = f"http://{LAN}:{lan_proxy.port}/proxy.pac"
        with chromium(tmp_path / "browser", None, [], pac=pac) as driver:
            script = "const dnsDomainIs = (host, domain) => host.endsWith(domain);" + text
            ask = script + "return arguments[0].map(name => FindProxyForURL(`https://${name}/`, name));"
            assert set(driver.execute_script(ask, [*proxied, "WEIBO.com."])) == {
                f"PROXY {LAN}:{lan_proxy.port}; DIRECT"
            }
            assert set(driver.execute_script(ask, direct)) == {"DIRECT"}
            # The browser itself: a name that nobody but the proxy knows, and a page that it fetches by itself.
            driver.get("http://circle.shield/setup")
            wait_for_text(driver, "proxy.pac")
            driver.get(f"http://{LAN}:{plain.port}{path}")
            wait_for_text(driver, "straight")
            assert b"Proxy-Connection" not in plain.requests[path][0].head

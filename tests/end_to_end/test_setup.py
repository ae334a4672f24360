"""What a device gets from the proxy's own port before it uses the proxy, and the commands that show the way there."""

import http.client
import json
import plistlib
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from tests.end_to_end.browser import chromium, needs_chromium, wait_for_text
from tests.end_to_end.commands import circleshield
from tests.end_to_end.origin import HANG_SECONDS, Answer, Origin
from tests.end_to_end.proxy_process import CONFIG, ProxyProcess, running_proxy

from circleshield.reach import lan_address
from circleshield_addon.adapters import ADAPTERS
from circleshield_addon.proxy_users import hash_of

LAN = lan_address() or ""
pytestmark = pytest.mark.skipif(not LAN, reason="needs a network interface besides loopback")


@pytest.fixture(scope="module")
def lan_proxy(tmp_path_factory: pytest.TempPathFactory, origin_ca: Path) -> Iterator[ProxyProcess]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind((LAN, 0))
        port = free.getsockname()[1]
    options = ("--listen", f"{LAN}:0", "--mode", "regular", "--mode", f"wireguard@{LAN}:{port}")
    with running_proxy(tmp_path_factory.mktemp("setup"), origin_ca, *options) as started:
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


def test_the_commands(lan_proxy: ProxyProcess, tmp_path: Path) -> None:
    shown = circleshield(lan_proxy.home, "setup", "ios", "--language", "zh").stdout
    assert "证书信任设置" in shown
    assert f"http://{LAN}:{lan_proxy.port}/setup" in shown
    removed = circleshield(lan_proxy.home, "setup", "android", "--remove", "--language", "en").stdout
    assert "Trusted credentials" in removed
    assert "Install" not in removed
    file = tmp_path / "x.mobileconfig"
    assert circleshield(lan_proxy.home, "setup", "--profile", str(file)).returncode == 0
    assert plistlib.loads(file.read_bytes())["PayloadType"] == "Configuration"
    assert file.stat().st_mode & 0o777 == 0o600
    refused = circleshield(lan_proxy.home, "setup", "--wifi", "home")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--profile" in refused.stderr


def test_the_owners_page_of_tunnels(lan_proxy: ProxyProcess) -> None:
    page = json.loads(circleshield(lan_proxy.home, "status", "--json").stdout)
    where = next(addresses[0] for mode, addresses in page["listening"].items() if mode.startswith("wireguard"))
    found = re.search(r"^review +(http://127.0.0.1:\d+)/(\?token=\S+)", lan_proxy.whole_log(), re.M)
    assert found is not None
    with httpx.Client(base_url=found[1], trust_env=False, follow_redirects=True, timeout=HANG_SECONDS) as owner:
        assert owner.get("/setup/wireguard").status_code == 401
        assert owner.get(f"/{found[2]}").status_code == 200
        token = re.search(r'name="form_token" value="([^"]+)"', owner.get("/setup/wireguard").text)
        assert token is not None

        def post(path: str, name: str) -> httpx.Response:
            form = {"form_token": token[1], "name": name}
            return owner.post(f"/setup/wireguard/{path}", data=form, headers={"Origin": found[1]})

        shown = post("add", "anna").text
        assert "<svg" in shown
        assert f"Endpoint = {where}" in shown
        assert "10.0.0.2" in circleshield(lan_proxy.home, "wireguard", "list").stdout
        assert "already" in post("add", "anna").text
        for name in ("ben", "cy", "dora"):  # while the one before is still being let in
            assert f"Endpoint = {where}" in post("add", name).text
            post("revoke", name)
        assert "does not listen" not in lan_proxy.whole_log()
        post("revoke", "anna")
        assert circleshield(lan_proxy.home, "wireguard", "list").stdout == ""
    assert got(lan_proxy, "/setup/wireguard")[0] == 403


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

"""TLS clients as different as can be had, each asked whether it takes a server's certificate."""

import ipaddress
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from selenium.common.exceptions import WebDriverException
from tests.end_to_end.browser import chromium, trusting
from tests.end_to_end.origin import HANG_SECONDS

_JAVA = """
import java.net.*; import javax.net.ssl.*;
public class Ask { public static void main(String[] a) throws Exception {
  for (int i = 0; i < a.length; i += 2) {
    SSLSocketFactory made = (SSLSocketFactory) SSLSocketFactory.getDefault();
    try (Socket plain = new Socket("127.0.0.1", Integer.parseInt(a[i + 1]));
         SSLSocket tls = (SSLSocket) made.createSocket(plain, a[i], Integer.parseInt(a[i + 1]), true)) {
      SSLParameters asked = tls.getSSLParameters();
      asked.setEndpointIdentificationAlgorithm("HTTPS");
      tls.setSSLParameters(asked);
      tls.getOutputStream().write("GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n".getBytes());
      tls.getInputStream().read();
    } catch (SSLException refused) { System.out.println(refused); }
  } } }
"""


@dataclass
class Site:
    """A server with one certificate; `taken` is whether its first client went on to send a request."""

    name: str
    certificate: Path
    port: int = 0
    taken: bool = False
    asked: threading.Event = field(default_factory=threading.Event)

    @property
    def is_address(self) -> bool:
        with suppress(ValueError):
            return bool(ipaddress.ip_address(self.name))
        return False

    @property
    def url(self) -> str:
        return f"https://{self.name}:{self.port}/"

    @contextmanager
    def running(self) -> Iterator["Site"]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
            thread = threading.Thread(target=self._serve, args=(listener, context), daemon=True)
            thread.start()
            try:
                yield self
            finally:
                listener.shutdown(socket.SHUT_RDWR)
                thread.join()

    def _serve(self, listener: socket.socket, context: ssl.SSLContext) -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            plain.settimeout(HANG_SECONDS)
            # A client that refuses says so or just goes.
            with suppress(OSError), plain, context.wrap_socket(plain, server_side=True) as connection:
                self.taken |= connection.recv(4096).startswith(b"GET / ")
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
            self.asked.set()


Ask = Callable[[Sequence[Site], Path, Path], None]
"""Asks each site once, trusting the roots in a PEM file, with a folder for what it needs."""


def openssl(sites: Sequence[Site], roots: Path, folder: Path) -> None:
    for site in sites:
        name = (
            ["-verify_ip", site.name] if site.is_address else ["-servername", site.name, "-verify_hostname", site.name]
        )
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{site.port}", "-CAfile", str(roots), *name]
        _run([*command, "-verify_return_error", "-ign_eof"], b"GET / HTTP/1.1\r\n\r\n")


def curl(sites: Sequence[Site], roots: Path, folder: Path) -> None:
    for site in sites:
        to_loopback = f"{site.name}:{site.port}:127.0.0.1:{site.port}"
        _run(["curl", "--silent", "--noproxy", "*", "--cacert", str(roots), "--connect-to", to_loopback, site.url])


def python(sites: Sequence[Site], roots: Path, folder: Path) -> None:
    context = ssl.create_default_context(cafile=str(roots))
    for site in sites:
        with (
            suppress(ssl.SSLError),
            socket.create_connection(("127.0.0.1", site.port), HANG_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=site.name) as connection,
        ):
            connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
            connection.recv(4096)


def java(sites: Sequence[Site], roots: Path, folder: Path) -> None:
    store = folder / "trusted.p12"
    for number, root in enumerate(roots.read_text().split("-----END CERTIFICATE-----\n")[:-1]):
        one = folder / f"root{number}.pem"
        one.write_text(root + "-----END CERTIFICATE-----\n")
        into = ["-keystore", str(store), "-storepass", "changeit", "-alias", str(number), "-noprompt"]
        _run(["keytool", "-importcert", "-file", str(one), *into])
    (folder / "Ask.java").write_text(_JAVA)
    trust = [f"-Djavax.net.ssl.trustStore={store}", "-Djavax.net.ssl.trustStorePassword=changeit"]
    asked = [text for site in sites for text in (site.name, str(site.port))]
    _run(["java", "-XX:TieredStopAtLevel=1", *trust, str(folder / "Ask.java"), *asked])


def chromium_browser(sites: Sequence[Site], roots: Path, folder: Path) -> None:
    with chromium(folder, None, [roots], loopback=[site.name for site in sites if not site.is_address]) as driver:
        for site in sites:
            with suppress(WebDriverException):  # ERR_CERT_INVALID
                driver.get(site.url)
            assert site.asked.wait(HANG_SECONDS)


def firefox(sites: Sequence[Site], roots: Path, folder: Path) -> None:
    profile = folder / "profile"
    trusting(profile, [roots])
    names = ",".join(site.name for site in sites if not site.is_address)
    quiet = ("datareporting.policy.firstRunURL", "browser.startup.homepage_override.mstone")
    preferences = [f'user_pref("network.dns.localDomains", "{names}");', 'user_pref("network.proxy.type", 0);']
    preferences += ['user_pref("app.update.enabled", false);', *(f'user_pref("{name}", "");' for name in quiet)]
    (profile / "user.js").write_text("\n".join(preferences))
    command = [str(shutil.which("firefox-esr")), "--headless", "--no-remote", "--profile", str(profile)]
    process = subprocess.Popen(
        [*command, *(site.url for site in sites)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for site in sites:
            assert site.asked.wait(HANG_SECONDS)
    finally:
        process.terminate()
        process.wait()


def _run(command: Sequence[str], stdin: bytes = b"") -> None:
    subprocess.run(command, input=stdin, capture_output=True, timeout=HANG_SECONDS)

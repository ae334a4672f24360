"""What a stolen CA key is good for, by the verdict of real clients; and what the proxy signs with it."""

import ipaddress
import json
import shutil
import ssl
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from mitmproxy import certs
from tests.end_to_end import tls_clients
from tests.end_to_end.browser import needs_chromium
from tests.end_to_end.client import Client
from tests.end_to_end.commands import circleshield
from tests.end_to_end.feed import MIXED, timeline, timeline_without_sales
from tests.end_to_end.origin import Answer, Origin
from tests.end_to_end.proxy_process import CONFIG, ProxyProcess, running_proxy
from tests.end_to_end.tls_clients import Site

from circleshield_addon import authority

FEED, BANK = "weibo.com", "bank.example"


def needs(*programs: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not all(map(shutil.which, programs)), reason=f"needs {', '.join(programs)}")


def forged(folder: Path, name: str, into: Path) -> Path:
    """What a thief of the folder's key would serve: a leaf for `name` and the chain, with the leaf's key."""
    raw = (folder / authority.FILE).read_bytes()
    key = load_pem_private_key(raw, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    chain = authority.read(folder).chain
    try:
        san: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        san = x509.DNSName(name)
    leaf = certs.dummy_cert(key, chain[0], name, [san])  # type: ignore[arg-type]
    file = into / f"{folder.name}-{name}.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + leaf.to_pem() + b"".join(c.public_bytes(Encoding.PEM) for c in chain))
    return file


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(tls_clients.openssl, marks=needs("openssl")),
        pytest.param(tls_clients.curl, marks=needs("curl")),
        tls_clients.python,
        pytest.param(tls_clients.java, marks=needs("javac", "keytool")),
        pytest.param(tls_clients.chromium_browser, marks=needs_chromium),
        pytest.param(tls_clients.firefox, marks=needs("firefox-esr", "certutil")),
    ],
    ids=lambda ask: ask.__name__,
)
def test_clients_take_forgeries_for_feeds_alone(ask: "tls_clients.Ask", tmp_path: Path) -> None:
    authority.create(tmp_path / "constrained", authority.domains([FEED]))
    authority.create(tmp_path / "unconstrained", None)
    roots = tmp_path / "roots.pem"
    roots.write_bytes(b"".join(file.read_bytes() for file in sorted(tmp_path.glob(f"*/{authority.ROOT_FILE}"))))
    wanted = [("constrained", FEED, True), ("constrained", BANK, False), ("constrained", "127.0.0.1", False)]
    wanted += [("unconstrained", BANK, True), ("unconstrained", "127.0.0.1", True)]
    with ExitStack() as stack:
        made = [Site(name, forged(tmp_path / kind, name, tmp_path)) for kind, name, _ in wanted]
        sites = [stack.enter_context(site.running()) for site in made]
        ask(sites, roots, tmp_path)
        assert [site.taken for site in sites] == [taken for *_, taken in wanted]


def shown(client: Client) -> x509.Certificate:
    """The certificate that the client gets; one that it does not trust fails the test."""
    with client.connected() as connection:
        assert isinstance(connection, ssl.SSLSocket)
        der = connection.getpeercert(binary_form=True)
        assert der is not None
        return x509.load_der_x509_certificate(der)


def names(certificate: x509.Certificate) -> list[str]:
    sans = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(name.value) for name in sans]


@pytest.mark.parametrize("via", ["connect", "socks5"])
def test_a_leaf_holds_the_name_asked_for_and_no_other(
    via: str, tmp_path: Path, origin: Origin, origin_ca: Path, direct: Client, proxy: ProxyProcess
) -> None:
    assert len(names(shown(direct))) > 2
    with ExitStack() as stack:
        if via == "socks5":
            proxy = stack.enter_context(running_proxy(tmp_path, origin_ca, "--mode", "socks5"))
        through = replace(direct, ca=proxy.ca, proxy=proxy.port, via=via)
        assert names(shown(through)) == ["localhost"]
        assert names(shown(replace(through, name="weibo.com", address="127.0.0.1"))) == ["weibo.com"]


def test_a_new_host_passes_until_the_ca_is_renewed(
    tmp_path: Path, origin: Origin, origin_ca: Path, direct: Client
) -> None:
    path = origin.add(Answer([timeline(*MIXED)]))
    with running_proxy(tmp_path, origin_ca, config="[generic]\nhosts = []\n") as proxy:
        assert "warning" not in proxy.whole_log()
        (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
        proxy.wait_for_log("was not made for localhost, which pass unfiltered; .* circleshield ca renew")
        assert ask(tmp_path, "status", "--json")["ca_troubles"]
        tunnelled = replace(direct, proxy=proxy.port)
        assert tunnelled.get(path) == direct.get(path)

        before = proxy.ca.read_bytes()
        said = circleshield(tmp_path, "ca", "renew").stderr
        assert "remove 'circleshield 20" in said
        assert proxy.ca.read_bytes() != before
        assert replace(tunnelled, ca=proxy.ca).get(path).body == timeline_without_sales(*MIXED)
        assert ask(tmp_path, "status", "--json")["ca_troubles"] == []


def test_the_ca_of_an_older_installation_stays_with_a_warning(
    tmp_path: Path, origin: Origin, origin_ca: Path, direct: Client
) -> None:
    certs.CertStore.create_store(tmp_path / "ca", "mitmproxy", 2048)
    before = (tmp_path / "ca" / authority.FILE).read_bytes()
    path = origin.add(Answer([timeline(*MIXED)]))
    with running_proxy(tmp_path, origin_ca) as proxy:
        assert "may sign for any site" in proxy.whole_log()
        assert (tmp_path / "ca" / authority.FILE).read_bytes() == before
        through = replace(direct, ca=proxy.ca, proxy=proxy.port)
        assert through.get(path).body == timeline_without_sales(*MIXED)
        assert names(shown(through)) == ["localhost"]


def test_the_kind_of_ca_is_chosen_on_the_first_run(tmp_path: Path, origin_ca: Path) -> None:
    with running_proxy(tmp_path, origin_ca, "--ca", "unconstrained") as proxy:
        assert "may sign for any site" in proxy.whole_log()
    assert ask(tmp_path, "ca", "show", "--json")["kind"] == "unconstrained"
    refused = circleshield(tmp_path, "run", "--ca", "constrained", "--listen", "127.0.0.1:0")
    assert refused.returncode == 2
    assert "circleshield ca renew --ca constrained" in refused.stderr


def ask(home: Path, *arguments: str) -> "dict[str, object]":
    answer: dict[str, object] = json.loads(circleshield(home, *arguments).stdout)
    return answer

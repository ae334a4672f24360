"""What `circleshield doctor` looks at in the network: port, firewall, who takes the CA, a host through the proxy."""

import http.client
import re
import socket
import ssl
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from fnmatch import fnmatchcase
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from mitmproxy.certs import CertStore

from circleshield.ca_folder import CA_FOLDER
from circleshield.checkup import Finding, Subject
from circleshield.local_program import said_by
from circleshield.reach import in_url, reached_host
from circleshield_addon import authority
from circleshield_addon.notes import HOST
from circleshield_addon.routing import decrypted
from circleshield_model.errors import InputError

_SECONDS = 10.0
_CLOCK_SECONDS = 300
_FOREIGN = "bank.example"
_FOREIGN_ADDRESS = "192.0.2.1"


def network(subject: Subject) -> Iterator[Finding]:
    """All that needs a connection to nothing but the proxy."""
    yield _port(subject)
    yield _firewall(subject)
    yield from _certificates(subject)


def _port(subject: Subject) -> Finding:
    places = subject.ports("regular", "socks5", "transparent", "upstream")
    if subject.status is None or not places:
        return Finding("port", "unknown", "no proxy listens for connections", "start it: circleshield run")
    if all(ip_address(host).is_loopback for host, _ in places):
        mend = "for phones: circleshield run --listen YOUR-LAN-ADDRESS:8080"
        return Finding("port", "warn", "it listens for this machine alone", mend)
    for host, port in places:
        reached = reached_host(host)
        try:
            socket.create_connection((reached, port), _SECONDS).close()
        except OSError as e:
            return Finding("port", "fail", f"{reached}:{port} does not answer: {e.strerror or e}", "restart the proxy")
    found = ", ".join(in_url((reached_host(host), port)) for host, port in places)
    return Finding("port", "ok", f"{found} answers (asked from this machine)")


def _firewall(subject: Subject) -> Finding:
    places = [place for place in subject.ports("regular", "socks5") if not ip_address(place[0]).is_loopback]
    if subject.status is None:
        return Finding("firewall", "unknown", "no proxy listens, so no port is known")
    if not places:
        return Finding("firewall", "ok", "nothing has to come in")
    host, port = places[0]
    if "Status: active" in (status := said_by("ufw", "status") or ""):
        if re.search(rf"^{port}(/tcp)?\s+ALLOW", status, re.M):
            return Finding("firewall", "ok", f"ufw lets port {port} in")
        return Finding("firewall", "warn", f"ufw is active and names no port {port}", f"sudo ufw allow {port}/tcp")
    if (listed := said_by("firewall-cmd", "--list-ports")) is not None:
        if f"{port}/tcp" in listed.split():
            return Finding("firewall", "ok", f"firewalld lets port {port} in")
        mend = f"sudo firewall-cmd --permanent --add-port={port}/tcp && sudo firewall-cmd --reload"
        return Finding("firewall", "warn", f"firewalld is active and does not list port {port}", mend)
    rules = said_by("nft", "list", "ruleset") if sys.platform == "linux" else None
    if rules is None:
        return Finding("firewall", "unknown", "it cannot be seen from here", f"see that it lets tcp port {port} in")
    chains = re.findall(r"chain \S+ \{(.*?)\n\t\}", rules, re.S)
    arriving = [_of_interface(chain, host) for chain in chains if "hook input" in chain]
    if not any(re.search(r"\b(drop|reject)\b", chain) for chain in arriving):
        return Finding("firewall", "ok", "nftables keeps nothing out")
    if any(re.search(rf"dport .*\b{port}\b.* accept", chain) for chain in arriving):
        return Finding("firewall", "ok", f"nftables lets port {port} in")
    mend = f"see that a rule lets it in: tcp dport {port} accept"
    return Finding("firewall", "warn", f"nftables keeps things out and has no rule for port {port}", mend)


def _of_interface(chain: str, host: str) -> str:
    """The chain without rules for other interfaces alone than the one that has this address."""
    interface = re.match(r"\d+: (\S+) ", said_by("ip", "-oneline", "address", "show", "to", host) or "")

    def concerns(rule: str) -> bool:
        named = re.search(r'\biif(?:name)? (\{.*?\}|".*?")', rule)
        if interface is None or named is None:
            return True
        return any(fnmatchcase(interface[1], pattern) for pattern in re.findall(r'"(.*?)"', named[1]))

    return "\n".join(filter(concerns, chain.splitlines()))


def _certificates(subject: Subject) -> Iterator[Finding]:
    folder = subject.home / CA_FOLDER
    try:
        ca = subject.ca
    except InputError:
        yield Finding("ca trusted", "unknown", "there is no CA yet")
        yield Finding("ca limits", "unknown", "there is no CA yet")
        return
    store = CertStore.from_store(folder, "mitmproxy", 2048)
    if (why := _refusal(store, ca, HOST, ssl.create_default_context())) is None:
        yield Finding("ca trusted", "ok", "this machine trusts it; browsers such as Firefox have lists of their own")
    else:
        mend = "only needed for programs on this machine: circleshield setup linux"
        yield Finding("ca trusted", "warn", f"this machine does not trust it ({why})", mend)
    if ca.names is None:
        mend = "circleshield ca renew"
        yield Finding("ca limits", "warn", "it has none: whoever gets its key can pose as any site", mend)
        return
    trusting = ssl.create_default_context(cafile=str(folder / authority.ROOT_FILE))
    taken = [name for name in (_FOREIGN, _FOREIGN_ADDRESS) if _refusal(store, ca, name, trusting) is None]
    if (why := _refusal(store, ca, HOST, trusting)) is not None:
        yield Finding(
            "ca limits", "fail", f"what it signs for its own hosts is refused: {why}", "circleshield ca renew"
        )
    elif taken:
        mend = "update OpenSSL; do not trust the CA on this machine"
        yield Finding("ca limits", "fail", f"this machine takes what it signs for {' and '.join(taken)}", mend)
    else:
        yield Finding("ca limits", "ok", f"{ssl.OPENSSL_VERSION} refuses what it signs for another site or an address")


def _refusal(store: CertStore, ca: authority.Authority, name: str, client: ssl.SSLContext) -> str | None:
    """Why a client refuses a certificate of the CA for a name; None where it takes it."""
    try:
        san: x509.GeneralName = x509.IPAddress(ip_address(name))
    except ValueError:
        san = x509.DNSName(name)
    leaf = store.get_cert(name, [san])
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        pem = Path(folder) / "leaf.pem"
        pem.touch(0o600)
        key = leaf.privatekey.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        chain = b"".join(certificate.public_bytes(Encoding.PEM) for certificate in ca.chain)
        pem.write_bytes(key + leaf.cert.to_pem() + chain)
        server.load_cert_chain(pem)
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(to_client, to_server, server_hostname=name)
    answering = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        try:
            asking.do_handshake()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLCertVerificationError as e:
            return str(e.verify_message)
        else:
            return None
        with suppress(ssl.SSLWantReadError):
            answering.do_handshake()
    return "the handshake does not come to an end"


def quic(subject: Subject, answer: "Answer | None") -> Finding:
    """Whether feeds may slip past over HTTP/3; `answer` is what a host said through the proxy, if one was asked."""
    if answer is not None and answer.head is not None and answer.decrypted and answer.head.get("alt-svc"):
        return Finding("quic", "fail", f"{answer.host} offers HTTP/3 through the proxy", "report this as a fault")
    if subject.ports("transparent"):
        rules = said_by("nft", "list", "ruleset")
        if rules is None:
            mend = "sudo circleshield doctor, or see docs/router.md"
            return Finding("quic", "unknown", "the packet filter cannot be read, so whether it refuses QUIC", mend)
        if not re.search(r"udp dport (443|\{[^}]*\b443\b[^}]*\}).*\b(reject|drop)\b", rules):
            mend = "refuse UDP to port 443: docs/router.md"
            return Finding("quic", "warn", "the packet filter lets QUIC pass, which is not filtered", mend)
        return Finding("quic", "ok", "the packet filter refuses it")
    if subject.ports("wireguard") and not subject.ports("regular", "socks5"):
        return Finding("quic", "ok", "tunnels refuse it")
    if answer is not None and answer.head is not None and answer.decrypted:
        return Finding("quic", "ok", f"{answer.host} does not offer it through the proxy; apps may still know of it")
    found = "the proxy keeps offers of HTTP/3 back; whether apps go past it by UDP cannot be seen from here"
    return Finding("quic", "unknown", found, "refuse UDP to port 443 on your router; ask a host: doctor --origin HOST")


class Answer:
    """What a host answered through the proxy, or why it did not (`fault`)."""

    def __init__(self, subject: Subject, host: str, port: int) -> None:
        self.host = host
        self.fault: str | None = None
        self.head: http.client.HTTPMessage | None = None
        self.status = 0
        self.decrypted = subject.settings is not None and decrypted(host, subject.settings)
        places = subject.ports("regular")
        if not places:
            self.fault = "no proxy listens in regular mode"
            return
        context = ssl.create_default_context()
        if (subject.home / CA_FOLDER / authority.ROOT_FILE).exists():
            context.load_verify_locations(subject.home / CA_FOLDER / authority.ROOT_FILE)
        connection = http.client.HTTPSConnection(
            reached_host(places[0][0]), places[0][1], timeout=_SECONDS, context=context
        )
        connection.set_tunnel(host, port)
        try:
            connection.request("HEAD", "/", headers={"User-Agent": "circleshield doctor"})
            response = connection.getresponse()
            self.head, self.status = response.headers, response.status
        except (OSError, http.client.HTTPException) as e:
            self.fault = getattr(e, "verify_message", None) or getattr(e, "strerror", None) or str(e)
        finally:
            connection.close()

    def findings(self) -> Iterator[Finding]:
        """The host as reached through the proxy, and the clock beside its own."""
        if self.fault is not None and " 407 " in self.fault:
            yield Finding("upstream", "unknown", "the proxy lets in users with a password alone, so it was not asked")
            return
        if self.head is None or self.status in (502, 504):
            why = self.fault or f"the proxy answers {self.status}"
            mend = "see the proxy's log; a private CA needs run --upstream-ca"
            yield Finding("upstream", "fail", f"{self.host} is not reached: {why}", mend)
            return
        how = "decrypted" if self.decrypted else "not decrypted: it is no enabled platform's"
        yield Finding("upstream", "ok", f"{self.host} answers {self.status} through the proxy, {how}")
        try:
            theirs = parsedate_to_datetime(self.head["date"])
        except (TypeError, ValueError):
            return
        apart = abs((datetime.now(UTC) - theirs).total_seconds())
        if apart > _CLOCK_SECONDS:
            yield Finding("clock", "fail", f"{apart / 60:.0f} minutes from that of {self.host}", "set the clock")


def not_asked() -> Finding:
    """In place of `Answer.findings` where no host was to be asked."""
    found = "not tried: nothing but the proxy is contacted"
    return Finding("upstream", "unknown", found, "try a host: circleshield doctor --origin weibo.com")

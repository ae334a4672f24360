"""The certificate authority of this installation: a root that devices trust, and an issuer that signs for the hosts.

Both carry the same critical Name Constraints (RFC 5280, 4.2.1.10): the hosts that may be decrypted and no IP address.
Both, because some clients ignore those of a root. The root's key is used once, for the issuer, and never written.
"""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from circleshield_addon.notes import HOST
from circleshield_model.errors import InputError
from circleshield_model.private_file import write_private

FILE = "mitmproxy-ca.pem"
"""Key, issuer and root in that order, where and as mitmproxy looks for them."""
ROOT_FILE = "mitmproxy-ca-cert.pem"
"""The root alone, what devices install."""
WARN_BEFORE = timedelta(days=30)

_RENEW = "for a new one that devices have to install again: circleshield ca renew"
_VALID = timedelta(days=5 * 365)
_CLOCKS_DIFFER = timedelta(days=2)
_ALL_ADDRESSES = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))
# What mitmproxy made beside its own CA: they hold that CA's key, or a root that is no longer the one.
_LEFT_BY_MITMPROXY = ("mitmproxy-ca.p12", "mitmproxy-ca-cert.p12", "mitmproxy-ca-cert.cer")


@dataclass(frozen=True)
class Authority:
    """A CA as devices see it. `chain`: the certificate that signs leaves first, the root last; they may be one."""

    chain: tuple[x509.Certificate, ...]

    @property
    def root(self) -> x509.Certificate:
        """The certificate that devices install."""
        return self.chain[-1]

    @property
    def expires(self) -> datetime:
        """When the first of the chain does."""
        return min(certificate.not_valid_after_utc for certificate in self.chain)

    @property
    def title(self) -> str:
        """The name under which devices list it."""
        return str(self.root.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the root, in hexadecimal."""
        return self.root.fingerprint(hashes.SHA256()).hex()

    @cached_property
    def names(self) -> tuple[str, ...] | None:
        """The domains that it may sign for, those below them included; None where it may sign for any."""
        try:
            found = self.chain[0].extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees
        except x509.ExtensionNotFound:
            return None
        dns = tuple(tree.value for tree in found or () if isinstance(tree, x509.DNSName))
        return dns or None

    def permits(self, host: str) -> bool:
        """Whether clients would take a leaf for that host (a name or an address, without port)."""
        if self.names is None:
            return True
        host = host.lower().removesuffix(".")
        return any(host == name or host.endswith(f".{name}") for name in self.names)

    @property
    def expired(self) -> bool:
        """Whether clients take nothing of it any more."""
        return datetime.now(UTC) >= self.expires

    def uncovered(self, hosts: Iterable[str]) -> tuple[str, ...]:
        """Of host patterns those that it may not sign for."""
        return tuple(host for host in hosts if not self.permits(host.removeprefix("*.")))


def troubles(found: Authority, hosts: Iterable[str]) -> Iterator[str]:
    """What the user should know of the CA, each in one line with the mend; `hosts`: patterns of what to decrypt."""
    if found.expired:
        yield f"expired on {found.expires:%Y-%m-%d}, so that nothing is filtered; {_RENEW}"
    elif found.expires - datetime.now(UTC) < WARN_BEFORE:
        yield f"expires on {found.expires:%Y-%m-%d}; {_RENEW}"
    if found.names is None:
        yield f"may sign for any site: whoever gets its key can pose as your bank; {_RENEW}"
    if uncovered := found.uncovered(hosts):
        yield f"was not made for {', '.join(uncovered)}, which pass unfiltered; {_RENEW}"


def domains(hosts: Iterable[str]) -> tuple[str, ...]:
    """The fewest domains that cover host patterns and the proxy's own name; addresses are left out."""
    names = {HOST}
    for host in hosts:
        name = host.removeprefix("*.")
        if not _is_address(name):
            names.add(name)
    return tuple(sorted(n for n in names if not any(n != other and n.endswith(f".{other}") for other in names)))


def create(folder: Path, names: tuple[str, ...] | None) -> Authority:
    """Makes a CA for these domains (None: for any) and puts it in the place of the one in `folder`.

    Raises InputError where it cannot be written.
    """
    issuer_key, root_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    begins = datetime.now(UTC) - _CLOCKS_DIFFER
    mark = x509.SubjectKeyIdentifier.from_public_key(root_key.public_key()).digest.hex()[:6]
    root_name = _name(f"circleshield {datetime.now(UTC):%Y-%m-%d} {mark}")
    root = _certificate(root_key.public_key(), root_name, root_key, root_name, begins, names, path_length=1)
    issuer = _certificate(
        issuer_key.public_key(), _name(f"circleshield issuer {mark}"), root_key, root_name, begins, names, path_length=0
    )
    key = issuer_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        write_private(folder / FILE, key + b"".join(c.public_bytes(Encoding.PEM) for c in (issuer, root)))
        for name in _LEFT_BY_MITMPROXY:
            (folder / name).unlink(missing_ok=True)
    except OSError as e:
        raise InputError(f"{e.filename or folder}: the CA cannot be written: {e.strerror}") from e
    return read(folder)


def exists(folder: Path) -> bool:
    """Whether there is a CA in `folder`."""
    return (folder / FILE).exists()


def read(folder: Path) -> Authority:
    """The CA in `folder`; its root is put beside it where that is missing or another. Raises InputError."""
    path = folder / FILE
    try:
        if not path.exists():
            raise InputError(
                f"{path}: there is no CA yet; the first `circleshield run` makes one, or: circleshield ca renew"
            )
        path.chmod(0o600)
        found = Authority(tuple(x509.load_pem_x509_certificates(path.read_bytes())))
        root = found.root.public_bytes(Encoding.PEM)
        beside = folder / ROOT_FILE
        if not beside.exists() or beside.read_bytes() != root:
            write_private(beside, root)
            beside.chmod(0o644)
    except OSError as e:
        raise InputError(f"{e.filename or path}: {e.strerror}; a CA is made with: circleshield ca renew") from e
    except ValueError as e:
        raise InputError(f"{path}: holds no certificate; a new CA is made with: circleshield ca renew") from e
    return found


def _certificate(
    key: ec.EllipticCurvePublicKey,
    name: x509.Name,
    signer: ec.EllipticCurvePrivateKey,
    signer_name: x509.Name,
    begins: datetime,
    names: tuple[str, ...] | None,
    path_length: int,
) -> x509.Certificate:
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)  # signs certificates and CRLs
    builder = (
        x509.CertificateBuilder()
        .serial_number(x509.random_serial_number())
        .subject_name(name)
        .issuer_name(signer_name)
        .public_key(key)
        .not_valid_before(begins)
        .not_valid_after(begins + _VALID)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if names is not None:
        permitted = [x509.DNSName(name) for name in names]
        excluded = [x509.IPAddress(network) for network in _ALL_ADDRESSES]
        builder = builder.add_extension(x509.NameConstraints(permitted, excluded), critical=True)
    return builder.sign(signer, hashes.SHA256())


def _name(common: str) -> x509.Name:
    organisation = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "circleshield")
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common), organisation])


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True

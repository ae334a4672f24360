"""The certificate authority's files, and what it says of itself. Whether clients honour it: tests/end_to_end."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy.certs import CertStore

from circleshield_addon import authority
from circleshield_addon.notes import HOST
from circleshield_addon.settings import Settings
from circleshield_model.errors import InputError

_LABEL = st.sampled_from(["a", "b", "com", "weibo", "evil", "www"])
_NAMES = st.lists(_LABEL, min_size=1, max_size=4).map(".".join)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ca"


def test_root_and_issuer_are_constrained_and_the_roots_key_is_nowhere(folder: Path) -> None:
    found = authority.create(folder, authority.domains(["weibo.com", "*.x.com"]))
    issuer, root = found.chain
    issuer.verify_directly_issued_by(root)
    for certificate, length in ((issuer, 0), (root, 1)):
        constraints = certificate.extensions.get_extension_for_class(x509.NameConstraints)
        assert constraints.critical
        assert [tree.value for tree in constraints.value.permitted_subtrees or ()] == [HOST, "weibo.com", "x.com"]
        assert [str(tree.value) for tree in constraints.value.excluded_subtrees or ()] == ["0.0.0.0/0", "::/0"]
        assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == length
    keys = [load_pem_private_key(file.read_bytes(), None) for file in folder.iterdir() if b"KEY" in file.read_bytes()]
    assert [key.public_key() for key in keys] == [issuer.public_key()]
    assert (folder / authority.FILE).stat().st_mode & 0o777 == 0o600
    assert x509.load_pem_x509_certificates((folder / authority.ROOT_FILE).read_bytes()) == [root]


def test_renewing_leaves_no_key_of_the_old_one(folder: Path) -> None:
    CertStore.create_store(folder, "mitmproxy", 2048)
    old = authority.read(folder)
    new = authority.create(folder, ("weibo.com",))
    assert new.fingerprint != old.fingerprint
    assert {file.name for file in folder.iterdir()} == {authority.FILE, authority.ROOT_FILE, "mitmproxy-dhparam.pem"}
    assert x509.load_pem_x509_certificates((folder / authority.ROOT_FILE).read_bytes()) == [new.root]


def test_a_readable_key_and_a_missing_root_are_mended(folder: Path) -> None:
    authority.create(folder, ("weibo.com",))
    (folder / authority.FILE).chmod(0o644)
    (folder / authority.ROOT_FILE).unlink()
    found = authority.read(folder)
    assert (folder / authority.FILE).stat().st_mode & 0o777 == 0o600
    assert x509.load_pem_x509_certificates((folder / authority.ROOT_FILE).read_bytes()) == [found.root]


@given(st.lists(_NAMES), _NAMES)
def test_the_fewest_domains_cover_the_same_hosts(hosts: list[str], asked: str) -> None:
    domains = authority.domains(hosts)
    assert any(asked == host or asked.endswith(f".{host}") for host in (*hosts, HOST)) == any(
        asked == domain or asked.endswith(f".{domain}") for domain in domains
    )
    assert not any(one != other and one.endswith(f".{other}") for one in domains for other in domains)


def test_covers_all_that_is_decrypted_by_default(folder: Path) -> None:
    hosts = Settings().hosts
    found = authority.create(folder, authority.domains(hosts))
    assert found.uncovered(hosts) == ()
    assert list(authority.troubles(found, hosts)) == []
    assert found.uncovered(("bank.example", "*.qq.com", "127.0.0.1")) == ("bank.example", "*.qq.com", "127.0.0.1")


def test_addresses_are_no_domains() -> None:
    assert authority.domains(["192.168.1.5", "fe80::1", "weibo.com"]) == (HOST, "weibo.com")


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (timedelta(days=31), []),
        (timedelta(days=29), ["expires on"]),
        (timedelta(days=-1), ["expired on"]),
    ],
)
def test_expiry_is_said_a_month_ahead(
    left: timedelta, said: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authority, "_VALID", left + timedelta(days=2))
    found = authority.create(folder, ("weibo.com",))
    assert abs(found.expires - datetime.now(UTC) - left) < timedelta(minutes=1)
    told = list(authority.troubles(found, ()))
    assert [line[: len(start)] for line, start in zip(told, said, strict=True)] == said


@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n"])
def test_a_bad_file_is_named(content: bytes | None, folder: Path) -> None:
    folder.mkdir()
    if content is not None:
        (folder / authority.FILE).write_bytes(content)
    with pytest.raises(InputError, match="circleshield ca renew"):
        authority.read(folder)

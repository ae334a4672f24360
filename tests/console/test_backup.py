"""`circleshield backup`: what is in, who can read it, and that nothing is put in place before all of it is whole."""

import gzip
import io
import os
import sqlite3
import stat
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.console.recorded import record, verdict

from circleshield import sealed_file
from circleshield.cli import circleshield
from circleshield.sealed_file import MAGIC, SealedReader, SealedWriter
from circleshield_addon.history import Filter, newest
from circleshield_addon.ledger import FILE, Ledger
from circleshield_model.errors import InputError

SECRETS = {
    "ca/mitmproxy-ca.pem": b"key and certificates\n",
    "ca/mitmproxy-ca-cert.pem": b"certificate\n",
    "wireguard.json": b'{"server_key": "s"}\n',
    "sessions.json": b"[]\n",
}
PLAIN = {
    "samples.jsonl": '{"text": "周末爬山", "label": "social"}\n'.encode(),
    "skipped": b"+0000000000000007\n",
    "passed.json": b"{}\n",
    "models/in_use.json": b"[]\n",
    "models/abc/manifest.json": b"{}\n",
    "models/abc/scorer.npz": os.urandom(200_000),
    "model/pipeline.joblib": b"pipeline\n",
}
NOT_DATA = (
    "models/.abc.half/manifest.json",
    "control.sock",
    "ledger.sqlite3.corrupt-20261122T000000000000Z",
    "notes.txt",
)


@pytest.fixture(scope="module", autouse=True)
def _quick_keys() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealed_file, "_COST", 10)
        yield


class House:
    """A home folder and a config file with something of everything in it, and the commands on them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home, self.config = folder / "home", folder / "config" / "config.toml"
        self.passphrase = folder / "passphrase"
        self.file = folder / "kept.backup"

    def furnish(self) -> "House":
        for name, data in {**SECRETS, **PLAIN, **dict.fromkeys(NOT_DATA, b"x")}.items():
            path = self.home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        record(self.home, verdict("1"), verdict("2", "review"))
        self.config.parent.mkdir(parents=True)
        self.config.write_text("[filter]\nremove_at = 0.97\n")
        self.passphrase.write_text("correct horse\nsecond line\n")
        return self

    def run(self, *arguments: str, file: Path | None = None) -> Result:
        places = ("--home", str(self.home), "--config", str(self.config))
        return CliRunner().invoke(
            circleshield, ["backup", arguments[0], str(file or self.file), *places, *arguments[1:]]
        )

    def done(self, *arguments: str, file: Path | None = None) -> str:
        result = self.run(*arguments, file=file)
        assert result.exit_code == 0, result.output + repr(result.exception)
        return result.stderr

    def refused(self, *arguments: str, file: Path | None = None) -> str:
        result = self.run(*arguments, file=file)
        assert isinstance(result.exception, InputError), result.output + repr(result.exception)
        return str(result.exception)

    def files(self) -> dict[str, bytes]:
        """What lies in the home folder, but for the ledger, which SQLite may write in more ways than one."""
        found = {p.relative_to(self.home).as_posix(): p for p in self.home.rglob("*") if p.is_file()}
        return {name: path.read_bytes() for name, path in found.items() if not name.startswith(FILE)}

    def posts(self) -> list[str]:
        with closing(Ledger(self.home / FILE)) as ledger:
            return [entry.post_id for entry in newest(ledger, Filter(), 10)]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "old").furnish()


@pytest.fixture
def new_house(tmp_path: Path, house: House) -> House:
    new = House(tmp_path / "new")
    new.passphrase, new.file = house.passphrase, house.file
    return new


def with_passphrase(house: House) -> tuple[str, str]:
    return "--passphrase-file", str(house.passphrase)


def test_everything_comes_back(house: House, new_house: House) -> None:
    assert "encrypted: config.toml, ledger.sqlite3, samples.jsonl" in house.done("create", *with_passphrase(house))
    assert stat.S_IMODE(house.file.stat().st_mode) == 0o600
    new_house.done("restore", *with_passphrase(house))
    assert new_house.files() == {**SECRETS, **PLAIN}
    assert new_house.posts() == ["2", "1"]
    assert new_house.config.read_text() == house.config.read_text()
    for path in new_house.home.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_encrypted_means_that_nothing_can_be_read(house: House) -> None:
    house.done("create", *with_passphrase(house))
    sealed = house.file.read_bytes()
    assert not any(data in sealed for data in (b"certificate", b"remove_at", b"ustar", b"\x1f\x8b\x08"))
    house.done("create", "--force", *with_passphrase(house))
    assert sealed[len(MAGIC) + 1 :][:16] != house.file.read_bytes()[len(MAGIC) + 1 :][:16]  # a key of its own


def test_without_ca_it_is_plain_and_without_secrets(house: House, new_house: House) -> None:
    said = house.done("create", "--without-ca")
    assert "not encrypted, without the CA" in said
    with tarfile.open(house.file) as tar:  # any program can open it
        names = set(tar.getnames())
    assert names == {"backup.json", "config.toml", f"home/{FILE}", *(f"home/{name}" for name in PLAIN)}
    (new_house.home / "ca").mkdir(parents=True)
    (new_house.home / "ca" / "mitmproxy-ca.pem").write_bytes(b"the CA that devices trust")
    new_house.done("restore")
    assert new_house.files() == {**PLAIN, "ca/mitmproxy-ca.pem": b"the CA that devices trust"}


def test_nothing_is_overwritten_unless_told(house: House, new_house: House) -> None:
    house.done("create", *with_passphrase(house))
    assert "is there already" in house.refused("create", *with_passphrase(house))
    new_house.home.mkdir(parents=True)
    record(new_house.home, verdict("77"))
    (new_house.home / "samples.jsonl").write_bytes(b"others\n")
    new_house.config.parent.mkdir()
    new_house.config.write_text("# mine\n")
    before = new_house.files()
    assert "there already; --force" in new_house.refused("restore", *with_passphrase(house))
    assert new_house.files() == before
    assert new_house.posts() == ["77"]
    said = new_house.done("restore", "--force", *with_passphrase(house))
    assert new_house.posts() == ["2", "1"]
    (aside,) = new_house.home.glob("replaced-*")
    assert str(aside) in said
    assert (aside / "home" / "samples.jsonl").read_bytes() == b"others\n"
    assert (aside / "config.toml").read_text() == "# mine\n"
    with closing(Ledger(aside / "home" / FILE)) as ledger:
        assert [entry.post_id for entry in newest(ledger, Filter(), 10)] == ["77"]


def test_a_move_that_fails_takes_the_others_back(
    house: House, new_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.done("create", *with_passphrase(house))
    new_house.home.mkdir(parents=True)
    record(new_house.home, verdict("77"))
    (new_house.home / "models").write_bytes(b"a file where a folder is wanted")
    result = new_house.run("restore", "--force", *with_passphrase(house))
    assert isinstance(result.exception, InputError)
    assert new_house.posts() == ["77"]
    assert new_house.files() == {"models": b"a file where a folder is wanted"}


@pytest.mark.parametrize("part", [0.0, 0.3, 0.5, 1.0])
def test_a_damaged_or_cut_backup_changes_nothing(house: House, new_house: House, part: float) -> None:
    house.done("create", *with_passphrase(house))
    whole = house.file.read_bytes()
    at = int(part * (len(whole) - 1))
    for data in (whole[:at], whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :], whole + b"x"):
        house.file.write_bytes(data)
        assert new_house.refused("restore", *with_passphrase(house))
        assert new_house.files() == {}
        assert not new_house.config.exists()


@pytest.mark.parametrize("part", [0.3, 0.9, 1.0])
def test_a_plain_backup_that_is_cut_changes_nothing(house: House, new_house: House, part: float) -> None:
    house.done("create", "--without-ca")
    whole = house.file.read_bytes()
    house.file.write_bytes(whole[: int(part * (len(whole) - 1))])
    assert "no backup of circleshield, or is damaged" in new_house.refused("restore")
    assert new_house.files() == {}


def test_another_passphrase(house: House, new_house: House) -> None:
    house.done("create", *with_passphrase(house))
    assert "nobody can be asked" in new_house.refused("restore")
    house.passphrase.write_text("correct horses\n")
    assert "kept.backup: the passphrase is wrong" in new_house.refused("restore", *with_passphrase(house))
    assert new_house.files() == {}


def tar_of(members: Sequence[tuple[tarfile.TarInfo, bytes]], number: object = 1) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        about = f'{{"format": {number}, "made": "2026-11-22T12:00:00"}}'.encode()
        for info, data in ((tarfile.TarInfo("backup.json"), about), *members):
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return packed.getvalue()


def entry(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize(
    "member",
    [
        entry("../evil"),
        entry("/tmp/evil"),
        entry("home/../evil"),
        entry("home/ca/../../evil"),
        entry("home/models/../evil"),
        entry("home/models/a/b/c"),
        entry("home/ca/.hidden"),
        entry("home/ca/C:evil"),
        entry("home/ca/mitmproxy-ca.pem"),  # which is in sealed ones alone
        entry("home/sessions.json"),
        entry("home/ca\\..\\evil"),
        entry("home/.bashrc"),
        entry("home/control.sock"),
        entry("home/ca", tarfile.DIRTYPE),
        entry("home/samples.jsonl", tarfile.SYMTYPE, "/etc/passwd"),
        entry("home/samples.jsonl", tarfile.LNKTYPE, "backup.json"),
        entry("home/samples.jsonl", tarfile.FIFOTYPE),
    ],
    ids=lambda info: f"{info.name} {info.type.decode()}",
)
def test_what_is_not_ours_is_refused(member: tarfile.TarInfo, new_house: House, house: House) -> None:
    house.file.write_bytes(tar_of([(entry("home/skipped"), b"x"), (member, b"")]))
    assert "nothing of circleshield's" in new_house.refused("restore")
    assert {path.name for path in new_house.folder.rglob("*")} == {"home"}


def test_a_name_twice_is_refused(new_house: House, house: House) -> None:
    house.file.write_bytes(tar_of([(entry("config.toml"), b""), (entry("config.toml"), b"")]))
    assert "nothing of circleshield's" in new_house.refused("restore")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no backup"),
        (b"hello", "no backup"),
        (gzip.compress(b"hello"), "no backup"),
        (gzip.compress(b""), "no backup"),
        (tar_of([], '"two"'), "of a newer circleshield"),
        (tar_of([], 2), "of a newer circleshield"),
    ],
    ids=["empty", "text", "gzip of text", "gzip of nothing", "version of letters", "next version"],
)
def test_no_backup(data: bytes, why: str, new_house: House, house: House) -> None:
    house.file.write_bytes(data)
    assert why in new_house.refused("restore")


def test_a_ledger_that_is_written_to_is_kept_as_of_one_moment(house: House, new_house: House) -> None:
    with closing(sqlite3.connect(house.home / FILE)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM verdicts")
        house.done("create", *with_passphrase(house))
        other.execute("ROLLBACK")
    new_house.done("restore", *with_passphrase(house))
    assert new_house.posts() == ["2", "1"]


def test_a_damaged_ledger_is_said(house: House) -> None:
    (house.home / FILE).write_bytes(b"no database at all, but longer than its header" * 100)
    assert FILE in house.refused("create", *with_passphrase(house))
    assert not house.file.exists()
    assert not list(house.folder.glob(".kept*"))


def test_what_cannot_be(house: House, new_house: House) -> None:
    short = house.folder / "short"
    short.write_text("1234567\n")
    assert "at least 8 characters" in house.refused("create", "--passphrase-file", str(short))
    assert "leave --passphrase-file out" in house.refused("create", "--without-ca", *with_passphrase(house))
    assert "without-ca" in house.refused("create")
    assert "nothing to keep" in new_house.refused("create", "--without-ca", file=house.folder / "other")
    assert not (house.folder / "other").exists()
    assert "No such file" in house.refused("restore", file=house.folder / "absent")
    assert "cannot be written" in house.refused("create", "--without-ca", file=house.folder / "absent" / "x")


def test_a_config_that_is_not_valid_here_is_said(house: House, new_house: House) -> None:
    house.config.write_text("[filter]\nremov_at = 0.9\n")
    house.done("create", "--without-ca")
    assert "warning: config.toml: filter.remov_at" in new_house.done("restore")


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([0, 1, 65_535, 65_536, 65_537, 131_072]), st.integers(0, 7))
def test_sealing_and_opening(data: bytes, size: int, seed: int) -> None:
    content = (data * (size // max(1, len(data)) + 1))[:size] if data else b"\0" * size
    file = io.BytesIO()
    writer = SealedWriter(file, "passphrase")
    for start in range(0, len(content) or 1, 40_000 + seed):
        writer.write(content[start : start + 40_000 + seed])
    writer.close()
    file.seek(0)
    reader = SealedReader(file, "passphrase")
    assert b"".join(iter(lambda: reader.read(30_000 + seed), b"")) == content
    if len(content) > 65_536:  # a chunk left out, at the end or in the midst
        sealed, head, chunk = file.getvalue(), len(MAGIC) + 17, 65_536 + 16
        for rest in (sealed[: head + chunk], sealed[:head] + sealed[head + chunk :]):
            with pytest.raises(InputError):
                SealedReader(io.BytesIO(rest), "passphrase").read()

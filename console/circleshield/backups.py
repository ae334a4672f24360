"""All that a user would miss, in one file, and back again.

A backup is a gzip-compressed tar file, sealed (`sealed_file`) when there is a passphrase. Its first member,
`backup.json`, says what it is; then come `config.toml` and, under `home/`, the files of the home folder named below.
"""

import gzip
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

from circleshield.sealed_file import MAGIC, SealedReader, SealedWriter
from circleshield_addon.ledger import FILE as LEDGER
from circleshield_addon.ledger import damaged
from circleshield_model.errors import InputError
from circleshield_model.private_file import private_folder

FORMAT = 1
CONFIG = "config.toml"
KEPT = (LEDGER, "samples.jsonl", "skipped", "passed.json", "model/*", "model.previous/*", "models/*", "models/*/*")
"""Of the home folder; hidden files, which are half written ones, are left out."""
SECRET = ("ca/*", "wireguard.json", "sessions.json")
"""Further files, with which others could pose as sites, as devices, or as the owner: only in a sealed backup."""

_HOME = "home/"
_ABOUT = "backup.json"
_ABOUT_BYTES = 10_000
_SQLITES = ("", "-wal", "-shm")


def create(home: Path, config: Path, out: IO[bytes], passphrase: str | None) -> list[str]:
    """Writes a backup to `out`; without a passphrase it is not sealed, and what is secret stays out.

    A proxy may run meanwhile. Returns the names of what is in. Raises InputError where there is nothing to keep, or a
    file cannot be read.
    """
    names = [name for name in _files(home) if _is_among(name, KEPT) or (passphrase and _is_among(name, SECRET))]
    if not names and not config.exists():
        raise InputError(f"{home}: there is nothing to keep there")
    sealed = SealedWriter(out, passphrase) if passphrase else None
    try:
        with (
            gzip.GzipFile(filename="", mode="wb", fileobj=sealed or out, mtime=0) as packed,  # type: ignore[arg-type]
            tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
        ):
            about = {"format": FORMAT, "made": datetime.now(UTC).isoformat(), "version": version("circleshield")}
            _put(tar, _ABOUT, io.BytesIO(json.dumps(about).encode()))
            kept = []
            for name, path in ((CONFIG, config), *((_HOME + name, home / name) for name in names)):
                with suppress(FileNotFoundError), _snapshot(path) as file:
                    _put(tar, name, file)
                    kept.append(name)
    except sqlite3.Error as e:
        raise InputError(f"{home / LEDGER}: {e}") from e
    if sealed is not None:
        sealed.close()
    return kept


class Backup:
    """A backup unpacked into a folder, whole and as it was written."""

    def __init__(self, folder: Path, about: dict[str, Any], names: list[str]) -> None:
        self.folder, self.about, self.names = folder, about, names

    def targets(self, home: Path, config: Path) -> dict[str, Path]:
        """Where each of its files belongs."""
        return {name: config if name == CONFIG else home / name.removeprefix(_HOME) for name in self.names}


@contextmanager
def unpacked(file: IO[bytes], folder: Path, passphrase: str | None) -> Iterator[Backup]:
    """Unpacks a backup below `folder`, and deletes what is left of it afterwards.

    `passphrase`: of a sealed one. Raises InputError for what is no backup, is damaged or cut short, or was sealed with
    another passphrase.
    """
    fresh = Path(tempfile.mkdtemp(prefix=".restoring-", dir=folder))
    try:
        try:
            backup = _unpack(file if passphrase is None else SealedReader(file, passphrase), fresh)
        except InputError as e:
            raise InputError(f"{file.name}: {e}") from e
        yield backup
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def is_sealed(file: IO[bytes]) -> bool:
    """Whether a passphrase is needed; `file` can be peeked into."""
    return file.peek(len(MAGIC))[: len(MAGIC)] == MAGIC  # type: ignore[attr-defined,no-any-return]


def put_in_place(backup: Backup, home: Path, config: Path) -> Path | None:
    """Moves each file to where it belongs; what was there goes into a folder of its own, which is returned.

    Raises OSError when a move fails; all is then as it was.
    """
    aside = home / f"replaced-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    done: list[tuple[Path, Path]] = []

    def move(source: Path, target: Path) -> None:
        private_folder(target.parent)
        shutil.move(source, target)
        done.append((source, target))

    try:
        for name, target in backup.targets(home, config).items():
            for suffix in _SQLITES if target.name == LEDGER else ("",):
                old = target.with_name(target.name + suffix)
                if old.exists():
                    move(old, (aside / name).with_name(old.name))
            move(backup.folder / name, target)
    except BaseException:
        for source, target in reversed(done):
            shutil.move(target, source)
        shutil.rmtree(aside, ignore_errors=True)  # empty folders
        raise
    return aside if aside.exists() else None


def _unpack(inner: IO[bytes] | SealedReader, folder: Path) -> Backup:
    about: dict[str, Any] | None = None
    names: list[str] = []
    try:
        with gzip.GzipFile(fileobj=inner) as packed:  # type: ignore[arg-type]
            with tarfile.open(fileobj=packed, mode="r|") as tar:
                for member in tar:
                    content = tar.extractfile(member) if member.isreg() else None
                    if about is None:
                        about = _about(member, content)
                        continue
                    wanted = KEPT + SECRET if isinstance(inner, SealedReader) else KEPT
                    if content is None or member.name in names or not _belongs(member.name, wanted):
                        raise InputError(f"it holds {member.name!r}, which is nothing of circleshield's")
                    _write(folder / member.name, content)
                    names.append(member.name)
            while packed.read(1 << 20):  # to the end, where it shows whether it is whole
                pass
        while inner.read(1 << 20):
            pass
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as e:
        raise InputError("it is no backup of circleshield, or is damaged") from e
    if about is None:
        raise InputError("it is no backup of circleshield")
    return Backup(folder, about, names)


def _about(member: tarfile.TarInfo, content: IO[bytes] | None) -> dict[str, Any]:
    try:
        if member.name != _ABOUT or content is None or member.size > _ABOUT_BYTES:
            raise ValueError
        about: dict[str, Any] = json.loads(content.read())
        number = about["format"]
    except (ValueError, KeyError, TypeError) as e:
        raise InputError("it is no backup of circleshield") from e
    if number != FORMAT:
        raise InputError(f"it is of a newer circleshield (format {number}); update this one")
    return about


def _belongs(name: str, wanted: Sequence[str]) -> bool:
    return name == CONFIG or (name.startswith(_HOME) and _is_among(name.removeprefix(_HOME), wanted))


def _is_among(name: str, patterns: Sequence[str]) -> bool:
    parts = name.split("/")
    if any(part.startswith(".") or set(part) & set("\\:\0") for part in parts):
        return False
    wanted = (pattern.split("/") for pattern in patterns)
    return any(len(w) == len(parts) and all(map(fnmatchcase, parts, w)) for w in wanted)


def _files(home: Path) -> Iterator[str]:
    for pattern in KEPT + SECRET:
        for path in sorted(home.glob(pattern)):
            if path.is_file():
                yield path.relative_to(home).as_posix()


@contextmanager
def _snapshot(path: Path) -> Iterator[IO[bytes]]:
    """A file's content as it is at one moment, though it is written to."""
    if path.name != LEDGER:
        with path.open("rb") as file:
            yield file  # replaced by another file, or added to beyond the size that counts
        return
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=path.parent) as folder:  # mode 0700
        copy = Path(folder) / LEDGER
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
            (found,) = target.execute("PRAGMA quick_check(1)").fetchone()
            if found != "ok":
                raise damaged(found)
        with copy.open("rb") as file:
            yield file


def _put(tar: tarfile.TarFile, name: str, content: IO[bytes]) -> None:
    info = tarfile.TarInfo(name)
    info.size = content.seek(0, io.SEEK_END)
    content.seek(0)
    info.mode = 0o600
    tar.addfile(info, content)


def _write(path: Path, content: IO[bytes]) -> None:
    private_folder(path.parent)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        shutil.copyfileobj(content, file)

"""Who may see the review page: codes that open it once, the terminal's token, and the sessions that came of them."""

import hashlib
import secrets
import threading
import time
from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import msgspec

from circleshield_model.private_file import write_private

FILE = "sessions.json"
"""Its name in the home folder."""

CODE_MINUTES = 10
SESSION_DAYS = 90
"""A session that nobody used for so long has ended."""

_TRIES, _TRIES_SECONDS = 5, 600.0
_ADDRESSES = 10_000  # whose wrong codes are remembered
_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # no 0 and O, 1, I and L: codes are typed as well
_CODE_LENGTH = 8
_DAY_SECONDS = 86_400

Role = Literal["owner", "device"]
"""The owner sees and does everything; a device sees the posts that were in its own feeds."""


class TooManyTriesError(Exception):
    """An address has named so many wrong codes that none is looked at for some minutes."""


@dataclass(frozen=True, slots=True)
class Session:
    """One browser that was let in. Times in seconds since 1970; `id` is the hash of its cookie."""

    id: str
    role: Role
    name: str
    since: float
    used: float


class Sessions:
    """The open sessions, kept in a file of mode 0600 that holds hashes alone. Safe to use from several threads."""

    def __init__(self, file: Path) -> None:
        """Takes up the sessions in the file; from one that cannot be read, none."""
        self._file = file
        self._lock = threading.Lock()
        self._codes: dict[str, tuple[Role, float]] = {}
        self._links: dict[str, float] = {}
        self._wrong: dict[str, deque[float]] = {}
        self._sessions = _read(file)
        self.token = secrets.token_urlsafe(24)
        """Opens the page to the owner any number of times while this proxy runs."""

    def code(self, role: Role) -> str:
        """A new code, good for one session within `CODE_MINUTES`; short enough to be typed."""
        code = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))
        with self._lock:
            now = time.monotonic()
            self._codes = {key: value for key, value in self._codes.items() if value[1] > now}
            self._codes[_hash(code)] = role, now + 60 * CODE_MINUTES
        return code

    def link_token(self) -> str:
        """A token like `token`, good for one session within `CODE_MINUTES`."""
        token = secrets.token_urlsafe(24)
        with self._lock:
            now = time.monotonic()
            self._links = {key: until for key, until in self._links.items() if until > now}
            self._links[_hash(token)] = now + 60 * CODE_MINUTES
        return token

    def open(self, token: str, name: str) -> str | None:
        """The cookie of an owner's new session for who names a token; None for a wrong one.

        Tries are not counted: tokens cannot be guessed, and any web page could use the tries up.
        """
        with self._lock:
            is_lasting = secrets.compare_digest(token.encode(), self.token.encode())
            if not is_lasting and self._links.pop(_hash(token), 0.0) < time.monotonic():
                return None
            return self._begun("owner", name)

    def pair(self, code: str, address: str, name: str) -> str | None:
        """The cookie of a new session for who names a code; None for a wrong one.

        Raises TooManyTriesError when wrong ones came from this address before.
        """
        with self._lock:
            role = self._role(code.strip().upper(), address)
            return None if role is None else self._begun(role, name)

    def find(self, cookie: str) -> Session | None:
        """The session of a cookie."""
        with self._lock:
            session = self._sessions.get(_hash(cookie))
            now = time.time()
            if session is None or now - session.used > SESSION_DAYS * _DAY_SECONDS:
                return None
            if now - session.used > _DAY_SECONDS:
                session = self._sessions[session.id] = replace(session, used=now)
                self._write()
            return session

    def all(self) -> list[Session]:
        """Every session, the newest first."""
        with self._lock:
            return sorted(self._sessions.values(), key=lambda session: -session.since)

    def end(self, session_id: str) -> None:
        """Ends a session."""
        with self._lock:
            if self._sessions.pop(session_id, None) is not None:
                self._write()

    def _begun(self, role: Role, name: str) -> str:
        cookie = secrets.token_urlsafe(32)
        now = time.time()
        self._sessions[_hash(cookie)] = Session(_hash(cookie), role, name[:80], now, now)
        self._write()
        return cookie

    def _role(self, code: str, address: str) -> Role | None:
        now = time.monotonic()
        wrong = self._wrong.setdefault(address, deque(maxlen=_TRIES))
        if len(wrong) == _TRIES and now - wrong[0] < _TRIES_SECONDS:
            raise TooManyTriesError
        role, until = self._codes.pop(_hash(code), (None, 0.0))
        if role is not None and until > now:
            return role
        wrong.append(now)
        if len(self._wrong) > _ADDRESSES:
            del self._wrong[next(iter(self._wrong))]
        return None

    def _write(self) -> None:
        oldest = time.time() - SESSION_DAYS * _DAY_SECONDS
        self._sessions = {key: session for key, session in self._sessions.items() if session.used > oldest}
        write_private(self._file, msgspec.json.encode(list(self._sessions.values())))


def form_token(cookie: str) -> str:
    """What a form must carry to be taken for one of this session's pages; it does not give the cookie away."""
    return hashlib.blake2b(b"form", key=cookie.encode()[:64], digest_size=16).hexdigest()


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _read(file: Path) -> dict[str, Session]:
    try:
        sessions = msgspec.json.decode(file.read_bytes(), type=list[Session])
    except (OSError, ValueError):
        return {}
    return {session.id: session for session in sessions}

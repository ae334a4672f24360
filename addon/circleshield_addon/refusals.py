"""Apps that take no certificate but their own: told from devices without the CA, and passed through for a while."""

import hashlib
import logging
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec
from mitmproxy import connection, http, tls

from circleshield_addon.device import device_of
from circleshield_addon.handshake import asked_host
from circleshield_model.private_file import write_private

log = logging.getLogger("circleshield")

FILE = "passed.json"
REPEATS = 3
APART = 1.0
"""Seconds; an app that opens several connections at once refuses all of them for one reason."""
WINDOW = 3600.0
"""Seconds in which the refusals, and something else that works on the device, have to be seen."""
QUIET = 1.0
"""Seconds; an app that checks its pin after the handshake closes before that, without a request."""
_FIRST_DAYS, _MOST_DAYS = 1, 32
_DAY = 86_400.0
_REMEMBERED = 1000
# What changes from one connection of an app to the next: padding, pre-shared key, early data, cookie (RFC 8446, 4.2).
_FLEETING = frozenset((21, 41, 42, 44))


class App(NamedTuple):
    """An app on a device, told by how it begins TLS, and the host that it asks for."""

    device: str
    app: str
    host: str


@dataclass
class Passed:
    """An app's host that is not decrypted until a time (seconds since 1970); `days` is for how long that is."""

    device: str
    app: str
    host: str
    until: float
    days: int


@dataclass
class _Kept:
    """The file: what is passed through by devices that trust a CA."""

    ca: str
    passed: list[Passed]


@dataclass
class _Handshake:
    app: App
    established: float | None = None
    used: bool = False


class Refusals:
    """A mitmproxy addon that passes through what an app refuses again and again, while others on its device do not.

    To be added after those that decide which TLS is opened at all.
    """

    def __init__(self, file: Path, ca: str, clock: Callable[[], float] = time.time) -> None:
        """`file` keeps what is passed through; `ca`: the fingerprint of the CA, for another one it does not count."""
        self._file, self._ca, self._clock = file, ca, clock
        self._passed: dict[App, Passed] = {}
        self._handshakes: dict[str, _Handshake] = {}
        self.forget()
        for entry in self._read():
            self._passed[App(entry.device, entry.app, entry.host)] = entry

    def forget(self) -> None:
        """Begins anew with what was seen; not with what is passed through."""
        self._refused: OrderedDict[App, list[float]] = OrderedDict()
        self._accepted: defaultdict[str, dict[App, float]] = defaultdict(dict)
        self._strangers: dict[str, list[float]] = {}

    def renew(self, ca: str) -> None:
        """Begins wholly anew: with another CA every device refuses until it has installed that."""
        self._ca = ca
        self._passed.clear()
        self.forget()
        self._write()

    def passed(self) -> list[Passed]:
        """What is passed through now; other threads may ask as well."""
        return [entry for entry in tuple(self._passed.values()) if entry.until > self._clock()]

    def untrusting(self) -> list[str]:
        """Devices on which nothing has accepted the CA's certificates."""
        return [device for device, refusals in self._strangers.items() if len(refusals) > 1]

    def tls_clienthello(self, data: tls.ClientHelloData) -> None:
        """Passes through, or watches what becomes of the handshake."""
        host = asked_host(data)
        if host is None or data.ignore_connection:
            return
        client = data.context.client
        app = App(device_of(client.peername), _fingerprint(data.client_hello), host)
        if self.passes(app):
            data.ignore_connection = True
        else:
            self._handshakes[client.id] = _Handshake(app)

    def tls_established_client(self, data: tls.TlsData) -> None:
        """The client may still go without a word."""
        if (handshake := self._handshakes.get(data.context.client.id)) is not None:
            handshake.established = self._clock()

    def tls_failed_client(self, data: tls.TlsData) -> None:
        """A refusal, if that is what mitmproxy makes of it."""
        handshake = self._handshakes.pop(data.context.client.id, None)
        if handshake is not None and "trust" in (data.conn.error or ""):
            self.refused(handshake.app)

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """A request is what proves that the client has accepted the certificate."""
        handshake = self._handshakes.get(flow.client_conn.id)
        if handshake is not None and not handshake.used:
            handshake.used = True
            self.accepted(handshake.app)

    def client_disconnected(self, client: connection.Client) -> None:
        """A refusal too, where a client goes right after the handshake."""
        handshake = self._handshakes.pop(client.id, None)
        if handshake is None or handshake.used or handshake.established is None:
            return
        if self._clock() - handshake.established < QUIET:
            self.refused(handshake.app)

    def passes(self, app: App) -> bool:
        """Whether it is passed through now."""
        entry = self._passed.get(app)
        return entry is not None and entry.until > self._clock()

    def accepted(self, app: App) -> None:
        """An app has sent a request over a connection that was opened."""
        now = self._clock()
        self._refused.pop(app, None)
        self._strangers.pop(app.device, None)
        works = self._accepted[app.device]
        works.pop(app, None)
        works[app] = now
        while len(works) > 2:  # the last other one is all that is asked for
            del works[next(iter(works))]
        if self._passed.pop(app, None) is not None:
            self._write()

    def refused(self, app: App) -> None:
        """An app has refused the certificate for a host."""
        now = self._clock()
        times = [t for t in self._refused.pop(app, []) if now - t < WINDOW]
        self._refused[app] = times
        if len(self._refused) > _REMEMBERED:
            self._refused.popitem(last=False)
        if times and now - times[-1] < APART:
            return
        times.append(now)
        if not self._accepted.get(app.device) and all(known.device != app.device for known in self._passed):
            self._stranger(app.device, now)
            return
        others = (at for other, at in self._accepted[app.device].items() if other != app)
        if len(times) >= REPEATS and any(now - at < WINDOW for at in others):
            self._pass(app, now)

    def _pass(self, app: App, now: float) -> None:
        before = self._passed.get(app)
        days = min(before.days * 2, _MOST_DAYS) if before is not None else _FIRST_DAYS
        self._passed[app] = Passed(*app, until=now + days * _DAY, days=days)
        del self._refused[app]
        self._write()
        until = datetime.fromtimestamp(self._passed[app].until)
        log.warning(
            "%s: an app there refuses the certificate for %s, which passes unfiltered for that app until %s",
            app.device,
            app.host,
            f"{until:%Y-%m-%d %H:%M}",
        )

    def _stranger(self, device: str, now: float) -> None:
        refusals = self._strangers.setdefault(device, [])
        if refusals and now - refusals[-1] < APART:
            return
        refusals.append(now)
        if len(refusals) == 2:
            log.warning(
                "%s refuses the certificates of this proxy: install its CA there, see: circleshield setup", device
            )
        while len(self._strangers) > _REMEMBERED:
            del self._strangers[next(iter(self._strangers))]

    def _read(self) -> list[Passed]:
        try:
            found = msgspec.json.decode(self._file.read_bytes(), type=_Kept)
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as e:
            log.warning("%s: not read, what apps refuse is found out anew: %s", self._file, e)
            return []
        longest = _MOST_DAYS * _DAY
        return [e for e in found.passed if found.ca == self._ca and e.until + longest > self._clock()]

    def _write(self) -> None:
        try:
            write_private(self._file, msgspec.json.encode(_Kept(self._ca, list(self._passed.values()))))
        except OSError as e:
            log.warning("%s: cannot be written: %s", self._file, e.strerror)


def _fingerprint(hello: tls.ClientHello) -> str:
    """What stays the same from one connection of an app to the next: its cipher suites and kinds of extensions."""
    ciphers = [number for number in hello.cipher_suites if not _is_grease(number)]
    extensions = sorted(kind for kind, _ in hello.extensions if not _is_grease(kind) and kind not in _FLEETING)
    return hashlib.sha256(repr((ciphers, extensions)).encode()).hexdigest()[:8]


def _is_grease(number: int) -> bool:
    """Values that browsers send at random to keep servers tolerant (RFC 8701)."""
    return number & 0x0F0F == 0x0A0A

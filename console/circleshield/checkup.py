"""What `circleshield doctor` looks at on this machine: each check says what it found, and the mend.

A check that cannot be made says so (`unknown`), never `ok`. Nothing but the proxy is contacted.
"""

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path
from typing import Any, Literal

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from circleshield.ca_folder import CA_FOLDER
from circleshield.control import ask
from circleshield.home import open_ledger
from circleshield.local_program import said_by
from circleshield_addon import authority
from circleshield_addon.history import last_of_device
from circleshield_addon.judge import Judge
from circleshield_addon.ledger import FILE
from circleshield_addon.settings import Settings, default_config_path, load_settings
from circleshield_model.errors import InputError
from circleshield_model.scorer import Scorer
from circleshield_model.versions import folder_in_use

State = Literal["ok", "warn", "fail", "unknown"]
_FAIL_BYTES, _WARN_BYTES = 50_000_000, 500_000_000


@dataclass(frozen=True)
class Finding:
    """What a check found. `mend`: what to do about it, empty where there is nothing to do."""

    check: str
    state: State
    found: str
    mend: str = ""


class Subject:
    """What is looked at: a home folder, the proxy that runs with it, its config file and model."""

    def __init__(self, home: Path, config: Path | None, model: Path | None) -> None:
        self.home = home
        self._model = model
        try:
            self.status: dict[str, Any] | None = ask(home, "status")
        except InputError:
            self.status = None
        self.config = config
        if config is None and self.status is not None and Path(self.status["config"]).exists():
            self.config = Path(self.status["config"])
        self.settings: Settings | None = None
        self.fault = ""
        try:
            self.settings = load_settings(self.config)
        except InputError as e:
            self.fault = str(e)

    @property
    def listening(self) -> dict[str, list[tuple[str, int]]]:
        """Where the proxy listens, by mode as the user gave it."""
        listening = self.status["listening"] if self.status is not None else {}
        return {mode: [_parted(address) for address in addresses] for mode, addresses in listening.items()}

    def ports(self, *modes: str) -> list[tuple[str, int]]:
        """Where it listens in one of these modes."""
        found = [places for mode, places in self.listening.items() if mode.partition("@")[0] in modes]
        return [place for places in found for place in places]

    def scorer(self) -> Scorer:
        """The model that is named, or in use. Raises InputError where it is not whole."""
        return Scorer.load(self._model or folder_in_use(self.home))

    @property
    def ca(self) -> authority.Authority:
        """Raises InputError where there is none."""
        return authority.read(self.home / CA_FOLDER)


def machine(subject: Subject) -> Iterator[Finding]:
    """All that is on this machine and needs no connection."""
    yield _python()
    yield _libraries()
    yield _proxy(subject)
    yield _clock(subject)
    yield _model(subject)
    yield _config(subject)
    yield _ledger(subject)
    yield _disk(subject)
    yield _ca(subject)
    yield _pinned(subject)
    yield _wechat(subject)


def device(subject: Subject, address: str) -> Finding:
    """What is known of one device."""
    if subject.status is None:
        return Finding("device", "unknown", f"no proxy runs that could know {address}", "start it: circleshield run")
    if address in subject.status["untrusting"]:
        return Finding("device", "fail", f"{address} refuses every certificate of the proxy", _INSTALL_CA)
    if any(pause["device"] in (None, address) for pause in subject.status["paused"]):
        return Finding("device", "warn", f"filtering is paused for {address}", "circleshield resume")
    last = None
    if (subject.home / FILE).exists():
        try:
            with open_ledger(subject.home) as ledger:
                last = last_of_device(ledger, address)
        except InputError as e:
            return Finding("device", "unknown", str(e))
    if last is None:
        return Finding(
            "device",
            "unknown",
            f"nothing of {address} was filtered yet",
            "open a feed on it; for its settings see: circleshield setup",
        )
    return Finding("device", "ok", f"{address}: a post was filtered at {datetime.fromtimestamp(last / 1000):%F %H:%M}")


_INSTALL_CA = "install the CA on it and trust it: circleshield setup"


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    wanted = metadata("circleshield")["Requires-Python"]
    if not SpecifierSet(wanted).contains(found):
        return Finding("python", "fail", found, f"circleshield needs Python {wanted}")
    return Finding("python", "ok", found)


def _libraries() -> Finding:
    wrong = []
    for requirement in map(Requirement, requires("circleshield") or ()):
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            found = "missing"
        if found == "missing" or not requirement.specifier.contains(found, prereleases=True):
            wrong.append(f"{requirement.name} {found} (needs {requirement.specifier})")
    if wrong:
        return Finding(
            "libraries", "fail", ", ".join(wrong), "install circleshield again, in an environment of its own"
        )
    return Finding("libraries", "ok", f"circleshield {version('circleshield')}, mitmproxy {version('mitmproxy')}")


def _proxy(subject: Subject) -> Finding:
    if subject.status is None:
        mend = "start it: circleshield run, or for good: circleshield service install"
        return Finding("proxy", "fail", f"none runs with {subject.home}", mend)
    where = ", ".join(
        f"{mode.partition('@')[0]} at {host}:{port}"
        for mode, places in subject.listening.items()
        for host, port in places
    )
    if subject.status["paused"]:
        return Finding("proxy", "warn", f"runs, {where}; filtering is paused", "circleshield resume")
    return Finding("proxy", "ok", f"runs, {where}")


def _clock(subject: Subject) -> Finding:
    try:
        made = subject.ca.root.not_valid_before_utc
    except InputError:
        made = None
    now = datetime.now(UTC)
    if made is not None and now < made:
        return Finding("clock", "fail", f"it says {now:%F %H:%M} UTC, before the CA was made", "set the clock")
    synchronised = (said_by("timedatectl", "show", "--property=NTPSynchronized", "--value") or "").strip()
    if synchronised == "yes":
        return Finding("clock", "ok", "kept right over the network")
    if synchronised == "no":
        return Finding(
            "clock", "warn", f"nothing keeps it right; it says {now:%F %H:%M} UTC", "timedatectl set-ntp true"
        )
    return Finding("clock", "unknown", f"it says {now:%F %H:%M} UTC; whether that is right is not known here")


def _model(subject: Subject) -> Finding:
    try:
        scorer = subject.scorer()
    except InputError as e:
        return Finding("model", "fail", str(e), "train it again or install circleshield again")
    running = subject.status["model"] if subject.status is not None else scorer.version
    if running != scorer.version:
        found = f"{scorer.version} is whole, but the proxy runs {running}"
        return Finding("model", "warn", found, "name its folder: doctor --model FOLDER")
    return Finding("model", "ok", f"{scorer.version}: whole, and its canaries score as they did")


def _config(subject: Subject) -> Finding:
    if subject.settings is None:
        return Finding("config", "fail", subject.fault, "mend the file; circleshield config check")
    try:
        Judge(subject.scorer(), subject.settings)
    except InputError as e:
        return Finding("config", "fail", str(e), "mend the file; circleshield config check")
    if subject.status is not None and subject.status["refused"]:
        return Finding("config", "fail", f"the proxy did not take it: {subject.status['refused']}", "mend the file")
    path = subject.config or default_config_path()
    return Finding("config", "ok", str(path) if path.exists() else "no file: the defaults")


def _ledger(subject: Subject) -> Finding:
    if subject.status is not None and (fault := subject.status["ledger"]["fault"]):
        return Finding("ledger", "fail", f"nothing is recorded: {fault}", f"see to {subject.home / FILE}")
    path = subject.home / FILE
    if not path.exists():
        return Finding("ledger", "ok", "nothing is recorded yet")
    try:
        with open_ledger(subject.home) as ledger:
            ledger.check()
    except InputError as e:
        return Finding("ledger", "fail", str(e), f"see to {path}")
    return Finding("ledger", "ok", f"whole, {path.stat().st_size / 1e6:.1f} MB")


def _disk(subject: Subject) -> Finding:
    folder = next(folder for folder in (subject.home, *subject.home.absolute().parents) if folder.exists())
    free = shutil.disk_usage(folder).free
    found = f"{free / 1e9:.1f} GB free in {folder}"
    if free < _FAIL_BYTES:
        return Finding("disk", "fail", found, "make room, or the ledger records nothing")
    return Finding("disk", "warn" if free < _WARN_BYTES else "ok", found, "make room" if free < _WARN_BYTES else "")


def _ca(subject: Subject) -> Finding:
    try:
        found = subject.ca
    except InputError as e:
        return Finding("ca", "fail", str(e), "circleshield ca renew, or start the proxy once")
    if found.expired:
        return Finding("ca", "fail", f"expired on {found.expires:%F}", "circleshield ca renew")
    troubles = list(authority.troubles(found, subject.settings.hosts if subject.settings is not None else ()))
    if troubles:
        return Finding("ca", "warn", "; ".join(f"it {trouble}" for trouble in troubles), "circleshield ca renew")
    return Finding("ca", "ok", f"{found.title}, until {found.expires:%F}")


def _pinned(subject: Subject) -> Finding:
    if subject.status is None:
        return Finding("pinned apps", "unknown", "no proxy runs that could know")
    passed, strangers = subject.status["passed"], subject.status["untrusting"]
    if strangers:
        return Finding("pinned apps", "fail", f"{', '.join(strangers)}: refuses every certificate", _INSTALL_CA)
    if passed:
        hosts = sorted({f"{entry['host']} ({entry['device']})" for entry in passed})
        mend = "use the site in a browser; such an app cannot be filtered"
        return Finding("pinned apps", "warn", f"passed unfiltered: {', '.join(hosts)}", mend)
    return Finding("pinned apps", "ok", "no app refuses the certificate")


def _wechat(subject: Subject) -> Finding:
    if subject.status is None:
        return Finding("wechat", "unknown", "no proxy runs that could have seen it")
    seen = subject.status["counts"].get("mmtls", 0)
    limit = "its Moments travel in its own encryption and cannot be filtered by any proxy"
    if seen:
        return Finding(
            "wechat", "warn", f"{seen} requests of its own protocol: {limit}", "mute sellers in WeChat itself"
        )
    return Finding("wechat", "ok", f"none of its own protocol seen ({limit})")


def _parted(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)

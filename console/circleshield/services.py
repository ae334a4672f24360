"""Installs the proxy as a service: with systemd, for the whole machine or one user, or with launchd for one user."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import click
from platformdirs import user_config_path, user_data_path, user_log_path

from circleshield import service_units
from circleshield.config_file import write_config
from circleshield_model.errors import InputError
from circleshield_model.private_file import private_folder

UNIT = "circleshield.service"
_SHOWN = ("ActiveState", "UnitFileState", "MainPID", "NRestarts", "MemoryCurrent", "ActiveEnterTimestamp", "Result")
_HOMES = (Path("/home"), Path("/root"), Path("/run/user"))


class Plan(NamedTuple):
    """What is to run: the whole command, folders it writes to, files it reads, and whether a port is below 1024."""

    command: list[str]
    writable: list[Path]
    reads: list[Path]
    low_port: bool


class Service(Protocol):
    """One way to run in the background. `file`: what the service manager reads.

    The methods raise InputError where this machine does not have it; `install` and `uninstall` yield what they did.
    """

    file: Path
    data: str
    """Where config, CA, ledger and the rest are, in words; where a --home or --config was given they are there."""

    def install(self, plan: Plan) -> Iterator[str]: ...
    def uninstall(self) -> Iterator[str]: ...
    def state(self) -> dict[str, Any]:
        """`running` and what else is known."""


def service_here(system: bool) -> Service:
    """The service of this kind of machine. Raises InputError where there is none."""
    if sys.platform == "darwin":
        if system:
            raise InputError("on macOS the service runs for the user who is logged in; leave --system out")
        return Launchd()
    if sys.platform != "linux":
        raise InputError("services are for Linux and macOS; here have `circleshield run` started when you log in")
    return Systemd(system)


class Systemd:
    """A unit of the system's systemd, or of the user's own."""

    def __init__(self, system: bool) -> None:
        self._system = system
        folder = Path("/etc/systemd/system") if system else user_config_path() / "systemd" / "user"
        self.file = folder / UNIT
        self.data = f"/var/lib/circleshield, and the user {service_units.USER}" if system else _your_folders()
        self._manager = [] if system else ["--user"]

    def install(self, plan: Plan) -> Iterator[str]:
        self._require()
        if self._system:
            self._check_reachable(plan)
            if _make_user():
                yield f"made the system user {service_units.USER}"
            text = service_units.system_unit(plan.command, plan.writable, plan.low_port)
        else:
            if plan.low_port:
                raise InputError("ports below 1024 are for the system: use another, or service install --system")
            for folder in plan.writable:
                _make_folder(folder)
            sandboxed = self._can_sandbox()
            if not sandboxed:
                yield "note: this machine gives users no namespaces, so the unit does without a read-only file system"
            text = service_units.user_unit(plan.command, plan.writable, sandboxed)
        write_config(self.file, text)
        self.file.chmod(0o644)
        yield f"wrote {self.file}"
        self._systemctl("daemon-reload")
        self._systemctl("enable", "--quiet", UNIT)
        self._start()
        yield "enabled and started; its log: " + " ".join(["journalctl", *self._manager, "-u", "circleshield"])
        if self._system:
            yield f"its commands: sudo -H -u {service_units.USER} {_command_name()} status"
        elif not self._lingers():
            yield "it runs while you are logged in; from boot on with: loginctl enable-linger"

    def uninstall(self) -> Iterator[str]:
        self._require()
        if not self.file.exists():
            raise InputError(f"{self.file}: there is none, so nothing is uninstalled")
        self._systemctl("disable", "--now", "--quiet", UNIT)
        try:
            self.file.unlink()
        except OSError as e:
            raise InputError(f"{self.file}: cannot be deleted: {e.strerror}") from e
        self._systemctl("daemon-reload")
        yield f"stopped, and deleted {self.file}"

    def state(self) -> dict[str, Any]:
        self._require(root=False)
        said = self._systemctl("show", UNIT, f"--property={','.join(_SHOWN)}")
        shown = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
        return {
            "running": shown.get("ActiveState") == "active",
            "installed": self.file.exists(),
            "enabled": shown.get("UnitFileState") == "enabled",
            "since": shown.get("ActiveEnterTimestamp") or None,
            "process": _number(shown.get("MainPID")),
            "restarts": _number(shown.get("NRestarts")),
            "memory_bytes": _number(shown.get("MemoryCurrent")),
            "result": shown.get("Result") or None,
        }

    def _require(self, root: bool = True) -> None:
        if shutil.which("systemctl") is None:
            raise InputError(_NO_SYSTEMD)
        if self._system and root and os.geteuid() != 0:
            raise InputError("a system service needs root: sudo circleshield service … --system")
        probe = _ran("systemctl", *self._manager, "show", "--property=Version")
        if probe.returncode:
            why = (probe.stderr.strip().splitlines() or ["no answer"])[0]
            raise InputError(f"{_NO_SYSTEMD} ({why})")

    def _check_reachable(self, plan: Plan) -> None:
        program = [Path(sys.executable), Path(sys.base_prefix), Path(sysconfig.get_path("purelib")), Path(__file__)]
        for path in program:
            if _in_a_home(path):
                raise InputError(
                    f"a system service cannot read home folders, and circleshield is in {path}; install it elsewhere: "
                    "python3 -m venv /opt/circleshield && /opt/circleshield/bin/pip install …"
                )
        for path in (*plan.reads, *plan.writable):
            if _in_a_home(path):
                raise InputError(f"{path}: a system service cannot read home folders; put it elsewhere, such as /etc")

    def _can_sandbox(self) -> bool:
        tried = ("--user", "--wait", "--quiet", "--collect", "-p", "PrivateUsers=yes", "-p", "ProtectSystem=strict")
        return shutil.which("systemd-run") is not None and _ran("systemd-run", *tried, "true").returncode == 0

    def _lingers(self) -> bool:
        if shutil.which("loginctl") is None:
            return False
        return "Linger=yes" in _ran("loginctl", "show-user", str(os.getuid()), "--property=Linger").stdout

    def _start(self) -> None:
        """Starts it, with the new unit and program where it runs already; waits until it listens."""
        if _ran("systemctl", *self._manager, "restart", UNIT).returncode == 0:
            return
        log = _ran("journalctl", *self._manager, "-u", UNIT, "-n", "5", "-o", "cat").stdout.strip()
        raise click.ClickException(f"installed, but it does not start; systemd goes on trying. Its log:\n{log}")

    def _systemctl(self, *arguments: str) -> str:
        done = _ran("systemctl", *self._manager, *arguments)
        if done.returncode:
            raise InputError(f"systemctl {' '.join(arguments)}: {done.stderr.strip() or 'failed'}")
        return done.stdout


class Launchd:
    """A launch agent of the user. Not tried on a Mac."""

    def __init__(self) -> None:
        self.file = Path.home() / "Library" / "LaunchAgents" / f"{service_units.LABEL}.plist"
        self.data = _your_folders()
        self._domain = f"gui/{os.getuid()}"
        self._target = f"{self._domain}/{service_units.LABEL}"

    def install(self, plan: Plan) -> Iterator[str]:
        log = user_log_path("circleshield") / "circleshield.log"
        _make_folder(log.parent)
        write_config(self.file, service_units.launchd_plist(plan.command, log).decode())
        self.file.chmod(0o644)
        yield f"wrote {self.file}"
        _launchctl("bootout", self._target, check=False)  # the one that runs with what was there before
        _launchctl("bootstrap", self._domain, str(self.file))
        yield f"started; its log: {log}"

    def uninstall(self) -> Iterator[str]:
        if not self.file.exists():
            raise InputError(f"{self.file}: there is none, so nothing is uninstalled")
        _launchctl("bootout", self._target, check=False)
        self.file.unlink()
        yield f"stopped, and deleted {self.file}"

    def state(self) -> dict[str, Any]:
        said = _launchctl("print", self._target, check=False)
        installed = self.file.exists()
        return {"running": "state = running" in said, "installed": installed, "enabled": installed}


def _your_folders() -> str:
    return f"{user_data_path('circleshield')} and {user_config_path('circleshield')}"


_NO_SYSTEMD = "no systemd runs here; have `circleshield run` started by what starts services on this machine"


def _launchctl(*arguments: str, check: bool = True) -> str:
    if shutil.which("launchctl") is None:
        raise InputError("there is no launchctl here")
    done = _ran("launchctl", *arguments)
    if check and done.returncode:
        raise InputError(f"launchctl {arguments[0]}: {done.stderr.strip() or 'failed'}")
    return done.stdout


def _ran(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)


def _make_user() -> bool:
    import pwd  # not on Windows

    try:
        pwd.getpwnam(service_units.USER)
    except KeyError:
        options = ("--system", "--user-group", "--no-create-home", "--home-dir", "/var/lib/circleshield")
        made = _ran("useradd", *options, "--shell", "/usr/sbin/nologin", service_units.USER)
        if made.returncode:
            raise InputError(f"the system user {service_units.USER} cannot be made: {made.stderr.strip()}") from None
        return True
    return False


def _make_folder(folder: Path) -> None:
    try:
        private_folder(folder)
    except OSError as e:
        raise InputError(f"{folder}: cannot be made: {e.strerror}") from e


def _in_a_home(path: Path) -> bool:
    return any(place.is_relative_to(home) for home in _HOMES for place in (path, path.resolve()))


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and int(text) < 2**63 else None


def _command_name() -> str:
    beside = Path(sys.executable).with_name("circleshield")
    return str(beside) if beside.exists() and shutil.which("circleshield") != str(beside) else "circleshield"


def run_command(options: Sequence[str]) -> list[str]:
    """The command that runs the proxy with these options, by this very interpreter, wherever it is started."""
    return [sys.executable, "-P", "-m", "circleshield", "run", *options]

"""`circleshield service` with a service manager that only takes notes; its units judged by the real systemd-analyze."""

import json
import os
import plistlib
import shutil
import subprocess
import sys
from pathlib import Path

import click.testing
import pytest

from circleshield import service_units, services
from circleshield.commands.service import command
from circleshield_model.errors import InputError

COMMAND = [sys.executable, "-P", "-m", "circleshield", "run"]
MANAGER = """\
#!/bin/sh
echo "$(basename "$0") $*" >> {calls}
case "$(basename "$0") $*" in
  {failing}) echo "it says no" >&2; exit 1 ;;
  *"show circleshield.service"*) cat {shown} ;;
  *show-user*) echo Linger=no ;;
  journalctl*) echo "cannot listen on 127.0.0.1:8080" ;;
esac
"""


class Manager:
    """systemctl and its like, as scripts on PATH; `calls` is what they were asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()
        self._shown = folder / "shown"
        self.shows(ActiveState="inactive")
        self.fails("nothing")

    def shows(self, **properties: str) -> None:
        self._shown.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))

    def fails(self, pattern: str) -> None:
        """What is asked for like this ends with an error."""
        calls = self._folder / "calls"
        calls.write_text("")
        text = MANAGER.format(calls=calls, failing=pattern, shown=self._shown)
        for name in ("systemctl", "systemd-run", "loginctl", "journalctl", "useradd", "launchctl"):
            (self._folder / name).write_text(text)
            (self._folder / name).chmod(0o755)

    @property
    def calls(self) -> list[str]:
        return (self._folder / "calls").read_text().splitlines()


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Manager:
    monkeypatch.setenv("PATH", f"{tmp_path / 'manager'}:{os.environ['PATH']}")
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.delenv("CIRCLESHIELD_CONFIG", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    return Manager(tmp_path / "manager")


def run(*arguments: str) -> click.testing.Result:
    return click.testing.CliRunner().invoke(command, arguments)


def unit_of(tmp_path: Path) -> Path:
    return tmp_path / "XDG_CONFIG_HOME" / "systemd" / "user" / "circleshield.service"


def settings_of(unit: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in unit.read_text().splitlines() if "=" in line and line[0] != "#")


def test_install_status_uninstall(manager: Manager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("install", "--", "--listen", "192.168.1.5:8080", "--mode", "socks5@1080", "--config", "my config.toml")
    assert done.exit_code == 0, done.output
    found = settings_of(unit_of(tmp_path))
    config = tmp_path / "my config.toml"
    assert found["ExecStart"] == (
        f'{sys.executable} -P -m circleshield run --listen 192.168.1.5:8080 --mode socks5@1080 --config "{config}"'
    )
    assert found["Restart"] == "on-failure"
    assert found["ReadWritePaths"] == f"{tmp_path / 'XDG_DATA_HOME' / 'circleshield'} {tmp_path}"
    assert (tmp_path / "XDG_DATA_HOME" / "circleshield").is_dir()  # systemd refuses a folder that is not there
    changing = [call for call in manager.calls if call.startswith("systemctl") and "show" not in call]
    assert changing == [
        "systemctl --user daemon-reload",
        "systemctl --user enable --quiet circleshield.service",
        "systemctl --user restart circleshield.service",
    ]
    assert "loginctl enable-linger" in done.stderr

    once_more = run("install")
    assert once_more.exit_code == 0
    assert settings_of(unit_of(tmp_path))["ExecStart"] == " ".join(COMMAND)

    kept = tmp_path / "XDG_DATA_HOME" / "circleshield" / "samples.jsonl"
    kept.write_text("{}\n")
    gone = run("uninstall")
    assert gone.exit_code == 0
    assert "samples and models stay" in gone.stderr
    assert not unit_of(tmp_path).exists()
    assert kept.exists()
    assert "systemctl --user disable --now --quiet circleshield.service" in manager.calls
    with pytest.raises(InputError, match="nothing is uninstalled"):
        click.testing.CliRunner().invoke(command, ["uninstall"], catch_exceptions=False, standalone_mode=False)


def test_status(manager: Manager) -> None:
    assert run("status").output == "not installed; install it with: circleshield service install\n"
    assert run("status", "--system").output == "not installed; install it with: circleshield service install --system\n"
    run("install")
    manager.shows(
        ActiveState="active", UnitFileState="enabled", MainPID="77", NRestarts="2", MemoryCurrent="95000000",
        ActiveEnterTimestamp="Sun 2026-11-22 16:00:00 UTC", Result="success",
    )  # fmt: skip
    running = run("status")
    assert running.exit_code == 0
    assert "running since Sun 2026-11-22" in running.output
    assert "95 MB" in running.output
    assert json.loads(run("status", "--json").output)["restarts"] == 2
    manager.shows(ActiveState="failed", UnitFileState="enabled", MemoryCurrent=str(2**64 - 1), Result="watchdog")
    stopped = run("status")
    assert stopped.exit_code == 1
    assert "not running (watchdog)" in stopped.output
    assert "memory" not in stopped.output


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--listen", "8080"), "is not HOST:PORT"),
        (("--lisen", "127.0.0.1:8080"), "--lisen"),
        (("surplus",), "surplus"),
    ],
)
def test_options_that_run_would_not_take(manager: Manager, tmp_path: Path, options: tuple[str, ...], why: str) -> None:
    done = run("install", "--", *options)
    assert done.exit_code == 2
    assert why in done.output
    assert not unit_of(tmp_path).exists()


def refusal(*arguments: str) -> str:
    with pytest.raises(InputError) as caught:
        command.main(list(arguments), standalone_mode=False)
    return str(caught.value)


def test_refusals_leave_nothing(manager: Manager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal("install", "--", "--mode", "regulr") == "--mode regulr: unknown mode; see circleshield run --help"
    assert "below 1024" in refusal("install", "--", "--mode", "regular@443")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "sudo circleshield service" in refusal("install", "--system")
    manager.fails("*Version*")
    assert "no systemd runs here" in refusal("install")
    assert "it says no" in refusal("status")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "no systemd runs here" in refusal("install")
    monkeypatch.setattr(sys, "platform", "win32")
    assert "Linux and macOS" in refusal("install")
    assert not unit_of(tmp_path).exists()


def test_a_file_that_run_could_not_read_is_refused(manager: Manager, tmp_path: Path) -> None:
    absent = tmp_path / "absent.pem"
    assert (
        refusal("install", "--", "--upstream-ca", str(absent)) == f"{absent}: cannot be read: No such file or directory"
    )
    assert not unit_of(tmp_path).exists()


def test_a_proxy_that_does_not_start_is_said(manager: Manager) -> None:
    manager.fails("*restart*")
    done = run("install")
    assert done.exit_code == 1
    assert "cannot listen on 127.0.0.1:8080" in done.stderr


def test_without_user_namespaces_the_unit_does_without(manager: Manager, tmp_path: Path) -> None:
    manager.fails("systemd-run*")
    assert "no namespaces" in run("install").stderr
    found = settings_of(unit_of(tmp_path))
    assert "PrivateUsers" not in found
    assert found["NoNewPrivileges"] == "yes"


def test_system(manager: Manager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(services, "_HOMES", (tmp_path / "users",))
    system = services.Systemd(True)
    system.file = tmp_path / services.UNIT
    plan = services.Plan([*COMMAND, "--listen", "192.168.1.5:443"], [], [], True)
    said = "\n".join(system.install(plan))
    assert "sudo -H -u circleshield" in said
    assert any(call.startswith("useradd --system") for call in manager.calls)
    found = settings_of(system.file)
    assert found["User"] == "circleshield"
    assert found["AmbientCapabilities"] == found["CapabilityBoundingSet"] == "CAP_NET_BIND_SERVICE"
    list(system.install(plan._replace(low_port=False)))
    assert settings_of(system.file)["AmbientCapabilities"] == ""
    with pytest.raises(InputError, match="cannot read home folders"):
        list(system.install(plan._replace(reads=[tmp_path / "users" / "x.toml"])))
    monkeypatch.setattr(services, "_HOMES", (Path(sys.base_prefix).parent,))
    with pytest.raises(InputError, match="install it elsewhere"):
        list(system.install(plan))


UNITS = {
    "system": service_units.system_unit(COMMAND, [Path("/srv")], False),
    "user": service_units.user_unit(COMMAND, [Path("/srv")], True),
}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
@pytest.mark.parametrize(("which", "at_most"), [("system", 2.0), ("user", 5.5)])
def test_units_by_systemd_itself(which: str, at_most: float, tmp_path: Path) -> None:
    unit = tmp_path / "circleshield.service"
    unit.write_text(UNITS[which])
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    verify = ["systemd-analyze", "verify", f"--{which}", "--man=no", str(unit)]
    verified = subprocess.run(verify, capture_output=True, text=True, env=environment, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")
    # Its score: 0 for nothing exposed, 10 for everything.
    threshold = f"--threshold={at_most * 10:.0f}"
    judge = ["systemd-analyze", "security", "--offline=true", "--no-pager", threshold, str(unit)]
    judged = subprocess.run(judge, capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout


def test_what_breaks_decryption_is_not_in() -> None:
    assert not any("MemoryDenyWriteExecute" in unit for unit in UNITS.values())


def test_arguments_are_spelt_for_systemd() -> None:
    unit = service_units.user_unit(["/a b", "50%", "$HOME", 'say "x"', "back\\slash"], [], False)
    assert 'ExecStart="/a b" 50%% $$HOME "say \\"x\\"" "back\\\\slash"' in unit


def test_launchd(manager: Manager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "leave --system out" in refusal("install", "--system")
    done = run("install", "--", "--listen", "192.168.1.5:8080")
    assert done.exit_code == 0, done.output
    file = tmp_path / "HOME" / "Library" / "LaunchAgents" / "circleshield.proxy.plist"
    found = plistlib.loads(file.read_bytes())
    assert found["ProgramArguments"] == [*COMMAND, "--listen", "192.168.1.5:8080"]
    assert found["KeepAlive"] == {"SuccessfulExit": False}
    domain = f"gui/{os.getuid()}"
    assert manager.calls[-2:] == [
        f"launchctl bootout {domain}/circleshield.proxy",
        f"launchctl bootstrap {domain} {file}",
    ]
    assert run("status").exit_code == 1
    assert run("uninstall").exit_code == 0
    assert not file.exists()

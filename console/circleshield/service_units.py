"""What tells systemd or launchd to run the proxy: the texts of their files, made from the command to run."""

import plistlib
import re
from collections.abc import Sequence
from pathlib import Path

LABEL = "circleshield.proxy"
"""The service's name to launchd."""
USER = "circleshield"
"""Whom the system service runs as; its home is /var/lib/circleshield."""

_WATCHDOG_SECONDS = 30
# Left out on purpose: MemoryDenyWriteExecute, which breaks cffi's callbacks and so every decrypted connection.
_HARDENING = """\
NoNewPrivileges=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
UMask=0077
MemoryMax=1G
TasksMax=256
LimitNOFILE=65536
# A helper that needs too much memory must not take the proxy down with it.
OOMPolicy=continue
"""
_SYSTEM_SANDBOX = """\
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
RemoveIPC=yes
"""
# In a user's systemd these need a user namespace (systemd.exec(5), "Sandboxing").
_USER_SANDBOX = """\
PrivateUsers=yes
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
ProtectControlGroups=yes
ProtectKernelTunables=yes
"""


def system_unit(command: Sequence[str], writable: Sequence[Path], low_port: bool) -> str:
    """A unit for the system's systemd. `low_port`: whether it listens below 1024. `writable`: beside its own home."""
    capability = "CAP_NET_BIND_SERVICE" if low_port else ""
    return _unit(
        command,
        f"User={USER}\nStateDirectory=circleshield\nStateDirectoryMode=0700\n"
        f"AmbientCapabilities={capability}\nCapabilityBoundingSet={capability}\n{_SYSTEM_SANDBOX}{_writable(writable)}",
        "After=network-online.target\nWants=network-online.target\n",
        "multi-user.target",
    )


def user_unit(command: Sequence[str], writable: Sequence[Path], sandboxed: bool) -> str:
    """A unit for a user's own systemd; the folders in `writable` must exist.

    `sandboxed`: whether file systems may be hidden from it, which needs unprivileged user namespaces.
    """
    return _unit(command, f"{_USER_SANDBOX}{_writable(writable)}" if sandboxed else "", "", "default.target")


def launchd_plist(command: Sequence[str], log: Path) -> bytes:
    """A property list for launchd (launchd.plist(5)). launchd has no watchdog and no journal: a log file instead."""
    return plistlib.dumps(
        {
            "Label": LABEL,
            "ProgramArguments": list(command),
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "ThrottleInterval": 10,
            "ProcessType": "Interactive",  # not slowed down: pages wait for it
            "Umask": 0o077,
            "SoftResourceLimits": {"NumberOfFiles": 8192},
            "StandardOutPath": str(log),
            "StandardErrorPath": str(log),
        }
    )


def _unit(command: Sequence[str], sandbox: str, order: str, target: str) -> str:
    # A wrong config file, or an address that is not up yet, ends it too: it is tried again for ever, unhurriedly.
    return f"""\
# Written by `circleshield service install`, which writes it anew.
[Unit]
Description=circleshield, a proxy that takes sales posts out of feeds
{order}StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart={" ".join(map(_quoted, command))}
Restart=on-failure
RestartSec=5
WatchdogSec={_WATCHDOG_SECONDS}
{sandbox}{_HARDENING}
[Install]
WantedBy={target}
"""


def _writable(folders: Sequence[Path]) -> str:
    return f"ReadWritePaths={' '.join(_escaped(str(folder)) for folder in folders)}\n" if folders else ""


def _quoted(argument: str) -> str:
    """As systemd.service(5), "Command lines", reads it back."""
    return _escaped(argument.replace("$", "$$"))


def _escaped(text: str) -> str:
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return text if re.fullmatch(r"[\w/.:@%$+=,~-]+", text) else f'"{text}"'

"""What a running proxy tells systemd, and what it writes for the journal."""

import asyncio
import os
import signal
import socket
import time
from pathlib import Path

import pytest
from tests.end_to_end.origin import HANG_SECONDS
from tests.end_to_end.proxy_process import free_udp_port, running_proxy, wait_for

from circleshield.service_manager import Heartbeat

BEAT_SECONDS = 0.2


def test_ready_alive_and_stopping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", str(int(2e6 * BEAT_SECONDS)))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(HANG_SECONDS)
        with running_proxy(tmp_path, None) as proxy:
            assert manager.recv(100) == b"READY=1"
            socket.create_connection(("127.0.0.1", proxy.port), HANG_SECONDS).close()
            assert [manager.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3

            proxy.process.send_signal(signal.SIGSTOP)  # as good as an event loop that hangs
            time.sleep(2 * BEAT_SECONDS)
            _drain(manager)
            manager.settimeout(4 * BEAT_SECONDS)
            with pytest.raises(TimeoutError):
                manager.recv(100)
            proxy.process.send_signal(signal.SIGCONT)
            manager.settimeout(HANG_SECONDS)
            assert manager.recv(100) == b"WATCHDOG=1"

            proxy.process.terminate()
            assert proxy.wait() == 0
        assert _drain(manager)[-1] == b"STOPPING=1"


def _drain(manager: socket.socket) -> list[bytes]:
    manager.setblocking(False)
    received = []
    while True:
        try:
            received.append(manager.recv(100))
        except BlockingIOError:
            return received


def test_the_journal_gets_priorities_and_no_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "stderr"
    log.touch()
    found = log.stat()
    monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino}")
    with running_proxy(tmp_path, None, "--mode", "regular", "--mode", f"wireguard@{free_udp_port()}") as proxy:
        (tmp_path / "config.toml").write_text("nonsense")
        wait_for(proxy.process, proxy.stderr, r"^<3>not taken")
        assert "token=" not in proxy.whole_log()
        assert "PrivateKey" not in proxy.whole_log()
    assert "<6>stopping" in proxy.whole_log()


def test_another_process_is_not_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def live() -> None:
        heartbeat = Heartbeat()
        heartbeat.running()
        await asyncio.sleep(BEAT_SECONDS / 4)
        heartbeat.done()

    monkeypatch.setenv("NOTIFY_SOCKET", "@" + str(tmp_path))
    monkeypatch.setenv("WATCHDOG_USEC", "1000")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + str(tmp_path))
        monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
        asyncio.run(live())
        assert b"WATCHDOG=1" in _drain(manager)
        monkeypatch.setenv("WATCHDOG_PID", str(os.getppid()))
        asyncio.run(live())
        assert _drain(manager) == [b"READY=1", b"STOPPING=1"]

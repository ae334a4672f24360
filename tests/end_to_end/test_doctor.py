"""`circleshield doctor` beside a running proxy."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.end_to_end.client import Client
from tests.end_to_end.feed import MIXED, timeline
from tests.end_to_end.origin import HANG_SECONDS, Answer, Origin
from tests.end_to_end.proxy_process import running_proxy

from circleshield.reach import lan_address

LAN = lan_address()


def doctor(home: Path, *options: str) -> tuple[int, dict[str, dict[str, Any]]]:
    command = [sys.executable, "-m", "circleshield", "doctor", "--home", str(home), "--json", *options]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=HANG_SECONDS)
    assert done.returncode in (0, 1), done.stderr
    told = json.loads(done.stdout)
    assert told["ok"] == (done.returncode == 0)
    return done.returncode, {found["check"]: found for found in told["checks"]}


@pytest.mark.skipif(LAN is None, reason="needs a network interface besides loopback")
def test_it_contacts_nobody_but_the_proxy(tmp_path: Path, origin_ca: Path) -> None:
    listed, noted = Path(__file__).with_name("listed.py"), tmp_path / "noted"
    with running_proxy(tmp_path, origin_ca, "--listen", f"{LAN}:0") as proxy:
        command = [sys.executable, str(listed), str(noted), "doctor", "--home", str(tmp_path)]
        assert subprocess.run(command, capture_output=True, timeout=HANG_SECONDS).returncode == 0
    outward = [line for line in noted.read_text().splitlines() if not line.startswith("subprocess.Popen")]
    assert set(outward) == {
        f"socket.connect {tmp_path / 'control.sock'}",
        f"look-up {LAN}",
        f"socket.connect ('{LAN}', {proxy.port})",
    }


def test_beside_a_running_proxy(tmp_path: Path, origin: Origin, origin_ca: Path, direct: Client) -> None:
    origin.add(Answer([b""], (("Alt-Svc", 'h3=":443"'),)), "/")
    with running_proxy(tmp_path, origin_ca) as proxy:
        path = origin.add(Answer([timeline(*MIXED)]))
        replace(direct, ca=proxy.ca, proxy=proxy.port).get(path)
        code, found = doctor(tmp_path, "--origin", f"localhost:{origin.port}", "--device", "127.0.0.1")
        assert code == 0, found
        assert found["proxy"]["state"] == found["upstream"]["state"] == found["ca limits"]["state"] == "ok"
        assert "decrypted" in found["upstream"]["found"]
        assert found["quic"]["state"] == "ok"
        assert found["port"]["state"] == "warn"
        assert found["config"]["found"] == str(tmp_path / "config.toml")

        # Undecrypted, its certificate is the origin's own, of an authority that this machine does not know.
        code, found = doctor(tmp_path, "--origin", f"127.0.0.1:{origin.port}")
        assert code == 1
        assert found["upstream"]["state"] == "fail"

        (tmp_path / "config.toml").write_text("nonsense")
        proxy.wait_for_log("not taken")
        code, found = doctor(tmp_path)
        assert code == 1
        assert found["config"]["state"] == "fail"
        assert found["upstream"]["state"] == "unknown"

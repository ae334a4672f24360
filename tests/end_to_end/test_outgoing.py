"""Every connection that a run of the proxy opens, from its start to its end."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import httpx
from tests.end_to_end.client import Client
from tests.end_to_end.feed import MIXED, timeline, timeline_without_sales
from tests.end_to_end.origin import HANG_SECONDS, Answer, Origin
from tests.end_to_end.proxy_process import CIRCLESHIELD, CONFIG, running_proxy


def test_no_connection_but_to_the_origin_asked_for(
    tmp_path: Path, origin: Origin, origin_ca: Path, direct: Client
) -> None:
    path = origin.add(Answer([timeline(*MIXED)]))
    made = tmp_path / "made"
    with running_proxy(tmp_path, origin_ca, program=(str(Path(__file__).with_name("listed.py")), str(made))) as proxy:
        through = replace(direct, ca=proxy.ca, proxy=proxy.port)
        assert through.get(path).body == timeline_without_sales(*MIXED)
        with through.httpx(http2=True) as client:
            assert client.get(path).status_code == 200
        tunnelled = replace(direct, proxy=proxy.port, name="127.0.0.1", address="127.0.0.1")
        assert tunnelled.get(path) == direct.get(path)
        page = httpx.get("http://circle.shield/", proxy=f"http://127.0.0.1:{proxy.port}", trust_env=False)
        assert "circleshield" in page.text
        (tmp_path / "config.toml").write_text(CONFIG + '[filter]\naction = "fold"\n', encoding="utf-8")
        proxy.wait_for_log("taken: ")
        for command in ("status", "ca renew"):
            arguments = [sys.executable, *CIRCLESHIELD, *command.split(), "--home", str(tmp_path)]
            subprocess.run(arguments, check=True, capture_output=True, timeout=HANG_SECONDS)
        assert replace(through, ca=proxy.ca).get(path).status == 200
    seen = set(made.read_text(encoding="utf-8").splitlines())
    origins = {f"socket.connect {('127.0.0.1', origin.port)}", f"socket.connect {('::1', origin.port, 0, 0)}"}
    assert seen & origins
    assert seen <= origins | {"look-up localhost", "look-up 127.0.0.1"}

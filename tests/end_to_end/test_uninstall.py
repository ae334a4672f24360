"""What a run leaves in the home folder is private, and after the steps of docs/service.md nothing of it is left."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.end_to_end.proxy_process import CIRCLESHIELD, wait_for

from circleshield_addon.authority import ROOT_FILE

DOCUMENTED = Path(__file__).parents[2] / "docs" / "service.md"


@pytest.mark.skipif(sys.platform != "linux", reason="the folders are those of Linux")
def test_nothing_is_left(tmp_path: Path) -> None:
    home, tools = tmp_path / "home", tmp_path / "tools"
    home.mkdir()
    tools.mkdir()
    for name in ("systemctl", "systemd-run", "loginctl"):  # takes what it is told
        (tools / name).write_text("#!/bin/sh\n")
        (tools / name).chmod(0o755)
    (tools / "circleshield").write_text(f'#!/bin/sh\nexec "{sys.executable}" {" ".join(CIRCLESHIELD)} "$@"\n')
    (tools / "circleshield").chmod(0o755)
    kept = {key: os.environ[key] for key in os.environ if not key.startswith(("XDG_", "CIRCLESHIELD_"))}
    environment = {**kept, "HOME": str(home), "PATH": f"{tools}:{kept['PATH']}"}

    def shell(line: str) -> str:
        done = subprocess.run(line, shell=True, env=environment, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, f"{line}: {done.stderr}"
        return done.stdout

    shell("circleshield config init && circleshield config set review.listen 127.0.0.1:0")
    output = tmp_path / "output"
    with output.open("wb") as stream:
        command = [sys.executable, *CIRCLESHIELD, "run", "--listen", "127.0.0.1:0"]
        proxy = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream)
    try:
        wait_for(proxy, output, r"^phone ")
        greeting = shell("circleshield")
        assert "proxy    runs, regular at 127.0.0.1:" in greeting
        assert "; 0 posts seen" in greeting
        shell("circleshield samples add --label spam 诚招代理 && circleshield pair && circleshield service install")
    finally:
        proxy.terminate()
        proxy.wait()
    data = home / ".local/share/circleshield"
    assert {"ca", "ledger.sqlite3", "samples.jsonl"} <= {path.name for path in data.iterdir()}
    assert data.stat().st_mode & 0o077 == 0
    assert (home / ".config/systemd/user/circleshield.service").exists()
    private = [file for file in data.rglob("*") if file.is_file()]
    open_to_others = {file.name for file in private if file.stat().st_mode & 0o077}
    # The certificate that devices install, and a prime that mitmproxy puts there for everybody alike.
    assert open_to_others == {ROOT_FILE, "mitmproxy-dhparam.pem"}

    section = DOCUMENTED.read_text(encoding="utf-8").partition("## Uninstall\n")[2].partition("\n## ")[0]
    steps = re.findall(r"^    (.+?) +#", section, re.M)
    assert len(steps) == 5
    for step in steps:
        if not step.startswith("uv "):  # the program itself is where the tests run
            shell(step)
    assert [path for path in home.rglob("*") if not path.is_dir()] == []

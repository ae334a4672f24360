"""A real Mastodon server: mastodon-mock in a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from mastodon import Mastodon
from tests.end_to_end.feed import MIXED, SALES
from tests.end_to_end.origin import HANG_SECONDS, issue_certificate
from tests.end_to_end.proxy_process import ProxyProcess, wait_for

CONFIG = """\
[streaming]
heartbeat_seconds = 1
[server]
port = 0
[[seed.accounts]]
username = "reader"
access_token = "reader_token"
[[seed.accounts]]
username = "friend"
display_name = "林小满"
access_token = "friend_token"
[[seed.accounts]]
username = "seller"
display_name = "美肤馆"
access_token = "seller_token"
[[seed.follows]]
follower = "reader"
following = "friend"
[[seed.follows]]
follower = "reader"
following = "seller"
"""


@dataclass(frozen=True)
class Server:
    """A started Mastodon server; `ca` is what its clients trust."""

    url: str
    ca: Path

    def client(self, account: str, proxy: ProxyProcess | None = None) -> Mastodon:
        session = requests.Session()
        session.trust_env = False
        session.verify = str(self.ca if proxy is None else proxy.ca)
        if proxy is not None:
            session.proxies = {"https": f"http://127.0.0.1:{proxy.port}"}
        return Mastodon(access_token=f"{account}_token", api_base_url=self.url, session=session)


@contextmanager
def running_mastodon(folder: Path) -> Iterator[Server]:
    """With the posts of `MIXED`, the first one oldest."""
    ca, certificate = issue_certificate(folder, ["localhost"])
    (folder / "config.toml").write_text(CONFIG, encoding="utf-8")
    command = [sys.executable, "-m", "mastodon_mock", "serve", "--in-memory", "--config", "config.toml"]
    command += ["--ssl-keyfile", str(certificate), "--ssl-certfile", str(certificate)]
    output = folder / "output"
    with output.open("wb") as stream:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream)
    try:
        port = wait_for(process, output, r"running on https://127\.0\.0\.1:(\d+)")[1]
        started = Server(f"https://localhost:{port}", ca)
        accounts = {name: started.client(name) for name in ("friend", "seller")}
        for text in MIXED:
            accounts["seller" if text in SALES else "friend"].status_post(text)
        yield started
    finally:
        process.kill()  # asked to end, it waits for its event streams
        process.wait(HANG_SECONDS)

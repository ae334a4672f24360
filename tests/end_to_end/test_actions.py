"""Actions beyond removing, through a real proxy; and what `circleshield status` says of them."""

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.end_to_end.client import Client
from tests.end_to_end.feed import FRIENDS, SALES, timeline
from tests.end_to_end.origin import HANG_SECONDS, Answer, Origin
from tests.end_to_end.proxy_process import CONFIG, ProxyProcess, running_proxy


@pytest.fixture(scope="module")
def folding(tmp_path_factory: pytest.TempPathFactory, origin_ca: Path) -> Iterator[ProxyProcess]:
    config = CONFIG + '[filter]\naction = "fold"\n'
    with running_proxy(tmp_path_factory.mktemp("folding"), origin_ca, config=config) as started:
        yield started


def _page_of_the_proxy(proxy: ProxyProcess, path: str) -> str:
    """As a browser behind the proxy asks for it."""
    with socket.create_connection(("127.0.0.1", proxy.port), HANG_SECONDS) as client:
        head = f"GET http://circle.shield{path} HTTP/1.1\r\nHost: circle.shield\r\nConnection: close\r\n\r\n"
        client.sendall(head.encode())
        return b"".join(iter(lambda: client.recv(65536), b"")).decode()


def test_a_folded_post_opens_by_its_link(origin: Origin, direct: Client, folding: ProxyProcess) -> None:
    path = origin.add(Answer([timeline(FRIENDS[0], SALES[0], FRIENDS[1])]))
    through = replace(direct, ca=folding.ca, proxy=folding.port)
    reply = through.get(path)
    posts = json.loads(reply.body)
    assert [post["content"] for post in (posts[0], posts[2])] == [f"<p>{FRIENDS[0]}</p>", f"<p>{FRIENDS[1]}</p>"]
    assert SALES[0] not in reply.body.decode()
    link = re.search(r'href="http://circle\.shield(/folded/\w+)"', posts[1]["content"])
    assert link is not None
    page = _page_of_the_proxy(folding, link[1])
    assert page.startswith("HTTP/1.1 200 ")
    assert SALES[0] in page
    assert _page_of_the_proxy(folding, "/folded/nothing").startswith("HTTP/1.1 404 ")
    assert through.get(path).body == reply.body


def _status(home: Path, *options: str) -> str:
    command = [sys.executable, "-m", "circleshield", "status", "--home", str(home), *options]
    return subprocess.run(command, capture_output=True, check=True).stdout.decode()


def test_status_counts_and_names_what_changed(origin: Origin, direct: Client, tmp_path: Path, origin_ca: Path) -> None:
    renamed = json.dumps([{"ident": "1", "body": FRIENDS[0], "media": "x" * 900}] * 4, ensure_ascii=False).encode()
    good, changed = origin.add(Answer([timeline(FRIENDS[0], SALES[0])])), origin.add(Answer([renamed]))
    with running_proxy(tmp_path, origin_ca) as proxy:
        through = replace(direct, ca=proxy.ca, proxy=proxy.port)
        through.get(good)
        for _ in range(4):
            assert through.get(changed).body == renamed
        told = json.loads(_status(tmp_path, "--json"))
        words = _status(tmp_path)
        log = "\n".join(proxy.new_log())
    assert told["listening"] == {"regular": [f"127.0.0.1:{proxy.port}"]}
    assert "mastodon" in told["platforms"]
    assert "x" not in told["platforms"]
    assert (told["counts"]["posts"], told["counts"]["remove"]) == (2, 1)
    (drift,) = told["drifts"]
    assert (drift["adapter"], drift["missing"]) == ("mastodon", "items, but no post among them")
    assert drift["shape"] == '[{"ident":"str","body":"str","media":"str"},"× 4"]'
    assert "seen       2 posts on 5 pages: 1 removed" in words
    assert "changed?   mastodon" in words
    assert log.count("may have changed") == 1
    assert FRIENDS[0] not in log

"""What a user changes takes effect on a running proxy: the config file under load, pauses, devices."""

import http.client
import json
import shutil
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.end_to_end.client import Client
from tests.end_to_end.commands import said, wait_until
from tests.end_to_end.feed import FRIENDS, SALES, timeline, timeline_without_sales
from tests.end_to_end.origin import HANG_SECONDS, Answer, Origin
from tests.end_to_end.proxy_process import CONFIG, ProxyProcess, running_proxy, wait_for

from circleshield.control import ask
from circleshield_model.artefact import MANIFEST, PACKAGED

TEXTS = (FRIENDS[0], SALES[0], FRIENDS[1])
PAGE = timeline(*TEXTS)
WITHOUT = timeline_without_sales(*TEXTS)
THREADS, PER_SECOND = 4, 200


def action_on(body: bytes) -> str:
    """What was done to PAGE."""
    if body in (PAGE, WITHOUT):
        return "watch" if body == PAGE else "remove"
    text = json.loads(body)[1]["content"]
    return "fold" if "已折叠" in text else "label" if "疑似推广｜" in text else f"unknown: {text}"


class Seen(NamedTuple):
    """A request: when it was asked and when its answer was there, and what had been done to that."""

    asked: float
    came: float
    did: str


@dataclass
class Load:
    """Requests at a steady rate from several threads, each on one connection that is kept."""

    origin: Origin
    proxy: ProxyProcess
    path: str
    does: Callable[[bytes], str] = action_on
    seen: list[Seen] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Load":
        self.threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(THREADS)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join(HANG_SECONDS)

    def _ask(self) -> None:
        connection = connected(self.origin, self.proxy)
        due = time.monotonic()
        while not self.stop.is_set():
            asked = time.monotonic()
            try:
                connection.request("GET", self.path)
                response = connection.getresponse()
                body = response.read()
                if response.status != 200:
                    raise ValueError(f"status {response.status}")
                self.seen.append(Seen(asked, time.monotonic(), self.does(body)))
            except Exception as e:
                self.failures.append(repr(e))
                connection.close()
            due += THREADS / PER_SECOND
            time.sleep(max(0.0, due - time.monotonic()))
        connection.close()


def connected(origin: Origin, proxy: ProxyProcess, device: str = "127.0.0.1") -> http.client.HTTPSConnection:
    """A connection to the origin through the proxy, from an address of loopback."""
    context = ssl.create_default_context(cafile=str(proxy.ca))
    connection = http.client.HTTPSConnection(
        "127.0.0.1", proxy.port, context=context, timeout=HANG_SECONDS, source_address=(device, 0)
    )
    connection.set_tunnel("localhost", origin.port)
    return connection


def with_action(action: str) -> str:
    return CONFIG + f'[filter]\naction = "{action}"\n'


def replace_model(folder: Path) -> None:
    """Puts a model in its place that finds no post certain enough, in the way of `circleshield train`."""
    fresh = folder.with_name("fresh-model")
    shutil.copytree(folder, fresh)
    manifest = json.loads((fresh / MANIFEST).read_text(encoding="utf-8"))
    manifest["remove_at"] = manifest["review_at"] = 1.0
    (fresh / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    folder.rename(folder.with_name("model.previous"))
    fresh.rename(folder)


def test_files_are_changed_under_load(origin: Origin, origin_ca: Path, tmp_path: Path) -> None:
    """From the first answer by what is new on, all are; until then by what was before; what is bad changes nothing."""
    path = origin.add(Answer([PAGE]))
    swaps: list[tuple[float, str]] = []
    model, fresh = tmp_path / "model", tmp_path / "fresh.toml"
    shutil.copytree(PACKAGED, model)
    with running_proxy(tmp_path, origin_ca, "--model", str(model), config=with_action("remove")) as proxy:
        config = tmp_path / "config.toml"
        with Load(origin, proxy, path) as load:

            def go_on() -> None:
                so_many = len(load.seen) + 60
                wait_until(lambda: len(load.seen) > so_many)

            def swap(action: str, change: Callable[[], object] | None = None) -> None:
                swaps.append((time.monotonic(), action))
                (change or (lambda: config.write_text(with_action(action), encoding="utf-8")))()
                wait_until(lambda: bool(load.seen) and load.seen[-1].did == action)
                go_on()

            def refuse(why: str, spoil: Callable[[], object]) -> None:
                spoil()
                wait_for(proxy.process, proxy.stderr, f"not taken.*{why}")
                go_on()

            def renamed() -> None:
                fresh.write_text(with_action("remove"), encoding="utf-8")
                fresh.replace(config)

            swap("remove")
            swap("fold")
            refuse("must be one of", lambda: config.write_text("[filter]\naction = 'nonsense'\n", encoding="utf-8"))
            swap("label")
            refuse("no such config file", config.unlink)
            swap("watch")
            refuse("is empty", lambda: config.write_text("", encoding="utf-8"))
            swap("remove", renamed)
            swap("watch", lambda: replace_model(model))
        log = proxy.new_log()
        assert proxy.process.poll() is None

    assert load.failures == []
    for i, (at, action) in enumerate(swaps):
        until = swaps[i + 1][0] if i + 1 < len(swaps) else float("inf")
        while_it_held = [seen for seen in load.seen if at <= seen.asked < until]
        first = min(seen.came for seen in while_it_held if seen.did == action)
        assert {seen.did for seen in while_it_held if seen.asked > first} == {action}, f"swap {i}"
        assert {seen.did for seen in while_it_held} <= {action, swaps[max(i - 1, 0)][1]}
    assert len([line for line in log if "not taken" in line]) == 3, log
    assert not [line for line in log if "Traceback" in line]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("policy")


@pytest.fixture(scope="module")
def policy_proxy(folder: Path, origin_ca: Path) -> Iterator[ProxyProcess]:
    config = CONFIG + '[profiles.other]\ndevices = ["127.0.0.2"]\naction = "label"\n'
    with running_proxy(folder, origin_ca, config=config) as started:
        yield started


def test_pause_and_resume(
    origin: Origin, direct: Client, policy_proxy: ProxyProcess, folder: Path, origin_ca: Path
) -> None:
    path = origin.add(Answer([PAGE]))
    through = replace(direct, ca=policy_proxy.ca, proxy=policy_proxy.port)
    assert through.get(path).body == WITHOUT
    assert said(folder, "pause", "1h").startswith("paused: all devices until ")
    as_is = through.get(path, [("If-None-Match", '"1"')])
    assert as_is.body == PAGE
    assert ("etag", 'W/"77"') in as_is.headers
    assert b"If-None-Match" in origin.requests[path][-1].head
    assert "paused     all devices until " in said(folder, "status")

    config = folder / "config.toml"
    before = config.read_text(encoding="utf-8")
    config.write_text(before + '[filter]\naction = "fold"\n', encoding="utf-8")
    wait_until(lambda: ask(folder, "status")["action"] == "fold")
    assert through.get(path).body == PAGE, "a pause outlives a change of the config file"
    config.write_text(before, encoding="utf-8")
    wait_until(lambda: ask(folder, "status")["action"] == "remove")

    said(folder, "resume")
    assert through.get(path).body == WITHOUT
    assert "paused" not in said(folder, "status")


def test_a_pause_of_one_device_and_one_that_ends_by_itself(
    origin: Origin, policy_proxy: ProxyProcess, folder: Path
) -> None:
    path = origin.add(Answer([PAGE]))

    def seen(device: str) -> str:
        connection = connected(origin, policy_proxy, device)
        connection.request("GET", path)
        body = connection.getresponse().read()
        connection.close()
        return action_on(body)

    assert (seen("127.0.0.1"), seen("127.0.0.2")) == ("remove", "label")
    said(folder, "pause", "2m", "--device", "127.0.0.2")
    assert (seen("127.0.0.1"), seen("127.0.0.2")) == ("remove", "watch")
    said(folder, "resume", "--device", "127.0.0.2")
    assert (seen("127.0.0.1"), seen("127.0.0.2")) == ("remove", "label")
    said(folder, "pause", "3s")
    assert seen("127.0.0.2") == "watch"
    wait_until(lambda: ask(folder, "status")["paused"] == [])
    assert (seen("127.0.0.1"), seen("127.0.0.2")) == ("remove", "label")


def test_what_is_decrypted_follows_for_new_connections(
    origin: Origin, direct: Client, policy_proxy: ProxyProcess, folder: Path, origin_ca: Path
) -> None:
    path = origin.add(Answer([PAGE]))
    config = folder / "config.toml"
    before = config.read_text(encoding="utf-8")
    with replace(direct, ca=policy_proxy.ca, proxy=policy_proxy.port).connected():
        pass
    config.write_text(
        before.replace('hosts = ["localhost"]', 'hosts = ["localhost"]\nenabled = false'), encoding="utf-8"
    )
    wait_until(lambda: "mastodon" not in ask(folder, "status")["platforms"])
    assert replace(direct, ca=origin_ca, proxy=policy_proxy.port).get(path).body == PAGE
    config.write_text("[filter", encoding="utf-8")
    wait_until(lambda: ask(folder, "status")["refused"] is not None)
    assert "refused    " in said(folder, "status")
    config.write_text(before, encoding="utf-8")
    wait_until(lambda: ask(folder, "status")["refused"] is None)


def test_a_pattern_that_explodes_stalls_nothing(
    origin: Origin, origin_ca: Path, direct: Client, tmp_path: Path
) -> None:
    """A backtracking engine would need longer for the first post than the universe has."""
    config = CONFIG + '[[rules]]\neffect = "block"\npattern = "^(a+)+$"\n'
    page = timeline(FRIENDS[0], "a" * 5000 + "b", "a" * 5000)
    path = origin.add(Answer([page]))
    with running_proxy(tmp_path, origin_ca, config=config) as proxy:
        got = replace(direct, ca=proxy.ca, proxy=proxy.port).get(path)
        assert got.body == timeline(FRIENDS[0], "a" * 5000 + "b")
        assert not [line for line in proxy.new_log() if "unfiltered" in line]

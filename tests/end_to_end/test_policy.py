"""What a user changes takes effect on a running proxy: the config file under load, pauses, devices."""

import http.client
import json
import shutil
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from tests.end_to_end.client import Client
from tests.end_to_end.feed import FRIENDS, SALES, timeline, timeline_without_sales
from tests.end_to_end.origin import HANG_SECONDS, Answer, Origin
from tests.end_to_end.proxy_process import CIRCLESHIELD, CONFIG, ProxyProcess, running_proxy

from circleshield_model.artefact import MANIFEST, PACKAGED

TEXTS = (FRIENDS[0], SALES[0], FRIENDS[1])
PAGE = timeline(*TEXTS)
WITHOUT = timeline_without_sales(*TEXTS)
THREADS, PER_SECOND = 4, 200
SWAP_SECONDS = 1.0


def action_on(body: bytes) -> str:
    """What was done to PAGE."""
    if body in (PAGE, WITHOUT):
        return "watch" if body == PAGE else "remove"
    text = json.loads(body)[1]["content"]
    return "fold" if "已折叠" in text else "label" if "疑似推广｜" in text else f"unknown: {text}"


@dataclass
class Load:
    """Requests at a steady rate from several threads, each on one connection that is kept."""

    origin: Origin
    proxy: ProxyProcess
    path: str
    does: Callable[[bytes], str] = action_on
    seen: list[tuple[float, str]] = field(default_factory=list)
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
                self.seen.append((asked, self.does(body)))
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
    path = origin.add(Answer([PAGE]))
    swaps: list[tuple[float, str]] = []

    model = tmp_path / "model"
    shutil.copytree(PACKAGED, model)
    with running_proxy(tmp_path, origin_ca, "--model", str(model), config=with_action("remove")) as proxy:
        config = tmp_path / "config.toml"

        def swap(action: str) -> None:
            config.write_text(with_action(action), encoding="utf-8")
            swaps.append((time.monotonic(), action))

        swap("remove")
        with Load(origin, proxy, path) as load:
            began = time.monotonic()
            time.sleep(1.2)
            swap("fold")
            time.sleep(1.3)
            config.write_text("[filter]\naction = 'nonsense'\n", encoding="utf-8")
            time.sleep(0.8)
            swap("label")
            time.sleep(1.3)
            config.unlink()
            time.sleep(0.8)
            swap("watch")
            time.sleep(1.3)
            config.write_text("", encoding="utf-8")
            time.sleep(0.8)
            fresh = tmp_path / "fresh.toml"
            fresh.write_text(with_action("remove"), encoding="utf-8")
            fresh.replace(config)
            swaps.append((time.monotonic(), "remove"))
            time.sleep(1.3)
            replace_model(model)
            swaps.append((time.monotonic(), "watch"))
            time.sleep(1.3)
            lasted = time.monotonic() - began
        log = proxy.new_log()
        assert proxy.process.poll() is None

    assert load.failures == []
    assert len(load.seen) > 100 * lasted
    for i, (at, action) in enumerate(swaps):
        until = swaps[i + 1][0] if i + 1 < len(swaps) else float("inf")
        while_it_held = [(asked, did) for asked, did in load.seen if at <= asked < until]
        late = {did for asked, did in while_it_held if asked > at + SWAP_SECONDS}
        assert late == {action}, f"swap {i}"
        assert {did for _, did in while_it_held} <= {action, swaps[max(i - 1, 0)][1]}
        took = min(asked for asked, did in while_it_held if did == action) - at
        print(f"swap {i} to {action}: {took:.2f} s, {len(while_it_held)} requests")
    print(f"{len(load.seen)} requests in {lasted:.1f} s, {len(load.seen) / lasted:.0f} a second")
    refused = [line for line in log if "not taken" in line]
    assert len(refused) == 3, log
    assert ["must be one of" in refused[0], "no such config file" in refused[1], "is empty" in refused[2]] == [True] * 3
    assert not [line for line in log if "Traceback" in line]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("policy")


@pytest.fixture(scope="module")
def policy_proxy(folder: Path, origin_ca: Path) -> Iterator[ProxyProcess]:
    config = CONFIG + '[profiles.other]\ndevices = ["127.0.0.2"]\naction = "label"\n'
    with running_proxy(folder, origin_ca, config=config) as started:
        yield started


def circleshield(command: str, folder: Path, *arguments: str) -> str:
    line = [sys.executable, *CIRCLESHIELD, command, *arguments, "--home", str(folder)]
    return subprocess.run(line, capture_output=True, check=True, text=True, encoding="utf-8").stdout


def wait_until(proxy: ProxyProcess, folder: Path, key: str, value: object) -> None:
    give_up_at = time.monotonic() + HANG_SECONDS
    while (status := json.loads(circleshield("status", folder, "--json")))[key] != value:
        assert time.monotonic() < give_up_at, (status, proxy.whole_log())


def test_pause_and_resume(
    origin: Origin, direct: Client, policy_proxy: ProxyProcess, folder: Path, origin_ca: Path
) -> None:
    path = origin.add(Answer([PAGE]))
    through = replace(direct, ca=policy_proxy.ca, proxy=policy_proxy.port)
    assert through.get(path).body == WITHOUT
    assert circleshield("pause", folder, "1h").startswith("paused: all devices until ")
    as_is = through.get(path, [("If-None-Match", '"1"')])
    assert as_is.body == PAGE
    assert ("etag", 'W/"77"') in as_is.headers
    assert b"If-None-Match" in origin.requests[path][-1].head
    assert "paused     all devices until " in circleshield("status", folder)

    config = folder / "config.toml"
    before = config.read_text(encoding="utf-8")
    config.write_text(before + '[filter]\naction = "fold"\n', encoding="utf-8")
    wait_until(policy_proxy, folder, "action", "fold")
    assert through.get(path).body == PAGE, "a pause outlives a change of the config file"
    config.write_text(before, encoding="utf-8")
    wait_until(policy_proxy, folder, "action", "remove")

    circleshield("resume", folder)
    assert through.get(path).body == WITHOUT
    assert "paused" not in circleshield("status", folder)


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
    circleshield("pause", folder, "2m", "--device", "127.0.0.2")
    assert (seen("127.0.0.1"), seen("127.0.0.2")) == ("remove", "watch")
    circleshield("resume", folder, "--device", "127.0.0.2")
    assert (seen("127.0.0.1"), seen("127.0.0.2")) == ("remove", "label")
    circleshield("pause", folder, "3s")
    assert seen("127.0.0.2") == "watch"
    wait_until(policy_proxy, folder, "paused", [])
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
    give_up_at = time.monotonic() + HANG_SECONDS
    while "mastodon" in json.loads(circleshield("status", folder, "--json"))["platforms"]:
        assert time.monotonic() < give_up_at
    assert replace(direct, ca=origin_ca, proxy=policy_proxy.port).get(path).body == PAGE
    config.write_text("[filter", encoding="utf-8")
    while json.loads(circleshield("status", folder, "--json"))["refused"] is None:
        assert time.monotonic() < give_up_at
    assert "refused    " in circleshield("status", folder)
    config.write_text(before, encoding="utf-8")
    wait_until(policy_proxy, folder, "refused", None)


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

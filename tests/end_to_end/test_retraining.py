"""The user's labels, a real `circleshield train`, and a running proxy that takes what comes of it."""

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.end_to_end.client import Client, Reply
from tests.end_to_end.feed import FRIENDS, timeline
from tests.end_to_end.origin import HANG_SECONDS, Answer, Origin
from tests.end_to_end.proxy_process import CIRCLESHIELD, running_proxy

from circleshield_model import versions
from circleshield_model.artefact import PACKAGED
from circleshield_model.scorer import Scorer

SELLERS = Path(__file__).parents[2] / "benchmarks" / "sellers.jsonl"
ROWS = [row for row in map(json.loads, SELLERS.read_text("utf-8").splitlines()) if row["author"] == "老周渔具"]
TRAIN_SECONDS = 100.0  # it takes ten where nothing else runs
SWAP_SECONDS = 5.0  # it takes half a second where nothing else runs


def process(home: Path, *arguments: str) -> subprocess.Popen[str]:
    line = [sys.executable, *CIRCLESHIELD, *arguments, "--home", str(home)]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8")


def train(home: Path, *arguments: str) -> tuple[int, str, str]:
    with process(home, "train", *arguments) as started:
        out, err = started.communicate(timeout=TRAIN_SECONDS)
    return started.returncode, out, err


def labels(folder: Path, number: int = 20) -> str:
    path = folder / "labels.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS[:number]), "utf-8")
    return str(path)


def own_model_in_use(home: Path) -> None:
    shutil.copytree(PACKAGED, versions.models(home) / "mine")
    versions.put_in_use(home, "mine")


def still_in_use(home: Path) -> bool:
    """Whether the user's model is in use and works, and nothing half-made lies about."""
    Scorer.load(versions.folder_in_use(home))
    return {path.name for path in versions.models(home).iterdir()} == {"mine", versions.pointer(home).name}


def seconds_until(done: Callable[[], bool]) -> float:
    began = time.monotonic()
    while not done():
        assert time.monotonic() - began < HANG_SECONDS
    return time.monotonic() - began


def test_a_running_proxy_takes_a_promoted_model(
    origin: Origin, direct: Client, origin_ca: Path, tmp_path: Path
) -> None:
    """At once, without losing a page that is on its way; and it goes back with a rollback."""
    unseen = next(row["text"] for row in ROWS[20:] if Scorer.load().scores([row["text"]])[0] < 0.5)
    page, without = timeline(FRIENDS[0], unseen), timeline(FRIENDS[0])
    rest = threading.Event()
    path, slow = origin.add(Answer([page])), origin.add(Answer([page[:40], rest, page[40:]]))
    with running_proxy(tmp_path, origin_ca) as proxy:
        through = replace(direct, ca=proxy.ca, proxy=proxy.port)
        assert through.get(path).body == page
        in_flight: list[Reply] = []
        waiting = threading.Thread(target=lambda: in_flight.append(through.get(slow)))
        waiting.start()
        code, said, err = train(tmp_path, labels(tmp_path))
        assert code == 0, said + err
        assert seconds_until(lambda: through.get(path).body == without) < SWAP_SECONDS
        rest.set()
        waiting.join(HANG_SECONDS)
        assert in_flight[0].complete
        assert in_flight[0].body in (page, without)
        assert versions.in_use(tmp_path) in "\n".join(proxy.new_log())
        rolled = process(tmp_path, "model", "rollback")
        assert rolled.communicate(timeout=HANG_SECONDS)[0] == "model packaged is in use now\n"
        assert seconds_until(lambda: through.get(path).body == page) < SWAP_SECONDS


def test_ctrl_c_leaves_the_model_in_use(tmp_path: Path) -> None:
    own_model_in_use(tmp_path)
    started = process(tmp_path, "train", labels(tmp_path))
    assert started.stderr is not None
    assert "all labels are of sales posts" in started.stderr.readline()
    started.send_signal(signal.SIGINT)
    _, err = started.communicate(timeout=HANG_SECONDS)
    assert started.returncode == 130
    assert err == "interrupted; the model in use is unchanged\n"
    assert still_in_use(tmp_path)


def test_sigterm_leaves_no_posts_and_no_processes(tmp_path: Path) -> None:
    """As of a machine that shuts down, in the midst of a training in several processes."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    own_model_in_use(tmp_path)
    from_scratch = ("--from-scratch", "--jobs", "2", "--scratch", str(scratch))
    with process(tmp_path, "train", labels(tmp_path), *from_scratch) as started:
        children = Path(f"/proc/{started.pid}/task/{started.pid}/children")
        seconds_until(lambda: any(scratch.rglob("*.counts")))  # the workers are at work
        workers = children.read_text("ascii").split()
        assert len(workers) > 2, "one of them keeps count of the others"
        started.terminate()
        _, err = started.communicate(timeout=HANG_SECONDS)
    assert started.returncode == 130
    assert err.endswith("interrupted; the model in use is unchanged\n")
    seconds_until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))
    assert not any(scratch.iterdir())
    assert still_in_use(tmp_path)


def test_a_full_disk_leaves_the_model_in_use(tmp_path: Path) -> None:
    home = tmp_path / "small"
    home.mkdir()
    mount = shutil.which("mount")
    line = [mount or "", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(home)]
    if not mount or subprocess.run(line, capture_output=True, check=False).returncode:
        pytest.skip("file systems cannot be mounted here")
    try:
        own_model_in_use(home)
        (home / "filler").write_bytes(b"x" * (shutil.disk_usage(home).free - 65536))
        code, said, err = train(home, labels(tmp_path))
        assert (code, said) == (2, "")
        assert "cannot be written: No space left on device; the model" in err
        assert "Traceback" not in err
        assert still_in_use(home)
    finally:
        subprocess.run(["umount", "-l", str(home)], check=True)

"""Files of the proxy that are spoilt while it runs: traffic is filtered as before, and the files are taken up again."""

import io
import pickle
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.end_to_end.client import Client
from tests.end_to_end.commands import wait_until
from tests.end_to_end.feed import MIXED, SALES, timeline, timeline_without_sales
from tests.end_to_end.origin import Answer, Origin
from tests.end_to_end.proxy_process import CONFIG, running_proxy, wait_for
from tests.end_to_end.test_ledger import logged
from tests.end_to_end.test_policy import Load

from circleshield_model.artefact import ARRAYS, MANIFEST, PACKAGED, PIPELINE, sha256

PAGE, WITHOUT = timeline(*MIXED), timeline_without_sales(*MIXED)


class Malicious:
    """Runs a command of its own when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.touch, (self.marker,)


def _put(file: Path, data: bytes) -> None:
    fresh = file.with_name("fresh")
    fresh.write_bytes(data)
    fresh.replace(file)


def test_model_and_config_are_spoilt(tmp_path: Path, origin: Origin, origin_ca: Path, direct: Client) -> None:
    """Deleted, truncated, replaced by pickles under a manifest that fits them; a directory, nothing, no UTF-8."""
    model, config, marker = tmp_path / "model", tmp_path / "config.toml", tmp_path / "marker"
    shutil.copytree(PACKAGED, model)
    good = {file.name: file.read_bytes() for file in model.iterdir()}
    pickled = np.array([Malicious(marker)], dtype=object)
    arrays = io.BytesIO()
    np.savez(arrays, weights=pickled, step=pickled, coefficients=pickled, intercept=pickled)
    pickles = {ARRAYS: arrays.getvalue(), PIPELINE: pickle.dumps(Malicious(marker))}
    manifest = good[MANIFEST].decode()
    for name, data in pickles.items():
        manifest = manifest.replace(sha256(good[name]), sha256(data))
    path = origin.add(Answer([PAGE]))
    with running_proxy(tmp_path, origin_ca, "--model", str(model)) as proxy:
        through = replace(direct, ca=proxy.ca, proxy=proxy.port)

        def refused(spoil: Callable[[], object], why: str) -> None:
            proxy.new_log()
            spoil()
            wait_for(proxy.process, proxy.stderr, f"not taken.*{why}")
            assert through.get(path).body == WITHOUT

        def made_a_folder() -> None:
            config.unlink()
            config.mkdir()

        def spoilt_arrays() -> None:
            for name, data in {**pickles, MANIFEST: manifest.encode()}.items():
                _put(model / name, data)

        refused(lambda: _put(model / ARRAYS, good[ARRAYS][:-9]), "is not the file its manifest names")
        refused((model / ARRAYS).unlink, "No such file or directory")
        refused(spoilt_arrays, "cannot be read: Object arrays cannot be loaded")
        refused(lambda: shutil.rmtree(model), f"no model in {model}: {MANIFEST}")
        shutil.copytree(PACKAGED, model)
        wait_for(proxy.process, proxy.stderr, "INFO +taken: ")
        refused(made_a_folder, "Is a directory")
        config.rmdir()
        refused(lambda: config.write_bytes(b"\xff\xfe"), "is not UTF-8")
        refused(lambda: config.write_bytes(b""), "is empty")
        refused(config.unlink, "there is no such config file")
        config.write_text(CONFIG + "[filter]\naction = 'watch'\n", encoding="utf-8")
        wait_until(lambda: through.get(path).body == PAGE)
        assert not marker.exists()
        assert "Traceback" not in proxy.whole_log()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if not shutil.which("mount") or _mounted("-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)):
        pytest.skip("file systems cannot be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def _mounted(*arguments: str) -> int:
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode


def test_ledger_locked_full_and_damaged(small_disk: Path, origin: Origin, origin_ca: Path, direct: Client) -> None:
    ledger = small_disk / "ledger.sqlite3"
    texts = iter(f"{SALES[0]} {number}" for number in range(1_000_000))
    seen = 0

    with running_proxy(small_disk, origin_ca) as proxy:
        through = replace(direct, ca=proxy.ca, proxy=proxy.port)

        def filtered() -> None:
            nonlocal seen
            path = origin.add(Answer([timeline(MIXED[0], text := next(texts)).replace(b'"9007', f'"{seen}'.encode())]))
            assert text not in through.get(path).body.decode()
            seen += 1

        filtered()
        wait_until(lambda: len(logged(small_disk)) == 1)
        with closing(sqlite3.connect(ledger, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            filtered()
            wait_for(proxy.process, proxy.stderr, "another program holds it locked")
            filtered()
            other.execute("ROLLBACK")
        wait_until(lambda: len(logged(small_disk)) == seen)

        (small_disk / "filler").write_bytes(b"x" * (shutil.disk_usage(small_disk).free - 4096))
        while "the disk is full" not in proxy.whole_log() and seen < 600:
            filtered()
        wait_for(proxy.process, proxy.stderr, "the disk is full")
        filtered()
        (small_disk / "filler").unlink()
        wait_until(lambda: len(logged(small_disk)) == min(seen, 50))

        proxy.new_log()
        ledger.chmod(0o400)
        filtered()
        ledger.write_bytes(b"\x17" * 20_000)
        filtered()
        wait_for(proxy.process, proxy.stderr, "it is damaged; set aside")
        filtered()
        assert "Traceback" not in proxy.whole_log()


def test_ledger_on_a_disk_that_is_read_only(tmp_path: Path, origin: Origin, origin_ca: Path, direct: Client) -> None:
    """Filtered from the first page on, with one line in the log; written once the disk takes it."""
    ledger = tmp_path / "ledger.sqlite3"
    ledger.touch()
    if not shutil.which("mount") or _mounted("--bind", str(ledger), str(ledger)):
        pytest.skip("file systems cannot be mounted here")
    try:
        assert _mounted("-o", "remount,bind,ro", str(ledger)) == 0
        path = origin.add(Answer([PAGE]))
        with running_proxy(tmp_path, origin_ca) as proxy:
            through = replace(direct, ca=proxy.ca, proxy=proxy.port)
            assert through.get(path).body == WITHOUT
            wait_for(proxy.process, proxy.stderr, "ledger: .*it may not be written")
            assert through.get(path).body == WITHOUT
            assert proxy.whole_log().count("it may not be written") == 1
            subprocess.run(["umount", "-l", str(ledger)], check=True)
            wait_until(lambda: len(logged(tmp_path)) == 3)
            assert through.get(path).body == WITHOUT
            assert "Traceback" not in proxy.whole_log()
    finally:
        subprocess.run(["umount", "-l", str(ledger)], check=False, capture_output=True)


def test_ended_under_load_and_started_again(tmp_path: Path, origin: Origin, origin_ca: Path, direct: Client) -> None:
    """kill -9, then SIGTERM: no half page, the same CA, a sound ledger, and the next start just works."""
    path = origin.add(Answer([PAGE]))
    certificate = b""
    for number, code in ((signal.SIGKILL, -9), (signal.SIGTERM, 0), (None, 0)):
        with running_proxy(tmp_path, origin_ca) as proxy:
            certificate = certificate or proxy.ca.read_bytes()
            assert proxy.ca.read_bytes() == certificate
            through = replace(direct, ca=proxy.ca, proxy=proxy.port)
            assert through.get(path).body == WITHOUT
            if number is None:
                wait_until(lambda: len(logged(tmp_path)) == 3)
                break
            with Load(origin, proxy, path, does=lambda body: "whole" if body == WITHOUT else "half") as load:
                wait_until(lambda: len(load.seen) > 20)
                proxy.process.send_signal(number)
                if number == signal.SIGTERM:
                    wait_for(proxy.process, proxy.stderr, "stopping")
                at = time.monotonic()
                proxy.wait()
            assert proxy.process.returncode == code
            assert {seen.did for seen in load.seen} == {"whole"}, "no half page"
            assert not [seen for seen in load.seen if seen.asked > at + 1.0], "what is new is refused"
        with closing(sqlite3.connect(tmp_path / "ledger.sqlite3")) as ledger:
            assert ledger.execute("PRAGMA integrity_check").fetchall() == [("ok",)]

"""The thread that writes: late by a second at most, and no fault of the file reaches traffic."""

import logging
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from circleshield_addon.friends import Past
from circleshield_addon.history import Filter, following, forget
from circleshield_addon.ledger import FILE, Ledger, Seen
from circleshield_addon.post import Post, Verdict
from circleshield_addon.recorder import Recorder
from circleshield_addon.settings import Ledger as LedgerSettings


def verdict(number: int, text: str = "text") -> Verdict:
    return Verdict(Post(str(number), "7", "n", f"{text} {number}", ad=False), 0.99, "remove", ("score",))


def recorded(path: Path) -> set[str]:
    with closing(Ledger(path)) as ledger:
        return {entry.post_id for entry in following(ledger, Filter())}


def wait_until(is_so: Callable[[], bool], seconds: float = 5.0) -> float:
    """How long it took."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < seconds
        time.sleep(0.02)
    return time.monotonic() - began


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / FILE


@pytest.fixture
def recorder(path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Recorder]:
    caplog.set_level(logging.INFO, "circleshield")
    with Recorder(path, LedgerSettings()) as started:
        yield started


def test_written_within_a_second(recorder: Recorder, path: Path) -> None:
    for number in range(5):
        recorder.record("x", (verdict(number),), "127.0.0.1")
        assert wait_until(lambda number=number: str(number) in recorded(path)) < 1.0  # type: ignore[misc]


def test_what_waits_is_written_at_the_end(path: Path) -> None:
    with Recorder(path, LedgerSettings()) as recorder:
        for number in range(3_000):
            recorder.record("x", (verdict(number),), "")
    assert len(recorded(path)) == 3_000


def test_choices_are_there_from_the_start_and_follow_within_a_second(path: Path) -> None:
    with closing(Ledger(path)) as other:
        other.choose_post("x", "1", "social", learnt=True)
        with Recorder(path, LedgerSettings()) as recorder:
            assert recorder.choices.posts == {("x", "1"): "social"}
            other.choose_author("x", "7", "block")
            assert wait_until(lambda: ("x", "7") in recorder.choices.authors) < 1.0
            other.unchoose_author("x", "7", "block")
            assert wait_until(lambda: ("x", "7") not in recorder.choices.authors) < 1.0


def test_what_is_known_of_authors_follows_and_outlives_a_restart(path: Path) -> None:
    def past(recorder: Recorder) -> Past | None:
        author = recorder.friends.author("x", "7")
        return None if author is None else author.past()

    def sales(number: int) -> Verdict:
        return replace(verdict(number), sales=True)

    with Recorder(path, LedgerSettings()) as recorder:
        recorder.record("x", tuple(sales(n) for n in range(4)), "")
        wait_until(lambda: past(recorder) == Past(4, 4))
        recorder.record("x", (sales(3), sales(4)), "")
        wait_until(lambda: past(recorder) == Past(5, 5))
    with closing(Ledger(path)) as other, Recorder(path, LedgerSettings()) as recorder:
        assert past(recorder) == Past(5, 5)
        other.label("x", "4", sales=False)
        wait_until(lambda: past(recorder) == Past(4, 4, 0, 1))
        forget(other, Filter(author="7"))
        wait_until(lambda: past(recorder) == Past(0, 0, 0, 1))
    with Recorder(path, LedgerSettings(keep_rows=2)) as recorder:
        recorder.record("x", tuple(sales(n) for n in range(6)), "")
    with Recorder(path, LedgerSettings(keep_rows=2)) as recorder:
        wait_until(lambda: past(recorder) == Past(1, 1, 0, 1))  # of the two newest one is labelled


def test_off_makes_no_file_but_follows_choices(path: Path) -> None:
    with Recorder(path, LedgerSettings(enabled=False)) as recorder:
        recorder.record("x", (verdict(1),), "")
        time.sleep(0.7)
        assert not path.exists()
        with closing(Ledger(path)) as other:
            other.choose_post("x", "1", "social", learnt=True)
        wait_until(lambda: ("x", "1") in recorder.choices.posts)
    assert recorded(path) == set()


def test_retention_at_the_start(path: Path) -> None:
    with Recorder(path, LedgerSettings()) as recorder:
        recorder.record("x", tuple(verdict(n) for n in range(10)), "")
    with Recorder(path, LedgerSettings(keep_rows=3)):
        wait_until(lambda: recorded(path) == {"7", "8", "9"})


def test_a_locked_ledger_is_reported_once_and_caught_up_with(
    recorder: Recorder, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for number in range(100):
            began = time.perf_counter()
            recorder.record("x", (verdict(number),), "")
            assert time.perf_counter() - began < 0.1
        wait_until(lambda: recorder.fault is not None)
        time.sleep(2.0)
        assert recorder.status()["fault"] == "another program holds it locked"
        other.execute("ROLLBACK")
    wait_until(lambda: len(recorded(path)) == 100)
    wait_until(lambda: recorder.fault is None)
    assert caplog.text.count("holds it locked") == 1
    assert caplog.text.count("recording again") == 1


def test_what_waits_is_bounded(recorder: Recorder, path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for number in range(15_000):
            recorder.record("x", (verdict(number),), "")
        assert 3_000 < recorder.lost <= 5_000
        other.execute("ROLLBACK")
    wait_until(lambda: len(recorded(path)) == 15_000 - recorder.lost)
    assert caplog.text.count("not recorded") == 1


def test_another_process_that_leaves_does_not_take_the_log_away(recorder: Recorder, path: Path) -> None:
    code = "import sys, pathlib; from circleshield_addon.ledger import Ledger;"
    code += "Ledger(pathlib.Path(sys.argv[1])).choose_post('x', sys.argv[2], 'social', True)"
    for number in range(3):
        subprocess.run([sys.executable, "-c", code, str(path), str(number)], check=True)
        wait_until(lambda number=number: ("x", str(number)) in recorder.choices.posts)  # type: ignore[misc]
        assert path.with_name(FILE + "-wal").exists()
        recorder.record("x", (verdict(number),), "")
        wait_until(lambda number=number: str(number) in recorded(path))  # type: ignore[misc]


@pytest.mark.parametrize("while_running", [False, True])
def test_a_damaged_ledger_is_set_aside(path: Path, while_running: bool, caplog: pytest.LogCaptureFixture) -> None:
    with Recorder(path, LedgerSettings()) as recorder:
        recorder.record("x", (verdict(1),), "")
        wait_until(lambda: recorded(path) == {"1"})
        with closing(Ledger(path)) as other:
            other.choose_post("x", "9", "social", learnt=True)
        wait_until(lambda: bool(recorder.choices.posts))
        if while_running:
            path.write_bytes(b"\x17" * 50_000)
            wait_until(lambda: bool(recorder.set_aside))
    if not while_running:
        path.write_bytes(b"\x17" * 50_000)
    with Recorder(path, LedgerSettings()) as second:
        second.record("x", (verdict(2),), "")
        wait_until(lambda: bool(recorder.set_aside + second.set_aside) and path.exists() and recorded(path) == {"2"})
        wait_until(lambda: second.fault is None)
        if while_running:  # what the user chose is carried over
            assert second.choices.posts == {("x", "9"): "social"}
    (aside,) = [file.name for file in path.parent.glob("*.corrupt-*Z")]
    assert recorder.set_aside + second.set_aside == [aside]
    assert (path.parent / aside).read_bytes() == b"\x17" * 50_000
    assert caplog.text.count("set aside") == 1


def test_damage_inside_is_found_at_the_start(path: Path) -> None:
    with Recorder(path, LedgerSettings()) as recorder:
        recorder.record("x", tuple(verdict(n, "long text " * 50) for n in range(500)), "")
    with path.open("r+b") as file:
        file.seek(100_000)
        file.write(b"\x17" * 50_000)
    with Recorder(path, LedgerSettings()) as second:
        wait_until(lambda: len(second.set_aside) == 1)
        second.record("x", (verdict(1),), "")
        wait_until(lambda: recorded(path) == {"1"})


@pytest.mark.parametrize("replacement", [False, True])
def test_a_deleted_or_replaced_ledger_is_begun_anew(recorder: Recorder, path: Path, replacement: bool) -> None:
    recorder.record("x", (verdict(1),), "")
    wait_until(lambda: recorded(path) == {"1"})
    for file in list(path.parent.iterdir()):
        file.unlink()
    if replacement:
        with closing(Ledger(path.with_name("other"))):
            pass
        path.with_name("other").rename(path)
    time.sleep(0.7)
    recorder.record("x", (verdict(2),), "")
    wait_until(lambda: path.exists() and recorded(path) == {"2"})
    assert recorder.set_aside == []


def test_a_ledger_of_a_newer_version_is_left_alone(path: Path) -> None:
    with closing(Ledger(path)) as newer:
        newer.db.execute("PRAGMA user_version = 99")
    with Recorder(path, LedgerSettings()) as recorder:
        recorder.record("x", (verdict(1),), "")
        wait_until(lambda: "newer circleshield" in (recorder.fault or ""))
        assert recorder.set_aside == []


def test_an_error_of_ours_costs_one_batch(recorder: Recorder, path: Path) -> None:
    def fails() -> tuple[str, ...]:
        raise RuntimeError("text of a post")

    recorder.record("x", (Verdict(verdict(1).post, 0.9, "remove", ("score",), fails),), "")
    wait_until(lambda: "RuntimeError at test_recorder.py" in (recorder.fault or ""))
    recorder.record("x", (verdict(2),), "")
    wait_until(lambda: recorded(path) == {"2"})


@pytest.mark.parametrize(
    "never_written",
    [
        Seen(1, "x", "half a pair: \ud800", (Verdict(verdict(1).post, 0.1, "keep", ("score",)),)),
        Seen(1, "x", "", (replace(verdict(1), score=float("nan")),)),  # NULL, as SQLite has it
    ],
)
def test_what_can_never_be_written_does_not_keep_the_rest_waiting(
    recorder: Recorder, path: Path, never_written: Seen
) -> None:
    recorder.record(never_written.platform, never_written.verdicts, never_written.device)
    wait_until(lambda: recorder.lost == 1)
    recorder.record("x", (verdict(2),), "")
    wait_until(lambda: recorded(path) == {"2"} and recorder.fault is None)


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mounts a small file system, or mounts it anew with other options."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounts = 0

    def mount(options: str) -> Path:
        nonlocal mounts
        mount_command = shutil.which("mount")
        done = mount_command and subprocess.run(
            [mount_command, "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, check=False
        )
        if not done or done.returncode:
            pytest.skip("file systems cannot be mounted here")
        mounts += "remount" not in options
        return folder

    yield mount
    if mounts:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk(mounted: Callable[[str], Path], caplog: pytest.LogCaptureFixture) -> None:
    folder = mounted("size=600k")
    with Recorder(folder / FILE, LedgerSettings()) as recorder:
        recorder.record("x", (verdict(0),), "")
        wait_until(lambda: recorded(folder / FILE) == {"0"})
        (folder / "filler").write_bytes(b"x" * (shutil.disk_usage(folder).free - 8192))
        for number in range(1, 200):
            recorder.record("x", (verdict(number, "long text " * 100),), "")
        wait_until(lambda: recorder.fault == "the disk is full")
        time.sleep(1.2)
        mounted("remount,size=6m")
        wait_until(lambda: recorder.fault is None)
        wait_until(lambda: len(recorded(folder / FILE)) == 200)
    assert caplog.text.count("the disk is full") == 1
    assert recorder.set_aside == []


def test_a_read_only_folder(mounted: Callable[[str], Path], caplog: pytest.LogCaptureFixture) -> None:
    folder = mounted("size=1m,ro")
    with Recorder(folder / FILE, LedgerSettings()) as recorder:
        recorder.record("x", (verdict(1),), "")
        assert recorder.fault == "Read-only file system"
        mounted("remount,rw")
        wait_until(lambda: recorder.fault is None)
    assert recorded(folder / FILE) == {"1"}
    assert caplog.text.count("Read-only") == 1

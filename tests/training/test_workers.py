"""One result wherever the work is done, and none is lost with a worker."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from distributed import Client, LocalCluster
from joblib.externals.loky import get_reusable_executor
from joblib.externals.loky.process_executor import _ExecutorManagerThread

from circleshield_model import artefact
from circleshield_model.errors import InputError
from circleshield_training import fit, tasks, workers, write
from circleshield_training.posts import scratch
from circleshield_training.samples import read_seed

FEW = read_seed()[::12]


def quiet(_: str) -> None:
    pass


def files(out: Path) -> list[bytes]:
    return [(out / name).read_bytes() for name in (artefact.PIPELINE, artefact.ARRAYS, artefact.MANIFEST)]


def train(out: Path, jobs: int = 1, scheduler: str = "") -> list[bytes]:
    with scratch() as folder, workers.cluster(scheduler, folder) if scheduler else workers.processes(jobs):
        trained = fit.train(FEW, 0, folder, quiet)
    write.write(trained.pipeline, trained.facts, out)
    return files(out)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    return train(tmp_path_factory.mktemp("alone") / "model")


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0") as found:
        yield found


def test_two_processes_give_the_same_bytes(alone: list[bytes], tmp_path: Path) -> None:
    assert train(tmp_path / "model", jobs=2) == alone


def test_a_cluster_gives_the_same_bytes_though_a_worker_is_killed(
    alone: list[bytes], tmp_path: Path, cluster: LocalCluster
) -> None:
    killed: list[int] = []

    def kill() -> None:
        """Kills the first worker that is seen to fit a model."""
        with Client(cluster.scheduler_address, set_as_default=False) as client:
            while not killed:
                for worker, stacks in client.call_stack().items():
                    if any("learn" in frame for stack in stacks.values() for frame in stack):
                        pid = client.run(os.getpid, workers=[worker])[worker]
                        os.kill(pid, signal.SIGKILL)
                        killed.append(pid)
                        return
                time.sleep(0.02)

    killer = Thread(target=kill, daemon=True)
    killer.start()
    assert train(tmp_path / "model", scheduler=cluster.scheduler_address) == alone
    killer.join(10)
    assert killed


def dies(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_that_is_killed_is_said() -> None:
    with pytest.raises(InputError, match=r"a process was killed.*fewer --jobs"), workers.processes(2):
        list(tasks.everywhere(dies, [(0,), (1,)]))


def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_PATIENCE", 1)
    with (
        pytest.raises(InputError, match=r"no Dask scheduler answers at tcp://127.0.0.1:9"),
        workers.cluster("tcp://127.0.0.1:9", Path()),
    ):
        pass


def test_without_dask_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"install circleshield\[cluster\]"), workers.cluster("tcp://x:1", tmp_path):
        pass


def test_what_is_no_address_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="wanted is an address such as tcp://"), workers.cluster("10.0.0.5", tmp_path):
        pass


def test_a_scheduler_without_workers() -> None:
    with (
        LocalCluster(n_workers=0, dashboard_address=":0") as empty,
        pytest.raises(InputError, match="has no workers; start some"),
        workers.cluster(empty.scheduler_address, Path()),
    ):
        pass


def test_a_worker_that_does_not_share_the_folder(cluster: LocalCluster, tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match=r"does not see .*missing.*--scratch"),
        workers.cluster(cluster.scheduler_address, tmp_path / "missing"),
    ):
        pass


def test_a_worker_of_another_version(cluster: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = {**workers.versions(), "numpy": "1.0"}
    with Client(cluster.scheduler_address, set_as_default=False) as client:
        theirs = client.run(workers.versions)
    monkeypatch.setattr(Client, "run", lambda *_, **__: theirs)
    monkeypatch.setattr(workers, "versions", lambda: ours)
    with (
        pytest.raises(InputError, match=r"has numpy .*, here it is 1.0; install the same"),
        workers.cluster(cluster.scheduler_address, tmp_path),
    ):
        pass


# joblib's thread may be about to hand out work that is taken back, and says so on stderr.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_interrupt_while_processes_start_ends_them(monkeypatch: pytest.MonkeyPatch) -> None:
    start = _ExecutorManagerThread.start

    def interrupted(thread: Thread) -> None:
        signal.raise_signal(signal.SIGINT)
        start(thread)

    get_reusable_executor().shutdown(kill_workers=True)  # that of another test
    monkeypatch.setattr(_ExecutorManagerThread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt), workers.processes(2):
        list(tasks.everywhere(abs, [(-1,), (-2,)]))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    monkeypatch.undo()
    with workers.processes(2):
        assert list(tasks.everywhere(abs, [(-1,), (-2,)])) == [1, 2]


def test_a_task_begun_by_a_dead_worker_leaves_nothing_half_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("circleshield_training.chunks.Chunk.save", dies)
    (tmp_path / "000000.texts.json").write_text('["招代理", "火锅"]')
    with pytest.raises(KeyboardInterrupt):
        tasks.hash_posts(tmp_path, 0, 12)
    assert not (tmp_path / "000000.counts").exists()
    monkeypatch.undo()
    tasks.hash_posts(tmp_path, 0, 12)
    assert (tmp_path / "000000.counts").stat().st_size == 4 << 12

"""A Dask cluster on this machine: the same bits, with workers killed on the way."""

import contextlib
import os
import random
import signal

import pytest
from tests.study import small

import bbpscape as bb
from bbpscape.study import executors

pytest.importorskip("distributed", reason="Dask is not installed: the extra cluster")

# Dask's own clean-up of sockets and threads is not ours to judge.
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def cluster():
    import dask
    from distributed import LocalCluster

    settings = {
        "distributed.worker.multiprocessing-method": "forkserver",
        "distributed.scheduler.allowed-failures": 3,
        "distributed.worker.preload": [],
    }
    with (
        dask.config.set(settings),
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
        ) as made,
    ):
        yield made


def test_ten_kills_at_random_moments_cost_nothing(tmp_path, undisturbed, cluster):
    path = small.write(tmp_path)
    moments, killed = sorted(random.Random(1).sample(range(2, small.POINTS - 2), 10)), []

    def kill(progress):
        if moments and progress.done >= moments[0]:
            moments.pop(0)
            # A nanny starts the next worker in its own time; one that lives is killed.
            running = [one.pid for one in cluster.workers.values() if one.pid is not None]
            for pid in running[:1]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)

    done = small.run(path, scheduler=cluster.scheduler_address, progress=kill)
    assert len(killed) >= 8
    assert (done.done, done.failed) == (small.POINTS, 0)
    small.same(path, undisturbed)


def test_a_cluster_that_is_gone_ends_the_run(tmp_path, monkeypatch, undisturbed, cluster):
    monkeypatch.setattr(executors, "LOOK", 0.2)
    path = small.write(tmp_path)

    def close(progress):
        if progress.done == 10:
            cluster.close()

    with pytest.raises(executors.ExecutorLost, match="what was finished is kept"):
        small.run(path, scheduler=cluster.scheduler_address, progress=close)
    assert small.run(path, workers=1).done <= small.POINTS - 10
    small.same(path, undisturbed)


def test_no_scheduler_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(executors, "CONNECT", 0.3)
    path = small.write(tmp_path)
    with pytest.raises(bb.InvalidInput, match="no Dask scheduler answers"):
        small.run(path, scheduler="tcp://127.0.0.1:1")
    with pytest.raises(bb.InvalidInput, match="no Dask scheduler answers"):
        small.run(path, scheduler="nowhere://x")

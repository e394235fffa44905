"""A Dask cluster on this machine: the same bits, with workers killed on the way."""

import os
import random
import signal

import pytest
import small

import bbpscape as bb
from bbpscape.study import executors
from bbpscape.study.runner import run_study

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


def test_a_killed_worker_costs_nothing(tmp_path, undisturbed, cluster):
    path = small.write(tmp_path)
    moment, killed = random.Random(1).randint(5, 15), []

    def kill(progress):
        if progress.done >= moment and not killed:
            killed.append(next(iter(cluster.workers.values())).pid)
            os.kill(killed[0], signal.SIGKILL)

    done = run_study(path, scheduler=cluster.scheduler_address, progress=kill)
    assert killed
    assert (done.done, done.failed) == (small.POINTS, 0)
    small.same(path, undisturbed)


def test_no_scheduler_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(executors, "CONNECT", 0.3)
    path = small.write(tmp_path)
    with pytest.raises(bb.InvalidInput, match="no Dask scheduler answers"):
        run_study(path, scheduler="tcp://127.0.0.1:1")
    with pytest.raises(bb.InvalidInput, match="no Dask scheduler answers"):
        run_study(path, scheduler="nowhere://x")

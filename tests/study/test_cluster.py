"""A Dask cluster on this machine: the same bits, with workers killed on the way."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
from tests.study import small

import bbpscape as bb
from bbpscape.simulation import scheduler
from bbpscape.study import cluster as dask_cluster
from bbpscape.study.crew import ExecutorLost

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


def test_a_cluster_that_is_gone_ends_the_run(tmp_path, monkeypatch, undisturbed, cluster, capfd):
    monkeypatch.setattr(dask_cluster, "LOOK", 0.2)
    path = small.write(tmp_path)

    def close(progress):
        if progress.done == 10:
            cluster.close()

    with pytest.raises(ExecutorLost, match="what was finished is kept"):
        small.run(path, scheduler=cluster.scheduler_address, progress=close)
    assert capfd.readouterr().err == ""  # what Dask would say fills a screen
    assert small.run(path, workers=1).done <= small.POINTS - 10
    small.same(path, undisturbed)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        (
            "tcp://127.0.0.1:1",
            "no Dask scheduler answers at 'tcp://127.0.0.1:1': Connection refused",
        ),
        ("127.0.0.1", "a scheduler is an address such as tcp://HOST:8786, got '127.0.0.1'"),
        ("nonsense", "a scheduler is an address such as"),
        ("nowhere://x:1", "a scheduler is an address such as"),
        ("127.0.0.1:70000", "a scheduler is an address such as"),
        ("", "a scheduler is an address such as"),
        (8786, "scheduler must be a text"),
    ],
)
def test_no_scheduler_is_one_quick_line(tmp_path, address, message):
    path = small.write(tmp_path)
    began = time.monotonic()
    with pytest.raises(bb.InvalidInput) as stop:
        small.run(path, scheduler=address)
    assert str(stop.value).startswith(message)
    assert time.monotonic() - began < 2
    assert not path.with_suffix(".sqlite").exists()


@pytest.mark.parametrize("speaks", [b"SSH-2.0-OpenSSH_9.6\r\n", b""])
def test_what_listens_and_is_no_scheduler(tmp_path, monkeypatch, speaks):
    monkeypatch.setattr(scheduler, "CONNECT", 0.5)
    path = small.write(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            link, _ = server.accept()
            with link:
                link.sendall(speaks)
                link.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(bb.InvalidInput, match=f"no Dask scheduler answers at '{address}'"):
            small.run(path, scheduler=address)
        thread.join()


def _block(folder):
    """A module that hides the package from whoever imports it."""
    path = folder / "block.py"
    path.write_text(
        "import sys\n"
        "class Block:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] == 'bbpscape':\n"
        "            raise ModuleNotFoundError('No module named bbpscape')\n"
        "sys.meta_path.insert(0, Block())\n"
    )
    return path


@pytest.fixture
def dask(tmp_path):
    """Start ``dask`` commands of which none outlives the test."""
    started = []

    def start(*arguments):
        with (tmp_path / f"dask-{len(started)}.log").open("w") as log:
            one = subprocess.Popen(
                [sys.executable, "-m", "dask", *map(str, arguments)], stdout=log, stderr=log
            )
        started.append(one)
        return one

    yield start
    for one in started:
        one.kill()
        one.wait()


def test_a_cluster_from_the_shell(tmp_path, dask):
    """A node without the package, and Ctrl-C: a line each, at once."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    local = ("--host", "127.0.0.1", "--no-dashboard")
    dask("scheduler", *local, "--port", port, "--no-show")
    path = small.write(tmp_path, draws=400)
    for _ in range(600):
        with contextlib.suppress(bb.InvalidInput):
            scheduler.check_address(address)
            break
        time.sleep(0.1)

    def run():
        command = [sys.executable, "-m", "bbpscape", "study", "run", path, "--scheduler", address]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def said(process, status):
        out, err = process.communicate(timeout=30)
        assert (process.returncode, out, err.count("\n")) == (status, "", 1), err
        return err

    worker = ("worker", address, "--nworkers", "1", "--no-nanny", *local)
    bare = dask(*worker, "--preload", _block(tmp_path))
    assert "install bbpscape on each node" in said(run(), 2)
    bare.kill()
    bare.wait()

    dask(*worker)
    process = run()
    while small.finished(path) < 5:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    again = f"bbpscape study run {path} goes on\n"
    assert said(process, 130) == f"bbpscape: interrupted; what was finished is kept: {again}"
    assert time.monotonic() - began < 5

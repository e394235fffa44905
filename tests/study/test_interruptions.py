"""Runs that are killed, interrupted, beside others or on a full disk: nothing lost or doubled."""

import contextlib
import os
import random
import shutil
import subprocess
import time
from concurrent.futures import ProcessPoolExecutor

import pytest
from tests.study import small

from bbpscape.study import crew, runner, work
from bbpscape.study.database import StoreError
from bbpscape.study.store import Store


def test_a_study_killed_at_ten_random_moments(tmp_path, undisturbed):
    path = small.write(tmp_path)
    moments = random.Random(3).sample(range(1, small.POINTS), 10)
    killed = 0
    for moment in sorted(moments):
        process = small.start(path, workers=1)
        small.wait_for(path, moment, process)
        time.sleep(random.Random(moment).uniform(0, 0.005))
        killed += process.is_alive()
        small.kill(process)
    assert killed >= 5
    small.run(path, 1)
    small.same(path, undisturbed)


def test_workers_end_with_a_run_that_is_killed(tmp_path, undisturbed):
    import psutil

    path = small.write(tmp_path)
    process = small.start(path, workers=2)
    small.wait_for(path, 3, process)
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    small.kill(process)
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive
    small.run(path, 1)
    small.same(path, undisturbed)


def test_two_runs_at_once(tmp_path, undisturbed):
    path = small.write(tmp_path)
    one = small.start(path, claim=0.0, workers=1)
    small.wait_for(path, 3, one)
    small.pause(one, path)
    other = small.start(path, claim=0.0, workers=1)
    small.wait_for(path, 10, other)
    small.go_on(one)
    both = [one, other]
    for process in both:
        process.join(60)
    assert [process.exitcode for process in both] == [0, 0]
    with Store(path.with_suffix(".sqlite")) as store:
        assert {row[0] for row in store.rows(["attempts"])} == {1}
        assert len({row[0] for row in store.rows(["run"])}) == 2
    small.same(path, undisturbed)


def test_a_run_takes_over_from_one_that_is_killed_beside_it(tmp_path, undisturbed):
    path = small.write(tmp_path)
    other = small.start(path, claim=0.0, workers=1)
    small.wait_for(path, 3, other)
    held = small.pause(other, path)
    process = small.start(path, workers=1)
    small.wait_for(path, small.POINTS - held, process)
    assert process.is_alive()
    small.kill(other)
    process.join(60)
    assert process.exitcode == 0
    small.same(path, undisturbed)


@pytest.mark.parametrize("times", [1, 2])
def test_an_interrupted_run_gives_its_points_back(tmp_path, undisturbed, monkeypatch, times):
    path = small.write(tmp_path)
    stop = crew.Crew.stop

    def interrupted_again(members):
        monkeypatch.setattr(crew.Crew, "stop", stop)
        raise KeyboardInterrupt

    if times == 2:
        monkeypatch.setattr(crew.Crew, "stop", interrupted_again)

    def interrupt(progress):
        if progress.done == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        small.run(path, 1, progress=interrupt)
    with Store(path.with_suffix(".sqlite")) as store:
        assert store.remaining()[:2] == (small.POINTS - 7, 0)
    small.run(path, 1)
    small.same(path, undisturbed)


def _full(job, task):
    """A task that ends its worker, at one cell only."""
    if '"N":30' in task.cell and task.first == 2 and '"alpha":1.5' in task.cell:
        os._exit(9)
    return work.execute(job, task)


def test_a_point_that_ends_its_worker_is_retried_then_recorded(tmp_path, monkeypatch):
    path = small.write(tmp_path)

    monkeypatch.setattr(crew, "execute", _full)
    done = small.run(path, 2)
    assert (done.done, done.failed) == (small.POINTS - 1, 1)
    assert done.retried >= runner.DEATHS
    with Store(path.with_suffix(".sqlite")) as store:
        ((_, cell, first, _, reason),) = store.failures()
    assert ('"N":30' in cell, first) == (True, 2)
    assert "workers with it" in reason
    assert small.run(path, 1).done == 0
    monkeypatch.undo()
    assert small.run(path, 1, retry_failed=True).done == 1


def test_an_executor_that_breaks_ends_the_run(tmp_path, undisturbed):
    path = small.write(tmp_path)
    with ProcessPoolExecutor(1, small.context()) as pool:
        for process in pool._processes.values():
            process.kill()
        pool.submit(os.getpid).result()
        next(iter(pool._processes.values())).kill()
        with pytest.raises(crew.ExecutorLost):
            small.run(path, executor=pool)
    small.run(path, 1)
    small.same(path, undisturbed)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own, of 1 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("a small tmpfs cannot be mounted here: it takes root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_fills(small_disk, undisturbed):
    path = small.write(small_disk)
    filler = small_disk / "filler"

    def fill(progress):
        if progress.done == 5:
            with contextlib.suppress(OSError), filler.open("wb", 0) as stream:
                while True:
                    stream.write(bytes(4096))

    with pytest.raises(StoreError, match="full|I/O"):
        small.run(path, 1, progress=fill)
    kept = small.finished(path)
    assert 5 <= kept < small.POINTS
    with pytest.raises(StoreError, match="full|I/O"):
        small.run(path, 1)
    # A little room may have come free, for a few more.
    assert kept <= small.finished(path) < small.POINTS
    kept = small.finished(path)
    filler.unlink()
    assert small.run(path, 1).done == small.POINTS - kept
    small.same(path, undisturbed)

"""Runs that resume, extend, fail and are killed: nothing lost, nothing doubled, the same table."""

import contextlib
import itertools
import os
import random
import shutil
import sqlite3
import subprocess
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import small

import bbpscape as bb
from bbpscape.study import executors, observables, runner, work
from bbpscape.study.cells import Cell
from bbpscape.study.observables import draw_values
from bbpscape.study.runner import run_study
from bbpscape.study.store import Store, StoreError
from bbpscape.study.table import open_study

# 12 cells of 4 draws, and 6 of theory.
POINTS = 12 * 4 + 6


@pytest.fixture(autouse=True)
def no_process_is_left():
    yield
    small.end_all()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    path = small.write(tmp_path_factory.mktemp("undisturbed"))
    assert run_study(path, 1).done == POINTS
    return small.table(path)


def same(path, expected):
    pd.testing.assert_frame_equal(small.table(path), expected, check_exact=True)
    with Store(path.with_suffix(".sqlite")) as store:
        assert store.check() == "ok"
        assert {row[0] for row in store.rows(["status"])} == {"done"}
        covered = sorted(store.rows(["source", "cell", "first", "count"]))
    for (*one, first, count), (*other, following, _) in itertools.pairwise(covered):
        assert one != other or following == first + count


def test_a_value_is_that_of_the_draw_itself(undisturbed):
    """Recomputed from the public functions, the seed and the cell's identity."""
    model = bb.TeacherStudent(2, 1, bb.NormalizedSquare(1.0))
    cell = Cell.of({"p": 2, "p_star": 1, "a": 1.0, "alpha": 1.5, "N": 30})
    lowest, m2 = [], []
    for draw in range(4):
        instance = bb.draw(model, 1.5, 30, cell.seed(1, draw))
        values, vectors = np.linalg.eigh(bb.Hessian(instance.inputs, instance.curvature).dense())
        lowest.append(values[0])
        m2.append(bb.teacher_overlap(vectors, instance.teacher_basis)[:2].sum())
    chosen = undisturbed.query("alpha == 1.5 and N == 30 and source == 'simulation'")
    found = chosen.set_index("observable")
    assert found.loc["lowest", "mean"] == pytest.approx(np.mean(lowest), rel=1e-9)
    assert found.loc["total_m2", "mean"] == pytest.approx(np.mean(m2), rel=1e-7)
    error = np.std(lowest, ddof=1) / 2
    assert found.loc["lowest", "standard_error"] == pytest.approx(error, rel=1e-8)
    limit = bb.spectrum(model, 1.5).outliers[0].eigenvalue
    assert found.loc["lowest", "z"] == pytest.approx((np.mean(lowest) - limit) / error, rel=1e-7)


def test_a_second_run_has_nothing_to_do(tmp_path, undisturbed):
    path = small.write(tmp_path)
    run_study(path, 1)
    assert run_study(path, 1).done == 0
    same(path, undisturbed)


@pytest.mark.parametrize("first", [{"draws": 1}, {"stop": 1.5, "count": 3}, {"theory": "false"}])
def test_an_extension_computes_only_what_is_new(tmp_path, undisturbed, first):
    path = small.write(tmp_path, **first)
    begun = run_study(path, 1).done
    before = _records(path)
    small.write(tmp_path, block=3)
    after = run_study(path, 1).done
    assert before.items() <= _records(path).items()
    assert 0 < after <= POINTS - begun
    same(path, undisturbed)


def _records(path):
    with Store(path.with_suffix(".sqlite")) as store:
        names = ["source", "cell", "first", "finished", "result"]
        return {row[:3]: row[3:] for row in store.rows(names)}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("draws = 4", "draws = 3", "draws cannot go from 4 to 3"),
        ("seed = 1", "seed = 2", "seed cannot change from 1 to 2"),
        ("stop = 3.0", "stop = 2.0", "axes can only grow"),
        ("theory = true", "theory = false", "theory cannot change"),
        ('"lowest", ', "", "observables cannot change"),
        ("a = 1.0", "a = 1.5", "axes can only grow"),
    ],
)
def test_another_definition_is_refused(tmp_path, undisturbed, old, new, message):
    path = small.write(tmp_path)
    run_study(path, 1)
    path.write_text(small.text().replace(old, new))
    with pytest.raises(bb.InvalidInput, match=message):
        run_study(path, 1)
    small.write(tmp_path)
    same(path, undisturbed)


@pytest.mark.parametrize("block", [1, 3, 100])
def test_blocks_do_not_change_results(tmp_path, undisturbed, block):
    path = small.write(tmp_path, block=block)
    run_study(path, 1)
    same(path, undisturbed)


class Backwards(Executor):
    """Computes what is submitted when asked for it, the last first."""

    def __init__(self):
        self._held = []

    def submit(self, fn, /, *args):
        future = Future()
        self._held.append((future, fn, args))
        if len(self._held) >= 2:
            threading.Timer(0.0, self._flush).start()
        else:
            threading.Timer(0.05, self._flush).start()
        return future

    def _flush(self):
        while self._held:
            future, fn, args = self._held.pop()
            if future.set_running_or_notify_cancel():
                future.set_result(fn(*args))


@pytest.mark.parametrize(
    "make",
    [
        lambda: ThreadPoolExecutor(3),
        lambda: ProcessPoolExecutor(2, small.context()),
        Backwards,
    ],
)
def test_any_executor_gives_the_same_bits(tmp_path, undisturbed, make):
    path = small.write(tmp_path)
    with make() as executor:
        assert run_study(path, executor=executor).done == POINTS
    same(path, undisturbed)


def test_local_processes_give_the_same_bits(tmp_path, undisturbed):
    path = small.write(tmp_path)
    assert run_study(path, 2).done == POINTS
    same(path, undisturbed)


def test_a_study_killed_at_ten_random_moments(tmp_path, undisturbed):
    path = small.write(tmp_path)
    moments = random.Random(3).sample(range(1, POINTS), 10)
    killed = 0
    for moment in sorted(moments):
        process = small.start(path, workers=1)
        small.wait_for(path, moment, process)
        time.sleep(random.Random(moment).uniform(0, 0.005))
        killed += process.is_alive()
        small.kill(process)
    assert killed >= 5
    run_study(path, 1)
    same(path, undisturbed)


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
    run_study(path, 1)
    same(path, undisturbed)


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
    same(path, undisturbed)


def test_a_run_takes_over_from_one_that_is_killed_beside_it(tmp_path, undisturbed):
    path = small.write(tmp_path)
    other = small.start(path, claim=0.0, workers=1)
    small.wait_for(path, 3, other)
    held = small.pause(other, path)
    process = small.start(path, workers=1)
    small.wait_for(path, POINTS - held, process)
    assert process.is_alive()
    small.kill(other)
    process.join(60)
    assert process.exitcode == 0
    same(path, undisturbed)


def test_an_interrupted_run_gives_its_points_back(tmp_path, undisturbed):
    path = small.write(tmp_path)

    def interrupt(progress):
        if progress.done == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_study(path, 1, progress=interrupt)
    with Store(path.with_suffix(".sqlite")) as store:
        assert store.remaining()[:2] == (POINTS - 7, 0)
    run_study(path, 1)
    same(path, undisturbed)


def _full(task):
    """A task that ends its worker, at one cell only."""
    if '"N":30' in task.cell and task.first == 2 and '"alpha":1.5' in task.cell:
        os._exit(9)
    return work.execute(task)


def test_a_point_that_ends_its_worker_is_retried_then_recorded(tmp_path, monkeypatch):
    path = small.write(tmp_path)

    def pool():
        return ProcessPoolExecutor(2, small.context())

    monkeypatch.setattr(
        executors,
        "_processes",
        lambda count: executors.Crew(
            "deadly", 4, pool(), remake=pool, stop=executors._end_processes, work=_full
        ),
    )
    done = run_study(path, 2)
    assert (done.done, done.failed) == (POINTS - 1, 1)
    assert done.retried >= runner.DEATHS
    with Store(path.with_suffix(".sqlite")) as store:
        ((_, cell, first, _, reason),) = store.failures()
    assert ('"N":30' in cell, first) == (True, 2)
    assert "workers with it" in reason
    assert run_study(path, 1).done == 0
    monkeypatch.undo()
    assert run_study(path, 1, retry_failed=True).done == 1


def test_an_executor_that_breaks_ends_the_run(tmp_path, undisturbed):
    path = small.write(tmp_path)
    with ProcessPoolExecutor(1, small.context()) as pool:
        for process in pool._processes.values():
            process.kill()
        pool.submit(os.getpid).result()
        next(iter(pool._processes.values())).kill()
        with pytest.raises(executors.ExecutorLost):
            run_study(path, executor=pool)
    run_study(path, 1)
    same(path, undisturbed)


def test_a_failed_point_is_a_row_and_stops_nothing(tmp_path, monkeypatch):
    path = small.write(tmp_path)
    real = observables.draw

    def fail(model, alpha, N, seed):
        if N == 30 and alpha == 1.5:
            raise bb.NoConvergence("on\npurpose")
        return real(model, alpha, N, seed)

    monkeypatch.setattr(observables, "draw", fail)
    done = run_study(path, 1)
    assert (done.done, done.failed) == (POINTS - 4, 4)
    with Store(path.with_suffix(".sqlite")) as store:
        assert {row[-1] for row in store.failures()} == {"NoConvergence: on purpose"}
    left = small.table(path).query("N == 30 and alpha == 1.5")
    assert set(left["source"]) == {"theory"}


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
        run_study(path, 1, progress=fill)
    kept = small.finished(path)
    assert 5 <= kept < POINTS
    with pytest.raises(StoreError, match="full|I/O"):
        run_study(path, 1)
    filler.unlink()
    assert run_study(path, 1).done == POINTS - kept
    same(path, undisturbed)


def test_progress_estimates_what_remains(tmp_path):
    seen = []
    run_study(small.write(tmp_path), 1, progress=seen.append)
    assert [one.done for one in seen] == list(range(1, POINTS + 1))
    assert seen[-1].left == 0
    assert seen[-1].remaining == pytest.approx(0, abs=1e-9)
    assert all(one.remaining >= 0 for one in seen)


def test_every_draw_has_its_own_seed():
    cells = [Cell.of({"p": 1, "p_star": 1, "alpha": a, "N": 10}) for a in (1.0, 2.0)]
    states = {tuple(c.seed(s, d).generate_state(4)) for c in cells for s in (0, 1) for d in (0, 1)}
    assert len(states) == 8
    values = [draw_values(cells[0], cells[0].seed(0, d), ["lowest"])["lowest"] for d in (0, 0, 1)]
    assert values[0] == values[1] != values[2]


def test_a_run_records_where_its_numbers_come_from(tmp_path):
    path = small.write(tmp_path)
    run_study(path, 1)
    db = sqlite3.connect(path.with_suffix(".sqlite"))
    versions, ended = db.execute("SELECT versions, ended FROM runs").fetchone()
    seed, seconds = db.execute(
        "SELECT seed, seconds FROM points WHERE source = 'simulation' LIMIT 1"
    ).fetchone()
    db.close()
    assert f'"bbpscape": "{bb.__version__}"' in versions
    assert ended is not None
    assert seed.startswith("1 ")
    assert seconds > 0
    assert open_study(path).path == path.with_suffix(".sqlite")

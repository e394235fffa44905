"""Runs that resume, extend and fail, on any executor: nothing doubled, the same table."""

import sqlite3
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
from tests.study import small

import bbpscape as bb
from bbpscape.study.cells import Cell
from bbpscape.study.observables import draw_values, observable
from bbpscape.study.store import Store
from bbpscape.study.study import open_study


def test_a_value_is_that_of_the_draw_itself(undisturbed):
    """Recomputed from the public functions, the seed and the cell's identity."""
    model = bb.TeacherStudent(2, 1, bb.NormalizedSquare(1.0))
    cell = Cell.of({"p": 2, "p_star": 1, "a": 1.0, "alpha": 1.5, "N": 30})
    lowest, m2 = [], []
    for draw in range(4):
        instance = bb.draw(model, 1.5, 30, cell.seed(1, draw))
        values, vectors = np.linalg.eigh(bb.Hessian(instance.inputs, instance.curvature).dense())
        lowest.append(values[0])
        m2.append(bb.eigen.teacher_overlap(vectors, instance.teacher_basis)[:2].sum())
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
    small.run(path, 1)
    assert small.run(path, 1).done == 0
    small.same(path, undisturbed)


@pytest.mark.parametrize("first", [{"draws": 1}, {"stop": 1.5, "count": 3}, {"theory": "false"}])
def test_an_extension_computes_only_what_is_new(tmp_path, undisturbed, first):
    path = small.write(tmp_path, **first)
    begun = small.run(path, 1).done
    before = _records(path)
    small.write(tmp_path, block=3)
    after = small.run(path, 1).done
    assert before.items() <= _records(path).items()
    assert 0 < after <= small.POINTS - begun
    small.same(path, undisturbed)


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
        ("seed = 1", "seed = 1\ntolerance = 1e-7", "tolerance cannot change from 1e-08 to 1e-07"),
        ("seed = 1", 'seed = 1\nprecision = "float32"', "precision cannot change"),
        ('"lowest", ', "", "observables cannot change"),
        ("a = 1.0", "a = 1.5", "axes can only grow"),
    ],
)
def test_another_definition_is_refused(tmp_path, undisturbed, old, new, message):
    path = small.write(tmp_path)
    small.run(path, 1)
    path.write_text(small.text().replace(old, new))
    with pytest.raises(bb.InvalidInput, match=message):
        small.run(path, 1)
    small.write(tmp_path)
    small.same(path, undisturbed)


@pytest.mark.parametrize("block", [1, 3, 100])
def test_blocks_do_not_change_results(tmp_path, undisturbed, block):
    path = small.write(tmp_path, block=block)
    small.run(path, 1)
    small.same(path, undisturbed)


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
        assert small.run(path, executor=executor).done == small.POINTS
    small.same(path, undisturbed)


def test_local_processes_give_the_same_bits(tmp_path, undisturbed):
    path = small.write(tmp_path)
    assert small.run(path, 2).done == small.POINTS
    small.same(path, undisturbed)


def test_a_failed_point_is_a_row_and_stops_nothing(tmp_path, monkeypatch):
    path = small.write(tmp_path)
    real = Cell.draw

    def fail(cell, seed):
        if cell.N == 30 and cell.alpha == 1.5:
            raise bb.NoConvergence("on\npurpose")
        return real(cell, seed)

    monkeypatch.setattr(Cell, "draw", fail)
    done = small.run(path, 1)
    assert (done.done, done.failed) == (small.POINTS - 4, 4)
    with Store(path.with_suffix(".sqlite")) as store:
        assert {row[-1] for row in store.failures()} == {"NoConvergence: on purpose"}
    results = open_study(path)
    assert results.failed == 4
    assert "4 draws failed" in results.summary()
    frame = results.to_dataframe()
    left = frame.query("N == 30 and alpha == 1.5 and source == 'simulation'")
    assert left["mean"].isna().all()
    assert (left["draws"].tolist(), left["failed"].tolist()) == ([0] * 3, [4] * 3)
    others = frame.query("(N != 30 or alpha != 1.5) and source == 'simulation'")
    assert not others["failed"].any()


def test_progress_estimates_what_remains(tmp_path):
    seen = []
    small.run(small.write(tmp_path), 1, progress=seen.append)
    begin = seen.pop(0)
    assert (begin.done, begin.left, begin.waits) == (0, small.POINTS, "workers are starting")
    assert not any(one.waits for one in seen)
    assert [one.done for one in seen] == list(range(1, small.POINTS + 1))
    assert seen[-1].left == 0
    assert seen[-1].remaining == pytest.approx(0, abs=1e-9)
    assert all(one.remaining >= 0 for one in seen)


def test_every_draw_has_its_own_seed():
    cells = [Cell.of({"p": 1, "p_star": 1, "alpha": a, "N": 10}) for a in (1.0, 2.0)]
    states = {tuple(c.seed(s, d).generate_state(4)) for c in cells for s in (0, 1) for d in (0, 1)}
    assert len(states) == 8
    lowest = [observable("lowest")]
    values = [draw_values(cells[0], cells[0].seed(0, d), lowest)["lowest"] for d in (0, 0, 1)]
    assert values[0] == values[1] != values[2]


def test_a_run_records_where_its_numbers_come_from(tmp_path):
    path = small.write(tmp_path)
    small.run(path, 1)
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

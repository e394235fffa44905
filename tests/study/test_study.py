"""Studies stated in Python: what they are, what they refuse, their records and their files."""

import json
import sqlite3
import tracemalloc

import numpy as np
import pytest
from tests.study import small

import bbpscape as bb
from bbpscape.study.cells import Cell
from bbpscape.study.results import StudyResults
from bbpscape.study.runner import RunSummary
from bbpscape.study.status import StudyStatus

MODEL = bb.TeacherStudent(2, 1, bb.NormalizedSquare(1.0))
AXES = {"alpha": {"start": 0.5, "stop": 3.0, "count": 6}, "N": [20, 30]}


def test_python_and_toml_state_the_same_study(tmp_path, undisturbed):
    stated = bb.Study(MODEL, AXES, draws=4, seed=1)
    path = small.write(tmp_path)
    loaded = bb.Study.load(path)
    assert [c.key for c, _ in stated.cells()] == [c.key for c, _ in loaded.cells()]
    stated.run(path.with_suffix(".sqlite"), workers=1)
    assert small.run(path, 1).done == 0
    small.same(path, undisturbed)


@pytest.mark.parametrize("alpha", ["0.5:3:6", [0.5, 1, 1.5, 2, 2.5, 3], np.linspace(0.5, 3, 6)])
def test_an_axis_in_any_form(alpha):
    one = bb.Study(MODEL, {"alpha": alpha, "N": [20, 30]})
    assert one.axes["alpha"] == bb.Study(MODEL, AXES).axes["alpha"]


def test_a_study_is_its_content():
    one, same = (bb.Study(MODEL, AXES, draws=2) for _ in range(2))
    assert one == same
    assert one != bb.Study(MODEL, AXES, draws=3)
    assert bb.Study.from_dict(json.loads(json.dumps(one.to_dict()))) == one
    with pytest.raises(AttributeError):
        one.draws = 5


def test_nothing_is_kept_without_a_path(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    results = bb.Study(MODEL, {"alpha": 2.0, "N": 20}, draws=2).run(workers=1)
    assert results.path is None
    assert not list(tmp_path.iterdir())
    assert results.last_run.done == 3


def test_a_layer_and_a_table_of_overlaps():
    model = bb.TeacherStudent(2, 1, second_layer=[0.7, -0.2], overlap=[[0.3, 0.1]])
    axes = {"alpha": 2.0, "N": 20}
    study = bb.Study(model, axes, ["lowest"], 2, theory=False)
    ((cell, _),) = study.cells()
    assert cell.model == model
    assert Cell.read(cell.key).model == model
    results = study.run(workers=2)
    instance = bb.draw(model, 2.0, 20, 0, 1)
    dense = bb.Hessian(instance.inputs, instance.curvature).dense()
    assert results.rows[0].values[1] == pytest.approx(np.linalg.eigvalsh(dense)[0], rel=1e-8)
    frame = results.to_dataframe()
    assert json.loads(frame["second_layer"][0]) == [0.7, -0.2]
    assert json.loads(frame["overlap"][0]) == [[0.3, 0.1]]


def test_records_are_exact(tmp_path):
    path = tmp_path / "s.sqlite"
    study = bb.Study(MODEL, {"alpha": [1.0, 2.0], "N": 20}, ["lowest", "gap"], 3)
    results = study.run(path, workers=1)
    for one, kind in (
        (results, StudyResults), (study.plan(path), bb.study.Plan),
        (bb.study_status(path), StudyStatus), (results.last_run, RunSummary),
    ):  # fmt: skip
        record = json.loads(json.dumps(one.to_dict()))
        assert kind.from_dict(record).to_dict() == one.to_dict()
        assert one.headline() in one.summary()
    again = StudyResults.from_dict(results.to_dict())
    for row, other in zip(results.rows, again.rows, strict=True):
        np.testing.assert_array_equal(row.values, other.values)
        assert (row.cell, row.failed, row.theory) == (other.cell, other.failed, other.theory)


def test_one_draw_has_no_error():
    results = bb.Study(MODEL, {"alpha": 2.0, "N": 20}, ["lowest"]).run(workers=1)
    (row,) = (row for row in results.rows if row.source == "simulation")
    assert (row.draws, row.standard_error, row.z) == (1, None, None)
    assert results.to_dataframe()["standard_error"].isna().all()


def test_means_errors_and_z_of_a_row():
    results = bb.Study(MODEL, {"alpha": 2.0, "N": 20}, ["lowest"], 5).run(workers=1)
    (row,) = (row for row in results.rows if row.source == "simulation")
    error = np.std(row.values, ddof=1) / np.sqrt(5)
    assert row.mean == pytest.approx(np.mean(row.values), rel=1e-14)
    assert row.standard_error == pytest.approx(error, rel=1e-14)
    assert row.z == pytest.approx((np.mean(row.values) - row.theory) / error, rel=1e-12)


def test_one_number_is_one_point_however_it_is_computed(tmp_path):
    path = tmp_path / "s.sqlite"
    one = bb.Study(MODEL, {"alpha": [0.1 + 0.2, 1.0], "N": 30}, ["lowest"], 2)
    results = one.run(path, workers=1)
    assert {row.cell.N for row in results.select(alpha=0.3).rows} == {30}
    again = bb.Study(MODEL, {"alpha": [0.3, 1.0], "N": 30}, ["lowest"], 2)
    assert again.run(path, workers=1).last_run.done == 0
    # A file that an older version wrote, with all the digits of a list in its keys.
    db = sqlite3.connect(path)
    db.execute("UPDATE points SET cell = replace(cell, '\"alpha\":0.3,', ?) WHERE source = ?",
               ('"alpha":0.30000000000000004,', "simulation"))  # fmt: skip
    from bbpscape.study.layout import add_functions

    add_functions(db)
    db.execute("UPDATE points SET digest = digest(source, cell, first, count, result)")
    db.commit()
    assert "0.30000000000000004" in str(db.execute("SELECT cell FROM points").fetchall())
    db.close()
    assert again.plan(path).missing_points == 0
    longer = bb.Study(MODEL, {"alpha": [0.3, 1.0], "N": 30}, ["lowest"], 3)
    found = longer.run(path, workers=1)
    assert found.last_run.done == 2
    (row,) = (r for r in found.select(alpha=0.3).rows if r.source == "simulation")
    assert row.draws == 3
    assert longer.plan(path).missing_points == 0
    np.testing.assert_array_equal(
        row.values[:2], next(r.values for r in results.rows if r.draws and r.cell.alpha == 0.3)
    )


def test_numbers_that_differ_by_rounding_are_one_wherever_they_stand():
    """A third is 12 digits in a study: its draws are those of the model all the same."""
    model = bb.TeacherStudent(2, 1, bb.NormalizedSquare(1 / 3), overlap=((0.1 + 0.2, 1 / 7),))
    again = bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.333333333333), overlap=((0.3, 1 / 7),))
    axes = {"alpha": 0.1 + 0.2, "N": 30}
    study, other = (bb.Study(one, axes, ["lowest"], theory=False) for one in (model, again))
    assert [c.key for c, _ in study.cells()] == [c.key for c, _ in other.cells()]
    (row,) = study.run(workers=1).rows
    found = bb.draw(model, 0.3, 30, 0, 0)
    assert row.values[0] == pytest.approx(bb.lowest(found.hessian, 1).eigenvalues[0], rel=1e-9)


def test_different_alpha_of_one_number_of_samples_are_named():
    plan = bb.Study(MODEL, {"alpha": [0.3, 0.301, 0.305, 1.0], "N": 50}, draws=1).plan()
    assert plan.notes == ("at N = 50, alpha = 0.3, 0.301, 0.305 are all M = 15 samples",)
    assert plan.notes[0] in plan.summary()
    results = bb.Study(MODEL, {"alpha": [0.3, 0.301], "N": 50}, ["lowest"]).run(workers=1)
    assert set(results.to_dataframe()["M"]) == {15}
    assert not bb.Study(MODEL, AXES, draws=1).plan().notes


def test_the_plan_of_many_draws_is_counted_and_not_listed():
    study = bb.Study(MODEL, {"alpha": [0.5, 1.0], "N": 50}, draws=10_000_000, block=3)
    tracemalloc.start()
    try:
        plan = study.plan(workers=2)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
    assert (plan.missing_draws, plan.missing_theory, plan.workers) == (20_000_000, 2, 2)
    assert plan.missing_points == 2 * 3_333_334 + 2
    assert plan.notes == ("6,666,670 points are as many rows of a file: raise block from 3",)
    one = bb.Study(MODEL, {"alpha": [0.5, 1.0], "N": 50}, draws=1, theory=False).plan()
    both = bb.Study(MODEL, {"alpha": [0.5, 1.0], "N": 50}, draws=1000, theory=False).plan()
    assert both.seconds == pytest.approx(1000 * one.seconds)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": "quadratic"}, "model must be a TeacherStudent"),
        ({"axes": [1.0]}, "axes must map parameters to values"),
        ({"axes": {"alpha": 1.0}}, "N must be given"),
        ({"axes": {"alpha": "1:2", "N": 20}}, "alpha must be"),
        ({"observables": ["m3"]}, "observable must be one of"),
        ({"observables": ["edge"]}, "edge is a value of theory alone"),
        ({"observables": ["m2", "m2"]}, "none twice"),
        ({"draws": -1}, "draws"),
        ({"seed": -1}, "seed"),
        ({"precision": "float16"}, "precision"),
        ({"zipped": [{"N": [20, 30]}]}, "N stands in more than one"),
        ({"axes": {**AXES, "start": "bogus"}}, "start must be one of"),
        ({"axes": {**AXES, "loss": [3]}}, "loss must be a text"),
        ({"axes": {**AXES, "loss": [print]}}, "loss must be a name"),
    ],
)
def test_what_is_no_study(arguments, message):
    given = {"model": MODEL, "axes": AXES} | arguments
    with pytest.raises(bb.InvalidInput) as stop:
        bb.Study(**given)
    assert message in str(stop.value)
    assert "\n" not in str(stop.value)


def test_files_of_other_kinds_are_refused(tmp_path):
    study = bb.Study(MODEL, {"alpha": 2.0, "N": 20}, draws=1)
    results = study.run(tmp_path / "s.sqlite", workers=1)
    for call in (study.run, study.plan, study.results):
        with pytest.raises(bb.InvalidInput, match=r"must end in \.sqlite"):
            call(tmp_path / "s.toml")
    before = (tmp_path / "s.sqlite").read_bytes()
    for name in ("s.sqlite", "s.toml", "other.sqlite"):
        for to in (None, "csv"):
            with pytest.raises(bb.InvalidInput, match="cannot take the place of a study"):
                results.export(tmp_path / name, to)
    assert (tmp_path / "s.sqlite").read_bytes() == before
    assert not (tmp_path / "s.toml").exists()
    assert bb.Study.load  # a study in a file with a byte-order mark
    (tmp_path / "bom.toml").write_bytes(b"\xef\xbb\xbf" + small.text().encode())
    assert bb.Study.load(tmp_path / "bom.toml").size == 12


def test_the_study_reads_its_own_file(tmp_path):
    path = tmp_path / "s.sqlite"
    study = bb.Study(MODEL, {"alpha": 2.0, "N": 20}, draws=2)
    expected = study.run(path, workers=1)
    assert study.results(path).to_dict() == expected.to_dict()
    with pytest.raises(bb.InvalidInput, match="axes can only grow"):
        bb.Study(MODEL, {"alpha": 3.0, "N": 20}, draws=2).results(path)


def test_the_plan_counts_what_is_missing(tmp_path):
    path = tmp_path / "s.sqlite"
    study = bb.Study(MODEL, AXES, ["lowest"], 3, block=2)
    plan = study.plan(path, workers=2)
    assert (plan.cells, plan.draws, plan.theory) == (12, 36, 6)
    assert (plan.missing_points, plan.missing_draws, plan.missing_theory) == (30, 36, 6)
    assert (plan.pace, plan.workers) == (None, 2)
    assert plan.wall_seconds == pytest.approx(plan.seconds / 2 + 1.5)  # they start
    assert study.plan(path, workers=1).wall_seconds == plan.seconds
    study.run(path, workers=1)
    after = study.plan(path, workers=1)
    assert (after.missing_points, after.seconds) == (0, 0)
    assert after.pace > 0
    longer = bb.Study(MODEL, AXES, ["lowest"], 5, block=2).plan(path, workers=1)
    assert (longer.missing_points, longer.missing_draws, longer.missing_theory) == (12, 24, 0)
    assert longer.wall_seconds == pytest.approx(longer.seconds * longer.pace)


def test_a_report_is_as_long_as_a_screen():
    axes = {"alpha": np.linspace(1, 3, 50), "N": 20}
    results = bb.Study(MODEL, axes, ["lowest"], theory=False).run(workers=1)
    text = results.summary()
    assert "10 more rows are in the table" in text
    assert text.splitlines()[0] == "Study of p = 2, p* = 1, a = 1, alpha 1 … 3 (50), N = 20"

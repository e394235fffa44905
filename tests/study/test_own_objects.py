"""A loss, an activation, a start and observables of one's own, with no line of the package touched:
through a study in this process and in others, its file, its table and its figure."""

import json
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.plots import plot
from bbpscape.simulation.descent.start import Start
from bbpscape.study.observables import DESCENT, OBSERVABLES


class Quartic(bb.Loss):
    """ℓ = s (y − ŷ)⁴/12."""

    def __init__(self, scale=1.0):
        self.scale = float(scale)

    def value(self, y, y_hat):
        return self.scale * (y - y_hat) ** 4 / 12

    def derivatives(self, y, y_hat):
        gap = np.asarray(y_hat - y)
        return self.scale * gap**3 / 3, self.scale * gap**2


def _cubic(x):
    return np.asarray(x) ** 2 + 0.1 * np.asarray(x) ** 3


def _cubic_first(x):
    return 2 * np.asarray(x) + 0.3 * np.asarray(x) ** 2


def _cubic_second(x):
    return 2 + 0.6 * np.asarray(x)


CUBIC = bb.Activation("cubic", _cubic, _cubic_first, _cubic_second)


def spacing(one):
    return one.eigenvalues[1] - one.eigenvalues[0]


def positive_limit(model, limit):
    return limit.edge - limit.lowest


def first_loss(path):
    return path.loss[0]


def near(instance):
    """A start that knows the teacher: every neuron at overlap 0.99."""
    teacher = instance.teacher[0]
    return np.array([0.99 * teacher + 0.1 * row for row in instance.student])


SPACING = bb.Observable("spacing", spacing, positive_limit, r"spacing $\Delta$", "of the lowest")
FIRST_LOSS = bb.Observable("first_loss", first_loss, of=DESCENT, symbol="first loss")
NEAR = Start("near", near)
MODEL = bb.TeacherStudent(1, 1, Quartic(0.5), CUBIC)
AXES = {"alpha": [2.0, 4.0], "N": [20, 30]}


def study(**changes):
    options = {"observables": ["lowest", SPACING], "draws": 3, "seed": 5, "theory": False}
    return bb.Study(MODEL, AXES, **options | changes)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_model_and_an_observable_of_ones_own(tmp_path, workers):
    path = tmp_path / "own.sqlite"
    results = study().run(path, workers=workers)
    rows = [row for row in results.rows if row.observable == "spacing"]
    assert len(rows) == 4
    for row in rows:
        for draw, value in enumerate(row.values):
            instance = bb.draw(MODEL, row.cell.alpha, row.cell.N, 5, draw)
            dense = bb.Hessian(instance.inputs, instance.curvature).dense()
            eigenvalues = np.linalg.eigvalsh(dense)
            assert value == pytest.approx(eigenvalues[1] - eigenvalues[0], rel=1e-7)
    frame = results.to_dataframe()
    assert set(frame["loss"]) == {"Quartic(scale=0.5)"}
    assert set(frame["activation"]) == {"cubic"}
    assert study().run(path, workers=1).last_run.done == 0


def test_its_theory_stands_beside_it():
    model = bb.TeacherStudent(1, 1)
    results = bb.Study(model, {"alpha": 6.0, "N": 30}, [SPACING], 2).run(workers=1)
    (theory,) = (r for r in results.rows if (r.observable, r.source) == ("spacing", "theory"))
    at = bb.spectrum(model, 6.0)
    assert theory.mean == pytest.approx(at.left_edge.value - at.outliers[0].eigenvalue)
    (measured,) = (r for r in results.rows if (r.observable, r.source) == ("spacing", "simulation"))
    assert measured.theory == theory.mean
    assert measured.z is not None


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("registered", [False, True])
def test_a_start_of_ones_own(tmp_path, workers, registered):
    from bbpscape.simulation.descent.start import STARTS

    if registered:
        STARTS.add("near", NEAR)
    start = ["random", "near" if registered else NEAR]
    axes = {"alpha": 3.0, "N": 20, "start": start, "steps": 20}
    made = bb.Study(bb.TeacherStudent(1, 1), axes, [FIRST_LOSS, "recovered"], 4, theory=False).run(
        tmp_path / "s.sqlite", workers=workers
    )
    first = made.select(start="near")
    found = {row.observable: row for row in first.rows}
    assert found["recovered"].mean == 1.0
    for draw, value in enumerate(found["first_loss"].values):
        instance = bb.draw(bb.TeacherStudent(1, 1), 3.0, 20, 0, draw)
        assert value == pytest.approx(instance.loss(near(instance)) / instance.M)
    assert made.select(start="random").to_dataframe()["mean"].iloc[0] > found["first_loss"].mean
    STARTS._known.pop("near", None)


def test_descents_from_several_starts_share_their_draws():
    axes = {"alpha": 3.0, "N": 20, "start": ["random", NEAR], "steps": [5, 6]}
    label = bb.Observable("final_m2", lambda path: path.m2[0], of=DESCENT)
    results = bb.Study(bb.TeacherStudent(1, 1), axes, [label, FIRST_LOSS], 2, theory=False).run(
        workers=1
    )
    rows = [r for r in results.select(start="random").rows if r.observable == "first_loss"]
    assert len(rows) == 2
    np.testing.assert_array_equal(rows[0].values, rows[1].values)


def test_lambdas_and_local_functions_go_to_workers():
    shift = 7.0
    own = bb.Observable("shifted", lambda one: float(one.eigenvalues[0]) + shift)
    results = study(observables=["lowest", own]).run(workers=2)
    lowest, shifted = (
        [row.mean for row in results.rows if row.observable == name]
        for name in ("lowest", "shifted")
    )
    assert shifted == pytest.approx(np.array(lowest) + 7.0)


def test_a_file_of_objects_can_be_read_anywhere(tmp_path):
    path = tmp_path / "own.sqlite"
    here = study().run(path, workers=1)
    code = textwrap.dedent(
        f"""
        import json, bbpscape as bb
        found = bb.open_study({str(path)!r})
        print(json.dumps(found.to_dict()))
        found.export({str(tmp_path / "t.csv")!r})
        try:
            found.rows[0].cell.model
        except bb.InvalidInput as error:
            print("refused:", error)
        print(found.plot(observable="spacing").axes[0].get_ylabel())
        try:
            bb.study.Study.from_dict(found.definition.to_dict()).run({str(path)!r}, workers=1)
        except bb.InvalidInput as error:
            print("refused:", error)
        """
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    record = here.to_dict()
    assert json.loads(lines[0]) == json.loads(json.dumps(record))
    assert lines[1].startswith("refused: loss must be one of")
    assert lines[2] == r"spacing $\Delta$"
    assert len((tmp_path / "t.csv").read_text().splitlines()) == 9


def test_another_object_under_its_name_is_refused(tmp_path):
    path = tmp_path / "own.sqlite"
    study().run(path, workers=1)
    other = bb.Activation("cubic", lambda x: 2 * _cubic(x), lambda x: 2 * _cubic_first(x),
                          lambda x: 2 * _cubic_second(x))  # fmt: skip
    changed = bb.Study(
        bb.TeacherStudent(1, 1, Quartic(0.5), other), AXES, ["lowest", SPACING], 3, 5, theory=False
    )
    with pytest.raises(bb.InvalidInput, match="activation cubic is another than the study began"):
        changed.run(path, workers=1)
    with pytest.raises(bb.InvalidInput, match="two objects 'cubic' in activation"):
        bb.Study(MODEL, {**AXES, "activation": [CUBIC, other]}, draws=1)


def test_losses_on_an_axis():
    axes = {"alpha": 2.0, "N": 20, "loss": [Quartic(1.0), Quartic(2.0), "square"]}
    results = bb.Study(bb.TeacherStudent(1, 1), axes, ["lowest"], 2, theory=False).run(workers=1)
    losses = [row.cell.parameters["loss"] for row in results.rows]
    assert losses == ["Quartic(scale=1)", "Quartic(scale=2)", "square"]
    for row, loss in zip(results.rows, axes["loss"], strict=True):
        model = bb.TeacherStudent(1, 1, loss)
        instance = bb.draw(model, 2.0, 20, 0, 1)
        dense = bb.Hessian(instance.inputs, instance.curvature).dense()
        assert row.values[1] == pytest.approx(np.linalg.eigvalsh(dense)[0], rel=1e-8)
    with pytest.raises(bb.InvalidInput, match="give a on an axis"):
        bb.Study(MODEL, {**axes, "loss": [bb.NormalizedSquare(0.5)]}, draws=1)


def test_a_registered_observable_is_there_for_study_files(tmp_path):
    path = tmp_path / "s.toml"
    text = (
        'observables = ["spacing"]\ntheory = false\n[model]\np = 1\np_star = 1\nalpha = 2.0\nN = 20'
    )
    path.write_text(text)
    with pytest.raises(bb.InvalidInput, match="observable must be one of"):
        bb.Study.load(path)
    OBSERVABLES.add("spacing", SPACING)
    try:
        assert bb.Study.load(path).run(workers=2).rows[0].mean > 0
    finally:
        OBSERVABLES._known.pop("spacing")


def test_the_figure_says_the_symbol():
    results = study().run(workers=1)
    assert plot(results, observable="spacing").axes[0].get_ylabel() == r"spacing $\Delta$"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "two words"}, "letters, digits and _"),
        ({"measure": 3}, "must be a function"),
        ({"measure": None}, "neither a measure nor a theory"),
        ({"theory": "limit"}, "must be a function"),
        ({"of": "spectrum"}, "of must be a Subject"),
        ({"cost": -1.0}, "cost must be a number of at least 0"),
    ],
)
def test_what_is_no_observable(changes, message):
    with pytest.raises(bb.InvalidInput, match=message):
        bb.Observable(**{"name": "own", "measure": spacing} | changes)


def test_a_value_that_is_no_number_is_a_failed_draw():
    wrong = bb.Observable("wrong", lambda one: "many")
    endless = bb.Observable("endless", lambda one: np.inf)
    none = bb.Observable("none", lambda one: None)
    for own, failed, undecided in ((wrong, 3, 0), (endless, 3, 0), (none, 0, 3)):
        results = study(observables=[own]).run(workers=1)
        frame = results.to_dataframe()
        assert frame["failed"].tolist() == [failed] * 4
        assert frame["undecided"].tolist() == [undecided] * 4
        assert frame["draws"].tolist() == [0] * 4
        assert frame["mean"].isna().all()
        assert results.status.ok == (failed == 0)


def test_what_cannot_be_sent_is_one_line_and_marks_nothing(tmp_path):
    import threading

    lock = threading.Lock()
    own = bb.Observable("locked", lambda one: float(lock.locked()))
    path = tmp_path / "s.sqlite"
    with pytest.raises(bb.InvalidInput, match="cannot be sent to other processes") as stop:
        study(observables=[own]).run(path, workers=2)
    assert "\n" not in str(stop.value)
    assert not path.exists()
    assert study(observables=[own]).run(path, workers=1).status.ok


class Weighted(bb.Loss):
    """ℓ = (y − ŷ)²/(2 (a + y)), as the source's, with an ``a`` of its own."""

    def __init__(self, a=0.5):
        self.a = float(a)

    def value(self, y, y_hat):
        return 0.5 * (y - y_hat) ** 2 / (self.a + y)

    def derivatives(self, y, y_hat):
        inverse = 1 / (self.a + np.asarray(y))
        return (y_hat - y) * inverse, inverse


def test_a_number_of_a_loss_of_ones_own_on_its_axis(tmp_path):
    """0.01 among them, the default of the parameter and not of this loss."""
    axes = {"a": [0.01, 1.0], "alpha": 2.0, "N": 20}
    model = bb.TeacherStudent(1, 1, Weighted())
    path = tmp_path / "s.sqlite"
    results = bb.Study(model, axes, ["lowest"], 2, theory=False).run(path, workers=1)
    for row, a in zip(results.rows, axes["a"], strict=True):
        assert row.cell.model.loss == Weighted(a)
        instance = bb.draw(row.cell.model, 2.0, 20, 0, 1)
        curvature = bb.Hessian(instance.inputs, instance.curvature).dense()
        assert row.values[1] == pytest.approx(np.linalg.eigvalsh(curvature)[0], rel=1e-8)
    assert results.to_dataframe()["a"].tolist() == axes["a"]
    assert bb.Study(model, axes, ["lowest"], 2, theory=False).plan(path).missing_points == 0
    default = bb.Study(model, {"alpha": 2.0, "N": 20}, ["lowest"], theory=False)
    ((cell, _),) = default.cells()
    assert cell.model.loss == Weighted(0.5)

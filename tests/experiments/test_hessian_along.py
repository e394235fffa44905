"""The Hessian along a descent: each step's own student, the theory beside it, and its refusals."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.experiments import theory_beside as descent_theory
from bbpscape.experiments.theory_beside import known_threshold, lowest_at
from bbpscape.model.activations import ACTIVATIONS
from bbpscape.simulation.data.instance import Instance, draw
from bbpscape.simulation.hessian import Hessian

MODEL = bb.TeacherStudent(1, 1, bb.NormalizedSquare(0.5))
TANH = bb.TeacherStudent(2, 1, bb.losses.Huber(1.0), bb.activation("tanh"))


def eigenvalues(model, alpha, N, seed, student):
    one = draw(model, alpha, N, seed)
    at = Instance(model, one.inputs, student, one.teacher)
    return np.linalg.eigvalsh(Hessian(at.inputs, at.curvature).dense())


@pytest.mark.parametrize("method", ["gd", "flow"])
def test_every_step_has_its_own_student(method):
    rule = bb.DescentRule(method, steps=40, tolerance=0.0)
    found = bb.hessian_along(MODEL, 4.0, 30, [0, 3, 7, 40], 1, 2, rule=rule, workers=1)
    (path,) = found.descent.trajectories
    assert [one.step for one in found.steps] == [0, 3, 7, 40] == sorted(path.snapshots)
    for one in found.steps:
        expected = eigenvalues(MODEL, 4.0, 30, 2, path.snapshots[one.step])
        assert (one.lowest.mean, one.above.mean) == pytest.approx(tuple(expected[:2]), abs=1e-7)
    assert len({one.student_m2 for one in found.steps}) == 4


def test_the_outlier_is_the_mean_of_its_copies():
    model, rule = bb.TeacherStudent(2, 2, bb.NormalizedSquare(0.5)), bb.DescentRule(steps=3)
    found = bb.hessian_along(model, 6.0, 30, [0, 3], 1, 4, rule=rule, workers=1)
    (path,) = found.descent.trajectories
    for one in found.steps:
        expected = eigenvalues(model, 6.0, 30, 4, path.snapshots[one.step])
        assert one.outlier.mean == pytest.approx(expected[:4].mean(), abs=1e-7)
        assert (one.lowest.mean, one.above.mean) == pytest.approx(
            (expected[0], expected[4]), abs=1e-7
        )
        assert one.lowest.mean < one.outlier.mean < one.above.mean


def test_the_errors_are_those_of_the_draws(asked):
    model, rule = bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.5)), bb.DescentRule(steps=4)
    found = bb.hessian_along(model, 6.0, 24, [4], 5, 3, rule=rule, workers=1)
    rows = []
    for i, path in enumerate(found.descent.trajectories):
        one = draw(model, 6.0, 24, 3, i)
        at = Instance(model, one.inputs, path.student, one.teacher)
        values, vectors = np.linalg.eigh(Hessian(at.inputs, at.curvature).dense())
        blocks = vectors[:, :2].T.reshape(2, 2, 24) @ one.teacher_basis[:, 0]
        m2 = (blocks**2).sum(axis=1).mean()
        rows.append((values[0], values[:2].mean(), values[2], m2, path.m2[-1]))
    expected = np.array(rows)
    (step,) = found.steps
    assert step.student_m2 == pytest.approx(expected[:, 4].mean(), rel=1e-9)
    for i, name in enumerate(("lowest", "outlier", "above", "m2")):
        one = getattr(step, name)
        assert one.mean == pytest.approx(expected[:, i].mean(), abs=1e-5)
        error = expected[:, i].std(ddof=1) / math.sqrt(5)
        assert one.standard_error == pytest.approx(error, abs=1e-5)
        assert f"± {one.standard_error:.2g}" in found.summary() or name == "lowest"


def test_a_draw_that_ended_keeps_its_last_student():
    rule = bb.DescentRule(steps=500, until_recovery=True)
    found = bb.hessian_along(MODEL, 8.0, 30, [0, 499], 1, 1, rule=rule, workers=1)
    (path,) = found.descent.trajectories
    assert path.step[-1] < 499
    expected = eigenvalues(MODEL, 8.0, 30, 1, path.student)
    assert found.steps[1].lowest.mean == pytest.approx(expected[0], abs=1e-7)


@pytest.fixture
def asked(monkeypatch):
    """The overlaps at which the theory is asked for, with a bulk from −1 on as its answer."""
    found = []

    def route(model, N):
        found.append(model.overlap)
        edges = [SimpleNamespace(value=-1.0)]
        return SimpleNamespace(edges=lambda alpha: edges, outliers=lambda alpha: ())

    monkeypatch.setattr(descent_theory, "route", route)
    return found


def test_a_planted_overlap_begins_there(asked):
    model = bb.TeacherStudent(1, 1, bb.NormalizedSquare(0.5), overlap=0.5)
    rule = bb.DescentRule(steps=5)
    found = bb.hessian_along(model, 4.0, 40, [0], 2, start="overlap", rule=rule, workers=1)
    (one,) = found.steps
    assert one.student_m2 == pytest.approx(0.25)
    assert asked == [((pytest.approx(0.5),),)]
    assert (one.theory_edge, one.theory_lowest, one.theory_m2) == (-1.0, -1.0, 0.0)


def test_the_theory_takes_the_sign_of_an_activation_that_is_not_even(asked):
    for activation in (TANH.activation, ACTIVATIONS["log-cosh"]):
        model = bb.TeacherStudent(1, 1, bb.losses.Huber(1.0), activation)
        assert lowest_at(model, 3.0, 400, 0.25, -0.4) == ((-1.0, -1.0, 0.0), "")
    assert asked == [((-0.4,),), ((0.5,),)]


@pytest.mark.parametrize(
    ("model", "m2", "note"),
    [
        (MODEL, 0.9995, "no theory at a student m² above 0.999"),
        (bb.TeacherStudent(4, 1), 0.3, "it takes minutes beyond p = 2, got p = 4"),
        (bb.TeacherStudent(2, 2), 0.3, "no theory at an overlap with p* = 2"),
        (
            bb.TeacherStudent(1, 1, bb.losses.Square(), bb.activation("quadratic")),
            0.0,
            "no left edge",
        ),
    ],
)
def test_it_says_why_there_is_no_theory(model, m2, note):
    found, said = lowest_at(model, 4.0, 400, m2, math.sqrt(m2))
    assert found == (None, None, None)
    assert note in said


@pytest.mark.parametrize("model", [bb.TeacherStudent(4, 1), bb.TeacherStudent(2, 2)])
def test_a_random_student_has_the_theory_without_an_overlap(model):
    found, note = lowest_at(model, 4.0, 400, 1 / 400, 0.05)
    assert note == ""
    assert found[0] == pytest.approx(bb.spectrum(model, 4.0, points=2).left_edge.value)


def test_thresholds_that_take_seconds():
    assert known_threshold(bb.TeacherStudent(8, 1), 100)[0] is not None
    found, note = known_threshold(bb.TeacherStudent(3, 1, TANH.loss, TANH.activation), 100)
    assert found is None
    assert "minutes" in note


@pytest.mark.parametrize("steps", [[], [-1], [41], [1.5], [True], list(range(60))])
def test_bad_steps(steps):
    with pytest.raises(bb.InvalidInput, match="hessian steps must be"):
        bb.hessian_along(MODEL, 4.0, 30, steps, rule=bb.DescentRule(steps=40))

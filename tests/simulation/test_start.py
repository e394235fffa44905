"""Starts of a descent: what they know, what they refuse, and a user's own."""

import math

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.model.inputs.law import InputLaw
from bbpscape.simulation.data.weights import Sphere
from bbpscape.simulation.descent.overlap import squared_magnetization
from bbpscape.simulation.descent.start import STARTS, Start, find_start, hartley, mixed, start_label

MODEL = bb.TeacherStudent(4, 1, bb.NormalizedSquare(0.01))
PLANTED = MODEL.replace(overlap=0.4)


def test_starts_know_the_teacher_where_they_should():
    one = bb.draw(MODEL, 6.0, 100, 1)
    m2 = {}
    for name in ("random", "hessian"):
        w = STARTS[name].begin(one)
        np.testing.assert_allclose(np.linalg.norm(w, axis=1), math.sqrt(100))
        assert np.linalg.matrix_rank(w) == 4
        m2[name] = squared_magnetization(w, one.teacher)
    assert m2["random"] < 0.05 < 0.4 < m2["hessian"]
    w = STARTS["overlap"].begin(bb.draw(PLANTED, 4.0, 40))
    teacher = bb.draw(PLANTED, 4.0, 40).teacher
    assert squared_magnetization(w, teacher) == pytest.approx(0.16, rel=1e-9)


def test_the_hessian_start_spans_its_lowest_eigenvectors():
    model = bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.1))
    one = bb.draw(model, 5.0, 30)
    blocks = np.linalg.eigh(one.hessian.dense())[1][:, :2].T.reshape(-1, 30)
    # Σ_k w_k w_kᵀ before the scaling is that of the two leading directions of the blocks.
    _, sizes, axes = np.linalg.svd(blocks, full_matrices=False)
    w = STARTS["hessian"].begin(one)
    outside = w - (w @ axes[:2].T) @ axes[:2]
    assert abs(outside).max() < 1e-5
    along = w @ axes[:2].T
    np.testing.assert_allclose(abs(along[:, 1] / along[:, 0]), sizes[1] / sizes[0], rtol=1e-4)


def test_mixed_rows_keep_the_leading_direction():
    axes = np.eye(10)[:3]
    w = mixed(np.array([1.0, 0.0, 0.0]), axes, 5, Sphere(InputLaw(), 10))
    np.testing.assert_allclose(abs(w[:, 0]), math.sqrt(10))
    for p in range(1, 9):
        np.testing.assert_allclose(hartley(p).T @ hartley(p), np.eye(p), atol=1e-14)


@pytest.mark.parametrize(
    ("name", "model", "message"),
    [
        ("random", PLANTED, "start random goes with a model without an overlap: use"),
        (
            "hessian",
            PLANTED,
            "start hessian goes with a model without an overlap: use",
        ),
        ("overlap", MODEL, "start overlap goes with a model with an overlap: give one"),
    ],
)
def test_a_start_goes_with_its_models(name, model, message):
    with pytest.raises(bb.InvalidInput, match=message):
        find_start(name).check_model(model)
    assert find_start(name).check_model(PLANTED if model is MODEL else MODEL).name == name


def refuse(model):
    raise bb.InvalidInput("not this one")


def test_a_start_of_ones_own():
    cold = Start("cold", lambda one: 0.1 * one.student, title="Cold")
    assert find_start(cold) is cold
    assert cold.label == "Cold start"
    assert cold.check_model(MODEL) is cold.check_model(PLANTED) is cold
    one = bb.draw(MODEL, 3.0, 20)
    np.testing.assert_array_equal(cold.begin(one), 0.1 * one.student)
    with pytest.raises(bb.InvalidInput, match="not this one"):
        Start("picky", cold.point, check=refuse).check_model(MODEL)
    assert (start_label("hessian"), start_label("elsewhere")) == (
        "Hessian start",
        "elsewhere start",
    )


@pytest.mark.parametrize(
    ("point", "message"),
    [
        (lambda one: one.student[0], r"start 'odd' must give an array of shape \(4, 20\)"),
        (lambda one: 1j * one.student, "start 'odd' must be real numbers"),
        (lambda one: np.nan * one.student, "start 'odd' must be finite"),
    ],
)
def test_a_point_is_checked(point, message):
    with pytest.raises(bb.InvalidInput, match=message):
        Start("odd", point).begin(bb.draw(MODEL, 3.0, 20))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("", abs), "the name of a start must be a text"),
        ((3, abs), "the name of a start must be a text"),
        (("x", 3), "point of the start 'x' must be callable"),
        (("x", abs, None, 3), "check of the start 'x' must be callable"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(bb.InvalidInput, match=message):
        Start(*arguments)
    with pytest.raises(bb.InvalidInput, match="start must be one of .*, got 'warm'"):
        find_start("warm")


@pytest.mark.parametrize("start", ["hessian", "spectral"])
def test_a_start_on_the_sphere_does_not_forget_a_gram_matrix(start):
    model = bb.TeacherStudent(1, 1, bb.NormalizedSquare(2.0), student_gram=0.5)
    with pytest.raises(bb.InvalidInput, match="leave out student_gram"):
        bb.descend(model, 3.0, 20, 1, start=start, workers=1)


def test_a_descent_from_a_learnt_student_begins_there():
    model = bb.TeacherStudent(1, 1, bb.NormalizedSquare(2.0), overlap=0.3, student_gram=0.5)
    rule = bb.DescentRule(steps=1, step=1e-9)
    path = bb.descend(model, 3.0, 20, 1, start="overlap", rule=rule, workers=1).trajectories[0]
    assert abs((path.student**2).sum() / 20 - 0.5) < 1e-6
    sphere = bb.DescentRule(steps=1, sphere=True)
    with pytest.raises(bb.InvalidInput, match="leave out student_gram"):
        bb.descend(model, 3.0, 20, 1, start="overlap", rule=sphere, workers=1)

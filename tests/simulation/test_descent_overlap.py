"""m² and the generalization error: what they are at both ends, and what leaves them unchanged."""

import math

import numpy as np
import pytest
from scipy.stats import ortho_group

import bbpscape as bb
from bbpscape.simulation.descent.overlap import (
    generalization_error,
    squared_frobenius,
    squared_magnetization,
)
from bbpscape.simulation.eigen.diagonalize import teacher_overlap

GENERATOR = np.random.default_rng(5)


def weights(rows, N=200):
    w = GENERATOR.standard_normal((rows, N))
    return w * (math.sqrt(N) / np.linalg.norm(w, axis=1, keepdims=True))


@pytest.mark.parametrize(("p", "p_star"), [(1, 1), (3, 1), (3, 3), (5, 2), (2, 4)])
def test_rotations_of_the_neurons_and_norms_leave_m2_unchanged(p, p_star):
    w, v = weights(p), weights(p_star)
    rotation = ortho_group.rvs(p, random_state=1) if p > 1 else -np.ones((1, 1))
    m2 = squared_magnetization(w, v)
    assert squared_magnetization(rotation @ w, v) == pytest.approx(m2, rel=1e-12)
    assert squared_magnetization(3 * w, v / 7) == pytest.approx(m2, rel=1e-12)
    # The sum over one neuron's overlaps, squared, is no such number.
    naive = [((x @ v.T)[0] ** 2).sum() for x in (w, rotation @ w)]
    assert p == 1 or abs(naive[0] / naive[1] - 1) > 1e-3


@pytest.mark.parametrize(("p", "p_star"), [(1, 1), (4, 1), (3, 3), (5, 2)])
def test_it_is_one_at_the_teacher_and_only_there(p, p_star):
    v = weights(p_star)
    isometry = ortho_group.rvs(max(p, 2), random_state=2)[:p, :p_star]
    if p == 1:
        isometry = np.ones((1, 1))
    student = isometry @ v * math.sqrt(p / p_star)  # wᵀw/p = w*ᵀw*/p*
    assert squared_magnetization(student, v) == pytest.approx(1, abs=1e-12)
    model = bb.TeacherStudent(p, p_star)
    assert generalization_error(model, student, v) == pytest.approx(0, abs=1e-12)
    if p_star > 1:
        # One teacher neuron alone is not the teacher.
        one = np.repeat(v[:1], p, axis=0)
        assert squared_magnetization(one, v) < 0.8


@pytest.mark.parametrize(("p", "p_star"), [(1, 1), (4, 1), (3, 3), (2, 4)])
def test_a_random_student_has_order_one_over_n(p, p_star):
    N = 400
    values = [squared_magnetization(weights(p, N), weights(p_star, N)) for _ in range(200)]
    mean, error = np.mean(values), np.std(values) / math.sqrt(200)
    assert 0.5 * min(p, p_star) < N * mean <= min(p, p_star) + 4 * N * error
    if p_star == 1:
        assert mean == pytest.approx(1 / N, abs=4 * error)


def test_underparametrized_students_have_a_largest_m2():
    v = ortho_group.rvs(50, random_state=3)[:4]
    assert squared_magnetization(2 * v[:3], v) == pytest.approx(3 / 4)


@pytest.mark.parametrize(
    ("activation", "accuracy"), [("quadratic", 0.03), ("tanh", 0.03), ("relu", 0.03)]
)
def test_the_error_against_fresh_inputs(activation, accuracy):
    model = bb.TeacherStudent(
        3, 2, bb.losses.Square(), bb.activation(activation), second_layer=(0.6, 0.3, 0.2)
    )
    N = 6
    w, v = weights(3, N) * 1.3, weights(2, N)
    x = np.random.default_rng(1).standard_normal((200_000, N)) / math.sqrt(N)
    truth = model.teacher_output(x @ v.T)
    measured = ((model.output(x @ w.T) - truth) ** 2).mean() / truth.var()
    assert generalization_error(model, w, v) == pytest.approx(measured, rel=accuracy)
    stacked = generalization_error(model, np.stack([w, 2 * w]), np.stack([v, v]))
    assert stacked[0] == pytest.approx(generalization_error(model, w, v))
    assert stacked[1] != pytest.approx(stacked[0], rel=accuracy)


def test_the_quadrature_agrees_with_the_closed_form():
    square = bb.Activation("own", lambda x: x**2, lambda x: 2 * x, lambda x: 2 + 0 * x)
    w, v = weights(3), weights(2)
    expected = generalization_error(bb.TeacherStudent(3, 2, bb.losses.Square()), w, v)
    found = generalization_error(bb.TeacherStudent(3, 2, bb.losses.Square(), square), w, v)
    assert found == pytest.approx(expected, rel=1e-10)


def test_shapes_must_fit():
    with pytest.raises(bb.InvalidInput, match="must have shapes"):
        squared_magnetization(np.ones((1, 3)), np.ones((1, 4)))


def test_the_error_of_erf_against_its_closed_form():
    # E[erf u erf v] = (2/π) asin(2c/√((1 + 2a)(1 + 2b))), of variances a, b and covariance c.
    model = bb.TeacherStudent(2, 1, "square", "erf")
    one = bb.draw(model, 2.0, 30)
    rows = np.vstack([one.student * 0.7, one.teacher])
    gram = rows @ rows.T / 30
    size = np.sqrt(1 + 2 * np.diag(gram))
    second = 2 / np.pi * np.arcsin(2 * gram / np.outer(size, size))
    c = np.array([0.5, 0.5, -1.0])
    expected = c @ second @ c / second[2, 2]
    found = generalization_error(model, rows[:2], rows[2:])
    assert found == pytest.approx(expected, rel=1e-7)


def test_the_frobenius_magnetization_is_the_share_in_the_span():
    """That of the student as one vector, as of eigenvectors; the nuclear one at p* = 1."""
    generator = np.random.default_rng(4)
    for p, p_star in ((1, 1), (3, 1), (1, 2), (3, 2)):
        basis = np.linalg.qr(generator.standard_normal((9, p_star)))[0]
        teacher, student = 3.0 * basis.T, generator.standard_normal((p, 9))
        flat = student.reshape(-1, 1) / np.linalg.norm(student)
        expected = teacher_overlap(flat, basis)[0]
        found = squared_frobenius(student, teacher)
        assert found == pytest.approx(expected, abs=1e-12)
        nuclear = squared_magnetization(student, teacher)
        if p_star == 1:
            assert found == pytest.approx(nuclear, abs=1e-12)
        else:
            assert nuclear < found <= p_star * nuclear + 1e-12


def test_descents_note_both_magnetizations():
    model = bb.TeacherStudent(2, 2, bb.NormalizedSquare(1.0))
    found = bb.descend(model, 4.0, 20, 2, rule=bb.DescentRule(steps=30), workers=1)
    for index, path in enumerate(found.trajectories):
        teacher = bb.draw(model, 4.0, 20, 0, index).teacher
        assert path.m2[-1] == pytest.approx(squared_magnetization(path.student, teacher))
        assert path.m2_frobenius[-1] == pytest.approx(squared_frobenius(path.student, teacher))
        assert path.largest_m2_frobenius >= path.m2_frobenius.max()
        assert path.m2_frobenius[-1] > 1.01 * path.m2[-1]
    assert "m2 (nuclear)" in found.summary()
    assert "(Frobenius)" in found.summary()
    frame = found.to_dataframe()
    assert frame.m2_frobenius[0] == found.trajectories[0].m2_frobenius[-1]

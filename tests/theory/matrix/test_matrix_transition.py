"""Thresholds of p × p laws, their error estimates, and the branch that edges are found on."""

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.theory.laws.network.matrix_law import matrix_law
from bbpscape.theory.matrix.edges import branch_point, left_matrix_edge
from bbpscape.theory.matrix.outliers import SignalSpectrum, left_matrix_outliers
from bbpscape.theory.matrix.route import MatrixRoute
from bbpscape.theory.matrix.transition import (
    informative_excess,
    jump_and_onset,
    refine_transition,
    search_transition,
)
from bbpscape.theory.route import route

TANH = bb.TeacherStudent(2, 1, bb.NormalizedSquare(50.0), bb.activation("tanh"))


@pytest.mark.parametrize(
    "model",
    [
        TANH,
        bb.TeacherStudent(2, 1, bb.losses.Square(), bb.activation("erf")),
        bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.1), overlap=0.2),
        # The first outlier has a twentieth of the teacher, where a second one has more at α = 250.
        bb.TeacherStudent(1, 1, bb.losses.AbsoluteNormalizedSquare(0.1), bb.activation("tanh")),
        bb.TeacherStudent(1, 1, bb.losses.Huber(0.3), bb.activation("tanh")),
    ],
    ids=["tanh", "erf", "overlap", "absolute", "huber"],
)
def test_a_threshold_and_its_error_estimate(model):
    found = route(model).transition()
    assert found.diagnostics.quadrature_error < 1e-4
    more = refine_transition(matrix_law(model, 1.9), search_transition(matrix_law(model, 0.4)))
    assert abs(more.alpha / found.alpha - 1) <= 2 * found.diagnostics.quadrature_error
    law = matrix_law(model)
    for factor, informed in ((0.98, False), (1.02, True)):
        alpha = factor * found.alpha
        outliers = left_matrix_outliers(law, alpha, left_matrix_edge(law, alpha))
        assert any(one.teacher_m2 > 0 for one in outliers) == informed


@pytest.mark.parametrize("a", [0.1, 1.0, 3.0])
def test_a_threshold_by_the_matrix_route(a):
    model = bb.TeacherStudent(2, 1, bb.NormalizedSquare(a))
    law, expected = matrix_law(model, 1.4), bb.threshold(model)
    found = refine_transition(law, search_transition(matrix_law(model, 0.4)))
    assert found.kind == ("sharp" if expected.transition == "continuous" else "smooth")
    assert found.alpha == pytest.approx(expected.alpha_bbp, rel=1e-8)
    assert found.point.z == pytest.approx(expected.eigenvalue, rel=1e-8)
    jump, onset = jump_and_onset(law, found)
    assert jump == pytest.approx(expected.m2_jump, rel=1e-7, abs=1e-15)
    assert onset == pytest.approx(expected.alpha_0, rel=1e-4)


def test_a_threshold_refined_is_the_one_that_is_searched():
    law = matrix_law(TANH, 0.6)
    searched, refined = (
        search_transition(law),
        refine_transition(law, search_transition(matrix_law(TANH, 0.3))),
    )
    assert refined.alpha == pytest.approx(searched.alpha, rel=1e-9)
    # From a law whose transition is of the other kind.
    other = search_transition(matrix_law(bb.TeacherStudent(2, 1, bb.NormalizedSquare(1.0)), 0.4))
    law = matrix_law(bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.7)), 0.6)
    refined = refine_transition(law, other)
    assert (other.kind, refined.kind) == ("smooth", "sharp")
    assert refined.alpha == pytest.approx(search_transition(law).alpha, rel=1e-8)


def test_an_edge_is_that_of_the_branch_from_infinity():
    """Other solutions of the bulk equation lie near: the branch is followed in steps of 1 %."""
    law = matrix_law(bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.1), overlap=0.2), 0.8)
    for alpha in (0.7, 1.1, 1.2, 1.3):
        point = branch_point(law, alpha, 0.1)
        while point.excess > 0:
            last, point = point, branch_point(law, alpha, 1.01 * point.tau, point)
        edge = left_matrix_edge(law, alpha)
        assert last.tau < edge.point.tau < point.tau
        np.testing.assert_allclose(edge.point.A, point.A, atol=0.02)
        assert edge.edge.value == pytest.approx(last.z, rel=1e-3)


def test_a_small_overlap_changes_little():
    alphas = [
        bb.threshold(bb.TeacherStudent(1, 1, bb.NormalizedSquare(0.1), overlap=m)).alpha_bbp
        for m in (0.0, 1e-4, 0.3)
    ]
    assert alphas[0] == pytest.approx(alphas[1], rel=1e-4)
    assert abs(alphas[2] / alphas[0] - 1) > 0.01


@pytest.mark.parametrize("case", [(3.0, (0.9, 0.1), 5.0), (1.0, (0.8, 0.2), 4.53)])
def test_outliers_far_from_the_edge_are_on_its_branch(case):
    a, second_layer, alpha = case
    model = bb.TeacherStudent(2, 1, bb.NormalizedSquare(a), second_layer=second_layer)
    law = matrix_law(model, 0.8)
    found = MatrixRoute(model).level(0.8).left(alpha)[1]
    assert found
    for one in found:
        # From z = −∞ in small steps.
        point = branch_point(law, alpha, 0.02)
        while point.tau < -one.g:
            point = branch_point(law, alpha, min(1.02 * point.tau, -one.g), point)
        assert point.z == pytest.approx(one.eigenvalue, rel=1e-6)


def test_an_outlier_of_a_twentieth_of_the_teacher_counts():
    """tanh at p = 1: it leaves at α = 5.4; a second one, with more of the teacher, at 250."""
    model = bb.TeacherStudent(1, 1, bb.losses.AbsoluteNormalizedSquare(0.1), bb.activation("tanh"))
    (one,) = MatrixRoute(model).level(0.8).left(8.0)[1]
    assert one.direction == "student and teacher"
    assert 0.02 < one.teacher_m2 < 0.2


def test_the_student_alone_is_not_informative():
    point = branch_point(matrix_law(TANH, 0.4), 6.0, 0.1)
    values, teacher = np.array([-0.5, -0.2, 0.7]), np.array([1.0, 0.4, 0.0])
    excess = informative_excess(point, SignalSpectrum(values, np.eye(3), teacher))
    assert excess == pytest.approx(-0.2 / (abs(point.z) + 0.7))


def test_coordinates_of_an_overlapping_student_are_whitened():
    """F = 1 for a linear student with the square loss: E[v vᵀ] ⊗ T is the identity times T."""
    model = bb.TeacherStudent(1, 1, bb.losses.Square(), bb.activation("x"), overlap=0.5)
    found = matrix_law(model, 0.6).signal(np.array([[0.3]]))
    np.testing.assert_allclose(found, np.eye(2) / 1.3, atol=1e-8)


def test_a_threshold_that_nodes_do_not_resolve_says_so():
    """E[T ⊗ T] at the end of the branch grows as the logarithm of the density of nodes: so does α,
    by 4 % from each density to the next, and no last change tells how far."""
    loss = bb.losses.AbsoluteNormalizedSquare(0.01)
    model = bb.TeacherStudent(2, 1, loss, bb.activation("tanh"), bb.Labels(noise=1e-4))
    found = MatrixRoute(model).transition()
    denser = refine_transition(matrix_law(model, 2.0), search_transition(matrix_law(model, 0.4)))
    error = abs(found.alpha / denser.alpha - 1)
    assert error > 0.03
    assert found.diagnostics.quadrature_error > 2 * error

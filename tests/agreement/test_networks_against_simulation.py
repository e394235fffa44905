"""The theory of any two-layer network against diagonalization, over activations and losses."""

import dataclasses
import functools

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.simulation.eigen.diagonalize import lowest_dense, teacher_overlap
from bbpscape.simulation.hessian import Hessian
from bbpscape.theory.laws.network.kernels import LANES
from bbpscape.theory.laws.network.matrix_law import matrix_law
from bbpscape.theory.laws.network.matrix_moments import MatrixMoments
from bbpscape.theory.laws.network.node_law import NodeLaw
from bbpscape.theory.matrix.edges import left_matrix_edge
from bbpscape.theory.matrix.outliers import left_matrix_outliers
from bbpscape.theory.route import route

LIMIT = 4.0
A = bb.activation
# Model, α, N, draws: outliers far from the edge, so that N → ∞ is near.
CASES = {
    "tanh": (bb.TeacherStudent(2, 1, bb.NormalizedSquare(50.0), A("tanh")), 40.0, 120, 20),
    "sigmoid": (bb.TeacherStudent(1, 1, bb.NormalizedSquare(1.0), A("sigmoid")), 40.0, 150, 20),
    "erf, square": (bb.TeacherStudent(2, 1, bb.losses.Square(), A("erf")), 12.0, 150, 20),
    "log cosh": (bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.3), A("log-cosh")), 6.0, 250, 20),
    "huber": (bb.TeacherStudent(2, 1, bb.losses.Huber(1.0)), 4.0, 200, 20),
    "noise and flips": (
        bb.TeacherStudent(
            2, 1, bb.losses.AbsoluteNormalizedSquare(0.3), labels=bb.Labels(0.1, 0.02)
        ),
        5.0,
        250,
        20,
    ),
    "wide": (
        bb.TeacherStudent(4, 3, bb.losses.AbsoluteNormalizedSquare(0.3), labels=bb.Labels(0.05)),
        40.0,
        80,
        16,
    ),
    "second layer": (
        bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.1), second_layer=(0.7, 0.3)),
        4.0,
        200,
        140,
    ),
    "overlap": (bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.1), overlap=0.2), 4.0, 200, 20),
    "logistic, flips": (
        bb.TeacherStudent(2, 1, bb.losses.Logistic(), A("tanh"), bb.Labels(flip=0.1)),
        15.0,
        150,
        20,
    ),
    "expressions": (
        bb.TeacherStudent(2, 1, bb.loss("log(1 + (y - yhat)**2)"), A("x**2/(1 + x**2)")),
        25.0,
        200,
        20,
    ),
    "two teachers": (bb.TeacherStudent(2, 2, bb.losses.Huber(1.0), A("tanh")), 30.0, 120, 20),
}


@functools.cache
def lowest_outlier(name):
    """(left edge, lowest outlier) at N → ∞."""
    model, alpha, _, _ = CASES[name]
    edge, found = route(model).level(0.8).left(alpha)
    return edge, found[0]


@functools.cache
def measured(name):
    """Eigenvalue and m² of the lowest multiplet, shape (draws, 2)."""
    model, alpha, N, draws = CASES[name]
    count, rows = int(lowest_outlier(name)[1].multiplicity), []
    for index in range(draws):
        instance = bb.draw(model, alpha, N, 3, index)
        pairs = lowest_dense(Hessian(instance.inputs, instance.curvature), count)
        m2 = teacher_overlap(pairs.eigenvectors, instance.teacher_basis)
        rows.append((pairs.eigenvalues.mean(), m2.mean()))
    return np.array(rows)


@pytest.mark.parametrize("name", CASES)
def test_outlier_and_overlap(name):
    (edge, outlier), values = lowest_outlier(name), measured(name)
    mean, error = values.mean(axis=0), values.std(axis=0, ddof=1) / len(values) ** 0.5
    assert error[0] < 0.12 * (edge.value - outlier.eigenvalue)
    assert abs(mean[0] - outlier.eigenvalue) < LIMIT * error[0]
    assert abs(mean[1] - outlier.m2) < LIMIT * error[1]


class Diagonal(NodeLaw):
    """The law of F without its off-diagonal blocks: a wrong one."""

    def lane_blocks(self, some):
        i, j, _ = self.pairs
        F = super().lane_blocks(some).reshape(-1, i.size, LANES)
        return (F * (i == j)[:, None]).reshape(len(F), -1)

    def moments(self, A):
        return MatrixMoments.moments(self, A)


@pytest.mark.parametrize("name", ["tanh", "log cosh", "second layer"])
def test_without_its_off_diagonal_blocks_the_theory_fails(name):
    (model, alpha, _, _), values = CASES[name], measured(name)
    law = matrix_law(model, 0.8)
    wrong = dataclasses.replace(law, parts=(Diagonal(law.parts[0].nodes),))
    edge = left_matrix_edge(wrong, alpha)
    found = left_matrix_outliers(wrong, alpha, edge)
    mean, error = values.mean(axis=0), values.std(axis=0, ddof=1) / len(values) ** 0.5
    eigenvalue = found[0].eigenvalue if found else edge.edge.value
    m2 = found[0].m2 if found else 0.0
    assert max(abs(mean - [eigenvalue, m2]) / error) > LIMIT


def test_a_student_at_a_given_overlap():
    model = bb.TeacherStudent(
        3, 2, bb.losses.Square(), A("tanh"), overlap=((0.3, 0, 0), (0.1, 0.4, 0))
    )
    instance = bb.draw(model, 2.0, 200, np.random.default_rng(0))
    overlap = instance.teacher @ instance.student.T / 200
    # Exact but for the overlap of the teacher's own neurons, of order N^(−1/2).
    np.testing.assert_allclose(overlap, model.overlap_matrix, atol=0.1)
    np.testing.assert_allclose((instance.student**2).sum(axis=1), 200)
    one = bb.draw(bb.TeacherStudent(2, 1, overlap=0.3), 2.0, 50, np.random.default_rng(0))
    np.testing.assert_allclose(one.teacher @ one.student.T / 50, [[0.3, 0.3]], atol=1e-12)

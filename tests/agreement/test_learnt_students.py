"""The Hessian at a student that has learnt, theory against diagonalization, over Gram matrices.

The list was fixed before any of it was run.
"""

import functools

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.simulation.eigen.diagonalize import lowest_dense, teacher_overlap
from bbpscape.theory.route import route
from bbpscape.theory.scalar.route import CommitteeRoute

LIMIT = 4.0
A = bb.activation
MODEL = bb.TeacherStudent
# Model, α, N, draws: outliers far from the edge, so that N → ∞ is near.
CASES = {
    "the table of the theory": (
        MODEL(2, 1, bb.NormalizedSquare(0.5), overlap=((0.4, 0.2),),
              student_gram=((1.2, 0.3), (0.3, 0.8))),
        4.0, 300, 24,
    ),
    "one norm": (MODEL(1, 1, bb.NormalizedSquare(0.5), student_gram=0.5), 5.0, 400, 24),
    "norms 0.5 and 2": (
        MODEL(2, 1, bb.NormalizedSquare(0.5), student_gram=((0.5, 0.0), (0.0, 2.0))), 6.0, 300, 24,
    ),
    "students correlated": (
        MODEL(2, 1, bb.losses.Square(), A("erf"), student_gram=((1.0, 0.6), (0.6, 1.0))),
        12.0, 200, 24,
    ),
    "three neurons, two teachers": (
        MODEL(3, 2, bb.NormalizedSquare(0.5),
              overlap=((0.5, 0.0, 0.1), (0.0, 0.3, 0.1)),
              student_gram=((0.7, 0.1, 0.0), (0.1, 0.5, -0.1), (0.0, -0.1, 0.9))),
        10.0, 150, 24,
    ),
    "nearly learnt": (
        MODEL(2, 1, bb.NormalizedSquare(0.5), overlap=((0.95, 0.9),),
              student_gram=((1.0, 0.9), (0.9, 1.0))),
        4.0, 200, 24,
    ),
    "nearly one neuron twice": (
        MODEL(2, 1, bb.NormalizedSquare(0.5), student_gram=((1.0, 0.999), (0.999, 1.0))),
        6.0, 200, 24,
    ),
    "a norm, inputs of a covariance": (
        MODEL(1, 1, bb.NormalizedSquare(0.5), student_gram=0.5, inputs=bb.InputLaw("power:0.5")),
        6.0, 400, 24,
    ),
    "correlations, inputs of two norms": (
        MODEL(2, 1, bb.NormalizedSquare(0.5), overlap=((0.3, 0.1),),
              student_gram=((0.8, 0.3), (0.3, 1.2)),
              inputs=bb.InputLaw("power:0.5", "atoms:0.4@0.5,1.6@0.5")),
        6.0, 250, 24,
    ),
}  # fmt: skip


@functools.cache
def theory(model, alpha, N=None):
    """(left edge, lowest outlier or None)."""
    way = route(model, N)
    edge, found = (
        way.left(alpha) if isinstance(way, CommitteeRoute) else way.level(0.55).left(alpha)
    )
    return edge, found[0] if found else None


@functools.cache
def measured(name):
    """Eigenvalue and m² of the lowest multiplet, shape (draws, 2)."""
    model, alpha, N, draws = CASES[name]
    outlier = theory(model, alpha, model.inputs.dimension(N))[1]
    count, rows = round(outlier.multiplicity), []
    for index in range(draws):
        instance = bb.draw(model, alpha, N, 3, index)
        pairs = lowest_dense(instance.hessian, count)
        m2 = teacher_overlap(pairs.eigenvectors, instance.teacher_basis)
        rows.append((pairs.eigenvalues.mean(), m2.mean()))
    return np.array(rows)


def z_values(name, outlier):
    values = measured(name)
    mean, error = values.mean(axis=0), values.std(axis=0, ddof=1) / len(values) ** 0.5
    m2 = outlier.m2 if "teacher" in outlier.direction else outlier.teacher_m2
    return (mean - [outlier.eigenvalue, m2]) / error


@pytest.mark.parametrize("name", CASES)
def test_outlier_and_overlap(name):
    model, alpha, N, _ = CASES[name]
    edge, outlier = theory(model, alpha, model.inputs.dimension(N))
    error = measured(name).std(axis=0, ddof=1)[0] / len(measured(name)) ** 0.5
    assert error < 0.12 * (edge.value - outlier.eigenvalue)
    z = z_values(name, outlier)
    assert (abs(z) < LIMIT).all()


def test_the_spread_of_z_is_that_of_chance():
    z = []
    for name, (model, alpha, N, _) in CASES.items():
        z.append(z_values(name, theory(model, alpha, model.inputs.dimension(N))[1]))
    z = np.array(z)
    assert 0.5 < np.sqrt((z**2).mean()) < 1.7


@pytest.mark.parametrize("name", ["one norm", "norms 0.5 and 2", "students correlated"])
def test_of_another_gram_matrix_the_theory_fails(name):
    """The same student with norms of 1 and no correlations."""
    model, alpha, _, _ = CASES[name]
    wrong = theory(model.replace(student_gram=1.0), alpha)[1]
    assert wrong is None or abs(z_values(name, wrong)).max() > LIMIT

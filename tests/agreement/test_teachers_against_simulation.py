"""The theory of any teacher against diagonalization: three widths, both routes, noise and flips."""

import functools
import math

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.simulation.eigen.diagonalize import lowest_dense, teacher_overlap
from bbpscape.theory.route import route

LIMIT = 4.0
HUBER = bb.losses.Huber(1.0)
ABSOLUTE = bb.losses.AbsoluteNormalizedSquare


def model(p, p_star, loss, teacher, noise=0.0, flip=0.0, activation="quadratic", poisson=False):
    labels = bb.Labels(noise, flip, poisson)
    return bb.TeacherStudent(p, p_star, loss, activation, labels, teacher=teacher)


# Model, α, N, and whether all of the teacher's directions are alike; outliers far from the edge, so
# that N → ∞ is near. Chosen by theory, before a draw was made.
CASES = {
    "abs(u1)": (model(2, 1, HUBER, "abs(u1)"), 16.0, 120, True),
    "exp(u1/2)": (model(1, 1, ABSOLUTE(1.0), "exp(u1/2)", 0.1, 0, "tanh"), 40.0, 120, False),
    "counts": (
        model(2, 1, bb.NormalizedSquare(0.5), "quadratic", poisson=True),
        8.0,
        200,
        True,
    ),
    "u1*u2": (model(1, 2, HUBER, "u1*u2"), 16.0, 150, False),
    "sign(u1*u2)": (model(1, 2, "logistic", "sign(u1*u2)", 0, 0.05), 15.0, 150, False),
    "max(u1, u2)": (model(1, 2, HUBER, "max(u1, u2)", 0.05, 0.05, "tanh"), 30.0, 150, False),
    "u1/u2": (model(1, 2, HUBER, "u1/u2"), 30.0, 150, False),
    "u1**2 + 2*u2**2": (model(1, 2, ABSOLUTE(0.5), "u1**2 + 2*u2**2", 0.1), 16.0, 150, False),
    "|u|": (model(1, 3, ABSOLUTE(0.5), "sqrt(u1**2 + u2**2 + u3**2)", 0.05), 150.0, 150, True),
}
DRAWS = 20


def lowest_outlier(model, alpha):
    """(edge, lowest outlier) at N → ∞."""
    edge, found = route(model).level(0.8).left(alpha)
    return edge, found[0]


@functools.cache
def standardized(name):
    """(m² or eigenvalue of draws − theory) in standard errors, and the measured values."""
    model, alpha, N, _ = CASES[name]
    edge, outlier = lowest_outlier(model, alpha)
    rows = []
    for index in range(DRAWS):
        one = bb.draw(model, alpha, N, 3, index)
        pairs = lowest_dense(bb.Hessian(one.inputs, one.curvature), int(outlier.multiplicity))
        m2 = teacher_overlap(pairs.eigenvectors, one.teacher_basis).mean()
        rows.append((pairs.eigenvalues.mean(), m2))
    mean, error = np.mean(rows, axis=0), np.std(rows, axis=0, ddof=1) / math.sqrt(DRAWS)
    assert error[0] < 0.25 * (edge.value - outlier.eigenvalue)
    return (mean - [outlier.eigenvalue, outlier.m2]) / error, mean, error


@pytest.mark.parametrize("name", CASES)
def test_outlier_and_overlap(name):
    assert (type(route(CASES[name][0])).__name__ == "SymmetricRoute") == CASES[name][3]
    assert abs(standardized(name)[0]).max() < LIMIT


def test_deviations_have_the_spread_of_their_errors():
    z = np.concatenate([standardized(name)[0] for name in CASES])
    # χ² of 18 lies between these in 998 of 1000 cases.
    assert 4.9 < (z**2).sum() < 42.3


def test_another_teacher_of_the_same_variance_fails():
    model, alpha, _, _ = CASES["u1*u2"]
    _, mean, error = standardized("u1*u2")
    other = model.replace(teacher="u1*sign(u2)")
    edge, found = route(other).level(0.8).left(alpha)
    wrong = [found[0].eigenvalue, found[0].m2] if found else [edge.value, 0.0]
    assert abs((mean - wrong) / error).max() > LIMIT

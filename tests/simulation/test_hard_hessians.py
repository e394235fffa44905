"""Hessians of low rank, of one cluster, of no or extreme size: every route gives LAPACK's pairs."""

import numpy as np
import pytest

from bbpscape.model.activations import activation
from bbpscape.model.losses import NormalizedSquare, Square
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.instance import draw
from bbpscape.simulation.eigen.eigensolver import lowest
from bbpscape.simulation.hessian import Hessian
from bbpscape.simulation.operator import Operator
from bbpscape.simulation.samples import Units


def inputs(M, N, seed=0):
    return np.random.default_rng(seed).standard_normal((M, N)) / np.sqrt(N)


def semidefinite(name, alpha, N):
    model = TeacherStudent(1, 1, Square(), activation(name))
    return draw(model, alpha, N, np.random.default_rng(0)).hessian


def steep(a):
    model = TeacherStudent(1, 1, NormalizedSquare(a))
    return draw(model, 3.0, 300, np.random.default_rng(1)).hessian


def ones(M, p=1, sign=1.0):
    return sign * np.ones((M, 1, 1)) * np.eye(p)


CASES = {
    "rank 300 of 600": (lambda: semidefinite("x", 0.5, 600), 2),
    "rank 570 of 600": (lambda: semidefinite("x", 0.95, 600), 2),
    "relu": (lambda: semidefinite("relu", 0.5, 600), 3),
    "one sample, N = 3": (lambda: Hessian(inputs(1, 3), ones(1)), 3),
    "one negative sample, N = 3": (lambda: Hessian(inputs(1, 3), ones(1, 2, -1.0)), 3),
    "rank 60, k = 70": (lambda: Hessian(inputs(60, 300), ones(60)), 70),
    "negative, rank 60, k = 70": (lambda: Hessian(inputs(60, 300), ones(60, 1, -1.0)), 70),
    "zero curvature": (lambda: Hessian(inputs(60, 300), 0 * ones(60)), 7),
    "zero inputs": (lambda: Hessian(0 * inputs(60, 300), ones(60)), 7),
    "the identity": (lambda: Hessian(np.eye(150), ones(150, 2)), 5),
    "minus the identity": (lambda: Hessian(np.eye(300), ones(300, 1, -1.0)), 5),
    "two clusters, cut": (
        lambda: Hessian(np.eye(400), np.where(np.arange(400) < 100, -1.0, 1.0).reshape(-1, 1, 1)),
        20,
    ),
}


@pytest.mark.parametrize("method", ["dense", "iterative"])
@pytest.mark.parametrize("case", CASES)
def test_low_rank_and_clusters(case, method):
    make, k = CASES[case]
    hessian = make()
    dense = hessian.dense()
    exact = np.linalg.eigvalsh(dense)
    norm = abs(exact).max()
    found = lowest(hessian, k, method=method)
    assert found.converged
    assert found.certificate.passed
    np.testing.assert_allclose(found.eigenvalues, exact[:k], atol=1e-13 * norm)
    vectors = found.eigenvectors
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(k), atol=1e-12)
    residuals = np.linalg.norm(dense @ vectors - vectors * found.eigenvalues, axis=0)
    assert (residuals <= max(1e-8 * abs(exact[:k]).max(), 1e-14 * norm)).all()
    assert found.products < 600


def test_a_large_singular_hessian_needs_few_products():
    # 10,471 products once, and no convergence.
    found = lowest(semidefinite("x", 0.5, 2500), 2, method="iterative")
    assert found.converged
    assert found.certificate.kind == "second block"
    assert found.certificate.passed
    assert found.products < 300
    assert abs(found.eigenvalues).max() < 1e-14


@pytest.mark.parametrize("method", ["dense", "iterative"])
@pytest.mark.parametrize(
    ("curvature", "scale"),
    [(1e-25, 1.0), (1e25, 1.0), (1e-60, 1.0), (1e60, 1.0), (1.0, 1e-15), (1.0, 1e15), (1e9, 1e-4)],
)
def test_units_change_nothing(curvature, scale, method):
    one = draw(TeacherStudent(2, 1, NormalizedSquare(0.1)), 2.0, 150, np.random.default_rng(0))
    other = Hessian(scale * one.inputs, curvature * one.curvature)
    unit = curvature * scale**2
    expected, found = (lowest(h, 3, method=method) for h in (one.hessian, other))
    assert found.converged
    assert found.certificate.passed
    np.testing.assert_allclose(found.eigenvalues / unit, expected.eigenvalues, rtol=1e-11)
    np.testing.assert_allclose(found.tolerance / unit, expected.tolerance, rtol=1e-2)
    assert (found.residuals <= found.tolerance).all()
    assert found.products < 1.5 * expected.products


def test_a_streamed_or_large_one_is_certified_in_its_own_units(monkeypatch):
    monkeypatch.setattr("bbpscape.simulation.eigen.iterative.INERTIA_SIZE", 10)
    one = draw(TeacherStudent(1, 1, NormalizedSquare(0.1)), 2.0, 150, np.random.default_rng(0))
    expected, found = (
        lowest(Hessian(one.inputs, scale * one.curvature), 3, method="iterative").certificate
        for scale in (1.0, 2.0**90)
    )
    assert found.kind == "second block"
    assert found.passed
    assert found.other == pytest.approx(2.0**90 * expected.other, rel=1e-6)


@pytest.mark.parametrize("a", [1e-3, 1e-6])
def test_single_precision_does_not_promise_what_it_cannot_give(a):
    hessian = steep(a)
    exact = np.linalg.eigvalsh(hessian.dense())
    found = lowest(hessian, 2, method="iterative", dtype="float32")
    known = (found.bounds <= abs(found.eigenvalues).max()).all()
    assert found.converged == (a == 1e-3) == bool(known)
    assert (abs(found.eigenvalues - exact[:2]) <= found.bounds + 1e-7 * exact[-1]).all()
    if not found.converged:
        assert "float64" in found.status.advice
    double = lowest(hessian, 2, method="iterative")
    assert double.converged
    assert double.status.ok
    np.testing.assert_allclose(double.eigenvalues, exact[:2], atol=1e-14 * exact[-1])


def test_units_are_powers_of_two_and_no_copy_where_there_is_nothing_to_do():
    hessian = Hessian(inputs(400, 100), 3.0 * ones(400))
    assert Units.of(hessian) == Units(4.0, 1.0)
    assert Units.of(Hessian(1e-3 * inputs(400, 100), ones(400))) == Units(1.0, 2.0**-10)
    operator = Operator(hessian, units=Units(4.0, 1.0))
    for _, panel in operator.panels():
        assert np.shares_memory(panel, hessian.inputs)
    block = np.random.default_rng(1).standard_normal((3, 100))
    np.testing.assert_array_equal(4.0 * operator(block), Operator(hessian)(block))
    scaled = Operator(hessian, units=Units(4.0, 0.5))(block)
    np.testing.assert_array_equal(Units(4.0, 0.5).eigenvalue * scaled, Operator(hessian)(block))

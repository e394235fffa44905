"""The theory of one draw: its vectors, its limits, and large draws."""

from dataclasses import replace

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.experiments.comparison_labels import predicted
from bbpscape.simulation.eigen.diagonalize import lowest_dense, teacher_overlap
from bbpscape.theory.finite.conditioned_law import ConditionedLaw, Directions
from bbpscape.theory.population.population import Population
from bbpscape.theory.route import route


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def parts(rng, N=9, p=2, M=40):
    sigma = np.sort(rng.uniform(0.2, 3.0, N))[::-1]
    V = np.linalg.qr(rng.standard_normal((N, 3)))[0]
    teacher = np.linalg.qr(rng.standard_normal((N, 1)))[0]
    directions = Directions(
        sigma, V, rng.standard_normal((M, 3)), teacher, 2.0 * rng.standard_normal(N), np.ones(M)
    )
    F = rng.standard_normal((M, p, p))
    population = Population(sigma, np.full(N, 1 / N), np.ones(N), True)
    return ConditionedLaw(F + F.transpose(0, 2, 1), population), directions


def test_kernels_are_those_of_explicit_matrices(rng):
    law, directions = parts(rng)
    sigma, V = law.population.sigma, directions.vectors
    S = np.array([[0.4, 0.2], [0.2, -0.3]])
    z, N = -5.0, sigma.size
    kernel = directions.kernel(2, z, S)

    def explicit(z, S):
        R = np.linalg.inv(z * np.eye(2 * N) - np.kron(np.diag(sigma), S))
        fields = np.column_stack([np.sqrt(sigma)[:, None] * V, directions.mean])
        side = np.kron(fields, np.eye(2))
        teacher = np.kron(directions.teacher, np.eye(2))
        return side.T @ R @ side, teacher.T @ R @ side, np.trace(teacher.T @ R @ teacher)

    K, L, own = explicit(z, S)
    np.testing.assert_allclose(kernel.value, K, atol=1e-12)
    np.testing.assert_allclose(kernel.along, L, atol=1e-12)
    assert kernel.own() == pytest.approx(own)
    dz, dS, h = 0.7, np.array([[0.1, -0.2], [-0.2, 0.3]]), 1e-6
    slope = (explicit(z + h * dz, S + h * dS)[0] - explicit(z - h * dz, S - h * dS)[0]) / (2 * h)
    np.testing.assert_allclose(kernel.change(dz, dS), slope, atol=1e-9)


def test_means_over_samples(rng):
    law, directions = parts(rng)
    A = np.array([[0.05, 0.01], [0.01, 0.03]])
    T = [F @ np.linalg.inv(np.eye(2) + A @ F) for F in law.samples]
    v = directions.of_samples
    squares = [np.outer(one, one) for one in v]
    signal = np.mean([np.kron(one, t) for one, t in zip(squares, T, strict=True)], axis=0)
    np.testing.assert_allclose(law.signal(A, v), signal, atol=1e-12)
    mean, square = law.moments(A)
    np.testing.assert_allclose(mean, np.mean(T, axis=0), atol=1e-12)
    np.testing.assert_allclose(square, np.einsum("nij,nkl->ijkl", T, T) / len(T), atol=1e-12)
    dA, h = np.array([[0.3, 0.1], [0.1, -0.2]]), 1e-6
    both = [law.signal(A + s * h * dA, v) for s in (1, -1)]
    slope = law.signal_slope(A, dA, v)
    np.testing.assert_allclose(slope, (both[0] - both[1]) / (2 * h), atol=1e-7)
    root = np.linalg.cholesky(A)
    lowest = min(np.linalg.eigvalsh(root.T @ F @ root)[0] for F in law.samples)
    assert law.reach(A) == pytest.approx(-lowest)


def test_components_of_their_own_leave_the_same_span(rng):
    _, directions = parts(rng)
    xi = rng.standard_normal((40, 9))
    kept = directions.sigma, directions.vectors
    whole = Directions(*kept, xi @ directions.vectors, directions.teacher)
    found = whole.split(xi[:, :2])
    V = found.vectors
    np.testing.assert_allclose(V.T @ V, np.eye(5), atol=1e-12)
    np.testing.assert_allclose(V[:, :2], np.eye(9, 2))
    np.testing.assert_allclose(found.coordinates, xi @ V, atol=1e-12)
    # The weights are in the span still.
    np.testing.assert_allclose(V @ (V.T @ directions.vectors), directions.vectors, atol=1e-12)
    # Nothing is left of vectors within the components.
    inside = Directions(kept[0], np.eye(9, 2), xi[:, :2], directions.teacher).split(xi[:, :2])
    assert inside.vectors.shape == (9, 2)
    # With a mean the components have their share of it, and the weights what they had.
    shifted = replace(whole, mean=directions.mean, share=np.ones(40)).split(xi[:, :2])
    known = shifted.of_samples @ shifted.fields.T
    xi_known = (known - directions.mean) / np.sqrt(directions.sigma)
    np.testing.assert_allclose(xi_known[:, :2], xi[:, :2], atol=1e-12)
    np.testing.assert_allclose(xi_known @ whole.vectors, whole.coordinates, atol=1e-12)


def test_large_draws_have_the_limit_of_theory():
    """Levels of many components each: at N → ∞ nothing depends on the draw."""
    model = bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.5), inputs=bb.InputLaw("1.6,0.4"))
    edge, (outlier,) = route(model, 2000).level(1.0).left(5.0)
    one = predicted(bb.draw(model, 5.0, 2000, 2), 2, True)
    value, m2 = one.at(slice(0, 2))
    assert value == pytest.approx(outlier.eigenvalue, abs=0.1)
    assert m2 == pytest.approx(outlier.m2, abs=0.04)
    assert one.left_edge == pytest.approx(edge.value, abs=0.1)
    assert one.at(slice(2, 3)) == (one.left_edge, one.edge_m2)


@pytest.mark.parametrize(("p", "alpha"), [(1, 20.0), (2, 10.0)])
def test_components_left_of_the_bulk(p, alpha):
    """Where S < 0 the largest components are outliers, and each draw's lie where it says."""
    law = bb.InputLaw([6.0, 5.0] + [1.0] * 198)
    model = bb.TeacherStudent(p, 1, "-(y-yhat)**2/2", "cos(x)", inputs=law)
    gaps, spread = [], []
    for i in range(3):
        one = bb.draw(model, alpha, 200, 3, i)
        pairs = lowest_dense(one.hessian, 2 * p)
        found = predicted(one, 2 * p, True)
        values, m2 = np.transpose([found.at(slice(k, k + 1)) for k in range(2 * p)])
        gaps += [
            pairs.eigenvalues - values,
            10 * (m2 - teacher_overlap(pairs.eigenvectors, one.teacher_basis)),
        ]
        spread.append(pairs.eigenvalues)
    assert np.sqrt((np.array(gaps) ** 2).mean()) < 0.2
    assert np.ptp(spread, axis=0).max() > 5 * 0.2 / p**2

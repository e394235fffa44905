"""Eigenpairs against numpy, and the normalization of the teacher overlap."""

import numpy as np
import pytest

from bbpscape.core.checks import InvalidInput
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.instance import draw
from bbpscape.simulation.eigen.diagonalize import (
    all_eigenvalues_and_lowest,
    lowest_dense,
    teacher_overlap,
)
from bbpscape.simulation.hessian import Hessian


def case(p=2, p_star=1, N=20, alpha=1.5):
    instance = draw(TeacherStudent(p=p, p_star=p_star), alpha, N, np.random.default_rng(2))
    return instance, Hessian(instance.inputs, instance.curvature)


# α = 1/N is one sample: rank p, and the other eigenvalues are all zero.
@pytest.mark.parametrize("alpha", [0.05, 0.3, 2.0])
@pytest.mark.parametrize("p", [1, 2, 3])
@pytest.mark.parametrize("solver", [lowest_dense, all_eigenvalues_and_lowest])
def test_eigenpairs(solver, p, alpha):
    _, hessian = case(p=p, alpha=alpha)
    dense, k = hessian.dense(), 5
    expected = np.linalg.eigvalsh(dense)
    result = solver(hessian, k)
    count = k if solver is lowest_dense else len(expected)
    scale = abs(expected).max()
    assert result.eigenvalues.shape == (count,)
    np.testing.assert_allclose(result.eigenvalues, expected[:count], atol=1e-13 * scale)
    vectors = result.eigenvectors
    assert vectors.shape == (len(dense), k)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(k), atol=1e-12)
    np.testing.assert_allclose(dense @ vectors, vectors * expected[:k], atol=1e-12 * scale)


@pytest.mark.parametrize("solver", [lowest_dense, all_eigenvalues_and_lowest])
def test_the_smallest_sizes(solver):
    for N in (1, 2):
        hessian = Hessian(np.eye(N), np.array([2.0, -1.0])[:N].reshape(N, 1, 1))
        for k in range(1, N + 1):
            result = solver(hessian, k)
            np.testing.assert_allclose(result.eigenvalues[0], 2.0 if N == 1 else -1.0)
            assert result.eigenvectors.shape == (N, k)


@pytest.mark.parametrize("solver", [lowest_dense, all_eigenvalues_and_lowest])
@pytest.mark.parametrize("k", [0, -1, 1.5, True, 41])
def test_k_is_checked(solver, k):
    with pytest.raises(InvalidInput, match="k must be"):
        solver(case()[1], k)


@pytest.mark.parametrize(("p", "p_star"), [(1, 1), (2, 1), (1, 2), (3, 2)])
def test_a_complete_basis_has_overlap_p_p_star(p, p_star):
    instance, hessian = case(p=p, p_star=p_star)
    for solver in (lowest_dense, all_eigenvalues_and_lowest):
        vectors = solver(hessian, hessian.shape[0]).eigenvectors
        m2 = teacher_overlap(vectors, instance.teacher_basis)
        assert m2.sum() == pytest.approx(p * p_star, abs=1e-10)
        assert ((m2 >= 0) & (m2 <= 1)).all()


def test_overlap_of_known_vectors():
    instance, _ = case(p=2, p_star=2)
    basis = instance.teacher_basis
    off = np.linalg.svd(basis.T)[2][-1]  # orthogonal to both teacher directions
    columns = [
        np.concatenate([basis[:, 0], 0 * off]),
        np.concatenate([0.6 * basis[:, 1], 0.8 * off]),
        np.concatenate([0.6 * basis[:, 0], 0.8 * basis[:, 1]]),
        np.concatenate([off, 0 * off]),
    ]
    m2 = teacher_overlap(np.array(columns).T, basis)
    np.testing.assert_allclose(m2, [1, 0.36, 1, 0], atol=1e-14)


def test_the_lowest_vector_sees_the_teacher():
    # Far above the transition of p = p* = 1 (α about 2.9), and a control: a random direction.
    instance, hessian = case(p=1, N=200, alpha=20.0)
    vectors = lowest_dense(hessian, 1).eigenvectors
    assert teacher_overlap(vectors, instance.teacher_basis)[0] > 0.5
    other = np.linalg.qr(np.random.default_rng(9).standard_normal((200, 1)))[0]
    assert teacher_overlap(vectors, other)[0] < 0.1


def test_overlap_refuses_other_shapes():
    with pytest.raises(InvalidInput, match="eigenvectors must have shape"):
        teacher_overlap(np.ones((5, 1)), np.ones((2, 1)))

"""The iterative eigensolver against LAPACK, its error bounds, and a status that can be bad."""

import numpy as np
import pytest

from bbpscape.core.checks import InvalidInput
from bbpscape.model.losses import NormalizedSquare
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.instance import draw
from bbpscape.simulation.eigen import iterative as module
from bbpscape.simulation.eigen.diagonalize import lowest_dense
from bbpscape.simulation.eigen.eigensolver import lowest
from bbpscape.simulation.eigen.lowest_pairs import error_bounds
from bbpscape.simulation.hessian import Hessian


def hessian_of(p=2, p_star=1, a=0.1, alpha=2.0, N=100, seed=0):
    model = TeacherStudent(p=p, p_star=p_star, loss=NormalizedSquare(a=a))
    instance = draw(model, alpha, N, np.random.default_rng([seed, p, p_star]))
    return Hessian(instance.inputs, instance.curvature)


# (p, p*, a, α, N): both kinds of transition, M < pN, wide students, small and large a.
GRID = [
    (1, 1, 0.01, 2.9, 500),
    (1, 1, 2.0, 1.1, 600),
    (1, 2, 0.1, 4.0, 300),
    (2, 1, 0.01, 1.5, 400),
    (2, 2, 1.0, 3.0, 200),
    (3, 1, 1.0, 0.7, 300),
    (4, 1, 0.01, 0.98, 250),
    (4, 1, 0.01, 3.0, 250),
    (4, 1, 1e-3, 3.0, 100),
    (16, 1, 0.1, 3.0, 40),
]


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(("p", "p_star", "a", "alpha", "N"), GRID)
def test_agreement_with_lapack(p, p_star, a, alpha, N, seed):
    hessian = hessian_of(p, p_star, a, alpha, N, seed)
    k = p * p_star + 2
    expected = lowest_dense(hessian, k)
    result = lowest(hessian, k, method="iterative", seed=seed)
    scale = abs(expected.eigenvalues).max()
    assert result.converged
    assert result.method == "iterative"
    np.testing.assert_allclose(result.eigenvalues, expected.eigenvalues, atol=1e-8 * scale)
    vectors = result.eigenvectors
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(k), atol=1e-10)
    # The residuals reported are those of the pairs, by another product.
    residuals = np.linalg.norm(hessian.dense() @ vectors - vectors * result.eigenvalues, axis=0)
    np.testing.assert_allclose(result.residuals, residuals, rtol=1e-2, atol=1e-11 * scale * 1e3)
    assert (residuals <= 1.01 * result.tolerance).all()
    errors = abs(result.eigenvalues - expected.eigenvalues)
    rounding = 1e-12 * np.linalg.norm(hessian.dense(), 2)
    assert (errors <= result.bounds + rounding).all()
    assert result.certificate.kind == "inertia"
    assert result.certificate.passed


@pytest.mark.parametrize("p", [1, 3])
def test_single_precision(p):
    hessian = hessian_of(p=p, a=1.0, N=150)
    expected = lowest_dense(hessian, 4).eigenvalues
    result = lowest(hessian, 4, method="iterative", dtype="float32")
    assert result.converged
    assert result.tolerance > 1e-6  # 30 rounding errors of single precision, and it says so
    np.testing.assert_allclose(result.eigenvalues, expected, atol=1e-5)


def test_fewer_samples_than_dimensions():
    # Rank p M < pN: the eigenvalue 0 is degenerate, and comes out with all copies wanted.
    hessian = hessian_of(p=2, a=1.0, alpha=0.2, N=60)
    negative = int((np.linalg.eigvalsh(hessian.dense()) < -1e-9).sum())
    k = negative + 5
    result = lowest(hessian, k, method="iterative")
    expected = lowest_dense(hessian, k).eigenvalues
    assert result.converged
    np.testing.assert_allclose(result.eigenvalues, expected, atol=1e-10)
    assert (abs(result.eigenvalues[negative:]) < 1e-10).all()


def test_an_exact_cluster_comes_out_whole():
    # F = f I: every eigenvalue is p-fold.
    rows = np.random.default_rng(3).standard_normal((240, 80)) / np.sqrt(80)
    weights = np.random.default_rng(4).standard_normal(240)
    hessian = Hessian(rows, weights[:, None, None] * np.eye(4))
    result = lowest(hessian, 8, method="iterative")
    block = np.linalg.eigvalsh(rows.T @ (weights[:, None] * rows))
    assert result.converged
    np.testing.assert_allclose(result.eigenvalues, np.repeat(block[:2], 4), atol=1e-8)


@pytest.mark.parametrize("method", ["dense", "iterative"])
def test_all_pairs_and_the_smallest_sizes(method):
    for N in (1, 2, 7):
        hessian = hessian_of(p=2, N=N, alpha=3.0)
        result = lowest(hessian, 2 * N, method=method)
        np.testing.assert_allclose(
            result.eigenvalues, np.linalg.eigvalsh(hessian.dense()), atol=1e-9
        )
        assert result.converged


def test_a_search_cut_short_says_so(monkeypatch):
    monkeypatch.setattr(module, "MAX_COLUMNS", 1)
    result = lowest(hessian_of(N=300), 4, method="iterative")
    assert not result.converged
    assert result.residuals.max() > result.tolerance
    # Control: with room to search, the same problem converges.
    monkeypatch.undo()
    assert lowest(hessian_of(N=300), 4, method="iterative").converged


def test_methods_agree_and_auto_is_one_of_them():
    hessian = hessian_of(p=3, N=120)
    dense, iterative = (lowest(hessian, 5, method=m) for m in ("dense", "iterative"))
    assert dense.converged
    np.testing.assert_allclose(dense.eigenvalues, iterative.eigenvalues, atol=1e-9)
    assert lowest(hessian, 5).method in ("dense", "iterative")
    assert dense.certificate.kind == "dense"
    assert lowest(hessian, 5, method="iterative", certificate=False).certificate.passed is None


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.longdouble])
def test_a_tolerance_of_any_precision(kind):
    hessian = hessian_of(N=40)
    tol = kind(0.001)
    found = lowest(hessian, 2, tol, method="iterative")
    wanted = lowest(hessian, 2, float(tol), method="iterative")
    np.testing.assert_array_equal(found.eigenvalues, wanted.eigenvalues)
    assert found.tolerance == wanted.tolerance


def test_the_seed_decides_everything():
    hessian = hessian_of(p=2, N=200)
    first, again = (lowest(hessian, 3, method="iterative", seed=5) for _ in range(2))
    np.testing.assert_array_equal(first.eigenvectors, again.eigenvectors)
    assert first.products == again.products


def test_bounds_use_the_gap_where_it_is_wide():
    values, residuals = np.array([0.0, 1.0, 1.001]), np.array([1e-3, 1e-3, 1e-3])
    bounds = error_bounds(values, residuals, 2)
    np.testing.assert_allclose(bounds[0], 1e-6 / 0.999)
    assert bounds[1] == 1e-3  # its neighbour is no farther than its residual
    # Without a value above the last one wanted there is no gap to trust.
    np.testing.assert_array_equal(error_bounds(values, residuals, 3), residuals)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 0}, "k must be a positive integer"),
        ({"k": 401}, "k must be at most pN = 400, got 401"),
        ({"method": "fast"}, "method must be one of auto, dense, iterative, got 'fast'"),
        ({"tol": 0.5}, "tol must be from 1e-14 to 0.1, got 0.5"),
        ({"tol": "small"}, "tol must be from"),
        ({"dtype": "float16"}, "dtype must be one of float32, float64, got 'float16'"),
        ({"device": "tpu"}, "device must be one of cpu, cuda, torch-cpu, got 'tpu'"),
        ({"method": "dense", "dtype": "float32"}, "the dense method is for inputs that are held"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(InvalidInput, match=message) as error:
        lowest(hessian_of(N=200), **({"k": 1} | options))
    assert "\n" not in str(error.value)

"""The extreme eigenpairs of a matrix that is known by its products, whatever it comes as."""

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, aslinearoperator

import bbpscape as bb
from bbpscape.simulation.data.stream import StreamedHessian
from bbpscape.simulation.eigen import generic
from bbpscape.simulation.eigen.contract import BlockOperator


def symmetric(n=450, seed=0):
    """A bulk with two outliers at each end, in a random basis."""
    generator = np.random.default_rng(seed)
    values = np.sort(np.r_[-3.0, -2.0, generator.uniform(-1, 1, n - 4), 2.5, 4.0])
    basis = np.linalg.qr(generator.standard_normal((n, n)))[0]
    matrix = (basis * values) @ basis.T
    return (matrix + matrix.T) / 2, values


def check(found, matrix, expected, size):
    np.testing.assert_allclose(found.eigenvalues, expected, atol=1e-9 * size)
    vectors = found.eigenvectors
    residuals = np.linalg.norm(matrix @ vectors - vectors * found.eigenvalues, axis=0)
    np.testing.assert_allclose(residuals, found.residuals, atol=1e-12 * size)
    assert (residuals <= found.tolerance).all()
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(len(expected)), atol=1e-9)
    assert found.converged
    assert found.certificate.passed
    assert found.status.ok


@pytest.mark.parametrize("n", [40, 450])
@pytest.mark.parametrize(
    "given",
    [
        lambda a: a,
        sparse.csr_array,
        aslinearoperator,
        lambda a: LinearOperator(a.shape, matvec=lambda v: a @ v, dtype=float),
        lambda a: BlockOperator(lambda V: a @ V, len(a), norm=4.0),
    ],
    ids=["array", "sparse", "linear-operator", "matvec", "callable"],
)
def test_both_ends_of_every_kind_of_matrix(given, n):
    matrix, values = symmetric(n)
    low, high = bb.lowest(given(matrix), 4), bb.highest(given(matrix), 4)
    check(low, matrix, values[:4], 4.0)
    check(high, matrix, values[::-1][:4], 4.0)
    assert low.method == high.method == ("dense" if n == 40 else "iterative")
    assert low.certificate.kind == ("dense" if n == 40 else "inertia")
    assert (low.end, high.end) == ("lowest", "highest")
    assert "4 highest pairs" in high.summary()
    if n > 40:
        assert values[3] < low.certificate.shift < values[4]
        assert values[-5] < high.certificate.shift < values[-4]


def test_equal_eigenvalues_come_out_whole(monkeypatch):
    """Of a ring of n, λ = 2 − 2 cos(2π j/n): all but the first are double."""
    monkeypatch.setattr(generic, "INERTIA_SIZE", 100)
    n = 420
    one = sparse.eye_array(n)
    ring = 2 * one - sparse.diags_array(
        [1.0, 1.0, 1.0, 1.0], offsets=[1, -1, n - 1, 1 - n], shape=(n, n)
    )
    exact = 2 - 2 * np.cos(2 * np.pi * np.r_[0, 1, 1, 2, 2] / n)
    found = bb.lowest(ring, 5, 1e-6)
    assert found.certificate.kind == "second block"
    assert found.certificate.passed
    np.testing.assert_allclose(found.eigenvalues, exact, atol=1e-9)
    assert found.converged
    # Without the certificate one Krylov space has each of them once.
    alone = bb.lowest(ring, 5, 1e-6, certificate=False)
    assert alone.certificate.passed is None
    assert alone.eigenvalues[2] > exact[2] + 1e-5


def test_a_preconditioner_saves_products():
    n = 2000
    generator = np.random.default_rng(1)
    diagonal = np.sort(generator.uniform(0.01, 100, n))
    u = generator.standard_normal(n) / np.sqrt(n)

    def matmat(V):
        return diagonal[:, None] * V + np.outer(u, u @ V)

    def inverse(V, values):
        return V / (diagonal[:, None] + 0.5)

    plain = bb.lowest(BlockOperator(matmat, n), 3, 1e-6, certificate=False)
    better = bb.lowest(BlockOperator(matmat, n, inverse), 3, 1e-6, certificate=False)
    assert plain.converged
    assert better.converged
    np.testing.assert_allclose(plain.eigenvalues, better.eigenvalues, atol=1e-9)
    assert better.products < plain.products / 3


def test_the_highest_pairs_of_a_hessian():
    model = bb.TeacherStudent(p=2, p_star=1, loss=bb.NormalizedSquare(a=0.1))
    hessian = bb.draw(model, 3.0, 60, 0).hessian
    expected = np.linalg.eigvalsh(hessian.dense())[::-1][:3]
    streamed = StreamedHessian(model, 3.0, 60, 0)
    for one, method in ((hessian, "dense"), (hessian, "iterative"), (streamed, "auto")):
        found = bb.highest(one, 3, method=method)
        np.testing.assert_allclose(found.eigenvalues, expected, atol=1e-8 * expected[0])
        assert found.converged
        assert found.certificate.passed
        image = hessian.matmat(found.eigenvectors)
        residuals = np.linalg.norm(image - found.eigenvectors * found.eigenvalues, axis=0)
        assert (residuals <= found.tolerance).all()


def test_records_of_the_highest_pairs():
    found = bb.highest(symmetric()[0], 2)
    assert bb.Result.from_dict(found.to_dict()).to_dict() == found.to_dict()


def test_the_zero_matrix():
    found = bb.lowest(BlockOperator(lambda V: 0 * V, 600), 2)
    np.testing.assert_array_equal(found.eigenvalues, [0.0, 0.0])
    assert found.certificate.passed


@pytest.mark.parametrize(
    ("matrix", "options", "message"),
    [
        (lambda V: V, {}, "a matrix must be a Hessian, an array, .* got function"),
        ({1: 2.0}, {}, "a matrix must be a Hessian"),
        (np.zeros((2, 3)), {}, "a matrix must be square, got shape"),
        (np.eye(3) * 1j, {}, "a matrix must be real, got dtype complex128"),
        (np.full((2, 2), np.nan), {}, "matrix must be finite"),
        (np.triu(np.ones((9, 9))), {}, "a matrix must be symmetric: u·Hv = "),
        (np.eye(3), {"k": 4}, "k must be at most n = 3, got 4"),
        (np.eye(3), {"dtype": "float32"}, "dtype and device are those of a Hessian"),
        (np.eye(3), {"method": "fast"}, "method must be one of"),
        (BlockOperator(lambda V: V[:1], 500), {}, r"matmat must give an array of shape \(500, 2\)"),
        (BlockOperator(lambda V: V * np.inf, 500), {}, "matmat must give finite numbers"),
        (BlockOperator(lambda V: V * 1e160, 500), {}, "matmat must give numbers below 1e\\+100"),
        (
            BlockOperator(lambda V: np.arange(500.0)[:, None] * V, 500, lambda V, values: V[:1]),
            {},
            "preconditioner must give finite numbers of shape",
        ),
    ],
)
def test_what_is_no_symmetric_matrix_is_refused(matrix, options, message):
    with pytest.raises(bb.InvalidInput, match=message):
        bb.lowest(matrix, **{"k": 1, **options})


def test_an_operator_is_checked():
    for arguments, message in (
        ((None, 3), "matmat of an operator must be callable"),
        ((abs, 0), "size must be a positive integer"),
        ((abs, 3, 1.0), "preconditioner of an operator must be callable"),
        ((abs, 3, None, -1.0), "norm must be finite and greater than 0"),
    ):
        with pytest.raises(bb.InvalidInput, match=message):
            BlockOperator(*arguments)


def test_rows_of_numbers_are_a_matrix():
    found = bb.lowest([[3.0, 1.0], [1.0, 3.0]], 2)
    assert found.eigenvalues == pytest.approx([2.0, 4.0])
    with pytest.raises(bb.InvalidInput, match="matrix must"):
        bb.lowest([[3.0, 1.0], [1.0]], 1)
    with pytest.raises(bb.InvalidInput, match="square"):
        bb.lowest([[3.0, 1.0]], 1)

"""The sketched preconditioner against the matrix that it inverts, and the pairs that it finds."""

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.simulation.eigen import sketch as module
from bbpscape.simulation.eigen.cost_model import CostModel
from bbpscape.simulation.eigen.sketch import Sketch, sketch_rows
from bbpscape.simulation.operator import Operator

MODEL = bb.TeacherStudent(p=2, p_star=1, loss=bb.NormalizedSquare(0.01))


def test_it_inverts_the_heaviest_samples_and_the_diagonal_of_the_others():
    hessian = bb.draw(MODEL, 3.0, 40, 1).hessian
    inverse = Sketch(Operator(hessian), 25)
    mean = np.trace(hessian.curvature, axis1=1, axis2=2) / 2
    heavy = np.argsort(-mean)[:25]
    others = np.setdiff1d(np.arange(120), heavy)
    rows = hessian.inputs
    matrix = rows[heavy].T * mean[heavy] @ rows[heavy]
    matrix += np.diag((rows[others] ** 2).T @ abs(mean[others]))
    block = np.random.default_rng(0).standard_normal((3, 80))
    expected = np.linalg.solve(np.kron(np.eye(2), matrix), block.T).T
    # The taken samples leave a millionth of theirs on the diagonal.
    np.testing.assert_allclose(inverse(block), expected, rtol=0, atol=1e-3 * abs(expected).max())


def test_pairs_are_those_of_the_whole_matrix_at_more_products(monkeypatch):
    hessian = bb.draw(MODEL, 3.0, 300, 0).hessian
    whole = bb.lowest(hessian, 3, method="iterative")
    monkeypatch.setattr(module, "EXACT_SIZE", 200)
    few = bb.lowest(hessian, 3, method="iterative")
    assert few.converged
    assert few.certificate.passed
    np.testing.assert_allclose(few.eigenvalues, whole.eigenvalues, rtol=0, atol=1e-10)
    assert 2 * whole.products < few.products < 10 * whole.products


def test_rows_fill_the_room():
    assert sketch_rows(module.EXACT_SIZE) == 0
    for N in (30_001, 60_000, 10**6):
        r = sketch_rows(N)
        assert 4 * r * (N + 3 * r) <= module.SKETCH_BYTES
        assert 4 * (r + 1) * (N + 3 * (r + 1)) > module.SKETCH_BYTES
    assert CostModel(1, 60_000, 180_000, 2).client_bytes < 8 * 60_000**2
    assert (
        "preconditioned by a sketch" in bb.eigen.cost(bb.TeacherStudent(1, 1), N=40_000).summary()
    )


def test_inputs_that_are_not_finite_are_refused():
    class Broken(Operator):
        def squares(self, weights):
            return np.full(self.N, np.nan)

    with pytest.raises(bb.InvalidInput, match="inputs must be finite"):
        Sketch(Broken(bb.draw(MODEL, 3.0, 40, 1).hessian), 5)

"""Products panel by panel, in both precisions, held, streamed and on torch."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from bbpscape.model.labels import Labels
from bbpscape.model.losses import Huber, NormalizedSquare
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation import operator as module
from bbpscape.simulation import samples
from bbpscape.simulation.backend import NumpyBackend, backend
from bbpscape.simulation.data.instance import draw
from bbpscape.simulation.data.stream import StreamedHessian
from bbpscape.simulation.eigen.eigensolver import lowest
from bbpscape.simulation.eigen.preconditioner import Preconditioner
from bbpscape.simulation.hessian import Hessian
from bbpscape.simulation.operator import Operator
from bbpscape.simulation.threads import blas_limit, blas_threads

MODEL = TeacherStudent(p=3, p_star=2, loss=NormalizedSquare(a=0.5))


def hessian_of(N=40, alpha=2.5):
    instance = draw(MODEL, alpha, N, 0)
    return Hessian(instance.inputs, instance.curvature)


@pytest.mark.parametrize("panel_rows", [1, 7, 64, 1000])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-4)])
def test_products(panel_rows, dtype, tolerance, monkeypatch):
    monkeypatch.setattr(samples, "PANEL_ROWS", panel_rows)
    hessian = hessian_of()
    operator = Operator(hessian, dtype)
    block = np.random.default_rng(1).standard_normal((5, 120))
    result = operator(block.astype(dtype))
    assert result.dtype == dtype
    np.testing.assert_allclose(result, block @ hessian.dense(), atol=tolerance)
    assert (operator.columns, operator.calls) == (5, 1)
    assert operator.flops(5) == 4 * 100 * 40 * 3 * 5 + 2 * 100 * 9 * 5


def test_threads_do_not_change_a_product(monkeypatch):
    monkeypatch.setattr(samples, "PANEL_ROWS", 3)
    hessian = hessian_of()
    block = np.random.default_rng(1).standard_normal((5, 120))
    started = []

    class Pool(ThreadPoolExecutor):
        def __init__(self, workers):
            started.append(workers)
            super().__init__(workers)

    monkeypatch.setattr(module, "ThreadPoolExecutor", Pool)
    one = Operator(hessian, where=NumpyBackend(1))(block)
    assert started == []
    assert Operator(hessian, where=NumpyBackend(3)).flops(5) < module.WORTH
    monkeypatch.setattr(module, "WORTH", 0)
    np.testing.assert_array_equal(Operator(hessian, where=NumpyBackend(3))(block), one)
    assert started == [3]
    np.testing.assert_allclose(one, block @ hessian.dense(), atol=1e-12)


def test_blas_limits_nest_and_end():
    before = blas_threads()
    with blas_limit(2), blas_limit(1):
        assert blas_threads() == 1
        assert NumpyBackend().threads == 1
    assert blas_threads() == before


def test_products_do_not_copy_the_inputs():
    hessian = hessian_of()
    for _, panel in Operator(hessian).panels():
        assert np.shares_memory(panel, hessian.inputs)


def test_streamed_inputs_are_those_of_the_draw():
    # 1300 rows: three panels, the last one short.
    first = np.random.default_rng(4)
    instance = draw(MODEL, 6.5, 200, first)
    second = np.random.default_rng(4)
    streamed = StreamedHessian(MODEL, 6.5, 200, second)
    rows = np.concatenate([panel for _, panel in streamed.panels()])
    np.testing.assert_array_equal(rows, instance.inputs)
    np.testing.assert_array_equal(streamed.student, instance.student)
    np.testing.assert_array_equal(streamed.teacher, instance.teacher)
    np.testing.assert_allclose(streamed.curvature, instance.curvature, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(first.standard_normal(3), second.standard_normal(3))


def test_streamed_labels_have_the_noise_of_the_draw():
    model = TeacherStudent(
        p=2, p_star=2, loss=Huber(1.0), labels=Labels(noise=0.3, flip=0.1), overlap=0.3
    )
    instance = draw(model, 6.5, 100, 4)
    streamed = StreamedHessian(model, 6.5, 100, 4)
    np.testing.assert_allclose(streamed.labels, instance.labels, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(streamed.student, instance.student)
    np.testing.assert_allclose(streamed.curvature, instance.curvature, rtol=1e-9, atol=1e-12)
    clean = model.teacher_output(instance.inputs @ instance.teacher.T)
    assert abs(instance.labels - clean).max() > 0.5


def test_streamed_pairs_are_those_of_the_held_inputs():
    instance = draw(MODEL, 6.5, 100, 4)
    held = lowest(Hessian(instance.inputs, instance.curvature), 4, method="iterative")
    streamed = StreamedHessian(MODEL, 6.5, 100, 4)
    result = lowest(streamed, 4)
    assert result.converged
    assert result.method == "iterative"
    np.testing.assert_allclose(result.eigenvalues, held.eigenvalues, atol=1e-10)
    other = StreamedHessian(MODEL, 6.5, 100, 5)
    assert abs(lowest(other, 4).eigenvalues - held.eigenvalues).max() > 1e-3


def test_the_preconditioner_is_the_inverse_at_p_1():
    instance = draw(TeacherStudent(p=1, p_star=1), 2.0, 50, np.random.default_rng(0))
    hessian = Hessian(instance.inputs, instance.curvature)
    operator = Operator(hessian)
    inverse = Preconditioner(operator, "float64")
    block = np.random.default_rng(1).standard_normal((3, 50))
    lowest = np.linalg.eigvalsh(hessian.dense())[0]
    for value in (lowest, 10 * lowest):
        shift, found = inverse.shift(value), inverse(block, np.full(3, value))
        np.testing.assert_allclose(operator(found) + shift * found, block, atol=1e-9)
        np.testing.assert_allclose(inverse(block[1:], np.full(2, value)), found[1:], atol=1e-12)
        # To within a factor of √10 of −λ.
        assert 1 / 3.2 < shift.min() / -value < 3.2
    mixed = inverse(block, np.array([10 * lowest, lowest, lowest]))
    np.testing.assert_array_equal(mixed[:1], inverse(block[:1], np.array([10 * lowest])))
    assert abs(mixed[:1] - inverse(block[:1], np.array([lowest]))).max() > 1e-3


def test_the_preconditioner_is_the_mean_of_the_diagonal_blocks():
    # F = f I: every block is the mean, and the inverse exact.
    rows = np.random.default_rng(0).standard_normal((90, 30)) / np.sqrt(30)
    weights = np.random.default_rng(1).standard_normal(90)
    operator = Operator(Hessian(rows, weights[:, None, None] * np.eye(3)))
    inverse = Preconditioner(operator, "float64")
    block = np.random.default_rng(2).standard_normal((2, 90))
    shift = np.tile(inverse.shift(0.0), 3)
    result = operator(inverse(block)) + shift * inverse(block)
    np.testing.assert_allclose(result, block, atol=1e-9)


def test_the_shift_is_one_that_single_precision_can_invert():
    rows = np.random.default_rng(0).standard_normal((50, 100)) / 10
    operator = Operator(Hessian(rows, np.ones((50, 1, 1))), "float32")
    largest = (rows**2).sum(axis=0).max()
    shift = Preconditioner(operator).shift(0.0)
    assert 0.5e-6 * largest < shift.min() <= shift.max() < 1e-5 * largest
    negative = Operator(Hessian(rows, -np.ones((50, 1, 1))), "float32")
    assert Preconditioner(negative).shift(0.0).min() >= 50 / 100 / 3.2


def test_the_device_cpu_is_numpy():
    assert isinstance(backend("cpu"), NumpyBackend)

"""The Hessian against differences of the loss, and its three forms against each other."""

import tracemalloc

import numpy as np
import pytest

from bbpscape.core import memory
from bbpscape.core.checks import InvalidInput
from bbpscape.core.memory import require_memory
from bbpscape.model.losses import NormalizedSquare
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation import hessian as module
from bbpscape.simulation.data.instance import draw
from bbpscape.simulation.hessian import Hessian
from bbpscape.simulation.memory import dense_bytes, instance_bytes

WIDTHS = [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2)]


def instance_of(p, p_star, N=7, alpha=2.0, a=0.4):
    model = TeacherStudent(p=p, p_star=p_star, loss=NormalizedSquare(a=a))
    return draw(model, alpha, N, np.random.default_rng([p, p_star]))


def hessian_of(p, p_star=1, **options):
    instance = instance_of(p, p_star, **options)
    return Hessian(instance.inputs, instance.curvature)


def difference_hessian(instance, step=1e-4):
    """Complex step in one weight, central difference in the other: an error of step² ~ 1e-8."""
    tiny, size = 1e-30, instance.student.size
    directions = np.eye(size).reshape(size, *instance.student.shape)

    def slope(weights, direction):
        return instance.loss(weights + 1j * tiny * direction).imag / tiny

    w = instance.student
    return np.array(
        [
            [(slope(w + step * e, d) - slope(w - step * e, d)) / (2 * step) for e in directions]
            for d in directions
        ]
    )


@pytest.mark.parametrize(("p", "p_star"), WIDTHS)
def test_dense_is_the_hessian_of_the_loss(p, p_star):
    instance = instance_of(p, p_star)
    dense = Hessian(instance.inputs, instance.curvature).dense()
    np.testing.assert_allclose(dense, difference_hessian(instance), atol=1e-6)


@pytest.mark.parametrize("chunk_bytes", [1, 1000, 2**26])
@pytest.mark.parametrize("p", [1, 2, 3])
def test_dense_and_products_agree(p, chunk_bytes, monkeypatch):
    monkeypatch.setattr(module, "CHUNK_BYTES", chunk_bytes)
    hessian = hessian_of(p, N=30)
    dense = hessian.dense()
    np.testing.assert_array_equal(dense, dense.T)
    expected = np.einsum("mkl,mi,mj->kilj", hessian.curvature, hessian.inputs, hessian.inputs)
    np.testing.assert_allclose(dense, expected.reshape(hessian.shape), atol=1e-12)
    block = np.random.default_rng(0).standard_normal((hessian.shape[1], 4))
    np.testing.assert_allclose(hessian.matmat(block), dense @ block, atol=1e-12)
    np.testing.assert_allclose(hessian.matvec(block[:, 1]), dense @ block[:, 1], atol=1e-12)


def test_blocks_larger_than_a_mirror_tile():
    hessian = hessian_of(1, N=300, alpha=0.1)
    expected = hessian.inputs.T @ (hessian.curvature[:, 0] * hessian.inputs)
    np.testing.assert_allclose(hessian.dense(), expected, atol=1e-12)


def test_memory_is_refused_before_anything_is_allocated():
    N = 10**6
    hessian = Hessian(np.zeros((1, N)), np.ones((1, 2, 2)))
    tracemalloc.start()
    try:
        message = rf"N = {N} needs .* GiB of memory and .* GiB is available: N must be at most \d+$"
        with pytest.raises(InvalidInput, match=message) as error:
            hessian.dense()
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
    assert "\n" not in str(error.value)


def test_the_largest_value_that_fits(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 1000)
    require_memory(lambda n: n * n, 31)
    with pytest.raises(InvalidInput, match="N must be at most 31$"):
        require_memory(lambda n: n * n, 50)
    with pytest.raises(InvalidInput, match="count = 32 .* count must be at most 31$"):
        require_memory(lambda n: n * n, 32, "count")


@pytest.mark.parametrize("p", [1, 2, 3])
def test_the_estimate_covers_the_peak(p):
    hessian = hessian_of(p, N=250, alpha=3.0)
    tracemalloc.start()
    try:
        hessian.dense()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= dense_bytes(p, 250, 750) < 3 * peak
    assert instance_bytes(p, 250, 750) >= hessian.inputs.nbytes + hessian.curvature.nbytes


def test_a_large_estimate_is_the_matrix_and_a_block():
    N = 10**5
    assert dense_bytes(1, N, 1) == pytest.approx(8 * N**2, rel=0.01)
    assert dense_bytes(2, N, 1) == pytest.approx(8 * 5 * N**2, rel=0.01)


@pytest.mark.parametrize(
    ("inputs", "curvature", "message"),
    [
        (np.ones(3), np.ones((3, 1, 1)), r"inputs must have shape \(M, N\)"),
        (np.ones((3, 2)), np.ones((2, 1, 1)), r"curvature must have shape \(3, p, p\)"),
        (np.ones((3, 2)), np.ones((3, 1, 2)), r"curvature must have shape \(3, p, p\)"),
        (np.ones((1, 2)), np.full((1, 1, 1), np.nan), "curvature must be finite"),
    ],
)
def test_refusals(inputs, curvature, message):
    with pytest.raises(InvalidInput, match=message):
        Hessian(inputs, curvature)


def test_products_refuse_other_shapes():
    hessian = hessian_of(2)
    with pytest.raises(InvalidInput, match=r"block must have shape \(14, b\), got \(7, 2\)"):
        hessian.matmat(np.ones((7, 2)))
    with pytest.raises(InvalidInput, match=r"vector must have shape \(14,\)"):
        hessian.matvec(np.ones((14, 1)))

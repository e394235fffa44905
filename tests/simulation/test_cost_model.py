"""The cost model against counted operations, measured memory and measured products."""

import tracemalloc

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.simulation.eigen import cost_model as module
from bbpscape.simulation.eigen.cost_model import CostModel
from bbpscape.simulation.eigen.davidson import sizes
from bbpscape.simulation.operator import Operator


def tridiagonal_operations(n):
    """Householder's reduction, counted: at each step a reflector of length m meets one triangle."""
    count = 0
    for m in range(1, n):
        count += 2 * m * m  # A v, of a symmetric A
        count += 4 * m * (m + 1) // 2  # A − v wᵀ − w vᵀ, on one triangle
    return count


def triangle_operations(M, N):
    """Σ_μ d_μ x_μ x_μᵀ, one triangle of N (N + 1)/2 entries: a product and a sum in each."""
    return M * 2 * (N * (N + 1) // 2)


@pytest.mark.parametrize(("p", "N", "rate"), [(1, 1000, "LAPACK_CACHED"), (3, 1000, "LAPACK")])
def test_dense_seconds_are_counted_operations_over_rates(p, N, rate):
    M, count = 2000, p * (p + 1) / 2
    blocks = count * triangle_operations(M, N) / module.GEMM
    reduction = tridiagonal_operations(p * N) / getattr(module, rate)
    # Every block reads X, and the residuals once more.
    small = module.SMALL + (count + 1) * M * N * module.ENTRY
    expected = blocks + reduction + small
    assert CostModel(p, N, M, 4).dense_seconds == pytest.approx(expected, rel=2e-3)


def test_another_sample_costs_the_iterative_route_what_it_multiplies():
    p, N, k = 2, 1000, 3  # beyond the sizes whose certificate is a factorization
    one, other = (CostModel(p, N, M, k).iterative_seconds for M in (1000, 2000))
    columns = 55 * k + 14 * sizes(k, p, p * N).block + module.COLUMNS_TO_CERTIFY
    hessian = bb.draw(bb.TeacherStudent(p, 1), 0.2, N).hessian
    operator = Operator(hessian)
    # All but the p × p product of a sample, which the model leaves out.
    flops = (operator.flops(1) - 2 * 200 * p**2) / 200
    expected = 1000 * (triangle_operations(1, N) / (2 * module.GEMM))
    expected += 1000 * columns * flops / module.THIN
    assert other - one == pytest.approx(expected, rel=2e-3)


def test_small_problems_have_the_dense_matrix_factorized_too():
    p, N, M, k = 2, 700, 1400, 3
    assert p * N <= module.INERTIA_SIZE < p * (N + 100)
    below, above = (CostModel(p, n, M, k) for n in (N, N + 100))
    forming = 3 * M * N * (N / module.GEMM + module.ENTRY)
    factor = (p * N) ** 3 / 3 / module.LAPACK_CACHED
    columns = 55 * k + 14 * sizes(k, p, p * N).block
    rest = below.iterative_seconds - forming - factor
    # What is left grows with N as its products do; a block of them certifies above.
    ratio = above.iterative_seconds / rest
    assert 800 / 700 < ratio / (1 + module.COLUMNS_TO_CERTIFY / columns) < (800 / 700) ** 2.1


def test_phi_is_lanczos_in_each_direction_and_all_eigenvectors_of_few():
    p, N, M = 2, 300, 900
    one, two = (CostModel(p, N, M, 3, directions).phi_seconds for directions in (2, 4))
    products = 80 * 2 * (module.LANCZOS_STEP + 4 * M * p * N / module.LANCZOS)
    assert two - one == pytest.approx(products)
    assert one - products == pytest.approx(12 * (p * N) ** 3 / module.LAPACK)
    large = CostModel(p, 1500, M, 3, 2).phi_seconds
    assert large == pytest.approx(160 * (module.LANCZOS_STEP + 4 * M * 3000 / module.LANCZOS))
    assert CostModel(p, N, M, 3).phi_seconds == 0
    model = bb.TeacherStudent(p, 3)
    asked = bb.eigen.cost(model, 3.0, N, phi=True)
    assert asked.directions == 6
    assert asked.phi_seconds > 0
    assert "phi takes" in asked.summary()
    assert "phi" not in bb.eigen.cost(model, 3.0, N).summary()


@pytest.mark.parametrize(("p", "N", "alpha", "k"), [(1, 400, 3.0, 2), (2, 300, 3.0, 4)])
def test_products_are_as_many_as_foreseen(p, N, alpha, k):
    found = bb.lowest(bb.draw(bb.TeacherStudent(p, 1), alpha, N).hessian, k, method="iterative")
    foreseen = 55 * k + 14 * sizes(k, p, p * N).block
    assert foreseen / 2 < found.products < 2 * foreseen


@pytest.mark.parametrize("method", ["dense", "iterative"])
@pytest.mark.parametrize("p", [1, 2])
def test_bytes_cover_the_peak(method, p, monkeypatch):
    # Without the factorization of the certificate, which is for small matrices alone.
    monkeypatch.setattr("bbpscape.simulation.eigen.iterative.INERTIA_SIZE", 0)
    N, M, k = 400, 1200, p + 1
    tracemalloc.start()
    try:
        bb.lowest(bb.draw(bb.TeacherStudent(p, 1), 3.0, N).hessian, k, method=method)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    foreseen = getattr(CostModel(p, N, M, k), f"{method}_bytes")
    assert peak <= foreseen < 3 * peak


def test_small_matrices_are_lapacks_and_large_ones_are_not():
    assert CostModel(1, 50, 100, 2).choice == "dense"
    assert CostModel(16, 2000, 6000, 20).choice == "iterative"


def test_shards_divide_what_the_workers_do_and_hold():
    one, four, eight = (CostModel(1, 8000, 24_000, 2, 0, n) for n in (1, 4, 8))
    shared = 2 * (four.shard_seconds - eight.shard_seconds)
    assert one.shard_seconds - four.shard_seconds == pytest.approx(3 * shared)
    assert one.shard_bytes - four.shard_bytes == pytest.approx(0.75 * (12 * 8000 + 16) * 24_000)
    assert four.shard_bytes < 0.4 * four.iterative_bytes
    # Drawing, the factor and the sums are not divided.
    assert shared < one.shard_seconds < one.iterative_seconds + 24_000 * 8000 * 1e-8 + 10
    assert "shards" not in CostModel(1, 8000, 24_000, 2).summary()
    assert "8 shards, of each" in eight.summary()


def test_cost_says_over_how_many_machines_to_share_what_does_not_fit(monkeypatch):
    monkeypatch.setattr(module, "available_memory", lambda: 2**30)
    told = bb.eigen.cost(bb.TeacherStudent(1, 1), 3.0, 8000)
    needed = told.shards_needed
    assert f"share X over {needed} machines" in " ".join(told.summary().split())
    fits = [CostModel(1, 8000, 24_000, 2, 0, n).shard_bytes <= 2**30 for n in (needed, needed - 1)]
    assert fits == [True, False]
    assert bb.eigen.cost(bb.TeacherStudent(1, 1), 3.0, 1000).shards_needed == 0


def test_k_is_raised_to_the_copies_of_an_outlier_and_one_more():
    model = bb.TeacherStudent(2, 3)
    assert bb.eigen.cost(model, 2.0, 100, 1).k == 7
    assert bb.eigen.cost(model, 2.0, 100, 20).k == 20
    assert bb.eigen.cost(model, 2.0, 3, 1).k == 6
    assert bb.eigen.cost(model, 2.0, 100, 1).M == 200


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((bb.TeacherStudent(np.inf, 1),), "p must be finite"),
        ((bb.TeacherStudent(1, 1), 3.0, 10, 11), "k must be at most pN = 10, got 11"),
        ((3,), "model must be a TeacherStudent"),
    ],
)
def test_refusals(arguments, message):
    with pytest.raises(bb.InvalidInput, match=message):
        bb.eigen.cost(*arguments)

"""Dense Hessians of many draws, formed and diagonalized together on a torch device."""

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bbpscape.simulation.backend import Backend
from bbpscape.simulation.eigen.certificate import Certificate
from bbpscape.simulation.eigen.lowest_pairs import Goal, LowestPairs, error_bounds
from bbpscape.simulation.hessian import Hessian

BATCH_BYTES = 2**30  # of matrices, X and work space that are on the device at once


def batch_size(p: int, N: int, M: int) -> int:
    """How many draws go through the device together: as many as fit in ``BATCH_BYTES``.

    A matrix is counted four times, for the eigenvectors and the work space.

    >>> batch_size(1, 100, 200)
    1673
    """
    return max(1, BATCH_BYTES // (8 * (4 * (p * N) ** 2 + 2 * M * N + M * p * p)))


def lowest_batch(
    hessians: Sequence[Hessian], k: int, tol: float, where: Backend
) -> list[LowestPairs]:
    """The k lowest eigenpairs of each Hessian, all of one shape; ``seconds`` is a draw's share."""
    began = time.perf_counter()
    xp = where.xp
    X = where.asarray(np.stack([one.inputs for one in hessians]), "float64")
    F = where.asarray(np.stack([one.curvature for one in hessians]), "float64")
    (_, _, N), p, size = X.shape, F.shape[2], hessians[0].shape[0]
    H = where.asarray(np.zeros((len(hessians), size, size)), "float64")
    for row in range(p):
        for column in range(row, p):
            block = (X * F[:, :, row, column, None]).mT @ X
            block = (block + block.mT) / 2
            H[:, row * N : (row + 1) * N, column * N : (column + 1) * N] = block
            H[:, column * N : (column + 1) * N, row * N : (row + 1) * N] = block
    values, vectors = xp.linalg.eigh(H)
    norms = where.host(abs(values).max(dim=1).values)
    count = min(k + 1, size)
    values, vectors = values[:, :count], vectors[:, :, :count]
    residuals = xp.linalg.vector_norm(H @ vectors - vectors * values[:, None, :], axis=1)
    values, vectors, residuals = (where.host(one) for one in (values, vectors, residuals))
    share = (time.perf_counter() - began) / len(hessians)
    return [
        _pairs(value, vector, residual, norm, k, tol, share)
        for value, vector, residual, norm in zip(values, vectors, residuals, norms, strict=True)
    ]


def _pairs(
    values: NDArray[np.float64],
    vectors: NDArray[np.float64],
    residuals: NDArray[np.float64],
    norm: float,
    k: int,
    tol: float,
    seconds: float,
) -> LowestPairs:
    goal, bounds = Goal(tol, float(norm)), error_bounds(values, residuals, k)
    return LowestPairs(
        eigenvalues=values[:k].copy(),
        eigenvectors=np.ascontiguousarray(vectors[:, :k]),
        residuals=residuals[:k].copy(),
        bounds=bounds,
        tolerance=goal.tolerance(values[:k]),
        converged=goal.reached(values[:k], residuals[:k], bounds),
        method="dense",
        products=len(values),
        calls=1,
        seconds=seconds,
        certificate=Certificate("dense", True),
    )

"""Dense Hessians of many draws, formed and diagonalized together on a torch device."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.simulation.eigen.certificate import Certificate
from bbpscape.simulation.eigen.lockstep import lowest_of_stack, possible
from bbpscape.simulation.eigen.lowest_pairs import Goal, LowestPairs, error_bounds
from bbpscape.simulation.hessian import Hessian

BATCH_BYTES = 2**30  # of matrices, X and work space that are on the device at once


def batch_size(p: int, N: int, M: int) -> int:
    """How many draws go through the device together: as many as fit in ``BATCH_BYTES``.

    A matrix is counted six times, for its factors, its inverse and the work space.

    >>> batch_size(1, 100, 200)
    1339
    """
    return max(1, BATCH_BYTES // draw_bytes(p, N, M))


def draw_bytes(p: int, N: int, M: int) -> int:
    """Bytes of a draw on the device: its matrix and those made of it, X twice, and F."""
    return 8 * (6 * (p * N) ** 2 + 2 * M * N + M * p * p)


def lowest_batch(hessians: Sequence[Hessian], k: int, tol: float, where: Any) -> list[LowestPairs]:
    """The k lowest eigenpairs of each Hessian, all of one shape; ``seconds`` is a draw's share.

    Those that the steps in common do not settle, with a certificate, are diagonalized whole.
    """
    began = time.perf_counter()
    first, B = hessians[0], len(hessians)
    M, size, count = len(first.curvature), first.shape[0], min(k + 1, first.shape[0])
    where.require(lambda n: B * draw_bytes(first.p, n, max(1, M * n // first.N)), first.N, "N")
    H = _formed(hessians, where)
    together = where.lockstep and possible(size, count)
    found = lowest_of_stack(H, count, where) if together else None
    pairs: list[LowestPairs | None] = [None] * B
    if found is not None:
        for i in np.flatnonzero(found.certain).tolist():
            check = Certificate("lifted", True, k, float(found.shift[i]))
            parts = (found.values[i], found.vectors[i], found.residuals[i], found.norms[i])
            one = _pairs(*parts, k, tol, check)
            pairs[i] = one if one.converged else None
    left = [i for i, one in enumerate(pairs) if one is None]
    if left:
        rest = H if len(left) == B else H[where.asarray(np.array(left), "int64")]
        for i, parts in zip(left, _whole(rest, count, where), strict=True):
            pairs[i] = _pairs(*parts, k, tol, Certificate("dense", True))
    share = (time.perf_counter() - began) / B
    return [replace(one, seconds=share) for one in pairs if one is not None]


def _formed(hessians: Sequence[Hessian], where: Any) -> Any:
    """H of each, shape (B, pN, pN)."""
    size = hessians[0].shape[0]
    X = where.stack([one.inputs for one in hessians], "float64")
    F = where.stack([one.curvature for one in hessians], "float64")
    N, p = X.shape[2], F.shape[2]
    H = where.zeros((len(hessians), size, size), "float64")
    for row in range(p):
        for column in range(row, p):
            block = (X * F[:, :, row, column, None]).mT @ X
            block = (block + block.mT) / 2
            H[:, row * N : (row + 1) * N, column * N : (column + 1) * N] = block
            H[:, column * N : (column + 1) * N, row * N : (row + 1) * N] = block
    return H


def _whole(H: Any, count: int, where: Any) -> Iterator[tuple[Any, ...]]:
    """Values, vectors, residuals and ‖H‖ of each, from all eigenpairs."""
    xp = where.xp
    values, vectors = xp.linalg.eigh(H)
    norms = where.host(abs(values).max(dim=1).values)
    values, vectors = values[:, :count], vectors[:, :, :count]
    residuals = xp.linalg.vector_norm(H @ vectors - vectors * values[:, None, :], axis=1)
    return zip(*(where.host(one) for one in (values, vectors, residuals)), norms, strict=True)


def _pairs(
    values: NDArray[np.float64],
    vectors: NDArray[np.float64],
    residuals: NDArray[np.float64],
    norm: float,
    k: int,
    tol: float,
    certificate: Certificate,
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
        seconds=0.0,
        certificate=certificate,
    )

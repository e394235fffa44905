"""The lowest eigenpairs of a matrix without a preconditioner: thick-restart Lanczos."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.seeds import stream
from bbpscape.simulation.eigen.davidson import Search, Stop
from bbpscape.simulation.operator import Product

EXHAUSTED = 1e-12  # of ‖H v‖: what is left where v and those before it span an invariant space


def lanczos(rows: Product, start: NDArray, goal: Stop, held: int, locked: Any = None) -> Search:
    """Rayleigh–Ritz in {v, H v, H² v, …} with full orthogonalization.

    When ``held`` vectors are there, the lower half of the Ritz vectors stays. A Krylov space that
    is exhausted goes on with a random direction.

    Parameters
    ----------
    start : array, shape (n,)
    locked : array, shape (l, n), optional
        Orthonormal rows that all vectors stay orthogonal to.

    Source: Wu and Simon, SIAM J. Matrix Anal. Appl. 22 (2000).
    """
    size, fresh = rows.size, stream("fresh directions")
    held = min(held, size - (0 if locked is None else len(locked)))
    basis = np.empty((held, size), dtype=rows.dtype)
    projected = np.zeros((held, held))
    first, kept, cycles = rows.columns, 0, 0
    row = _clean(start.astype(rows.dtype), basis[:0], locked)
    while True:
        for j in range(kept, held):
            basis[j] = row
            image = rows(row[None])[0]
            length = float(np.linalg.norm(image))
            along = basis[: j + 1] @ image
            projected[: j + 1, j] = projected[j, : j + 1] = along
            image -= along @ basis[: j + 1]
            row, left = _orthogonal(image, basis[: j + 1], locked)
            if j + 1 < held and left <= EXHAUSTED * length:
                row = _clean(fresh.standard_normal(size).astype(rows.dtype), basis[: j + 1], locked)
                left = 0.0
            if j + 1 < held:
                projected[j + 1, j] = projected[j, j + 1] = left
        ritz, mixing = np.linalg.eigh(projected)
        cycles += 1
        norms = np.asarray(left * abs(mixing[-1, : goal.k]), dtype=float)
        converged = bool((norms <= goal.limit(ritz[: goal.k])).all()) or held + first == size
        kept = max(goal.k + 1, held // 2)
        if converged or rows.columns - first >= goal.max_columns or kept >= held:
            kept = min(held, goal.k + 1)
            vectors = mixing[:, :kept].T.astype(rows.dtype) @ basis
            return Search(ritz[:kept], vectors, norms, converged, cycles)
        basis[:kept] = mixing[:, :kept].T.astype(rows.dtype) @ basis
        projected[...] = 0.0
        projected[range(kept), range(kept)] = ritz[:kept]


def _clean(row: NDArray, basis: NDArray, locked: Any) -> NDArray:
    return _orthogonal(_orthogonal(row, basis, locked)[0], basis, locked)[0]


def _orthogonal(row: NDArray, basis: NDArray, locked: Any) -> tuple[NDArray, float]:
    """A unit vector along what of ``row`` is orthogonal to the others, and its length."""
    for others in (basis, locked):
        if others is not None and len(others):
            row = row - (others @ row) @ others
    left = float(np.linalg.norm(row))
    return (row / left if left > 0 else row), left

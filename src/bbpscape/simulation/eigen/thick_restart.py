"""The lowest eigenpairs of a matrix without a preconditioner: thick-restart Lanczos."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.seeds import stream
from bbpscape.simulation.eigen.davidson import Search, Stop
from bbpscape.simulation.samples import Product

EVERY = 8  # steps after which convergence is looked for
# What stays at a restart: of the vectors beyond the wanted ones, from the lower end; and of all,
# from the upper end, so that large eigenvalues are not found again and again.
LOW, HIGH = 0.2, 0.4
# Errors of orthogonality grow from step to step, and end with two vectors that are cleaned twice.
PERIOD = 6
CANCELLED = 0.2  # of ‖H v‖: with less left over, a second orthogonalization is due
EXHAUSTED = 1e-12  # of ‖H v‖: what is left where v and those before it span an invariant space


def lanczos(rows: Product, start: NDArray, goal: Stop, held: int, locked: Any = None) -> Search:
    """Rayleigh–Ritz in {v, H v, H² v, …} with full orthogonalization.

    When ``held`` vectors are there, Ritz vectors from both ends stay. A Krylov space that is
    exhausted goes on with a random direction.

    Parameters
    ----------
    start : array, shape (n,)
    locked : array, shape (l, n), optional
        Orthonormal rows that all vectors stay orthogonal to.

    Source: Wu and Simon, SIAM J. Matrix Anal. Appl. 22 (2000).
    """
    size = rows.size
    held = min(held, size - (0 if locked is None else len(locked)))
    basis = np.empty((held, size), dtype=rows.dtype)
    projected = np.zeros((held, held))
    first, count, steps, since = rows.columns, 0, 0, 0
    row = _clean(start.astype(rows.dtype), basis[:0], locked)
    while True:
        basis[count] = row
        count, steps = count + 1, steps + 1
        twice = since % PERIOD < 2
        row, left = _step(rows, basis, projected, count, locked, twice)
        since += 1
        full = count == held
        if not full and (count <= goal.k or steps % EVERY):
            continue
        ritz, mixing = np.linalg.eigh(projected[:count, :count])
        norms = np.asarray(left * abs(mixing[-1, : goal.k]), dtype=float)
        whole = full and held == size - (0 if locked is None else len(locked))
        converged = whole or bool((norms <= goal.limit(ritz[: goal.k])).all())
        if converged or whole or rows.columns - first >= goal.max_columns:
            last = min(count, goal.k + 1)
            vectors = mixing[:, :last].T.astype(rows.dtype) @ basis[:count]
            return Search(ritz[:last], vectors, norms, converged, steps)
        if full:
            low = min(goal.k + int(LOW * (held - goal.k)), held - 2)
            chosen = np.r_[:low, max(low, held - int(HIGH * held)) : held]
            count, since = len(chosen), 0
            basis[:count] = mixing[:, chosen].T.astype(rows.dtype) @ basis
            projected[...] = 0.0
            projected[range(count), range(count)] = ritz[chosen]


def _step(
    rows: Product, basis: NDArray, projected: NDArray, count: int, locked: Any, twice: bool
) -> tuple[NDArray, float]:
    """(the next vector, how long H v was beside all before it); its column of the projection."""
    known = basis[:count]
    image = rows(known[-1:])[0]
    length = float(np.linalg.norm(image))
    along = known @ image
    projected[:count, count - 1] = projected[count - 1, :count] = along
    image -= along @ known
    row, left = _orthogonal(image, known[:0], locked)
    if twice or left <= CANCELLED * length:
        row, share = _orthogonal(row, known, locked)
        left *= share
    if left <= EXHAUSTED * length:
        fresh = stream("fresh directions", count).standard_normal(rows.size)
        return _clean(fresh.astype(rows.dtype), known, locked), 0.0
    return row, left


def _clean(row: NDArray, basis: NDArray, locked: Any) -> NDArray:
    return _orthogonal(_orthogonal(row, basis, locked)[0], basis, locked)[0]


def _orthogonal(row: NDArray, basis: NDArray, locked: Any) -> tuple[NDArray, float]:
    """A unit vector along what of ``row`` is orthogonal to the others, and its length."""
    for others in (basis, locked):
        if others is not None and len(others):
            row = row - (others @ row) @ others
    left = float(np.linalg.norm(row))
    return (row / left if left > 0 else row), left

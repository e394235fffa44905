"""The lowest eigenpairs of a matrix that is known by its products alone."""

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from bbpscape.core.checks import InvalidInput
from bbpscape.core.memory import require_memory
from bbpscape.core.seeds import stream
from bbpscape.simulation.eigen.certificate import (
    BLOCK_TOLERANCE,
    INERTIA_SIZE,
    NOT_ASKED,
    Certificate,
    inertia_certificate,
)
from bbpscape.simulation.eigen.contract import BlockOperator, Rows, check_symmetric
from bbpscape.simulation.eigen.davidson import Search, Stop, search, sizes
from bbpscape.simulation.eigen.iterative import CLUSTER, EPS, final_pairs, norm_estimate, zero_pairs
from bbpscape.simulation.eigen.lowest_pairs import Goal, LowestPairs, error_bounds
from bbpscape.simulation.eigen.thick_restart import lanczos

DENSE_SIZE = 400  # up to which a matrix is formed, by as many products
HELD_BYTES = 2**29  # of the vectors that are held
HELD = 120  # from which they take longer to orthogonalize than they save
MAX_COLUMNS = 2000  # products allowed a pair wanted


def lowest_of_operator(
    operator: BlockOperator, k: int, tol: float, *, method: str, certificate: bool, seed: int
) -> LowestPairs:
    """``lowest`` of a BlockOperator: block Davidson, without a preconditioner where it has none.

    Raises
    ------
    InvalidInput
        If it is not symmetric, or does not fit in memory.
    """
    began = time.perf_counter()
    double = Rows(operator)
    check_symmetric(double)
    size = operator.size
    if method == "dense" or (method == "auto" and size <= DENSE_SIZE):
        return _dense(operator, double, k, tol, began)
    require_memory(lambda n: 24 * _held(k, n) * n, size, "size")
    start = stream("starting block", seed).standard_normal((4, size))
    norm = operator.norm or norm_estimate(double, start)
    if norm == 0:
        return zero_pairs(size, k, time.perf_counter() - began)
    goal = Goal(tol, norm)
    found = _search(operator, double, start, goal, k)
    values, vectors, residuals = final_pairs(double, found, k)
    check = NOT_ASKED
    if certificate and size <= INERTIA_SIZE:
        error = float(error_bounds(values, residuals, k).max())
        check = inertia_certificate(_formed(operator, double), values, k, error)
    elif certificate:
        for turn in range(k + 1):
            check, other = _beside(operator, double, values, vectors, goal, k, (seed, turn))
            if not check.below:
                break
            # A copy of an eigenvalue, which one Krylov space has once.
            rows = np.vstack([vectors[:, :k].T, other])
            merged = Search(np.empty(0), rows, np.empty(0), True, 0)
            values, vectors, residuals = final_pairs(double, merged, k)
    for margin in (0.5, 0.1):
        if residuals[:k].max() <= goal.tolerance(values[:k]):
            break
        # Where copies have come in, smaller values ask for smaller residuals.
        found = _polished(operator, double, vectors, goal, k, margin)
        values, vectors, residuals = final_pairs(double, found, k)
    bounds = error_bounds(values, residuals, k)
    return LowestPairs(
        eigenvalues=values[:k],
        eigenvectors=vectors[:, :k],
        residuals=residuals[:k],
        bounds=bounds,
        tolerance=goal.tolerance(values[:k]),
        converged=goal.reached(values[:k], residuals[:k], bounds),
        method="iterative",
        products=double.columns,
        calls=double.calls,
        seconds=time.perf_counter() - began,
        certificate=check,
    )


def _held(k: int, size: int) -> int:
    """Vectors that are held."""
    return min(max(4 * k, min(HELD, HELD_BYTES // (8 * size))), size)


def _search(operator: BlockOperator, rows: Rows, start: Any, goal: Goal, k: int) -> Search:
    """The k lowest: Lanczos, or block Davidson where there is a preconditioner."""
    width, most = CLUSTER * EPS * goal.norm, MAX_COLUMNS * (k + 4)
    stop = Stop(k, lambda ritz: 0.9 * goal.tolerance(ritz), most, width)
    if operator.preconditioner is None:
        return lanczos(rows, start.sum(axis=0), stop, _held(k, rows.size))
    return search(rows, _preconditioner(operator), start, stop, sizes(k, rows.p, rows.size))


def _polished(
    operator: BlockOperator,
    rows: Rows,
    vectors: NDArray[np.float64],
    goal: Goal,
    k: int,
    margin: float,
) -> Search:
    width = CLUSTER * EPS * goal.norm
    stop = Stop(k, lambda ritz: margin * goal.tolerance(ritz), MAX_COLUMNS, width)
    start, shape = np.ascontiguousarray(vectors.T), sizes(k, rows.p, rows.size)
    return search(rows, _preconditioner(operator), start, stop, shape)


def _beside(
    operator: BlockOperator,
    rows: Rows,
    values: NDArray[np.float64],
    vectors: NDArray[np.float64],
    goal: Goal,
    k: int,
    seed: tuple[int, int],
) -> tuple[Certificate, NDArray[np.float64]]:
    """The lowest pair orthogonal to those found: a certificate, and its vector if it is below."""
    locked = np.ascontiguousarray(vectors[:, :k].T)
    start = stream("certificate", seed[0] + seed[1]).standard_normal(rows.size)
    scale, rounding = float(abs(values[:k]).max()), goal.rounding
    if len(locked) == rows.size:
        return Certificate("second block", True), locked[:0]
    stop = Stop(1, lambda ritz: max(BLOCK_TOLERANCE * scale, rounding), MAX_COLUMNS)
    other = lanczos(rows, start, stop, _held(1, rows.size), locked)
    below = int(other.ritz[0] < values[k - 1] - rounding - goal.tolerance(values[:k]))
    if below:
        stop = Stop(1, lambda ritz: 0.9 * goal.tolerance(values[:k]), MAX_COLUMNS)
        other = lanczos(rows, other.vectors[0], stop, _held(1, rows.size), locked)
    passed = False if below else True if other.converged else None
    check = Certificate(
        "second block",
        passed,
        below,
        other=float(other.ritz[0]),
        residual=float(other.residuals[0]),
    )
    return check, other.vectors[:1]


def _preconditioner(operator: BlockOperator) -> Any:
    given = operator.preconditioner
    if given is None:
        return lambda rows, values=None: rows

    def apply(rows: NDArray, values: NDArray | None = None) -> NDArray:
        at = np.zeros(len(rows)) if values is None else values
        image = np.asarray(given(rows.T, at))
        if image.shape != rows.T.shape or not np.isfinite(image).all():
            raise InvalidInput(
                f"preconditioner must give finite numbers of shape {rows.T.shape}, got shape "
                f"{image.shape}"
            )
        return np.ascontiguousarray(image.T, dtype=rows.dtype)

    return apply


def _formed(operator: BlockOperator, rows: Rows) -> NDArray[np.float64]:
    """H, from its products with the unit vectors if it is not at hand."""
    require_memory(lambda n: 24 * n * n, operator.size, "size")
    matrix = rows(np.eye(operator.size)) if operator.dense is None else operator.dense()
    return (matrix + matrix.T) / 2


def _dense(operator: BlockOperator, rows: Rows, k: int, tol: float, began: float) -> LowestPairs:
    matrix, count = _formed(operator, rows), min(k + 1, operator.size)
    values, vectors = eigh(matrix, subset_by_index=[0, count - 1])
    residuals = np.linalg.norm(matrix @ vectors - vectors * values, axis=0)
    bounds = error_bounds(values, residuals, k)
    goal = Goal(tol, float(np.linalg.norm(matrix, 2)) if operator.norm is None else operator.norm)
    return LowestPairs(
        eigenvalues=values[:k],
        eigenvectors=np.ascontiguousarray(vectors[:, :k]),
        residuals=residuals[:k],
        bounds=bounds,
        tolerance=goal.tolerance(values[:k]),
        converged=goal.reached(values[:k], residuals[:k], bounds),
        method="dense",
        products=rows.columns,
        calls=rows.calls,
        seconds=time.perf_counter() - began,
        certificate=Certificate("dense", True),
    )

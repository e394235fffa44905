"""The lowest eigenpairs by block Davidson: a search in single precision, then one in double."""

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.seeds import stream
from bbpscape.simulation.backend import Backend
from bbpscape.simulation.eigen.certificate import (
    INERTIA_SIZE,
    NOT_ASKED,
    Certificate,
    block_certificate,
    inertia_certificate,
)
from bbpscape.simulation.eigen.davidson import Search, Stop, search, sizes
from bbpscape.simulation.eigen.lowest_pairs import Goal, LowestPairs, error_bounds
from bbpscape.simulation.eigen.sketch import preconditioner_of
from bbpscape.simulation.operator import operator_of
from bbpscape.simulation.samples import Product

EPS = float(np.finfo(float).eps)
MAX_COLUMNS = 400  # products allowed a pair wanted, and as many for the guards
# Of eps ‖H‖: Ritz values that differ by less are one.
CLUSTER = 10.0


def lowest_iterative(
    hessian: Any,
    k: int,
    tol: float,
    *,
    dtype: str,
    where: Backend,
    certificate: bool,
    seed: int,
) -> LowestPairs:
    """``lowest`` by a search in units in which H is of order 1."""
    began = time.perf_counter()
    operator = operator_of(hessian, dtype, where, scaled=True)
    units = operator.units
    single = operator.to("float32")
    shape = sizes(k, single.p, single.size)
    rows = min(max(k + 1, 2 * shape.block), single.size)
    block = stream("starting block", seed).standard_normal((rows, single.size))
    start = where.asarray(block, "float32")
    norm = norm_estimate(single, start[: min(4, rows), :])
    if norm == 0:
        return zero_pairs(single.size, k, time.perf_counter() - began)
    precondition = preconditioner_of(single)
    goal = Goal(tol, norm, "float32")
    found = search(single, precondition, precondition(start), _stop(goal, k, shape.block), shape)
    if dtype == "float64":
        goal = Goal(tol, norm)
        again = where.asarray(found.vectors, "float64")
        stop = _stop(goal, k, shape.block, margin=0.9)
        # Corrections are small where single precision tells the values apart.
        apart = np.diff(found.ritz[: k + 1]).min(initial=np.inf)
        told = len(found.ritz) > k and apart > CLUSTER * float(np.finfo("float32").eps) * norm
        rough = single if told else None
        found = search(operator, precondition, again, stop, shape, rough=rough)
    values, vectors, residuals = final_pairs(operator, found, k)
    bounds = error_bounds(values, residuals, k)
    check = NOT_ASKED
    if certificate and hessian.held and single.size <= INERTIA_SIZE:
        unit = units.eigenvalue
        check = inertia_certificate(hessian.dense(), values * unit, k, bounds.max() * unit)
    elif certificate:
        rounding = Goal(tol, norm, "float32").rounding
        check = block_certificate(single, precondition, values, vectors, k, rounding, seed)
        check = check.scaled(units.eigenvalue)
    used = {single, operator}
    return LowestPairs(
        eigenvalues=values[:k] * units.eigenvalue,
        eigenvectors=vectors[:, :k],
        residuals=residuals[:k] * units.eigenvalue,
        bounds=bounds * units.eigenvalue,
        tolerance=goal.tolerance(values[:k]) * units.eigenvalue,
        converged=goal.reached(values[:k], residuals[:k], bounds),
        method="iterative",
        products=sum(one.columns for one in used),
        calls=sum(one.calls for one in used),
        seconds=time.perf_counter() - began,
        certificate=check,
    )


def _stop(goal: Goal, k: int, block: int, margin: float = 1.0) -> Stop:
    limit, most = (lambda ritz: margin * goal.tolerance(ritz)), MAX_COLUMNS * (k + block)
    return Stop(k, limit, most, CLUSTER * EPS * goal.norm)


def zero_pairs(size: int, k: int, seconds: float) -> LowestPairs:
    """Those of H = 0."""
    zeros = np.zeros(k)
    return LowestPairs(
        eigenvalues=zeros,
        eigenvectors=np.eye(size, k),
        residuals=zeros,
        bounds=zeros,
        tolerance=0.0,
        converged=True,
        method="iterative",
        products=0,
        calls=0,
        seconds=seconds,
        certificate=Certificate("zero", True),
    )


def norm_estimate(operator: Product, block: Any, steps: int = 3) -> float:
    """‖H‖ from below, by a few steps of the power method: for the size of rounding errors."""
    xp, estimate = operator.where.xp, 0.0
    for _ in range(steps):
        norms = operator.where.host(xp.linalg.vector_norm(block, axis=1)).astype(float)
        scale = np.where(norms > 0, norms, 1.0)[:, None]
        block = operator(block / operator.where.asarray(scale, operator.dtype))
        estimate = float(operator.where.host(xp.linalg.vector_norm(block, axis=1)).max())
    return estimate


def final_pairs(
    operator: Product, found: Search, k: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Values, columns and residuals of the k + 1 lowest, from vectors orthonormalized again."""
    count = min(k + 1, found.vectors.shape[0])
    rows = operator.where.host(found.vectors[:count, :]).astype(float)
    rows = np.linalg.qr(rows.T)[0].T
    block = operator.where.asarray(np.ascontiguousarray(rows), operator.dtype)
    image = operator.where.host(operator(block)).astype(float)
    values, mixing = np.linalg.eigh(rows @ image.T)
    rows, image = mixing.T @ rows, mixing.T @ image
    residuals = np.linalg.norm(image - values[:, None] * rows, axis=1)
    return values, np.ascontiguousarray(rows.T), residuals

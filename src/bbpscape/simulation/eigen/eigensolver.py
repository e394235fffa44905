"""The k lowest eigenpairs of a Hessian, dense or iterative, with error bounds and a certificate."""

import numbers
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput, positive_integer
from bbpscape.core.seeds import Seed, check_seed, stream
from bbpscape.simulation.backend import Backend, TorchBackend, backend, check_dtype
from bbpscape.simulation.eigen.batch import lowest_batch
from bbpscape.simulation.eigen.certificate import Certificate, certify, no_certificate
from bbpscape.simulation.eigen.cost import CostModel
from bbpscape.simulation.eigen.davidson import Search, search, sizes
from bbpscape.simulation.eigen.diagonalize import lowest_dense
from bbpscape.simulation.eigen.lowest_pairs import ROUNDING, LowestPairs, error_bounds
from bbpscape.simulation.eigen.preconditioner import Preconditioner
from bbpscape.simulation.hessian import Hessian
from bbpscape.simulation.operator import Operator, check_samples

METHODS = ("auto", "dense", "iterative")
MAX_COLUMNS = 400  # products allowed a pair wanted, and as many for the guards
TOLERANCES = (1e-14, 1e-1)


def lowest(
    hessian: Any,
    k: int,
    tol: float = 1e-8,
    *,
    method: str = "auto",
    dtype: str = "float64",
    device: str = "cpu",
    certificate: bool = True,
    seed: Seed = 0,
) -> LowestPairs:
    """The k lowest eigenpairs, with residuals below tol · max|λ|, bounds and a certificate.

    The iterative method is block Davidson, preconditioned by one N × N Cholesky factorization; its
    first digits are found in single precision. It holds X, X in single precision, the N × N factor,
    and a few tens of vectors. The dense one is LAPACK's.

    Parameters
    ----------
    hessian : Hessian or StreamedHessian
    k : int
        From 1 to pN.
    tol : float
        Residual norm over the largest |λ_j| found, from 1e-14 to 0.1.
    method : str
        "dense", "iterative", or "auto": the cheaper one by ``CostModel``.
    dtype : str
        "float64", or "float32": all in single precision, whose rounding bounds the residuals.
    device : str
        "cpu", or through torch "cuda" and "torch-cpu".
    certificate : bool
        Whether to check that none was missed; False saves its time.
    seed : int or Generator
        Of the random start and the certificate's; their streams are shared with no data.

    Raises
    ------
    InvalidInput
        If an argument is not allowed, or the dense matrix would not fit in memory.

    >>> H = Hessian(np.eye(3), np.array([5.0, -1.0, 2.0]).reshape(3, 1, 1))
    >>> lowest(H, 2).eigenvalues.round(12).tolist()
    [-1.0, 2.0]
    """
    began = time.perf_counter()
    check_samples(hessian)
    k = int(positive_integer("k", k))
    size = hessian.shape[0]
    if k > size:
        raise InvalidInput(f"k must be at most pN = {size}, got {k!r}")
    seed = check_seed(seed)
    check_dtype(dtype)
    low, high = TOLERANCES
    if isinstance(tol, bool) or not isinstance(tol, numbers.Real) or not low <= tol <= high:
        raise InvalidInput(f"tol must be from {low:g} to {high:g}, got {tol!r}")
    where = backend(device)
    cost = CostModel(hessian.p, hessian.N, len(hessian.curvature), k)
    if chosen_method(method, cost, dtype, isinstance(hessian, Hessian)) == "dense":
        if isinstance(where, TorchBackend):
            return lowest_batch([hessian], k, float(tol), where)[0]
        return _dense(hessian, k, float(tol), began)
    return _iterative(hessian, k, float(tol), dtype, where, certificate, seed, began)


def chosen_method(method: str, cost: CostModel, dtype: str, held: bool) -> str:
    """ "dense" or "iterative"; the dense method is for a held Hessian in double precision."""
    if method not in METHODS:
        raise InvalidInput(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    possible = held and dtype == "float64"
    if method == "dense" and not possible:
        raise InvalidInput("the dense method is for inputs that are held, in float64")
    if method == "auto":
        return cost.choice if possible else "iterative"
    return method


def _dense(hessian: Hessian, k: int, tol: float, began: float) -> LowestPairs:
    size = hessian.shape[0]
    pairs = lowest_dense(hessian, min(k + 1, size))
    values, vectors = pairs.eigenvalues, pairs.eigenvectors
    residuals = np.linalg.norm(hessian.matmat(vectors) - vectors * values, axis=0)
    start = stream("norm").standard_normal((min(4, size), size))
    norm = norm_estimate(Operator(hessian), start)
    tolerance = max(tol * float(abs(values[:k]).max()), ROUNDING * np.finfo(float).eps * norm)
    return LowestPairs(
        eigenvalues=values[:k],
        eigenvectors=vectors[:, :k],
        residuals=residuals[:k],
        bounds=error_bounds(values, residuals, k),
        tolerance=tolerance,
        converged=bool((residuals[:k] <= tolerance).all()),
        method="dense",
        products=min(k + 1, size),
        calls=1,
        seconds=time.perf_counter() - began,
        certificate=Certificate("dense", True),
    )


def _iterative(
    hessian: Any,
    k: int,
    tol: float,
    dtype: str,
    where: Backend,
    wanted: bool,
    seed: int,
    began: float,
) -> LowestPairs:
    size, p = hessian.shape[0], hessian.p
    shape = sizes(k, p, size)
    budget = MAX_COLUMNS * (k + shape.block)
    single = Operator(hessian, "float32", where)
    generator = stream("starting block", seed)
    start = where.asarray(
        generator.standard_normal((min(max(k + 1, 2 * shape.block), size), size)), "float32"
    )
    norm = norm_estimate(single, start[: min(4, size), :])

    def limit(ritz: NDArray[np.float64], precision: str) -> float:
        rounding = ROUNDING * float(np.finfo(precision).eps) * norm
        return max(tol * float(abs(ritz).max()), rounding)

    rough_inverse = Preconditioner(single)
    rough = search(
        single,
        rough_inverse,
        rough_inverse(start),
        k,
        lambda ritz: limit(ritz, "float32"),
        shape,
        budget,
    )
    operator, found = single, rough
    if dtype == "float64":
        operator = Operator(hessian, "float64", where)
        found = search(
            operator,
            rough_inverse,
            where.asarray(rough.vectors, "float64"),
            k,
            lambda ritz: 0.9 * limit(ritz, "float64"),
            shape,
            budget,
        )
    values, vectors, residuals = final_pairs(operator, found, k)
    check = no_certificate()
    if wanted:
        rounding = ROUNDING * float(np.finfo(np.float32).eps) * norm
        check = certify(hessian, single, rough_inverse, values, vectors[:, :k], k, rounding, seed)
    tolerance = limit(values[:k], dtype)
    counted = {single, operator}
    return LowestPairs(
        eigenvalues=values[:k],
        eigenvectors=vectors[:, :k],
        residuals=residuals[:k],
        bounds=error_bounds(values, residuals, k),
        tolerance=tolerance,
        converged=bool((residuals[:k] <= tolerance).all()),
        method="iterative",
        products=sum(one.columns for one in counted),
        calls=sum(one.calls for one in counted),
        seconds=time.perf_counter() - began,
        certificate=check,
    )


def norm_estimate(operator: Operator, block: Any, steps: int = 3) -> float:
    """‖H‖ from below, by a few steps of the power method: for the size of rounding errors."""
    xp, estimate = operator.where.xp, 0.0
    for _ in range(steps):
        norms = operator.where.host(xp.linalg.vector_norm(block, axis=1)).astype(float)
        scale = np.where(norms > 0, norms, 1.0)[:, None]
        block = operator(block / operator.where.asarray(scale, operator.dtype))
        estimate = float(operator.where.host(xp.linalg.vector_norm(block, axis=1)).max())
    return estimate


def final_pairs(
    operator: Operator, found: Search, k: int
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

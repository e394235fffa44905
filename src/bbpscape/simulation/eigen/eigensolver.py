"""The k lowest eigenpairs of a Hessian, dense or iterative, with error bounds and a certificate."""

from __future__ import annotations

import functools
import numbers
import time
from dataclasses import replace
from typing import Any

import numpy as np

from bbpscape.core.checks import InvalidInput, choice, positive_integer
from bbpscape.core.seeds import Seed, check_seed, stream
from bbpscape.simulation.backend import Backend, backend, check_dtype
from bbpscape.simulation.eigen import lockstep
from bbpscape.simulation.eigen.batch import draw_bytes, lowest_batch
from bbpscape.simulation.eigen.certificate import Certificate
from bbpscape.simulation.eigen.contract import block_operator
from bbpscape.simulation.eigen.cost_model import CostModel
from bbpscape.simulation.eigen.diagonalize import lowest_dense
from bbpscape.simulation.eigen.generic import lowest_of_operator
from bbpscape.simulation.eigen.iterative import lowest_iterative, norm_estimate
from bbpscape.simulation.eigen.lowest_pairs import Goal, LowestPairs, error_bounds
from bbpscape.simulation.hessian import Hessian
from bbpscape.simulation.operator import Negated, Operator
from bbpscape.simulation.samples import Samples

METHODS = ("auto", "dense", "iterative")
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
    hessian : Hessian or StreamedHessian, or another symmetric matrix
        A numpy array, a scipy sparse matrix or LinearOperator, ``torch_hessian(…)``, or
        ``eigen.BlockOperator(matmat, size)``. Those are formed up to n = 400, and beyond that found
        by Lanczos, or by block Davidson with the preconditioner they have; ``dtype`` and
        ``device`` are their own.
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

    Returns
    -------
    LowestPairs
        With residuals, error bounds and a certificate.

    Raises
    ------
    InvalidInput
        If an argument is not allowed, or the dense matrix would not fit in memory.

    Examples
    --------
    >>> H = Hessian(np.eye(3), np.array([5.0, -1.0, 2.0]).reshape(3, 1, 1))
    >>> lowest(H, 2).eigenvalues.round(12).tolist()
    [-1.0, 2.0]
    """
    known = isinstance(hessian, Samples)
    operator = None if known else block_operator(hessian)
    size = operator.size if operator is not None else hessian.shape[0]
    k = int(positive_integer("k", k))
    if k > size:
        raise InvalidInput(f"k must be at most {'pN' if known else 'n'} = {size}, got {k!r}")
    seed = check_seed(seed)
    check_dtype(dtype)
    low, high = TOLERANCES
    if isinstance(tol, bool) or not isinstance(tol, numbers.Real) or not low <= tol <= high:
        raise InvalidInput(f"tol must be from {low:g} to {high:g}, got {tol!r}")
    where = backend(device)
    if operator is not None:
        choice("method", method, METHODS)
        if where.batches or dtype != "float64":
            raise InvalidInput("dtype and device are those of a Hessian: an operator has its own")
        return lowest_of_operator(
            operator, k, float(tol), method=method, certificate=certificate, seed=seed
        )
    cost = CostModel(hessian.p, hessian.N, len(hessian.curvature), k)
    if chosen_method(method, cost, dtype, hessian.held, where) == "dense":
        if where.batches:
            return lowest_batch([hessian], k, float(tol), where)[0]
        return _dense(hessian, k, float(tol))
    if where.batches:
        at = functools.partial(replace, cost)
        where.require(lambda n: at(N=n, M=cost.M * n // cost.N).device_bytes, cost.N, "N")
    return lowest_iterative(
        hessian, k, float(tol), dtype=dtype, where=where, certificate=certificate, seed=seed
    )


def highest(
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
    """The k highest eigenpairs, the highest first: those of ``lowest`` for −H.

    Parameters
    ----------
    hessian, k, tol, method, dtype, device, certificate, seed
        As in ``lowest``; a preconditioner, which is for the lowest pairs, is not used.

    Returns
    -------
    LowestPairs
        Of the highest eigenvalues, from the highest on.

    Raises
    ------
    InvalidInput
        As ``lowest``.

    Examples
    --------
    >>> highest(np.diag([5.0, -1.0, 2.0]), 2).eigenvalues.round(12).tolist()
    [5.0, 2.0]
    """
    known = isinstance(hessian, Samples)
    turned: Any = Negated(hessian) if known else block_operator(hessian).negated()
    found = lowest(
        turned,
        k,
        tol,
        method=method,
        dtype=dtype,
        device=device,
        certificate=certificate,
        seed=seed,
    )
    return replace(
        found,
        eigenvalues=-found.eigenvalues,
        certificate=found.certificate.negated(),
        end="highest",
    )


def chosen_method(method: str, cost: CostModel, dtype: str, held: bool, where: Backend) -> str:
    """ "dense" or "iterative"; the dense method is for a held Hessian in double precision.

    On a GPU it is the faster one up to pN = 16,000, the largest that was measured, and so wherever
    it fits.
    """
    choice("method", method, METHODS)
    possible = held and dtype == "float64"
    if method == "dense" and not possible:
        raise InvalidInput("the dense method is for inputs that are held, in float64")
    if method != "auto":
        return method
    if where.lockstep and lockstep.possible(cost.p * cost.N, cost.k + 1):
        possible = possible and draw_bytes(cost.p, cost.N, cost.M) <= where.available()
        return "dense" if possible else "iterative"
    return cost.choice if possible else "iterative"


def _dense(hessian: Hessian, k: int, tol: float) -> LowestPairs:
    began, size = time.perf_counter(), hessian.shape[0]
    pairs = lowest_dense(hessian, min(k + 1, size))
    values, vectors = pairs.eigenvalues, pairs.eigenvectors
    residuals = np.linalg.norm(hessian.matmat(vectors) - vectors * values, axis=0)
    bounds = error_bounds(values, residuals, k)
    start = stream("norm").standard_normal((min(4, size), size))
    goal = Goal(tol, norm_estimate(Operator(hessian), start))
    return LowestPairs(
        eigenvalues=values[:k],
        eigenvectors=vectors[:, :k],
        residuals=residuals[:k],
        bounds=bounds,
        tolerance=goal.tolerance(values[:k]),
        converged=goal.reached(values[:k], residuals[:k], bounds),
        method="dense",
        products=min(k + 1, size),
        calls=1,
        seconds=time.perf_counter() - began,
        certificate=Certificate("dense", True),
    )

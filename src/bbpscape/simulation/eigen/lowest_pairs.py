"""What the eigensolvers give: eigenpairs, how good each is, and bounds on the errors."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bbpscape.simulation.eigen.certificate import Certificate

ROUNDING = 30.0  # residuals are not asked to be below this times eps ‖H‖


@dataclass(frozen=True, eq=False)
class LowestPairs:
    """H v_j ≈ λ_j v_j for the k lowest λ_j, and how good each is.

    Parameters
    ----------
    eigenvalues : array, shape (k,)
        In increasing order.
    eigenvectors : array, shape (pN, k)
        Orthonormal columns.
    residuals : array, shape (k,)
        ‖H v_j − λ_j v_j‖, from a product in double precision, in the units of λ.
    bounds : array, shape (k,)
        An eigenvalue of H lies within bounds_j of λ_j: the residual, or residual²/gap where the
        distance to the other values, the (k+1)-th Ritz value among them, allows it.
    tolerance : float
        The residual that was asked for: tol · max|λ_j|, or rounding, 30 eps ‖H‖, if that is more.
    converged : bool
        Whether every residual is below ``tolerance``.
    method : str
        "dense" or "iterative".
    products : int
        Vectors multiplied by H, in either precision.
    calls : int
        Blocks that they came in.
    seconds : float
        Wall time, set-up and certificate included.
    certificate : Certificate
        Whether a lower eigenvalue was missed.
    """

    eigenvalues: NDArray[np.float64]
    eigenvectors: NDArray[np.float64] = field(repr=False)
    residuals: NDArray[np.float64]
    bounds: NDArray[np.float64]
    tolerance: float
    converged: bool
    method: str
    products: int
    calls: int
    seconds: float
    certificate: Certificate


def error_bounds(
    values: NDArray[np.float64], residuals: NDArray[np.float64], k: int
) -> NDArray[np.float64]:
    """min(r_j, r_j²/gap_j), gap_j the distance of λ_j to the interval of every other value.

    Values beyond the ones given are taken to lie above the last one less its residual.

    Source: Parlett, The Symmetric Eigenvalue Problem, §11.7.

    >>> error_bounds(np.array([0.0, 1.0]), np.array([1e-3, 0.0]), 1).tolist()
    [1e-06]
    """
    bounds = residuals[:k].copy()
    for j in range(k):
        others = [abs(values[i] - values[j]) - residuals[i] for i in range(len(values)) if i != j]
        gap = min(others, default=0.0)
        if len(values) > k and gap > residuals[j] and math.isfinite(gap):
            bounds[j] = min(residuals[j], residuals[j] ** 2 / gap)
    return bounds

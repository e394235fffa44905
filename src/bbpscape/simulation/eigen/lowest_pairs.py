"""What the eigensolvers give: eigenpairs, how good each is, and bounds on the errors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.codec import BULKY
from bbpscape.core.report import Report, Table, counted
from bbpscape.core.result import Result, result
from bbpscape.core.status import CONVERGED, Status
from bbpscape.simulation.eigen.certificate import Certificate

ROUNDING = 30.0  # residuals are not asked to be below this times eps ‖H‖


@dataclass(frozen=True)
class Goal:
    """What is asked of the residuals of the k lowest pairs of a matrix of size ``norm``.

    ‖r‖ ≤ max(tol · max|λ_j|, 30 eps ‖H‖), with eps of the precision that the products are in. Where
    rounding decides, and leaves more than tol ‖H‖ and no digit of λ, the goal was not reached.
    """

    tol: float
    norm: float
    dtype: str = "float64"

    @property
    def rounding(self) -> float:
        return ROUNDING * float(np.finfo(self.dtype).eps) * self.norm

    def tolerance(self, values: NDArray[np.float64]) -> float:
        return max(self.tol * float(abs(values).max()), self.rounding)

    def reached(
        self,
        values: NDArray[np.float64],
        residuals: NDArray[np.float64],
        bounds: NDArray[np.float64],
    ) -> bool:
        known = max(float(abs(values).max()), self.tol * self.norm)
        return bool((residuals <= self.tolerance(values)).all() and bounds.max() <= known)


@result
class LowestPairs(Result):
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
        Whether every residual is below ``tolerance``, and rounding leaves a digit of λ, or of ‖H‖.
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
    end : str
        "lowest", or "highest": then the eigenvalues are the highest, in decreasing order, and
        ``certificate`` is about a higher one.

    Examples
    --------
    >>> import bbpscape as bb
    >>> found = bb.lowest(np.diag([3.0, 1.0, 2.0]), k=2)
    >>> found.eigenvalues.round(12).tolist(), found.converged, found.method
    ([1.0, 2.0], True, 'dense')
    """

    eigenvalues: NDArray[np.float64]
    eigenvectors: NDArray[np.float64] = field(metadata=BULKY)
    residuals: NDArray[np.float64]
    bounds: NDArray[np.float64]
    tolerance: float
    converged: bool
    method: str
    products: int
    calls: int
    seconds: float
    certificate: Certificate
    end: str = "lowest"

    @property
    def status(self) -> Status:
        if not self.converged:
            largest = self.residuals.max()
            problem = f"rounding leaves errors up to {self.bounds.max():.1g}"
            if largest > self.tolerance:
                problem = f"a residual of {largest:.1g} is above {self.tolerance:.1g}"
            return Status(problem, "use float64, a larger tol or the dense method")
        if self.certificate.passed is False:
            which = {"lowest": "lower", "highest": "higher"}[self.end]
            return Status(
                f"a {which} eigenvalue was missed", "use another seed or the dense method"
            )
        return CONVERGED

    def headline(self) -> str:
        pairs = counted(len(self.eigenvalues), f"{self.end} pair")
        return f"{pairs} of {len(self.eigenvectors)}, {self.method}"

    def columns(self) -> Mapping[str, Any]:
        names = {"eigenvalue": "eigenvalues", "residual": "residuals", "bound": "bounds"}
        return {name: getattr(self, field_name) for name, field_name in names.items()}

    def report(self) -> Report:
        cells = zip(self.eigenvalues, self.residuals, self.bounds, strict=True)
        rows = [(str(j), f"{v:.10g}", f"{r:.1e}", f"{b:.1e}") for j, (v, r, b) in enumerate(cells)]
        notes = [f"{self.products} products, {self.seconds:.3g} s, {self.certificate.verdict}"]
        if not self.status.ok:
            notes.append(str(self.status))
        return Report(
            [Table(self.headline(), ("pair", "eigenvalue", "residual", "bound"), rows)], notes
        )


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

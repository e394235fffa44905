"""An approximate inverse of H − λ that needs no N × N matrix: the heaviest samples as they are."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.simulation.eigen.preconditioner import SMALLEST_SHIFT, Preconditioner
from bbpscape.simulation.samples import SampleProduct

EXACT_SIZE = 30_000  # N up to which all samples go into an N × N matrix
SKETCH_BYTES = 2**32  # of the rows that are taken and of the matrices of their size


def sketch_rows(N: int) -> int:
    """How many samples a sketch takes: what ``SKETCH_BYTES`` hold, N/2 at most; 0 if none is due.

    In single precision the rows and three r × r matrices are 4 r (N + 3 r) bytes.

    >>> sketch_rows(8000), sketch_rows(40_000), sketch_rows(200_000)
    (0, 13392, 4994)
    """
    if N <= EXACT_SIZE:
        return 0
    return min(N // 2, int((math.sqrt(N**2 + 3 * SKETCH_BYTES) - N) / 6))


class Sketch:
    """V → V [I_p ⊗ (T + Yᵀ Y)]⁻¹,  the rows of Y √d_μ x_μ of the r largest d_μ = Tr F_μ / p.

    T is the diagonal of what the other samples have in it, Σ |d_μ| x_μi², so that the whole is
    positive definite. By Woodbury's identity, with Z = Y T^(−1/2), the inverse is
    T^(−1/2) [1 − Zᵀ (1 + Z Zᵀ)⁻¹ Z] T^(−1/2): r × N and r × r numbers.

    The large eigenvalues of H are due to the samples of large d, as those whose label is nearly 0.
    With N/2 of them the lowest pairs took 5 times the products of the whole matrix, with N/4 8
    times, and with none 24 times (p = 1, α = 3, a = 0.01).

    Parameters
    ----------
    operator : SampleProduct
    rows : int
        r, fewer where fewer d are positive.

    Raises
    ------
    InvalidInput
        If the inputs are not finite.
    """

    def __init__(self, operator: SampleProduct, rows: int) -> None:
        self._N, self._where, dtype = operator.N, operator.where, operator.dtype
        mean = np.trace(operator.curvature, axis1=1, axis2=2) / operator.p
        heavy = np.argsort(-mean, kind="stable")[: min(rows, int((mean > 0).sum()))]
        heavy.sort()
        others = abs(mean)
        others[heavy] *= SMALLEST_SHIFT
        diagonal = operator.squares(others)
        diagonal = np.maximum(diagonal, SMALLEST_SHIFT * diagonal.max(initial=0.0))
        if not (np.isfinite(diagonal).all() and diagonal.max() > 0):
            raise InvalidInput("inputs must be finite: the Hessian could not be sketched")
        # T and Y, of which the second is large.
        self.diagonal, self.rows = diagonal, heavy
        self._root = self._where.asarray(1 / np.sqrt(diagonal), dtype)
        self._Z = operator.rows(heavy)
        self._Z *= self._where.asarray(np.sqrt(mean[heavy])[:, None], dtype)
        self._Z *= self._root
        self._solve: Any = self._where.cholesky(self._Z @ self._Z.T, np.ones(len(heavy)))

    def __call__(self, block: Any, values: NDArray[np.float64] | None = None) -> Any:
        """The approximate inverse applied to each row of a block of shape (b, pN), for any λ."""
        xp = self._where.xp
        rows = xp.reshape(block, (-1, self._N)) * self._root
        rows = rows - self._solve(rows @ self._Z.T) @ self._Z
        return xp.reshape(rows * self._root, block.shape)


def preconditioner_of(operator: SampleProduct) -> Preconditioner | Sketch:
    """The inverse with all samples up to N = ``EXACT_SIZE``, a sketch beyond."""
    rows = sketch_rows(operator.N)
    return Sketch(operator, rows) if rows else Preconditioner(operator)

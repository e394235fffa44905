"""An approximate inverse of H − σ from one N × N Cholesky factorization."""

from typing import Any

import numpy as np

from bbpscape.core.checks import InvalidInput
from bbpscape.simulation.operator import Operator

SHIFT_STEP = 1.5
# Of the largest diagonal: with less, a single-precision inverse has no digits where H has none.
SMALLEST_SHIFT = 1e-6
MAX_STEPS = 200


class Preconditioner:
    """V → V [I_p ⊗ (Xᵀ diag(d) X + s)]⁻¹,  d_μ = Tr F_μ / p.

    Xᵀ diag(d) X is the mean of the p diagonal blocks of H, so that its lowest eigenvalue is not
    below that of H: with s = −σ it stays positive definite for σ up to the left edge of H. The
    negative part of d belongs to it. s starts at Σ_μ max(−d_μ, 0)/N, the size of the negative part
    for |x| = 1, or at 1e-6 of the largest diagonal entry if that is more, and grows by 3/2 until
    the Cholesky factorization succeeds.

    Parameters
    ----------
    operator : Operator
        Its panels are read once.
    dtype : str
        Precision of the N × N matrix; single precision is enough unless H is very large.

    Raises
    ------
    InvalidInput
        If no shift makes the matrix positive definite, as with inputs that are not finite.
    """

    def __init__(self, operator: Operator, dtype: str = "float32") -> None:
        self._shape = operator.N
        self._where = operator.where
        mean = np.trace(operator.curvature, axis1=1, axis2=2) / operator.p
        gram = self._where.gram(operator.panels(), mean, operator.N, dtype)
        largest = float(abs(self._where.diagonal(gram)).max())
        negative = float(np.maximum(-mean, 0).sum()) / operator.N
        shift = max(negative, SMALLEST_SHIFT * largest, float(np.finfo(dtype).tiny))
        for _ in range(MAX_STEPS):
            solve = self._where.cholesky(gram, shift)
            if solve is not None:
                break
            shift *= SHIFT_STEP
        else:
            raise InvalidInput("inputs must be finite: the Hessian could not be factorized")
        self.shift = shift
        self._solve = solve

    def __call__(self, block: Any) -> Any:
        """The approximate inverse applied to each row of a block of shape (b, pN)."""
        xp = self._where.xp
        rows = self._solve(xp.reshape(block, (-1, self._shape)))
        return self._where.asarray(xp.reshape(rows, block.shape), _name(block.dtype))


def _name(dtype: Any) -> str:
    """ "float32" or "float64", of a numpy or a torch dtype."""
    return "float32" if "32" in str(dtype) else "float64"

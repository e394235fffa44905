"""Approximate inverses of H − λ from N × N Cholesky factorizations of one matrix."""

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.simulation.backend import Solve
from bbpscape.simulation.samples import SampleProduct

SHIFT_STEP = 1.5
# Of a diagonal of |d|: with less, a single-precision inverse has no digits where H has none.
SMALLEST_SHIFT = 1e-6
MAX_STEPS = 200
# Shifts of this ratio share a factorization, and so many are kept.
LEVEL = 10.0
KEPT = 3


class Preconditioner:
    """V → V [I_p ⊗ (G + diag(s))]⁻¹,  G = Xᵀ diag(d) X,  d_μ = Tr F_μ / p.

    G is the mean of the p diagonal blocks of H, so that its lowest eigenvalue is not below that of
    H: with s = −λ it stays positive definite for λ up to the left edge of H. Where more of H is
    below λ it lies along inputs of large variance, and s_i is at least n_i = Σ_μ d⁻_μ x_μi², the
    size in direction i of the negative part d⁻ of d (or of 1e-6 |d|). So s_i is the larger of n_i
    and −λ, of the λ that is sought and to within a factor of √10, and grows by 3/2 until the
    Cholesky factorization succeeds. Isotropic inputs take one factorization, steep ones a few.

    Parameters
    ----------
    operator : SampleProduct
        Its panels are read twice.
    dtype : str
        Precision of the N × N matrix; single precision is enough unless H is very large.

    Raises
    ------
    InvalidInput
        If no shift makes the matrix positive definite, as with inputs that are not finite.
    """

    def __init__(self, operator: SampleProduct, dtype: str = "float32") -> None:
        self._shape, self._where = operator.N, operator.where
        mean = np.trace(operator.curvature, axis1=1, axis2=2) / operator.p
        weights = np.maximum(np.maximum(-mean, 0), SMALLEST_SHIFT * abs(mean))
        self._least = operator.squares(weights)
        self._gram = operator.gram(mean, dtype)
        smallest = np.finfo(dtype).eps * self._least.max(initial=0), np.finfo(dtype).tiny
        self._least = np.maximum(self._least, max(smallest))
        self._unit = float(self._least.mean())
        self._factors: dict[int, tuple[NDArray[np.float64], Solve]] = {}

    def __call__(self, block: Any, values: NDArray[np.float64] | None = None) -> Any:
        """The approximate inverse applied to each row of a block of shape (b, pN).

        ``values`` are the λ of the rows, in increasing order.
        """
        levels = self._levels(np.zeros(1) if values is None else values)
        if len(set(levels)) == 1:
            return self._solve(levels[0], block)
        parts, start = [], 0
        for level, group in itertools.groupby(levels):
            stop = start + len(list(group))
            parts.append(self._solve(level, block[start:stop, :]))
            start = stop
        return self._where.xp.concat(parts, axis=0)

    def _levels(self, values: NDArray[np.float64]) -> list[int]:
        """The power of ten of −λ over the mean of n, as far as it is above the smallest n."""
        sought = np.maximum(-values, self._least.min()) / self._unit
        return np.round(np.log(sought) / np.log(LEVEL)).astype(int).tolist()

    def shift(self, value: float) -> NDArray[np.float64]:
        """s of the inverse for λ = ``value``, shape (N,)."""
        return self._factor(self._levels(np.array([value]))[0])[0]

    def _solve(self, level: int, block: Any) -> Any:
        xp, (_, solve) = self._where.xp, self._factor(level)
        rows = solve(xp.reshape(block, (-1, self._shape)))
        return self._where.asarray(xp.reshape(rows, block.shape), _name(block.dtype))

    def _factor(self, level: int) -> tuple[NDArray[np.float64], Solve]:
        """(s, the solution with it) of a level."""
        if level not in self._factors:
            while len(self._factors) >= KEPT:
                del self._factors[next(iter(self._factors))]
            self._factors[level] = self._made(self._unit * LEVEL**level)
        return self._factors[level]

    def _made(self, least: float) -> tuple[NDArray[np.float64], Solve]:
        shift = np.maximum(self._least, least)
        for _ in range(MAX_STEPS):
            solve = self._where.cholesky(self._gram, shift)
            if solve is not None:
                return shift, solve
            shift = shift * SHIFT_STEP
        raise InvalidInput("inputs must be finite: the Hessian could not be factorized")


def _name(dtype: Any) -> str:
    """ "float32" or "float64", of a numpy or a torch dtype."""
    return "float32" if "32" in str(dtype) else "float64"

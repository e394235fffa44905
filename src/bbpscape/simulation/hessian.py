"""The Hessian of the empirical loss at finite N, as a product with blocks and as a dense matrix."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import psutil
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import blas

from bbpscape.core.checks import InvalidInput
from bbpscape.simulation.operator import Operator, panel_slices

CHUNK_BYTES = 2**26  # of scaled rows, copied at a time while a dense matrix is built
WORK_VECTORS = 256  # vectors of pN numbers that LAPACK and the eigenvectors take, generously
GIB = 2**30


@dataclass(frozen=True, eq=False)
class Hessian:
    """H = Σ_μ F_μ ⊗ x_μ x_μᵀ, of size pN × pN; index k N + i is input i of neuron k.

    Parameters
    ----------
    inputs : array, shape (M, N)
        The inputs x_μ, one a row.
    curvature : array, shape (M, p, p)
        The symmetric curvature F_μ of each sample.

    Raises
    ------
    InvalidInput
        If the shapes do not fit, or a value is not finite.

    >>> Hessian(np.array([[1.0, 2.0]]), np.array([[[4.0]]])).dense().tolist()
    [[4.0, 8.0], [8.0, 16.0]]
    """

    inputs: NDArray[np.float64]
    curvature: NDArray[np.float64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "inputs", np.ascontiguousarray(self.inputs, dtype=float))
        object.__setattr__(self, "curvature", np.asarray(self.curvature, dtype=float))
        if self.inputs.ndim != 2 or 0 in self.inputs.shape:
            raise InvalidInput(f"inputs must have shape (M, N), got {self.inputs.shape}")
        shape, samples = self.curvature.shape, len(self.inputs)
        if len(shape) != 3 or shape[0] != samples or shape[1] != shape[2] or shape[1] == 0:
            raise InvalidInput(f"curvature must have shape ({samples}, p, p), got {shape}")
        if not np.isfinite(self.curvature).all():
            raise InvalidInput("curvature must be finite, got nan or inf")

    @property
    def p(self) -> int:
        """Number of blocks, one a neuron."""
        return self.curvature.shape[1]

    @property
    def N(self) -> int:
        """Size of a block."""
        return self.inputs.shape[1]

    @property
    def shape(self) -> tuple[int, int]:
        return self.p * self.N, self.p * self.N

    @property
    def dtype(self) -> np.dtype:
        return self.inputs.dtype

    @property
    def held(self) -> bool:
        """X is in memory."""
        return True

    def panels(self) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """(rows, X[rows]) for consecutive slices of rows."""
        for rows in panel_slices(len(self.inputs)):
            yield rows, self.inputs[rows]

    def matmat(self, block: ArrayLike) -> NDArray[np.float64]:
        """H V for V of shape (pN, b), at O(p M N b) and with no matrix of size pN × pN."""
        V = np.asarray(block, dtype=float)
        if V.ndim != 2 or len(V) != self.shape[0]:
            raise InvalidInput(f"block must have shape ({self.shape[0]}, b), got {V.shape}")
        return Operator(self)(np.ascontiguousarray(V.T)).T

    def matvec(self, vector: ArrayLike) -> NDArray[np.float64]:
        """H v for v of shape (pN,)."""
        v = np.asarray(vector, dtype=float)
        if v.shape != self.shape[:1]:
            raise InvalidInput(f"vector must have shape ({self.shape[0]},), got {v.shape}")
        return self.matmat(v[:, None])[:, 0]

    def dense(self) -> NDArray[np.float64]:
        """H as an array of shape (pN, pN), exactly symmetric and in Fortran order.

        The p(p + 1)/2 distinct blocks Xᵀ diag(F_kl) X are symmetric themselves, so that each is a
        pair of rank-k updates, over the samples with F_kl > 0 and with F_kl < 0, of one triangle.

        Raises
        ------
        InvalidInput
            If it would not fit in the memory that is available; nothing is allocated then.
        """
        p, N, M = self.p, self.N, len(self.inputs)
        require_memory(lambda n: dense_bytes(p, n, -(-M * n // N)), N)
        if p == 1:
            return self._block(0, 0)
        result = np.empty(self.shape, order="F")
        for row in range(p):
            for column in range(row, p):
                block = self._block(row, column)
                result[row * N : (row + 1) * N, column * N : (column + 1) * N] = block
                if column > row:
                    result[column * N : (column + 1) * N, row * N : (row + 1) * N] = block
                del block  # before the next one is made
        return result

    def _block(self, row: int, column: int) -> NDArray[np.float64]:
        """Xᵀ diag(F_kl) X for neurons k = row and l = column, shape (N, N)."""
        weights = self.curvature[:, row, column]
        block = np.zeros((self.N, self.N), order="F")
        rows = max(1, CHUNK_BYTES // (8 * self.N))
        for sign in (1.0, -1.0):
            chosen = np.flatnonzero(sign * weights > 0)
            for start in range(0, len(chosen), rows):
                index = chosen[start : start + rows]
                scaled = self.inputs[index]
                scaled *= np.sqrt(abs(weights[index]))[:, None]
                # scaled.T is in Fortran order: BLAS reads it where it lies and adds to block.
                block = blas.dsyrk(sign, scaled.T, beta=1.0, c=block, lower=1, overwrite_c=1)
        _mirror(block)
        return block


def _mirror(block: NDArray[np.float64], width: int = 256) -> None:
    """Copy the lower triangle onto the upper one, in place."""
    for start in range(0, len(block), width):
        stop = min(start + width, len(block))
        block[start:stop, stop:] = block[stop:, start:stop].T
        corner = block[start:stop, start:stop]
        corner[...] = np.tril(corner) + np.tril(corner, -1).T


def instance_bytes(p: int, N: int, M: int) -> int:
    """8 M (N + p² + 4p): bytes of the inputs, the curvatures and the scalars of M samples."""
    return 8 * M * (N + p * p + 4 * p)


def dense_bytes(p: int, N: int, M: int) -> int:
    """8 [(pN)² + N²]: peak bytes of building and diagonalizing a dense Hessian.

    N² is one block, not needed at p = 1. Work space of a fixed size and a few vectors are
    counted; what the instance itself holds, ``instance_bytes``, is not.
    """
    block = N * N if p > 1 else 0
    chunk = min(CHUNK_BYTES, 8 * M * N)
    return 8 * ((p * N) ** 2 + block + WORK_VECTORS * p * N) + chunk


def require_memory(estimate: Callable[[int], int], value: int, name: str = "N") -> None:
    """Refuse ``value`` if ``estimate(value)`` bytes are more than the memory available now.

    Parameters
    ----------
    estimate : function
        Bytes needed, growing with its argument.
    value : int
        What was asked for.
    name : str
        What to call it in the message, which gives the largest value that fits.

    Raises
    ------
    InvalidInput
    """
    available = psutil.virtual_memory().available
    needed = estimate(value)
    if needed <= available:
        return
    fits, too_large = 0, value
    while too_large - fits > 1:
        middle = (fits + too_large) // 2
        fits, too_large = (middle, too_large) if estimate(middle) <= available else (fits, middle)
    if not fits:
        raise InvalidInput(
            f"{needed / GIB:.3g} GiB of memory are needed and {available / GIB:.3g} GiB are "
            f"available, whatever {name}: lower alpha, p or draws"
        )
    raise InvalidInput(
        f"{name} = {value} needs {needed / GIB:.3g} GiB of memory and {available / GIB:.3g} GiB "
        f"is available: {name} must be at most {fits}"
    )

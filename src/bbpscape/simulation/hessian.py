"""The Hessian of the empirical loss at finite N, as a product with blocks and as a dense matrix."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import blas

from bbpscape.core.arrays import real_array
from bbpscape.core.checks import InvalidInput
from bbpscape.core.memory import require_memory
from bbpscape.simulation.memory import CHUNK_BYTES, dense_bytes
from bbpscape.simulation.multiplied import Multiplied
from bbpscape.simulation.samples import panel_slices

ROUNDING = 1e-12  # of the largest |F| of a sample: an asymmetry that is none


@dataclass(frozen=True, eq=False)
class Hessian(Multiplied):
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
        If the shapes do not fit, F is not symmetric, or the numbers are not real and finite.

    Examples
    --------
    >>> Hessian(np.array([[1.0, 2.0]]), np.array([[[4.0]]])).dense().tolist()
    [[4.0, 8.0], [8.0, 16.0]]
    """

    inputs: NDArray[np.float64]
    curvature: NDArray[np.float64]

    def __post_init__(self) -> None:
        inputs = np.ascontiguousarray(real_array("inputs", self.inputs))
        object.__setattr__(self, "inputs", inputs)
        object.__setattr__(self, "curvature", real_array("curvature", self.curvature))
        if self.inputs.ndim != 2 or 0 in self.inputs.shape:
            raise InvalidInput(f"inputs must have shape (M, N), got {self.inputs.shape}")
        shape, samples = self.curvature.shape, len(self.inputs)
        if len(shape) != 3 or shape[0] != samples or shape[1] != shape[2] or shape[1] == 0:
            raise InvalidInput(f"curvature must have shape ({samples}, p, p), got {shape}")
        object.__setattr__(self, "curvature", _symmetric(self.curvature))

    @property
    def p(self) -> int:
        """Number of blocks, one a neuron."""
        return self.curvature.shape[1]

    @property
    def N(self) -> int:
        """Size of a block."""
        return self.inputs.shape[1]

    @property
    def held(self) -> bool:
        """X is in memory."""
        return True

    def panels(self) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        """(rows, X[rows]) for consecutive slices of rows.

        Yields
        ------
        slice, array
            The rows, and X at them.

        Examples
        --------
        >>> import bbpscape as bb
        >>> H = bb.draw(bb.TeacherStudent(2, 1), 3.0, 20).hessian
        >>> sum(len(part) for _, part in H.panels())
        60
        """
        for rows in panel_slices(len(self.inputs)):
            yield rows, self.inputs[rows]

    def dense(self) -> NDArray[np.float64]:
        """H as an array, exactly symmetric and in Fortran order.

        The p(p + 1)/2 distinct blocks Xᵀ diag(F_kl) X are symmetric themselves, so that each is a
        pair of rank-k updates, over the samples with F_kl > 0 and with F_kl < 0, of one triangle.

        Returns
        -------
        array, shape (pN, pN)
            H.

        Raises
        ------
        InvalidInput
            If it would not fit in the memory that is available; nothing is allocated then.

        Examples
        --------
        >>> import bbpscape as bb
        >>> H = bb.draw(bb.TeacherStudent(2, 1), 3.0, 20).hessian.dense()
        >>> np.array_equal(H, H.T)
        True
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


def _symmetric(curvature: NDArray[np.float64]) -> NDArray[np.float64]:
    """F, refused if F_kl and F_lk differ by more than rounding."""
    turned = curvature.swapaxes(1, 2)
    if (curvature == turned).all():
        return curvature
    bad = np.flatnonzero(
        abs(curvature - turned).max(axis=(1, 2)) > ROUNDING * abs(curvature).max(axis=(1, 2))
    )
    if bad.size:
        raise InvalidInput(
            f"curvature must be symmetric in its last two axes, and {bad.size} samples are not "
            f"(the first is sample {bad[0]}): give (F + Fᵀ)/2"
        )
    return (curvature + turned) / 2


def _mirror(block: NDArray[np.float64], width: int = 256) -> None:
    """Copy the lower triangle onto the upper one, in place."""
    for start in range(0, len(block), width):
        stop = min(start + width, len(block))
        block[start:stop, stop:] = block[stop:, start:stop].T
        corner = block[start:stop, start:stop]
        corner[...] = np.tril(corner) + np.tril(corner, -1).T

"""Block Lanczos on a Hessian whose inputs are drawn as it goes."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eig_banded

from bbpscape.simulation.dice.inputs import NOTHING, DicedInputs, orthonormal_rows
from bbpscape.simulation.eigen.lanczos import SpectralMeasure


class DicedLanczos:
    """H = Σ_μ F_μ ⊗ x_μ x_μᵀ on the Krylov space of some directions, as a banded matrix T.

    Vectors of R^{pN} are held by their coordinates on the directions that the inputs are known on:
    arrays of shape (p, size). The basis is orthogonalized in full.

    Parameters
    ----------
    inputs : DicedInputs
        Those of the samples; each step asks for p products for each vector of the block.
    curvature : array, shape (M, p, p)
        F.
    start : array, shape (b, p, inputs.size)
        Orthonormal rows.
    """

    def __init__(self, inputs: DicedInputs, curvature: NDArray, start: NDArray[np.float64]):
        self._inputs = inputs
        # (p, p, M): a product with a sample's F is one with rows.
        self._curvature = np.ascontiguousarray(curvature.transpose(1, 2, 0), inputs.columns.dtype)
        self._block = start
        self._basis = np.empty((0, *start.shape[1:]))
        self._band = np.zeros((2 * len(start), 0))
        self._coupling = np.zeros((0, 0))
        self.start, self.steps = len(start), 0

    @property
    def dimension(self) -> int:
        """Of the Krylov space."""
        return len(self._basis)

    @property
    def exhausted(self) -> bool:
        """The space is invariant: the Ritz values are eigenvalues."""
        return not len(self._block)

    def step(self) -> None:
        """One product with H: the space grows by the block."""
        block, before = self._block, self.dimension
        self._basis = _grown(self._basis, before + len(block), block.shape[2])
        self._basis[before:] = block
        image = self._product(block)
        self._basis = _grown(self._basis, self.dimension, image.shape[2])
        flat, rows = image.reshape(len(block), -1), self._basis.reshape(self.dimension, -1)
        projected = flat @ rows.T
        rest = flat - projected @ rows
        rest = rest - (rest @ rows.T) @ rows
        self._extend(projected[:, before:])
        scale = np.linalg.norm(flat, axis=1).max()
        room = rows.shape[1] - len(rows)
        new: NDArray = orthonormal_rows(rest, NOTHING * float(scale))[:room]
        self._coupling = rest @ new.T
        self._block = new.reshape(len(new), *image.shape[1:])
        self.steps += 1

    def ritz(self, count: int) -> tuple[NDArray, NDArray, NDArray]:
        """The lowest Ritz values with their residuals and their masses in the start directions.

        Returns
        -------
        values, residuals, mass : arrays, shape (count,)
            Or fewer, if the space is smaller.
        """
        last = min(count, self.dimension) - 1
        values, vectors = eig_banded(self._band, lower=True, select="i", select_range=(0, last))
        residuals = np.zeros(len(values))
        if len(self._block):
            last = vectors[len(vectors) - len(self._coupling) :]
            residuals = np.linalg.norm(self._coupling.T @ last, axis=0)
        return values, residuals, (vectors[: self.start] ** 2).sum(axis=0)

    def measure(self) -> SpectralMeasure:
        """Of the start direction, where it is one."""
        diagonal, off = self._band[0], self._band[1, :-1]
        nodes, vectors = eig_banded(self._band, lower=True)
        return SpectralMeasure(nodes, vectors[0] ** 2, diagonal, off)

    def norm(self) -> float:
        """max|λ|, by the highest Ritz value and the lowest."""
        ends = [
            eig_banded(self._band, lower=True, select="i", select_range=(i, i), eigvals_only=True)
            for i in (0, self.dimension - 1)
        ]
        return float(np.abs(ends).max())

    def _product(self, block: NDArray[np.float64]) -> NDArray[np.float64]:
        """H v of each v, on all directions that are known by then."""
        b, p, size = block.shape
        columns = self._inputs.columns
        seen = (block.reshape(b * p, size).astype(columns.dtype) @ columns).reshape(b, p, -1)
        weighted = np.einsum("klm,blm->bkm", self._curvature, seen).reshape(b * p, -1)
        self._inputs.reveal(weighted)
        image = weighted @ self._inputs.columns.T
        return image.reshape(b, p, -1).astype(float)

    def _extend(self, diagonal: NDArray[np.float64]) -> None:
        """The band of T, with the coupling to the block before and the new diagonal block."""
        old, b = self._band.shape[1], len(diagonal)
        band = np.zeros((len(self._band), old + b))
        band[:, :old] = self._band
        for i in range(b):
            for j in range(i + 1):
                band[i - j, old + j] = (diagonal[i, j] + diagonal[j, i]) / 2
        height = len(self._coupling)
        for i in range(b if height else 0):
            for j in range(height):
                band[height - j + i, old - height + j] = self._coupling[j, i]
        self._band = band


def _grown(basis: NDArray[np.float64], count: int, size: int) -> NDArray[np.float64]:
    """The basis with room for ``count`` vectors of ``size`` directions, zero where it had none."""
    grown = np.zeros((count, basis.shape[1], size))
    grown[: len(basis), :, : basis.shape[2]] = basis
    return grown

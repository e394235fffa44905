"""Means over samples of F: E[T] and E[T ⊗ T] with T = F (I + A F)⁻¹, A = −Γ, for p × p matrices."""

from abc import ABC, abstractmethod
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bbpscape.theory.laws.network.kernels import (
    LANES,
    add_products,
    complex_resolvents,
    mean_phase,
    real_resolvents,
)
from bbpscape.theory.laws.network.phase import phase

# Blocks that are worked on together, in the cache.
CHUNK = 32
# Of an eigenvalue of F, in units of the largest.
ZERO = 1e-13
# A determinant in units of the largest one that leaves no doubt of the rank.
SURE = 1e-10
# |A F| beyond which det(I + A F) as a polynomial loses digits.
CANCELLING = 1e4


class MatrixMoments(ABC):
    """What is asked of F at n samples; a subclass says where they come from."""

    @property
    @abstractmethod
    def p(self) -> int:
        """F is p × p."""

    @property
    @abstractmethod
    def samples(self) -> NDArray[np.float64]:
        """F, shape (n, p, p)."""

    @property
    @abstractmethod
    def shares(self) -> NDArray[np.float64]:
        """The weight of each sample, shape (n,); their sum is 1."""

    @property
    def first(self) -> NDArray[np.float64]:
        """E F but for the law's symmetries, shape (p, p)."""
        return np.asarray(np.einsum("n,nij->ij", self.shares, self.samples))

    @property
    def second(self) -> float:
        """E Tr F²."""
        return float(np.einsum("n,nij,nij->", self.shares, *[self.samples] * 2))

    @property
    def rank(self) -> float:
        """E[rank F]."""
        F, shares, p = self.samples, self.shares, self.p
        # The largest of heavy-tailed labels says nothing of other samples.
        largest = np.linalg.norm(F, axis=(1, 2))
        scale = np.maximum(largest, np.median(largest[largest > 0]))
        near = abs(np.linalg.det(F)) <= SURE * scale**p
        values = abs(np.linalg.eigvalsh(F[near]))
        missing = (values <= ZERO * scale[near, None]).sum(axis=-1)
        return float(p * shares.sum() - shares[near] @ missing)

    @cached_property
    def pairs(self) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
        """Rows and columns of the upper triangle, and the place of (i, j) in it."""
        rows, columns = np.triu_indices(self.p)
        place = np.zeros((self.p, self.p), dtype=np.intp)
        place[rows, columns] = place[columns, rows] = np.arange(rows.size)
        return rows, columns, place

    @cached_property
    def _blocks(self) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
        """The upper triangles of F, (blocks, p(p + 1)/2, LANES), the weights, and max |F|."""
        rows, columns, _ = self.pairs
        n, weights = self.shares.size, self.shares
        F, w = np.zeros((-(-n // LANES), rows.size, LANES)), np.zeros(-(-n // LANES) * LANES)
        w[:n] = weights
        samples = self.samples
        for k, (i, j) in enumerate(zip(rows, columns, strict=True)):
            whole = n // LANES * LANES
            F[: n // LANES, k] = samples[:whole, i, j].reshape(-1, LANES)
            F[-1, k, : n - whole] = samples[whole:, i, j] if whole < n else 0.0
        return F, w.reshape(-1, LANES), float(abs(samples).max())

    def resolvent(self, A: NDArray) -> NDArray:
        """T = F (I + A F)⁻¹, its upper triangle of every sample: shape (p(p + 1)/2, n)."""
        T = self._resolvent(slice(None), A).swapaxes(1, 2)
        T = T.reshape(len(T), T.shape[1], -1)[:, :, : self.shares.size]
        return T[0] + 1j * T[1] if len(T) == 2 else T[0]

    def _resolvent(self, blocks: slice, A: NDArray) -> NDArray[np.float64]:
        """T of some blocks, (1, blocks, p(p + 1)/2, LANES), or its real and imaginary part."""
        F, place = self._blocks[0][blocks], self.pairs[2]
        smooth = self._blocks[2] * float(abs(A).max()) < CANCELLING
        real, imaginary = np.ascontiguousarray(A.real), np.ascontiguousarray(A.imag)
        if not np.iscomplexobj(A):
            T = np.empty((1, *F.shape))
            real_resolvents(F, real, place, smooth, T[0])
        else:
            T = np.empty((2, *F.shape))
            complex_resolvents(F, real, imaginary, place, smooth, T[0], T[1])
        return T

    def moments(self, A: NDArray) -> tuple[NDArray, NDArray]:
        """(E[T], E[T_ij T_kl]), shapes (p, p) and (p, p, p, p), up to the law's symmetries."""
        F, weights, _ = self._blocks
        size, place = F.shape[1], self.pairs[2]
        parts = 2 if np.iscomplexobj(A) else 1
        sums = np.zeros((parts, parts, size + size * (size + 1) // 2, LANES))
        for start in range(0, len(F), CHUNK):
            blocks = slice(start, start + CHUNK)
            T = self._resolvent(blocks, A)
            for i, k in np.ndindex(parts, parts):
                add_products(T[i], T[k], weights[blocks], sums[i, k])
        found = sums.sum(axis=3)
        mean, upper = found[0, 0, :size], found[0, 0, size:]
        if parts == 2:
            mean = mean + 1j * found[1, 1, :size]
            upper = upper - found[1, 1, size:] + 1j * (found[0, 1] + found[1, 0])[size:]
        square, where = np.empty((size, size), upper.dtype), np.triu_indices(size)
        square[where] = square.T[where] = upper
        return mean[place], square[place[:, :, None, None], place]

    def phase(self, A: NDArray) -> float:
        """E[Im log det (1 + A F)] at a complex A with Im A > 0."""
        inverse, (F, weights, _) = -np.linalg.inv(A), self._blocks
        total = mean_phase(F, weights, inverse, self.pairs[2])
        return total - float(phase(inverse))

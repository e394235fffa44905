"""Means over samples of F: E[T] and E[T ⊗ T] with T = F (I + A F)⁻¹, A = −Γ, for p × p matrices."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bbpscape.theory.laws.network.kernels import LANES, complex_resolvents, real_resolvents
from bbpscape.theory.laws.network.phase import phase
from bbpscape.theory.laws.network.sums import add_products, mean_phase

# Blocks that are worked on together, in the cache.
CHUNK = 32
# Of an eigenvalue of F, in units of the largest.
ZERO = 1e-13
# A determinant in units of the largest one that leaves no doubt of the rank.
SURE = 1e-10
# Samples that are looked at together.
PORTION = 2**17
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
        sizes, determinants = self.sizes_and_determinants()
        # The largest of heavy-tailed labels says nothing of other samples.
        scale = np.maximum(sizes, np.median(sizes[sizes > 0]))
        near = np.flatnonzero(abs(determinants) <= SURE * scale**self.p)
        shares = self.shares
        total = float(self.p * shares.sum())
        for start in range(0, near.size, PORTION):
            some = near[start : start + PORTION]
            values = abs(np.linalg.eigvalsh(self.chosen(some)))
            total -= float(shares[some] @ (values <= ZERO * scale[some, None]).sum(axis=-1))
        return total

    def sizes_and_determinants(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """|F| and det F of every sample."""
        return np.linalg.norm(self.samples, axis=(1, 2)), np.linalg.det(self.samples)

    def chosen(self, which: NDArray) -> NDArray[np.float64]:
        """F of some samples."""
        return self.samples[which]

    @cached_property
    def pairs(self) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
        """Rows and columns of the upper triangle, and the place of (i, j) in it."""
        return triangle(self.p)

    @cached_property
    def _blocks(self) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
        """The upper triangles of F, (blocks, p(p + 1)/2 · LANES), the weights, and max |F|."""
        rows, columns, _ = self.pairs
        samples = self.samples
        F = in_lanes(samples[:, rows, columns]).reshape(-1, rows.size * LANES)
        return F, in_lanes(self.shares[:, None])[:, 0], float(abs(samples).max())

    @property
    def lane_weights(self) -> NDArray[np.float64]:
        """Those of all blocks, (blocks, LANES)."""
        return self._blocks[1]

    @property
    def largest(self) -> float:
        """No smaller than max |F|."""
        return self._blocks[2]

    def lane_blocks(self, some: slice) -> NDArray[np.float64]:
        """The upper triangles of F in some blocks, (blocks, p(p + 1)/2 · LANES)."""
        return self._blocks[0][some]

    def _chunks(self) -> Iterator[slice]:
        for start in range(0, len(self.lane_weights), CHUNK):
            yield slice(start, min(start + CHUNK, len(self.lane_weights)))

    def resolvent(self, A: NDArray) -> NDArray:
        """T = F (I + A F)⁻¹, its upper triangle of every sample: shape (p(p + 1)/2, n)."""
        T = self.resolvents(self.lane_blocks(slice(0, len(self.lane_weights))), A)
        T = T.reshape(*T.shape[:2], -1, LANES).swapaxes(1, 2)
        T = T.reshape(len(T), T.shape[1], -1)[:, :, : self.shares.size]
        return T[0] + 1j * T[1] if len(T) == 2 else T[0]

    def resolvents(self, F: NDArray, A: NDArray) -> NDArray[np.float64]:
        """T of some blocks, (1, blocks, p(p + 1)/2 · LANES), or its real and imaginary part."""
        place = self.pairs[2]
        smooth = self.largest * float(abs(A).max()) < CANCELLING
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
        size, place = self.pairs[0].size, self.pairs[2]
        parts = 2 if np.iscomplexobj(A) else 1
        sums = np.zeros((parts, parts, (size + size * (size + 1) // 2) * LANES))
        for blocks in self._chunks():
            T = self.resolvents(self.lane_blocks(blocks), A)
            for i, k in np.ndindex(parts, parts):
                add_products(T[i], T[k], self.lane_weights[blocks], sums[i, k])
        found = sums.reshape(parts, parts, -1, LANES).sum(axis=3)
        mean, upper = found[0, 0, :size], found[0, 0, size:]
        if parts == 2:
            mean = mean + 1j * found[1, 1, :size]
            upper = upper - found[1, 1, size:] + 1j * (found[0, 1] + found[1, 0])[size:]
        square, where = np.empty((size, size), upper.dtype), np.triu_indices(size)
        square[where] = square.T[where] = upper
        return mean[place], square[place[:, :, None, None], place]

    def phase(self, A: NDArray) -> float:
        """E[Im log det (1 + A F)] at a complex A with Im A > 0."""
        inverse, place = -np.linalg.inv(A), self.pairs[2]
        total = sum(
            mean_phase(self.lane_blocks(some), self.lane_weights[some], inverse, place)
            for some in self._chunks()
        )
        return total - float(phase(inverse))


def triangle(size: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the upper triangle of a matrix, and the place of (i, j) in it."""
    rows, columns = np.triu_indices(size)
    place = np.zeros((size, size), dtype=np.intp)
    place[rows, columns] = place[columns, rows] = np.arange(rows.size)
    return rows, columns, place


def in_lanes(rows: NDArray) -> NDArray[np.float64]:
    """Columns of n rows as blocks of LANES rows, the last one filled up with 0: from (n, k) to
    (blocks, k, LANES)."""
    n, k = rows.shape
    result = np.zeros((-(-n // LANES), k, LANES))
    whole = n // LANES
    result[:whole] = rows[: whole * LANES].reshape(whole, LANES, k).swapaxes(1, 2)
    if whole < len(result):
        result[whole, :, : n - whole * LANES] = rows[whole * LANES :].T
    return result

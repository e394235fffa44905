"""Means over samples of F: E[T] and E[T ⊗ T] with T = F (I + A F)⁻¹, A = −Γ, for p × p matrices."""

from abc import ABC, abstractmethod
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bbpscape.theory.laws.network.phase import phase

# Samples that are worked on together, in the cache.
CHUNK = 8192
# Of an eigenvalue of F, in units of the largest.
ZERO = 1e-13


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
        values = abs(np.linalg.eigvalsh(self.samples))
        # The largest of heavy-tailed labels says nothing of other samples.
        largest = values.max(axis=-1)
        scale = np.maximum(largest, np.median(largest[largest > 0]))
        rank = (values > ZERO * scale[:, None]).sum(axis=-1)
        return float(self.shares @ rank)

    @cached_property
    def pairs(self) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
        """Rows and columns of the upper triangle, and the place of (i, j) in it."""
        rows, columns = np.triu_indices(self.p)
        place = np.zeros((self.p, self.p), dtype=np.intp)
        place[rows, columns] = place[columns, rows] = np.arange(rows.size)
        return rows, columns, place

    @cached_property
    def _packed(self) -> NDArray[np.float64]:
        """The upper triangle of F, shape (p(p + 1)/2, n)."""
        rows, columns, _ = self.pairs
        return np.ascontiguousarray(self.samples[:, rows, columns].T)

    def resolvent(self, A: NDArray) -> NDArray:
        """T = F (I + A F)⁻¹, its upper triangle of every sample: shape (p(p + 1)/2, n).

        The array is overwritten by the next call.

        With A = Σ_k δ_k l_k l_kᵀ each k takes T to T − δ T l lᵀ T/(1 + δ lᵀ T l), whose denominator
        stays positive on the real branch: there I + A^½ F A^½ > 0 holds for every smaller A too.
        """
        known = self._known.get(A.dtype.char)
        if known is not None and np.array_equal(known[0], A):
            return known[1]
        F, (rows, columns, place) = self._packed, self.pairs
        # In the memory of the last one: new pages cost as much as the arithmetic.
        T = np.empty(F.shape, dtype=np.result_type(F, A)) if known is None else known[1]
        steps = []
        for scale, vector in _rank_one_factors(A):
            along = np.zeros((self.p, len(F)), dtype=A.dtype)
            for i in range(self.p):
                along[i, place[i]] = vector
            steps.append((1 / scale, vector, along))
        for start in range(0, F.shape[1], CHUNK):
            part = T[:, start : start + CHUNK]
            part[...] = F[:, start : start + CHUNK]
            change = np.empty(part.shape[1], T.dtype)
            for inverse, vector, along in steps:
                moved = along @ part
                ratios = moved / (inverse + vector @ moved)
                for k, (i, j) in enumerate(zip(rows, columns, strict=True)):
                    np.multiply(ratios[i], moved[j], out=change)
                    part[k] -= change
        self._known[A.dtype.char] = A.copy(), T
        return T

    @cached_property
    def _known(self) -> dict[str, tuple[NDArray, NDArray]]:
        """The last A of a type with its T, which several moments are of."""
        return {}

    def moments(self, A: NDArray) -> tuple[NDArray, NDArray]:
        """(E[T], E[T_ij T_kl]), shapes (p, p) and (p, p, p, p), up to the law's symmetries."""
        T, place = self.resolvent(A), self.pairs[2]
        weights = self.shares
        mean, square = np.zeros(len(T), T.dtype), np.zeros((len(T), len(T)), T.dtype)
        for start in range(0, weights.size, CHUNK):
            part = T[:, start : start + CHUNK]
            weighted = part * weights[start : start + CHUNK]
            mean += weighted.sum(axis=1)
            square += weighted @ part.T
        return mean[place], square[place[:, :, None, None], place]

    def phase(self, A: NDArray) -> float:
        """E[Im log det (1 + A F)] at a complex A with Im A > 0."""
        inverse, total = -np.linalg.inv(A), 0.0
        weights, F = self.shares, self.samples
        for start in range(0, weights.size, CHUNK):
            part = slice(start, start + CHUNK)
            total += float(weights[part] @ phase(inverse - F[part]))
        return total - float(phase(inverse))


def _rank_one_factors(A: NDArray) -> list[tuple[complex, NDArray]]:
    """(δ_k, l_k) with A = Σ_k δ_k l_k l_kᵀ for a symmetric A, l_k being 0 before its entry k."""
    rest, factors = A.copy(), []
    for k in range(len(A)):
        column = rest[:, k] / rest[k, k]
        column[:k] = 0
        factors.append((rest[k, k], column))
        rest = rest - rest[k, k] * np.outer(column, column)
    return factors

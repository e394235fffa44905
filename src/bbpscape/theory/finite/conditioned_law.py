"""What a draw is given by: F and coordinates of its samples, its weights along the components."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bbpscape.theory.laws.network.matrix_moments import MatrixMoments
from bbpscape.theory.population.population import Population
from bbpscape.theory.population.resolvents import Resolvents

TINY = 1e-30
# Of a vector's length, without what others have of it.
DEPENDENT = 1e-8


@dataclass(frozen=True, eq=False)
class ConditionedLaw(MatrixMoments):
    """F̃_μ = τ_μ F_μ of the M samples of one draw, each of weight 1/M, and the N components.

    Parameters
    ----------
    curvature : array, shape (M, p, p)
    population : Population
        N components, each by itself.
    apart : int
        How many of the largest are left out of the bulk.
    """

    curvature: NDArray[np.float64]
    population: Population
    apart: int = 0

    isotropic = False
    # Finitely many F have a lowest one.
    unbounded = None

    @property
    def p(self) -> int:
        return self.curvature.shape[1]

    @property
    def samples(self) -> NDArray[np.float64]:
        return self.curvature

    @property
    def alpha(self) -> float:
        """M/N."""
        return len(self.samples) / self.population.sigma.size

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        return np.full(len(self.samples), 1 / len(self.samples))

    @property
    def lowest(self) -> "ConditionedLaw":
        return self

    def reach(self, A: NDArray) -> float:
        """−min over samples of the lowest eigenvalue of A^½ F A^½."""
        root = np.linalg.cholesky(A)
        if self.p == 1:
            return -float(self.samples.min()) * float(root[0, 0]) ** 2
        return -float(np.linalg.eigvalsh(root.T @ self.samples @ root)[:, 0].min())

    @cached_property
    def basis(self) -> NDArray[np.float64]:
        """Of all symmetric matrices: one draw has no symmetry."""
        one = np.eye(self.p)
        pairs = zip(*np.triu_indices(self.p), strict=True)
        return np.stack(
            [np.outer(one[i], one[j]) + (i != j) * np.outer(one[j], one[i]) for i, j in pairs]
        )

    @cached_property
    def bulk(self) -> Population:
        return self.population.without(self.apart) if self.apart else self.population

    def without(self, apart: int) -> "ConditionedLaw":
        return replace(self, apart=apart)

    def signal(self, A: NDArray, coordinates: NDArray) -> NDArray:
        """(1/M) Σ v_μ v_μᵀ ⊗ T_μ of coordinates v, shape (M, q): (q p, q p)."""
        p, q, T = self.p, coordinates.shape[1], self.resolvent(A)
        packed = np.einsum("kn,na,nb->abk", T, coordinates, coordinates, optimize=True)
        blocks = packed[:, :, self.pairs[2]] / len(self.samples)
        return blocks.transpose(0, 2, 1, 3).reshape(q * p, q * p)

    def signal_slope(self, A: NDArray, change: NDArray, coordinates: NDArray) -> NDArray:
        """The derivative of ``signal`` along a direction of A, by a complex step."""
        return self.signal(A + 1j * TINY * change, coordinates).imag / TINY


@dataclass(frozen=True, eq=False)
class Directions:
    """Orthonormal vectors V of Σ^½ W in the eigenbasis of Σ, and what each sample has along them.

    Parameters
    ----------
    sigma : array, shape (N,)
    vectors : array, shape (N, q)
    coordinates : array, shape (M, q)
        v_μ = Vᵀ ξ_μ.
    teacher : array, shape (N, p*)
        Orthonormal vectors of the teacher's weights.
    mean : array, shape (N,), optional
        μ of the inputs: one vector more, of the inputs' own space.
    share : array, shape (M,), optional
        1/√τ_μ, what each sample has of it.
    components : int
        So many of the largest components are vectors of their own, the first ones.
    """

    sigma: NDArray[np.float64]
    vectors: NDArray[np.float64]
    coordinates: NDArray[np.float64]
    teacher: NDArray[np.float64]
    mean: NDArray[np.float64] | None = None
    share: NDArray[np.float64] | None = None
    components: int = 0

    def split(self, leading: NDArray) -> "Directions":
        """With the first k components as vectors too; ``leading`` are the ξ along them, (M, k)."""
        k, N = leading.shape[1], len(self.vectors)
        inside, rest = self.vectors[:k], self.vectors.copy()
        rest[:k] = 0.0
        left, sizes, right = np.linalg.svd(rest, full_matrices=False)
        kept = sizes > DEPENDENT
        others = (self.coordinates - leading @ inside) @ (right[kept].T / sizes[kept])
        mean = self.mean
        if mean is not None and self.share is not None:
            leading = leading + np.outer(self.share, mean[:k] / np.sqrt(self.sigma[:k]))
            mean = np.where(np.arange(N) < k, 0.0, mean)
        return replace(
            self,
            vectors=np.concatenate([np.eye(N, k), left[:, kept]], axis=1),
            coordinates=np.concatenate([leading, others], axis=1),
            mean=mean,
            components=k,
        )

    @cached_property
    def fields(self) -> NDArray[np.float64]:
        """Σ^½ V, and μ, shape (N, q or q + 1)."""
        found = np.sqrt(self.sigma)[:, None] * self.vectors
        return found if self.mean is None else np.column_stack([found, self.mean])

    @cached_property
    def of_samples(self) -> NDArray[np.float64]:
        """What each sample has along the fields, shape (M, q or q + 1)."""
        if self.share is None:
            return self.coordinates
        return np.column_stack([self.coordinates, self.share])

    @cached_property
    def own(self) -> NDArray[np.float64]:
        """I on V and 0 on μ: only ξ has a part of S."""
        size = self.vectors.shape[1]
        return np.eye(self.fields.shape[1]) * (np.arange(self.fields.shape[1]) < size)

    def kernel(self, p: int, z: complex, S: NDArray) -> "Kernel":
        """K and L at one point."""
        ones = np.ones(self.sigma.size)
        return Kernel(self, p, Resolvents(Population(self.sigma, ones, ones, True), z, S))


@dataclass(frozen=True, eq=False)
class Kernel:
    """K = Yᵀ (z − SΣ)⁻¹ Y and L = Ŵ*ᵀ (z − SΣ)⁻¹ Y of the fields Y, at one z and S."""

    of: Directions
    p: int
    at: Resolvents

    @cached_property
    def value(self) -> NDArray:
        """K, shape (q p, q p)."""
        return self._blocks(self.at.sum)

    def change(self, z_change: float, S_change: NDArray) -> NDArray:
        """How K changes with z and S, to first order."""
        return self._blocks(lambda f: self.at.change(f, z_change, S_change))

    def _blocks(self, block: Callable[[NDArray], NDArray]) -> NDArray:
        Y, p, k = self.of.fields, self.p, self.of.components
        q = Y.shape[1]
        found = np.zeros((q, p, q, p), block(Y[:, 0]).dtype)
        for a in range(q):
            # A component has nothing in common with the other vectors.
            for b in range(a, a + 1 if a < k else q):
                found[a, :, b, :] = found[b, :, a, :] = block(Y[:, a] * Y[:, b])
        return found.reshape(q * p, q * p)

    @cached_property
    def along(self) -> NDArray:
        """L, shape (p* p, q p)."""
        p, teacher = self.p, self.of.teacher
        parts = [[self.at.sum(f * one) for f in self.of.fields.T] for one in teacher.T]
        return np.array(parts).transpose(0, 2, 1, 3).reshape(teacher.shape[1] * p, -1)

    def own(self) -> complex:
        """Tr Ŵ*ᵀ (z − SΣ)⁻¹ Ŵ*."""
        return complex(np.trace(self.at.sum((self.of.teacher**2).sum(axis=1))))

"""The special directions of a p × p law, as vectors of the inputs' space: K, L and M.

For unit vectors V of Σ^½ W, with W the weights of a direction, and Ŵ those of W itself,

    K = Vᵀ Σ^½ (z − S ⊗ Σ)⁻¹ Σ^½ V,    L = Ŵᵀ (z − S ⊗ Σ)⁻¹ Σ^½ V,    M = K⁻¹ + I ⊗ S − S_v,

and M⁻¹ is the resolvent of H on Σ^½ V. The inputs' mean is no vector of Σ^½ ℝ^N: there V = Ŵ, and
without S. Where Σ = 1, K = (z − S)⁻¹ and M = z − S_v. Source: theory.md §6.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bbpscape.theory.law import MEAN, TEACHER
from bbpscape.theory.laws.network.matrix_law import MatrixLaw
from bbpscape.theory.matrix.branch import BranchPoint
from bbpscape.theory.population.resolvents import Resolvents


@dataclass(frozen=True, eq=False)
class Vector:
    """A vector e: the coordinate of v that it belongs to, that one's component along it, and the
    weights of the components of the inputs in K and L."""

    owner: int
    size: float
    kernel: NDArray[np.float64]
    along: NDArray[np.float64]
    apart: bool = False

    @property
    def scale(self) -> float:
        """Σ^{−½} of a component, whose only weight in K is σ."""
        return float(self.kernel.sum() ** -0.5)


@dataclass(frozen=True, eq=False)
class Frame:
    """Vectors e that span the special directions: K and L of each are sums over components.

    Where ``split``, every component apart from the bulk is a vector of its own in each direction,
    so that M increases with z past them; else a direction is one vector.
    """

    law: MatrixLaw
    split: bool = False

    @cached_property
    def _vectors(self) -> list[Vector]:
        population, found = self.law.population, []
        w, sigma = population.weights, population.sigma
        apart = self.law.apart if self.split else 0
        bulk = np.arange(sigma.size) >= apart
        for a, kind in enumerate(self.law.directions):
            if kind == MEAN:
                found.append(Vector(a, 1.0, w * bulk, w * bulk))
                continue
            c = w * population.teacher if kind == TEACHER else w
            for i in range(-1, apart):
                part = c * sigma * (bulk if i < 0 else np.arange(sigma.size) == i)
                size = float(part.sum())
                if size > 0:
                    along = part / math.sqrt(float(c.sum()) * size)
                    share = math.sqrt(size / float(c @ sigma))
                    found.append(Vector(a, share, part * sigma / size, along, i >= 0))
        return found

    @cached_property
    def _owners(self) -> NDArray[np.intp]:
        """The coordinate of v of every vector."""
        return np.array([one.owner for one in self._vectors])

    def components(self, vectors: NDArray) -> NDArray:
        """What columns of the space of M are along the components apart from the bulk."""
        result = vectors.reshape(len(self._vectors), self.law.p, -1)
        scales = [one.scale if one.apart else 0.0 for one in self._vectors]
        return (result * np.array(scales)[:, None, None]).reshape(vectors.shape)

    def of(self, direction: str) -> NDArray[np.bool_]:
        """Which of the rows of M belong to a direction."""
        kinds = np.array(self.law.directions)[self._owners]
        return np.repeat(kinds == direction, self.law.p)

    def matrix(self, alpha: float, z: complex, A: NDArray, S: NDArray) -> NDArray:
        """M, of shape (e p, e p), at a point of the bulk equation, real or complex."""
        return self.of_signal(z, S, alpha * self.law.signal(A))

    def of_signal(self, z: complex, S: NDArray, signal: NDArray) -> NDArray:
        """M from S and S_v."""
        if self.law.isotropic:
            M = z * np.eye(len(signal)) - signal
            if MEAN in self.law.directions:
                M[-self.law.p :, -self.law.p :] -= S
            return M
        resolvents = Resolvents(self.law.population, z, S)
        blocks = [np.linalg.inv(resolvents.sum(one.kernel)) for one in self._vectors]
        return self._assembled(blocks, signal, S)

    def free(self, z: complex, A: NDArray, S: NDArray) -> NDArray:
        """K of all directions, shape (e p, e p)."""
        if self.law.isotropic:
            return np.kron(np.eye(len(self._vectors)), -A)
        resolvents, p = Resolvents(self.law.population, z, S), self.law.p
        result = np.zeros((len(self._vectors), p, len(self._vectors), p), S.dtype)
        for e, one in enumerate(self._vectors):
            result[e, :, e, :] = resolvents.sum(one.kernel)
        return result.reshape(len(self._vectors) * p, -1)

    def trace(self, direction: str, M: NDArray, z: complex, S: NDArray) -> complex:
        """Tr Ŵᵀ R Ŵ along the weights of a direction, with the M of this point."""
        C = self.weights(direction, z, S, np.eye(len(M)))
        total = np.trace(C @ np.linalg.solve(M, C.T))
        if self.law.isotropic:
            return complex(total)
        population = self.law.population
        c = population.weights * (population.teacher if direction == TEACHER else 1.0)
        resolvents = Resolvents(population, z, S)
        for one in self._vectors:
            if self.law.directions[one.owner] == direction:
                K, L = resolvents.sum(one.kernel), resolvents.sum(one.along)
                total += np.trace(resolvents.sum(c / c.sum()) - L @ np.linalg.solve(K, L))
        return complex(total)

    def slope(self, alpha: float, point: BranchPoint) -> NDArray[np.float64]:
        """dM/dz along the branch."""
        signal = alpha * self.law.signal_slope(point.A, point.A_slope)
        return self.slope_of_signal(point.z, point.S, point.z_slope, point.S_slope, signal)

    def slope_of_signal(
        self, z: float, S: NDArray, z_slope: float, S_slope: NDArray, signal: NDArray
    ) -> NDArray[np.float64]:
        """dM/dz from the changes of z, S and S_v along the branch."""
        if self.law.isotropic:
            M = z_slope * np.eye(len(signal)) - signal
            if MEAN in self.law.directions:
                M[-self.law.p :, -self.law.p :] -= S_slope
            return M / z_slope
        resolvents, blocks = Resolvents(self.law.population, z, S), []
        for one in self._vectors:
            inverse = np.linalg.inv(resolvents.sum(one.kernel))
            blocks.append(-inverse @ resolvents.change(one.kernel, z_slope, S_slope) @ inverse)
        return self._assembled(blocks, signal, S_slope) / z_slope

    def _assembled(self, blocks: list[NDArray], signal: NDArray, S: NDArray) -> NDArray:
        """The blocks of K⁻¹ and the perturbation S_v − I ⊗ S on the vectors e."""
        p, count = self.law.p, len(blocks)
        q = len(self.law.directions)
        weights = np.array([kind != MEAN for kind in self.law.directions], float)
        change = signal - np.kron(np.diag(weights), S)
        sizes = np.array([one.size for one in self._vectors])
        change = change.reshape(q, p, q, p)[self._owners][:, :, self._owners]
        M = -change * sizes[:, None, None, None] * sizes[None, None, :, None]
        for e, block in enumerate(blocks):
            M[e, :, e, :] += block
        return M.reshape(count * p, count * p)

    def weights(self, direction: str, z: complex, S: NDArray, vectors: NDArray) -> NDArray:
        """Ŵᵀ R Σ^½ V M applied to columns of the space of M: what they are along the weights of a
        direction, shape (coordinates × p, columns)."""
        p, kinds = self.law.p, self.law.directions
        chosen = [a for a, kind in enumerate(kinds) if kind == direction]
        if self.law.isotropic:
            return vectors[self.of(direction)]
        result = np.zeros((len(kinds), p, vectors.shape[1]), np.result_type(vectors, S))
        resolvents = Resolvents(self.law.population, z, S)
        for e, one in enumerate(self._vectors):
            if one.owner in chosen:
                K, L = resolvents.sum(one.kernel), resolvents.sum(one.along)
                result[one.owner] += L @ np.linalg.solve(K, vectors[e * p : (e + 1) * p])
        return result[chosen].reshape(-1, vectors.shape[1])

"""What one draw of isotropic inputs is given by: F and coordinates of each sample.

The coordinates are those along the student, the teacher, and the inputs of the few samples that
decide where the bulk begins. Given them, what is left of the inputs is Gaussian, in N − q
dimensions, and independent of both.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bbpscape.theory.laws.network.matrix_moments import MatrixMoments

# Draws of more samples than these are thinned where T changes little.
MOST_WHOLE, LOWEST_KEPT = 20_000, 2_000


@dataclass(frozen=True, eq=False)
class DrawLaw(MatrixMoments):
    """F_μ and v_μ of the samples of one draw, each of a weight, at dimension N.

    Parameters
    ----------
    curvature : array, shape (M, p, p)
    coordinates : array, shape (M, q)
    teacher : array, shape (q, p*)
        Orthonormal vectors of the teacher's weights in these coordinates.
    N : int
    weights : array, shape (M,)
        How many samples each stands for.
    own : array, shape (q p, q p)
        (1/N) Σ v vᵀ ⊗ F of the samples that lie within the coordinates.
    """

    curvature: NDArray[np.float64]
    coordinates: NDArray[np.float64]
    teacher: NDArray[np.float64]
    N: int
    weights: NDArray[np.float64]
    own: NDArray[np.float64]

    @classmethod
    def of(cls, curvature: NDArray, coordinates: NDArray, teacher: NDArray, N: int) -> "DrawLaw":
        """All samples of a draw, by their coordinates along the weights."""
        size = coordinates.shape[1] * curvature.shape[1]
        ones, own = np.ones(len(curvature)), np.zeros((size, size))
        return cls(curvature, coordinates, teacher, N, ones, own)

    @property
    def p(self) -> int:
        return self.curvature.shape[1]

    @property
    def size(self) -> int:
        """q p."""
        return len(self.own)

    @property
    def samples(self) -> NDArray[np.float64]:
        return self.curvature

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        return self.weights / self.weights.sum()

    @cached_property
    def alpha(self) -> float:
        """Samples per dimension."""
        return float(self.weights.sum() / self.N)

    @property
    def free(self) -> float:
        """(N − q)/N, the share of the dimensions that is left to chance."""
        return 1 - self.coordinates.shape[1] / self.N

    @cached_property
    def basis(self) -> NDArray[np.float64]:
        """Of all symmetric matrices: one draw has no symmetry."""
        one = np.eye(self.p)
        pairs = zip(*np.triu_indices(self.p), strict=True)
        return np.stack(
            [np.outer(one[i], one[j]) + (i != j) * np.outer(one[j], one[i]) for i, j in pairs]
        )

    @cached_property
    def _lowest(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Bounds of the least eigenvalue of every F by its rows, rising, and F in this order."""
        F = self.curvature
        diagonal = np.einsum("nii->ni", F)
        bounds = (diagonal + abs(diagonal) - abs(F).sum(axis=2)).min(axis=1)
        order = np.argsort(bounds)
        return bounds[order], F[order]

    def within(self, A: NDArray) -> bool:
        """Whether A > 0 and I + A^½ F A^½ > 0 for every sample, which is A⁻¹ + F > 0."""
        values = np.linalg.eigvalsh(A)
        if values[0] <= 0:
            return False
        bounds, F = self._lowest
        low = F[: np.searchsorted(bounds, -1 / values[-1], side="right")]
        if not len(low):
            return True
        rest = np.linalg.inv(A) + low
        for k in range(self.p):
            pivot = rest[:, k, k]
            if not pivot.min() > 0:
                return False
            column = rest[:, k + 1 :, k]
            rest[:, k + 1 :, k + 1 :] -= (
                column[:, :, None] * column[:, None, :] / pivot[:, None, None]
            )
        return True

    def whole(self, A: NDArray) -> NDArray:
        """T of every sample, shape (M, p, p)."""
        return self.resolvent(A)[self.pairs[2]].transpose(2, 0, 1)

    def signal(self, A: NDArray) -> NDArray:
        """S_v = (1/N) Σ v_μ v_μᵀ ⊗ T_μ, shape (q p, q p)."""
        T, v = self.resolvent(A), self.coordinates
        weighted = v * (self.weights / self.N)[:, None]
        blocks = np.stack([(weighted * one[:, None]).T @ v for one in T], axis=-1)
        return self.own + self.blocks(blocks[:, :, self.pairs[2]])

    def blocks(self, tensor: NDArray) -> NDArray:
        """(q, q, p, p) as (q p, q p)."""
        return tensor.transpose(0, 2, 1, 3).reshape(self.size, self.size)

    @cached_property
    def projector(self) -> NDArray[np.float64]:
        """On the teacher's directions, for every neuron: (q p, q p)."""
        return np.asarray(np.kron(self.teacher @ self.teacher.T, np.eye(self.p)), dtype=np.float64)

    def depths(self, A: NDArray) -> NDArray[np.float64]:
        """The largest eigenvalue of −A^½ T A^½ of every sample: how far it pulls the edge down."""
        root = np.linalg.cholesky(A)
        values: NDArray[np.float64] = np.linalg.eigvalsh(root.T @ self.whole(A) @ root)
        return -np.asarray(values[:, 0])

    def splitting_off(self, chosen: NDArray[np.intp], generator: np.random.Generator) -> "DrawLaw":
        """With coordinates along the inputs of the samples ``chosen`` too.

        What is left of those inputs is Gaussian: orthonormalized, it is a triangle of normal
        variables with roots of χ² on its diagonal, and others have normal coordinates along it.
        """
        count, (M, q) = len(chosen), self.coordinates.shape
        along = generator.standard_normal((M, count))
        triangle = np.tril(generator.standard_normal((count, count)), -1)
        degrees = self.N - q - np.arange(count)
        triangle[np.diag_indices(count)] = np.sqrt(generator.chisquare(degrees))
        along[chosen] = triangle
        v = np.concatenate([self.coordinates, along], axis=1)
        rest = np.ones(M, dtype=bool)
        rest[chosen] = False
        inside = v[chosen]
        pairs = np.einsum(
            "n,na,nb,nij->abij", self.weights[chosen], inside, inside, self.curvature[chosen]
        )
        teacher = np.concatenate([self.teacher, np.zeros((count, self.teacher.shape[1]))])
        size = (q + count) * self.p
        own = np.zeros((size, size))
        own[: self.size, : self.size] = self.own
        own += (pairs / self.N).transpose(0, 2, 1, 3).reshape(size, size)
        return DrawLaw(self.curvature[rest], v[rest], teacher, self.N, self.weights[rest], own)

    def thinned(self, A: NDArray) -> "DrawLaw":
        """The lowest samples, and of many others evenly chosen ones in place of all."""
        if len(self.weights) <= MOST_WHOLE:
            return self
        order = np.argsort(-self.depths(A))
        low, others = order[:LOWEST_KEPT], order[LOWEST_KEPT:]
        step = -(-len(others) // (MOST_WHOLE - LOWEST_KEPT))
        some = others[step // 2 :: step]
        kept = np.concatenate([low, some])
        weights = self.weights[kept].copy()
        weights[LOWEST_KEPT:] *= len(others) / len(some)
        rows = self.curvature[kept], self.coordinates[kept]
        return DrawLaw(*rows, self.teacher, self.N, weights, self.own)

"""The p × p law of a network: E[T], E[T ⊗ T] and E[v vᵀ ⊗ T] with T = F (I + A F)⁻¹, A = −G.

v are the p + p* whitened coordinates on the span of the student's and the teacher's weights: the
part of λ that is independent of u, then u.
"""

import itertools
import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.laws.network.lowest_curvature import LowestCurvature
from bbpscape.theory.laws.network.nodes import (
    NetworkNodes,
    network_nodes,
    permutable,
    sign_symmetric,
)
from bbpscape.theory.laws.network.scalar_law import FLAT, gathering_points

# Nodes that are worked on together, in the cache.
CHUNK = 8192
TINY = 1e-30


@dataclass(frozen=True, eq=False)
class MatrixLaw:
    """All that the theory asks of a model whose G need not be a multiple of the identity.

    ``sign`` = −1 is the law of −F: the spectrum of −H, so that right edges are left edges.
    """

    nodes: NetworkNodes
    lowest: LowestCurvature
    sign: float = 1.0

    @property
    def model(self) -> TeacherStudent:
        return self.nodes.model

    @property
    def p(self) -> int:
        return int(self.model.p)

    @cached_property
    def curvature(self) -> NDArray[np.float64]:
        """F at every node, shape (n, m, p, p)."""
        return self.nodes.curvature if self.sign > 0 else -self.nodes.curvature

    @cached_property
    def basis(self) -> NDArray[np.float64]:
        """Orthogonal symmetric matrices, shape (d, p, p), that span what G can be."""
        p, one = self.p, np.eye(self.p)
        if permutable(self.model):
            if p == 1 or sign_symmetric(self.model):
                return one[None]
            mean = np.full((p, p), 1 / p)
            return np.stack([one - mean, mean])
        if sign_symmetric(self.model):
            return np.stack([np.outer(e, e) for e in one])
        pairs = [(i, j) for i in range(p) for j in range(i, p)]
        return np.stack(
            [np.outer(one[i], one[j]) + (i != j) * np.outer(one[j], one[i]) for i, j in pairs]
        )

    @cached_property
    def _pairs(self) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
        """Rows and columns of the upper triangle, and the place of (i, j) in it."""
        rows, columns = np.triu_indices(self.p)
        place = np.zeros((self.p, self.p), dtype=np.intp)
        place[rows, columns] = place[columns, rows] = np.arange(rows.size)
        return rows, columns, place

    @cached_property
    def _packed(self) -> NDArray[np.float64]:
        """The upper triangle of F, shape (p(p + 1)/2, n m)."""
        rows, columns, _ = self._pairs
        F = self.curvature.reshape(-1, self.p, self.p)
        return np.ascontiguousarray(F[:, rows, columns].T)

    def resolvent(self, A: NDArray) -> NDArray:
        """T = F (I + A F)⁻¹, its upper triangle at every node: shape (p(p + 1)/2, n m).

        The array is overwritten by the next call.

        With A = Σ_k δ_k l_k l_kᵀ each k takes T to T − δ T l lᵀ T/(1 + δ lᵀ T l), whose denominator
        stays positive on the real branch: there I + A^½ F A^½ > 0 holds for every smaller A too.
        """
        known = self._known.get(A.dtype.char)
        if known is not None and np.array_equal(known[0], A):
            return known[1]
        F, (rows, columns, place) = self._packed, self._pairs
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
        T, place = self.resolvent(A), self._pairs[2]
        weights = self.nodes.weights.reshape(-1)
        mean, square = np.zeros(len(T), T.dtype), np.zeros((len(T), len(T)), T.dtype)
        for start in range(0, weights.size, CHUNK):
            part = T[:, start : start + CHUNK]
            weighted = part * weights[start : start + CHUNK]
            mean += weighted.sum(axis=1)
            square += weighted @ part.T
        return mean[place], square[place[:, :, None, None], place]

    def signal(self, A: NDArray) -> NDArray:
        """E[v vᵀ ⊗ T], shape (q p, q p) with q = p + p*; A may be complex.

        Index a p + i is coordinate a and neuron i.
        """
        p, p_star = self.p, self.model.p_star
        place = self._pairs[2]
        T = self.resolvent(A)
        n, m = self.nodes.shape
        size, points = len(T), self.nodes.preactivations
        weighted = self.nodes.weights * T.reshape(size, n, m)
        q = p + p_star
        C = np.zeros((q, q, size), dtype=T.dtype)
        pairs = (points[:, :, None] * points[:, None, :]).reshape(n, p * p)
        C[:p, :p] = (weighted.sum(axis=2) @ pairs).T.reshape(p, p, size)
        if self.nodes.first.shape[0] == 1:
            cross = weighted @ self.nodes.first[0]
            C[:p, p:] = np.einsum("snl,na->als", cross, points)
            C[p:, p:] = np.tensordot(self.nodes.second[0], weighted.sum(axis=1), (0, 1))
        else:
            C[:p, p:] = np.einsum(
                "snm,na,nml->als", weighted, points, self.nodes.first, optimize=True
            )
            C[p:, p:] = np.einsum("snm,nmlk->lks", weighted, self.nodes.second, optimize=True)
        C[p:, :p] = C[:p, p:].transpose(1, 0, 2)
        tensor = self._symmetrized(C[:, :, place])
        tensor = np.einsum("ac,bd,cdij->abij", self._whitening, self._whitening, tensor)
        return tensor.transpose(0, 2, 1, 3).reshape(q * p, q * p)

    def signal_slope(self, A: NDArray, direction: NDArray) -> NDArray:
        """The derivative of ``signal`` along a direction of A, by a complex step."""
        return self.signal(A + 1j * TINY * direction).imag / TINY

    @cached_property
    def _whitening(self) -> NDArray[np.float64]:
        """v = L (λ, u)."""
        p, overlap = self.p, self.model.overlap_matrix
        L = np.eye(p + self.model.p_star)
        rest = np.sqrt(1 - (overlap**2).sum(axis=0))
        L[:p, :p] /= rest[:, None]
        L[:p, p:] = -(overlap / rest).T
        return L

    def _symmetrized(self, C: NDArray) -> NDArray:
        """Averages over permutations of the student's neurons, and over their signs."""
        p, q = self.p, C.shape[0]
        if permutable(self.model) and p > 1:
            total = np.zeros_like(C)
            for order in itertools.permutations(range(p)):
                where = np.array([*order, *range(p, q)])
                total += C[np.ix_(where, where, where[:p], where[:p])]
            C = total / math.factorial(p)
        if sign_symmetric(self.model):
            eye = np.eye(q)[:, :p]
            # How often neuron k occurs in (a, b, i, j) must be even.
            counts = (
                eye[:, None, None, None]
                + eye[None, :, None, None]
                + np.eye(p)[None, None, :, None]
                + np.eye(p)[None, None, None, :]
            )
            C = C * (counts % 2 == 0).all(axis=-1)
        return C


def _rank_one_factors(A: NDArray) -> list[tuple[complex, NDArray]]:
    """(δ_k, l_k) with A = Σ_k δ_k l_k l_kᵀ for a symmetric A, l_k being 0 before its entry k."""
    rest, factors = A.copy(), []
    for k in range(len(A)):
        column = rest[:, k] / rest[k, k]
        column[:k] = 0
        factors.append((rest[k, k], column))
        rest = rest - rest[k, k] * np.outer(column, column)
    return factors


def matrix_law(
    model: TeacherStudent,
    refinement: float = 1.0,
    sign: float = 1.0,
    seed: int = 0,
    lowest: LowestCurvature | None = None,
) -> MatrixLaw:
    """The law of a model, or of −F with ``sign`` = −1; ``lowest`` is theirs, if it is known."""
    if lowest is None:
        lowest = LowestCurvature(model, sign)
    points = [] if lowest.unbounded else gathering_points(lowest.minimizers())
    law = MatrixLaw(network_nodes(model, refinement, points, seed), lowest, sign)
    if not law.curvature.any():
        raise InvalidInput(FLAT)
    return law

"""The p × p law of samples of one norm: E[T], E[T ⊗ T] and E[v vᵀ ⊗ T], T = F (I + A F)⁻¹, A = −Γ.

v are the p + p* whitened coordinates on the span of the student's and the teacher's weights: the
part of λ that is independent of u, then u. Inputs with a mean have one coordinate more.
"""

import itertools
import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.law import MEAN, STUDENT, TEACHER
from bbpscape.theory.laws.network.grid import NetworkNodes, permutable, sign_symmetric
from bbpscape.theory.laws.network.phase import phase

# Nodes that are worked on together, in the cache.
CHUNK = 8192
# Of an eigenvalue of F, in units of the largest.
ZERO = 1e-13


@dataclass(frozen=True, eq=False)
class NodeLaw:
    """The law of F at nodes, times ``scale``, −1 for the spectrum of −H.

    ``mean`` is what a sample has along the inputs' mean, as the coordinates v are what it has along
    the weights: |μ|/√τ for samples of norm τ.
    """

    nodes: NetworkNodes
    scale: float = 1.0
    mean: float = 0.0

    @property
    def model(self) -> TeacherStudent:
        return self.nodes.model

    @property
    def p(self) -> int:
        return int(self.model.p)

    @property
    def exact(self) -> bool:
        """Whether the nodes are products of rules, not quasi-Monte Carlo points."""
        return self.nodes.method == "tensor"

    @property
    def directions(self) -> tuple[str, ...]:
        own = (STUDENT,) * self.p + (TEACHER,) * self.model.p_star
        return own + (MEAN,) * (self.mean > 0)

    @cached_property
    def curvature(self) -> NDArray[np.float64]:
        """F at every node, shape (n, m, p, p)."""
        F = self.nodes.curvature
        return F if self.scale == 1 else self.scale * F

    @property
    def first(self) -> NDArray[np.float64]:
        """E F but for the law's symmetries, shape (p, p)."""
        return np.einsum("nm,nmij->ij", self.nodes.weights, self.curvature)

    @property
    def second(self) -> float:
        """E Tr F²."""
        return float(np.einsum("nm,nmij,nmij->", self.nodes.weights, *[self.curvature] * 2))

    @property
    def rank(self) -> float:
        """E[rank F]."""
        values = abs(np.linalg.eigvalsh(self.curvature))
        rank = (values > ZERO * values.max()).sum(axis=-1)
        return float((self.nodes.weights * rank).sum())

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

    def phase(self, A: NDArray) -> float:
        """E[Im log det (1 + A F)] at a complex A with Im A > 0."""
        inverse, total = -np.linalg.inv(A), 0.0
        weights, F = self.nodes.weights.reshape(-1), self.curvature.reshape(-1, self.p, self.p)
        for start in range(0, weights.size, CHUNK):
            part = slice(start, start + CHUNK)
            total += float(weights[part] @ phase(inverse - F[part]))
        return total - float(phase(inverse))

    def signal(self, A: NDArray) -> NDArray:
        """E[v vᵀ ⊗ T], shape (q p, q p); A may be complex.

        Index a p + i is coordinate a and neuron i; q is p + p*, or one more with a mean.
        """
        p, end = self.p, self.p + self.model.p_star
        place = self._pairs[2]
        T = self.resolvent(A)
        n, m = self.nodes.shape
        size, points = len(T), self.nodes.coordinates
        weighted = self.nodes.weights * T.reshape(size, n, m)
        q = end + (self.mean > 0)
        C = np.zeros((q, q, size), dtype=T.dtype)
        pairs = (points[:, :, None] * points[:, None, :]).reshape(n, p * p)
        C[:p, :p] = (weighted.sum(axis=2) @ pairs).T.reshape(p, p, size)
        if self.nodes.first.shape[0] == 1:
            cross = weighted @ self.nodes.first[0]
            C[:p, p:end] = np.einsum("snl,na->als", cross, points)
            C[p:end, p:end] = np.tensordot(self.nodes.second[0], weighted.sum(axis=1), (0, 1))
        else:
            C[:p, p:end] = np.einsum(
                "snm,na,nml->als", weighted, points, self.nodes.first, optimize=True
            )
            C[p:end, p:end] = np.einsum("snm,nmlk->lks", weighted, self.nodes.second, optimize=True)
        if self.mean:
            C[:p, end] = self.mean * (weighted.sum(axis=2) @ points).T
            first = np.broadcast_to(self.nodes.first, (n, m, end - p))
            C[p:end, end] = self.mean * np.einsum("snm,nml->ls", weighted, first, optimize=True)
            C[end, p:end] = C[p:end, end]
            C[end, end] = self.mean**2 * weighted.sum(axis=(1, 2))
        C[p:, :p] = C[:p, p:].transpose(1, 0, 2)
        tensor = self._symmetrized(C[:, :, place])
        tensor = np.einsum("ac,bd,cdij->abij", self._whitening, self._whitening, tensor)
        return tensor.transpose(0, 2, 1, 3).reshape(q * p, q * p)

    @cached_property
    def _whitening(self) -> NDArray[np.float64]:
        """v from the coordinates of the nodes and u, and the mean's own coordinate."""
        L = self.nodes.whitening
        end = len(L)
        whole = np.eye(end + (self.mean > 0))
        whole[:end, :end] = L
        return whole

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

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
from bbpscape.theory.laws.network.matrix_moments import MatrixMoments

# Of weights that are products but for it.
ROUNDING = 1e-13


@dataclass(frozen=True, eq=False)
class NodeLaw(MatrixMoments):
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
    def samples(self) -> NDArray[np.float64]:
        return self.curvature.reshape(-1, self.p, self.p)

    @property
    def shares(self) -> NDArray[np.float64]:
        return self.nodes.weights.reshape(-1)

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

    def signal(self, A: NDArray) -> NDArray:
        """E[v vᵀ ⊗ T], shape (q p, q p); A may be complex.

        Index a p + i is coordinate a and neuron i; q is p + p*, or one more with a mean.
        """
        p, p_star = self.p, self.model.p_star
        end, place = p + p_star, self.pairs[2]
        q = end + (self.mean > 0)
        points = self.nodes.coordinates
        sums = self._over_labels(self.resolvent(A))
        size, n = sums.shape[:2]
        C = np.zeros((q, q, size), dtype=sums.dtype)
        pairs = (points[:, :, None] * points[:, None, :]).reshape(n, p * p)
        C[:p, :p] = (sums[:, :, 0] @ pairs).T.reshape(p, p, size)
        totals = sums.sum(axis=1)
        C[:p, p:end] = np.einsum("snl,na->als", sums[:, :, 1 : 1 + p_star], points)
        C[p:end, p:end] = totals[:, 1 + p_star :].T.reshape(p_star, p_star, size)
        if self.mean:
            C[:p, end] = self.mean * (sums[:, :, 0] @ points).T
            C[p:end, end] = self.mean * totals[:, 1 : 1 + p_star].T
            C[end, p:end] = C[p:end, end]
            C[end, end] = self.mean**2 * totals[:, 0]
        C[p:, :p] = C[:p, p:].transpose(1, 0, 2)
        tensor = self._symmetrized(C[:, :, place])
        tensor = np.einsum("ac,bd,cdij->abij", self._whitening, self._whitening, tensor)
        return tensor.transpose(0, 2, 1, 3).reshape(q * p, q * p)

    def _over_labels(self, T: NDArray) -> NDArray:
        """Σ_m w_nm (1, E[u], E[u uᵀ]) T of every node n of the coordinates: (entries, n, …)."""
        n, m = self.nodes.shape
        first, second = self.nodes.first, self.nodes.second
        second = second.reshape(*second.shape[:2], -1)
        alike = first.shape[0] == second.shape[0] == 1
        if alike:
            known = np.concatenate([np.ones((m, 1)), first[0], second[0]], axis=1)
        if self._product is not None:
            outer, inner = self._product
            sums = T.reshape(-1, m) @ (inner[:, None] * known)
            return outer[:, None] * sums.reshape(len(T), n, -1)
        weighted = self.nodes.weights * T.reshape(len(T), n, m)
        if alike:
            return weighted @ known
        parts = [weighted.sum(axis=2)[:, :, None]]
        for known in (first, second):
            parts.append(np.einsum("snm,nml->snl", weighted, known, optimize=True))
        return np.concatenate(parts, axis=2)

    @cached_property
    def _product(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """The weights of coordinates and of labels, where theirs are products and labels alike."""
        weights = self.nodes.weights
        outer, inner = weights.sum(axis=1), weights.sum(axis=0)
        apart = abs(weights - outer[:, None] * inner).max()
        alike = self.nodes.first.shape[0] == self.nodes.second.shape[0] == 1
        return (outer, inner) if alike and apart < ROUNDING * weights.max() else None

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

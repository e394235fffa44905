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

from bbpscape.model.checks import InvalidInput
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.network.lowest_curvature import LowestCurvature
from bbpscape.theory.network.nodes import (
    NetworkNodes,
    network_nodes,
    permutable,
    sign_symmetric,
)
from bbpscape.theory.network.scalar_law import FLAT, gathering_points


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
    def _packed(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(F, det F) at p = 2 with the entries 00, 01, 11 along the first axis."""
        F = self.curvature.reshape(-1, self.p, self.p)
        packed = np.ascontiguousarray(np.stack([F[:, 0, 0], F[:, 0, 1], F[:, 1, 1]]))
        return packed, packed[0] * packed[2] - packed[1] ** 2

    @cached_property
    def _cofactors(self) -> NDArray[np.float64]:
        """F, its adjugate and det F at p = 3, upper triangles along the first axis: (13, n m)."""
        rows, columns, _ = self._pairs
        F = self.curvature.reshape(-1, 3, 3)
        a, b, c, d, e, f = packed = np.ascontiguousarray(F[:, rows, columns].T)
        adjugate = np.array(
            [
                d * f - e * e,
                c * e - b * f,
                b * e - c * d,
                a * f - c * c,
                b * c - a * e,
                a * d - b * b,
            ]
        )
        det = a * adjugate[0] + b * adjugate[1] + c * adjugate[2]
        return np.concatenate([packed, adjugate, det[None]])

    @cached_property
    def _pairs(self) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
        """Rows and columns of the upper triangle, and the place of (i, j) in it."""
        rows, columns = np.triu_indices(self.p)
        place = np.zeros((self.p, self.p), dtype=np.intp)
        place[rows, columns] = place[columns, rows] = np.arange(rows.size)
        return rows, columns, place

    def resolvent(self, A: NDArray) -> NDArray:
        """T = F (I + A F)⁻¹, its upper triangle at every node: shape (p(p + 1)/2, n m)."""
        if self.p == 1:
            single = self.curvature.reshape(1, -1)
            return single / (1 + A[0, 0] * single)
        if self.p == 2:
            packed, det = self._packed
            below = 1 + A[0, 0] * packed[0] + A[1, 1] * packed[2] + 2 * A[0, 1] * packed[1]
            below += (A[0, 0] * A[1, 1] - A[0, 1] ** 2) * det
            adjugate = np.array([A[1, 1], -A[0, 1], A[0, 0]])
            return (packed + adjugate[:, None] * det) / below
        if self.p == 3:
            terms = self._cofactors
            numerator, below = cofactor_maps(A)
            return (numerator @ terms) / (1 + below @ terms)
        F = self.curvature.reshape(-1, self.p, self.p)
        T = np.linalg.solve(np.eye(self.p) + F @ A, F.astype(np.result_type(F, A)))
        rows, columns, _ = self._pairs
        return np.ascontiguousarray(((T + T.swapaxes(1, 2)) / 2)[:, rows, columns].T)

    def moments(self, A: NDArray) -> tuple[NDArray, NDArray]:
        """(E[T], E[T_ij T_kl]), shapes (p, p) and (p, p, p, p), up to the law's symmetries."""
        T, place = self.resolvent(A), self._pairs[2]
        weighted = T * self.nodes.weights.reshape(-1)
        square = weighted @ T.T
        return weighted.sum(axis=1)[place], square[place[:, :, None, None], place]

    def signal(self, A: NDArray, D: NDArray | None = None) -> NDArray:
        """E[v vᵀ ⊗ T] (or with T D T in place of T), shape (q p, q p) with q = p + p*.

        Index a p + i is coordinate a and neuron i.
        """
        p, p_star = self.p, self.model.p_star
        rows, columns, place = self._pairs
        T = self.resolvent(A)
        if D is not None:
            full = T[place]
            T = np.einsum("ijx,jk,klx->ilx", full, D, full, optimize=True)[rows, columns]
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


def cofactor_maps(A: NDArray) -> tuple[NDArray, NDArray]:
    """The rows that turn (F, adj F, det F) into det(I + A F) T and det(I + A F) − 1 at p = 3.

    adj(X + Y) = adj X + X ∗ Y + adj Y at X = F⁻¹, Y = A, times det F, where
    X ∗ Y = XY + YX − X Tr Y − Y Tr X + (Tr X Tr Y − Tr XY) I.
    """
    rows, columns = np.triu_indices(3)
    numerator = np.zeros((6, 13), dtype=A.dtype)
    below = np.zeros(13, dtype=A.dtype)
    numerator[:, :6] = np.eye(6)
    one, trace = np.eye(3), np.trace(A)
    product = A @ A
    adjugate = product - trace * A + (trace**2 - np.trace(product)) / 2 * one
    for k, (i, j) in enumerate(zip(rows, columns, strict=True)):
        E = np.zeros((3, 3))
        E[i, j] = E[j, i] = 1
        mixed = E @ A + A @ E - np.trace(E) * A - trace * E
        mixed += (np.trace(E) * trace - np.trace(E @ A)) * one
        numerator[:, 6 + k] = mixed[rows, columns]
        below[k], below[6 + k] = np.trace(E @ A), np.trace(E @ adjugate)
    numerator[:, 12] = adjugate[rows, columns]
    below[12] = np.linalg.det(A)
    return numerator, below


def matrix_law(
    model: TeacherStudent, refinement: float = 1.0, sign: float = 1.0, seed: int = 0
) -> MatrixLaw:
    """The law of a model, or of −F with ``sign`` = −1."""
    lowest = LowestCurvature(model, sign)
    points = [] if lowest.unbounded else gathering_points(lowest.minimizers())
    law = MatrixLaw(network_nodes(model, refinement, points, seed), lowest, sign)
    if not law.curvature.any():
        raise InvalidInput(FLAT)
    return law

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

from bbpscape.model.curvature import curvature, curvature_factors
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.law import MEAN, STUDENT, TEACHER
from bbpscape.theory.laws.network.grid import NetworkNodes, permutable, sign_symmetric
from bbpscape.theory.laws.network.invariants import (
    COUNT,
    coefficients,
    complex_invariants,
    real_invariants,
)
from bbpscape.theory.laws.network.kernels import LANES, curvatures
from bbpscape.theory.laws.network.matrix_moments import (
    CHUNK,
    MatrixMoments,
    in_lanes,
    triangle,
)
from bbpscape.theory.laws.network.sums import add_signal

# Of |A F|^p, beyond which det(I + A F) as a polynomial loses digits.
MOST = 1e12


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

    @property
    def curvature(self) -> NDArray[np.float64]:
        """F at every node, shape (n, m, p, p)."""
        return self.scale * self.nodes.curvature

    @property
    def samples(self) -> NDArray[np.float64]:
        return self.curvature.reshape(-1, self.p, self.p)

    @property
    def shares(self) -> NDArray[np.float64]:
        return self.nodes.weights.reshape(-1)

    @cached_property
    def _rows(self) -> tuple[NDArray[np.float64], ...]:
        """(s, b, ℓ′, ℓ″, weights) in LANES students: (blocks, p, LANES) and (blocks, m, LANES);
        see ``curvature_factors``."""
        left, rows = [*self._factors(), self.nodes.weights], list[NDArray]()
        while left:
            # One after the other is let go: they are what takes memory.
            rows.append(in_lanes(left.pop(0)))
        return tuple(rows)

    def _factors(self) -> tuple[NDArray[np.float64], ...]:
        """(s, b) of the students, (n, p), and (ℓ′, ℓ″) of all nodes, (n, m)."""
        slopes, bends, first, second = curvature_factors(
            self.model, self.nodes.preactivations, self.nodes.labels
        )
        return slopes, bends, self.scale * first, self.scale * second

    def sizes_and_determinants(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        p, (slopes, bends, first, second) = self.p, self._factors()
        squares = slopes**2
        sizes = second**2 * (squares.sum(axis=1) ** 2)[:, None]
        sizes += 2 * first * second * (squares * bends).sum(axis=1)[:, None]
        sizes += first**2 * (bends**2).sum(axis=1)[:, None]
        last = coefficients(slopes, bends)[:, p - 1 :: p, None]
        determinants = first ** (p - 1) * (first * last[:, 0] + second * last[:, 1])
        return np.sqrt(np.maximum(sizes, 0.0)).ravel(), determinants.ravel()

    def chosen(self, which: NDArray) -> NDArray[np.float64]:
        points, y = self.nodes.preactivations, self.nodes.labels
        i, j = np.divmod(which, self.nodes.shape[1])
        return self.scale * curvature(
            self.model, points[i], np.broadcast_to(y, self.nodes.shape)[i, j]
        )

    @property
    def lane_weights(self) -> NDArray[np.float64]:
        return self._rows[4].reshape(-1, LANES)

    @cached_property
    def largest(self) -> float:
        slopes, bends, first, second, _ = self._rows
        first, second = (np.maximum(one.max(axis=1), -one.min(axis=1)) for one in (first, second))
        return float((second * (slopes**2).sum(axis=1) + first * abs(bends).max(axis=1)).max())

    def lane_blocks(self, some: slice) -> NDArray[np.float64]:
        F = np.empty((some.stop - some.start, self.pairs[0].size * LANES))
        slopes, bends, first, second, _ = self._rows
        curvatures(slopes, bends, first, second, some.start, F)
        return F

    def resolvent(self, A: NDArray) -> NDArray:
        n, m = self.nodes.shape
        T = self.resolvents(self.lane_blocks(slice(0, len(self.lane_weights))), A)
        T = T.reshape(len(T), -1, m, self.pairs[0].size, LANES).transpose(0, 3, 1, 4, 2)
        T = T.reshape(*T.shape[:2], -1, m)[:, :, :n].reshape(*T.shape[:2], -1)
        return T[0] + 1j * T[1] if len(T) == 2 else T[0]

    @property
    def first(self) -> NDArray[np.float64]:
        slopes, bends, first, second, w = self._rows
        rank_one = np.einsum("bl,bil,bjl->ij", (w * second).sum(axis=1), slopes, slopes)
        return rank_one + np.diag(np.einsum("bl,bil->i", (w * first).sum(axis=1), bends))

    @property
    def second(self) -> float:
        slopes, bends, first, second, w = self._rows
        factors = (slopes**2).sum(axis=1) ** 2, (slopes**2 * bends).sum(axis=1), bends**2
        squares = np.einsum("bml,bml,bml,bl->", w, second, second, factors[0])
        mixed = np.einsum("bml,bml,bml,bl->", w, first, second, factors[1])
        return float(
            squares + 2 * mixed + np.einsum("bml,bml,bml,bil->", w, first, first, factors[2])
        )

    @cached_property
    def _coefficients(self) -> NDArray[np.float64]:
        slopes, bends = (one.swapaxes(1, 2).reshape(-1, self.p) for one in self._rows[:2])
        return in_lanes(coefficients(slopes, bends))

    def moments(self, A: NDArray) -> tuple[NDArray, NDArray]:
        """(E[T], E[T_ij T_kl]) up to the law's symmetries: where neurons may be exchanged, from
        what A = a I + b 1 1ᵀ and T have in common with their permutations."""
        p = self.p
        size = self.largest * float(abs(A).max())
        if not permutable(self.model) or p == 1 or size**p > MOST:
            return super().moments(A)
        a, b, known = A[0, 0] - A[0, 1], A[0, 1], self._coefficients
        _, _, first, second, weights = self._rows
        if np.iscomplexobj(A):
            parts = complex_invariants(known, first, second, weights, a, b).sum(axis=1)
            found = parts[:COUNT] + 1j * parts[COUNT:]
        else:
            found = real_invariants(known, first, second, weights, a, b).sum(axis=1)
        trace, total, square, rows, totals = found
        mean, across = self._projectors
        # Tr of (E T) B and of (B T) (C T) for the projectors B and C on 1 and beyond it.
        own, mixed = totals / p**2, rows / p - totals / p**2
        beyond = square - own - 2 * mixed
        each = np.array([own, mixed / (p - 1), mixed / (p - 1), beyond / (p - 1) ** 2])
        E = total / p * mean + (trace - total / p) / (p - 1) * across
        return E, (each @ self._pairs_of_projectors).reshape(p, p, p, p)

    @cached_property
    def _projectors(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """On 1 and beyond it, where neurons may be exchanged."""
        mean = np.full((self.p, self.p), 1 / self.p)
        return mean, np.eye(self.p) - mean

    @cached_property
    def _pairs_of_projectors(self) -> NDArray[np.float64]:
        """B_il C_jk of every two of them, (4, p⁴)."""
        both = np.stack(self._projectors)
        return np.einsum("bil,cjk->bcijkl", both, both).reshape(4, -1)

    @cached_property
    def basis(self) -> NDArray[np.float64]:
        """Orthogonal symmetric matrices, shape (d, p, p), that span what G can be."""
        p, one = self.p, np.eye(self.p)
        if permutable(self.model):
            if p == 1 or sign_symmetric(self.model):
                return one[None]
            return np.stack(self._projectors[::-1])
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
        q, end, place = len(self.directions), p + p_star, self.pairs[2]
        sums, (first, second) = self._signal_sums(A), self._given
        f, s = first.shape[2], second.shape[2]
        totals, given, pairs, mixed = np.split(sums, np.cumsum([1 + f, s, p * (p + 1) // 2]))
        mixed = mixed.reshape(p, 1 + f, -1)
        C = np.zeros((q, q, sums.shape[1]), dtype=sums.dtype)
        C[:p, :p] = pairs[place]
        C[p:end, p:end] = given[triangle(p_star)[2]]
        if f:
            C[:p, p:end] = mixed[:, 1:]
        if self.mean:
            C[:p, end], C[end, end] = self.mean * mixed[:, 0], self.mean**2 * totals[0]
            C[p:end, end] = C[end, p:end] = self.mean * totals[1:] if f else 0.0
        C[p:, :p] = C[:p, p:].transpose(1, 0, 2)
        tensor = self._symmetrized(C[:, :, place])
        tensor = np.einsum("ac,bd,cdij->abij", self._whitening, self._whitening, tensor)
        return tensor.transpose(0, 2, 1, 3).reshape(q * p, q * p)

    def _signal_sums(self, A: NDArray) -> NDArray:
        """E[T] times 1, E[u], E[u uᵀ], λ λᵀ, λ and λ E[u]ᵀ, as ``add_signal`` has them."""
        (first, second), points, weights = self._given, self._points, self._rows[4]
        f, s, (blocks, p, _), m = first.shape[2], second.shape[2], points.shape, weights.shape[1]
        parts, size = 2 if np.iscomplexobj(A) else 1, self.pairs[0].size
        sums = np.zeros((parts, (1 + f) * (1 + p) + s + p * (p + 1) // 2, size, LANES))
        step = max(1, CHUNK // m)
        for start in range(0, blocks, step):
            some = slice(start, min(start + step, blocks))
            one, two = (e if len(e) == 1 else e[some] for e in (first, second))
            T = self.resolvents(self.lane_blocks(slice(some.start * m, some.stop * m)), A)
            for part, into in zip(T, sums, strict=True):
                add_signal(part, weights[some], one, two, points[some], into)
        found = sums.sum(axis=3)
        return found[0] + 1j * found[1] if parts == 2 else found[0]

    @cached_property
    def _points(self) -> NDArray[np.float64]:
        """The coordinates in LANES students, (blocks, p, LANES)."""
        return in_lanes(self.nodes.coordinates)

    @cached_property
    def _given(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """E[u] and the upper triangle of E[u uᵀ] at every label, (1, m, c, 1) or (blocks, m, c,
        LANES); c is 0 where E[u] is."""
        first, (rows, columns, _) = self.nodes.first, triangle(self.model.p_star)
        first = first if first.any() else first[:, :, :0]
        return self._label_rows(first), self._label_rows(self.nodes.second[:, :, rows, columns])

    def _label_rows(self, known: NDArray) -> NDArray[np.float64]:
        if len(known) == 1:
            return known[:, :, :, None]
        lanes = in_lanes(known.reshape(len(known), -1))
        return lanes.reshape(len(lanes), *known.shape[1:], LANES)

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

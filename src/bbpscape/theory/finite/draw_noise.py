"""What the Gaussian rest of the inputs adds to S_v of one draw: fluctuations, and terms of 1/N.

Between samples μ ≠ ν the companion of the resolvent is T_μ W_μν T_ν, W = x Γ xᵀ Gaussian with
E[W^{ef} W^{gh}] = κ_{ef,gh}/N, κ_{ef,gh} = Y[E_fh]_{eg}, where Y[X] = −dΓ[X] solves
Y = R̄ (c X + (1/N) Σ T Y T) R̄, R̄ = −A/c. So S_v has the fluctuation (1/N) Σ v_μ v_νᵀ ⊗ T_μ W T_ν,
and its mean the term (1/N) Σ v vᵀ ⊗ T L T/N, L = Σ_bc T_bc Y[E_bd]_{ac}.
"""

from collections.abc import Sequence
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from bbpscape.theory.finite.draw_bulk import DrawBulk, DrawPoint
from bbpscape.theory.finite.draw_law import DrawLaw
from bbpscape.theory.finite.draw_levels import Levels

# Of the largest eigenvalue of a Gram matrix.
RANK = 1e-7
# Of the variance of S_v: by how much that of the levels may exceed it.
EXCESS = 0.05


def kappa(law: DrawLaw, A: NDArray, B: NDArray, TT: NDArray) -> NDArray[np.float64]:
    """κ as [e, g, f, h] at two points, TT = (1/N) Σ T ⊗ T' as [i, j, k, l]."""
    p = law.p
    inverse = law.free * np.einsum("ab,cd->acbd", np.linalg.inv(A), np.linalg.inv(B))
    operator = (inverse - TT.transpose(0, 2, 1, 3)).reshape(p * p, p * p)
    return np.linalg.inv(operator).reshape(p, p, p, p)


class Fluctuations:
    """Draws of what S_v fluctuates by at points of the branch, without the part of its levels.

    In the block of the teacher's directions that part is taken out entry by entry, elsewhere along
    the eigenvectors at the edge. ``levels`` are the most that fluctuate no more than S_v does:
    parts along a few extreme samples are not those of independent eigenvectors.
    """

    def __init__(self, law: DrawLaw, points: Sequence[DrawPoint], levels: Levels) -> None:
        self._law, self._points, self._p, self.size = law, points, law.p, law.size
        T = [law.whole(one.A).copy() for one in points]
        weights = law.weights / law.N
        self._kappas = {
            (s, t): kappa(
                law,
                points[s].A,
                points[t].A,
                np.einsum("n,nij,nkl->ijkl", weights, T[s], T[t], optimize=True),
            )
            for s, t in combinations_with_replacement(range(len(points)), 2)
        }
        gram = self._gram(T, np.sqrt(weights))
        self.block = np.kron(law.teacher, np.eye(law.p))
        count, p, n = len(points), law.p, self.block.shape[1]
        told = gram.reshape(count, -1, p, p, count, self.size // p, p, p)
        told = np.einsum("siaetjcg,ik,jl->stkalceg", told, law.teacher, law.teacher, optimize=True)
        self._told = told.reshape(count, count, n, n, p, p)
        for fewer in levels.ever_fewer():
            self.levels = fewer
            if self._without(fewer) < EXCESS:
                break

    def _gram(self, T: list[NDArray], root: NDArray) -> NDArray[np.float64]:
        """Σ_μ v T ⊗ v T/N at all points, and its factors."""
        rows = [
            ((root[:, None] * self._law.coordinates)[:, :, None, None] * one[:, None]).reshape(
                len(one), -1
            )
            for one in T
        ]
        Y = np.concatenate(rows, axis=1)
        gram = Y.T @ Y
        values, vectors = np.linalg.eigh(gram)
        # The signs fixed: the same sample on every machine.
        largest = abs(vectors).argmax(axis=0)
        vectors = vectors * np.sign(vectors[largest, np.arange(len(largest))])
        kept = values > RANK * values[-1]
        factors = vectors[:, kept] * np.sqrt(values[kept])
        self._factors = factors.reshape(len(T), self.size, self._p, -1)
        return np.asarray(gram)

    def _without(self, levels: Levels) -> float:
        """Roots of the covariances without these levels' part; by how much that exceeds them."""
        N, p, n, count = self._law.N, self._p, self.block.shape[1], len(self._points)
        coupling = self.block.T @ levels.coupling @ self.block
        traces = np.einsum("kaa->k", coupling)
        share = np.einsum("eg,fh->efgh", levels.share, levels.share)
        rest = np.zeros((count, p * p, count, p * p))
        block = np.zeros((count, n * n, count, n * n))
        whole = np.zeros(count)
        for (s, t), K in self._kappas.items():
            Q = self._told[s, t]
            pairs = np.einsum("aceg,egfh,bdfh->abcd", Q, K, Q, optimize=True) / N
            if s == t:
                whole[s] = np.einsum("aabb->", pairs) + np.einsum("abab->", pairs)
            # Those of b_k b_kᵀ/(z − λ_k), by their density.
            poles = levels.products(self._points[s].z, self._points[t].z)
            pairs -= np.einsum("k,kac,kbd->abcd", poles, coupling, coupling, optimize=True)
            pairs = pairs + pairs.transpose(0, 1, 3, 2)
            block[s, :, t] = (pairs + pairs.transpose(1, 0, 2, 3)).reshape(n * n, n * n) / 2
            part = N * float(poles @ traces**2)
            part /= float(np.einsum("aaeg,eg->", Q, levels.share)) ** 2
            rest[s, :, t] = (K.transpose(0, 2, 1, 3) - part * share).reshape(p * p, p * p) / N
            rest[t, :, s], block[t, :, s] = rest[s, :, t].T, block[s, :, t].T
        self._root, _ = _root(rest.reshape(count * p * p, -1))
        # Each point in its own unit: what is far from the edge varies less.
        unit = np.repeat(np.sqrt(whole), n * n)
        root, negative = _root(block.reshape(count * n * n, -1) / np.outer(unit, unit))
        self._block_root = unit[:, None] * root
        return negative / count

    def one(self, generator: np.random.Generator) -> NDArray[np.float64]:
        """Symmetric matrices at all points, shape (n, q p, q p)."""
        count, r, p = len(self._factors), self._factors.shape[-1], self._p
        w = self._root @ generator.standard_normal((count * p * p, r * r))
        w = w.reshape(count, p, p, r, r)
        U, n = self.block, self.block.shape[1]
        blocks = (self._block_root @ generator.standard_normal(count * n * n)).reshape(count, n, n)
        found = []
        for B, part, told in zip(self._factors, w, blocks, strict=True):
            left = np.einsum("aem,efmn->afn", B, part, optimize=True)
            X = left.reshape(self.size, -1) @ B.reshape(self.size, -1).T
            X = (X + X.T) / np.sqrt(2)
            found.append(X + U @ (told - U.T @ X @ U) @ U.T)
        return np.array(found)


def _root(covariance: NDArray) -> tuple[NDArray[np.float64], float]:
    """The symmetric root of its positive part, whatever the signs of eigenvectors, and −Tr of the
    negative part."""
    values, vectors = np.linalg.eigh(covariance)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    return np.asarray(root), float(-values[values < 0].sum())


def mean_shifts(bulk: DrawBulk, point: DrawPoint) -> tuple[float, NDArray[np.float64]]:
    """(δz at fixed τ, δS_v at fixed z): the terms of order 1/N of the real symmetric ensemble."""
    law, A, p, N = bulk.law, point.A, bulk.law.p, bulk.law.N
    T, weights = law.whole(A), law.weights / N
    TT = np.einsum("n,nij,nkl->ijkl", weights, T, T, optimize=True)
    K = kappa(law, A, A, TT)
    # L_ad = Σ_bc T_bc K[a, c, b, d]
    moved = K.transpose(2, 1, 0, 3).reshape(p * p, p * p)
    L = (T.reshape(-1, p * p) @ moved).reshape(-1, p, p)
    TL = T @ L
    change = TL @ T / N
    # z = c Γ⁻¹ + S + (1/N) Σ δT (1 + T⁻¹ Γ⁻¹) at Γ = −A.
    source = np.einsum("n,nij->ij", weights, change - TL @ np.linalg.inv(A) / N)
    z_shift, A_shift = bulk.response(point, (source + source.T) / 2)
    v = law.coordinates
    direct = law.blocks(np.einsum("n,na,nb,nij->abij", weights, v, v, change, optimize=True))
    step = 1e-6
    slope = (law.signal(A + step * A_shift) - law.signal(A - step * A_shift)) / (2 * step)
    return z_shift, direct + slope

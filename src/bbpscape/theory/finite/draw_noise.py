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


def kappa(law: DrawLaw, A: NDArray, B: NDArray, TT: NDArray) -> NDArray[np.float64]:
    """κ as [e, g, f, h] at two points, TT = (1/N) Σ T ⊗ T' as [i, j, k, l]."""
    p = law.p
    inverse = law.free * np.einsum("ab,cd->acbd", np.linalg.inv(A), np.linalg.inv(B))
    operator = (inverse - TT.transpose(0, 2, 1, 3)).reshape(p * p, p * p)
    return np.linalg.inv(operator).reshape(p, p, p, p)


class Fluctuations:
    """Draws of what S_v fluctuates by at points of the branch, without the levels' part."""

    def __init__(self, law: DrawLaw, points: Sequence[DrawPoint], levels: Levels) -> None:
        p, self.size, count = law.p, law.size, len(points)
        T = [law.whole(one.A).copy() for one in points]
        weights = law.weights / law.N
        root = np.sqrt(weights)[:, None, None, None]
        rows = [
            (root * law.coordinates[:, :, None, None] * one[:, None]).reshape(len(one), -1)
            for one in T
        ]
        Y = np.concatenate(rows, axis=1)
        gram = Y.T @ Y
        # Of the teacher's directions: there the levels have as much as they fluctuate by.
        told = gram.reshape(count, -1, p, p, count, len(law.own) // p, p, p)
        seen = law.teacher @ law.teacher.T
        told = np.einsum("siaetjag,ij->setg", told, seen)
        covariance = np.zeros((count, p * p, count, p * p))
        for s, t in combinations_with_replacement(range(count), 2):
            TT = np.einsum("n,nij,nkl->ijkl", weights, T[s], T[t], optimize=True)
            found = kappa(law, points[s].A, points[t].A, TT).transpose(0, 2, 1, 3)
            q = told[s, :, t]
            part = levels.variance(points[s].z, points[t].z, law.projector) * law.N
            part /= float(np.sum(q * levels.share)) ** 2
            found = found - part * np.einsum("eg,fh->efgh", levels.share, levels.share)
            covariance[s, :, t] = found.reshape(p * p, p * p)
            covariance[t, :, s] = covariance[s, :, t].T
        values, vectors = np.linalg.eigh(covariance.reshape(count * p * p, -1) / law.N)
        # Symmetric, and below the signs fixed: the same sample on every machine.
        self._root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
        values, vectors = np.linalg.eigh(gram)
        largest = abs(vectors).argmax(axis=0)
        vectors = vectors * np.sign(vectors[largest, np.arange(len(largest))])
        kept = values > RANK * values[-1]
        self._factors = (vectors[:, kept] * np.sqrt(values[kept])).reshape(
            count, self.size, p, int(kept.sum())
        )
        self._p = p

    def one(self, generator: np.random.Generator) -> NDArray[np.float64]:
        """Symmetric matrices at all points, shape (n, q p, q p)."""
        count, r, p = len(self._factors), self._factors.shape[-1], self._p
        w = self._root @ generator.standard_normal((count * p * p, r * r))
        w = w.reshape(count, p, p, r, r)
        found = []
        for B, part in zip(self._factors, w, strict=True):
            left = np.einsum("aem,efmn->afn", B, part, optimize=True)
            X = left.reshape(self.size, -1) @ B.reshape(self.size, -1).T
            found.append((X + X.T) / np.sqrt(2))
        return np.array(found)


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

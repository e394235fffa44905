"""How many eigenvalues of one draw lie below λ, its terms of order one included.

With N D = log det(λ − H) at λ + i0 it is p N − Im N D/π. Given the coordinates,

    N D = N [λ Tr G − c log det G] + Σ log det(1 − G F) + ½ Tr τ log(1 − M) + log det(λ − S_v),

G = −A: of what is left of the inputs, its term of order one of the real symmetric ensemble
(M[X] = A (1/N) Σ T X T A/c, τ the transposition), and the q p special directions. Sampling M labels
has no term of its own here: these are the labels.
"""

import numpy as np
from numpy.typing import NDArray

from bbpscape.theory.finite.draw_bulk import DrawBulk
from bbpscape.theory.laws.network.phase import phase

# Points on the way from the edge to λ, as squares.
STEPS = 10


def count_below(bulk: DrawBulk, eigenvalue: float) -> float:
    """The expected number of eigenvalues of a draw below a λ of its bulk, or left of it."""
    law, edge = bulk.law, bulk.edge
    if eigenvalue <= edge.z:
        point = bulk.left_at(eigenvalue)
        left = np.linalg.eigvalsh(point.z * np.eye(law.size) - law.signal(point.A))
        return float(np.count_nonzero(left > 0))
    A, N = _inside(bulk, eigenvalue), law.N
    rest = law.free * phase(A) + eigenvalue * np.trace(A).imag - law.alpha * law.phase(A)
    along = phase(eigenvalue * np.eye(law.size) - law.signal(A))
    return float((N * rest - along - symmetric(bulk, A)) / np.pi + law.size)


def _inside(bulk: DrawBulk, eigenvalue: float) -> NDArray[np.complex128]:
    edge, depth = bulk.edge, eigenvalue - bulk.edge.z
    roots = np.arange(1, STEPS + 1) / STEPS
    A = edge.A + 1j * np.sqrt(2 * depth / bulk.bend) * roots[0] * edge.A_slope
    for root in roots:
        A = bulk.at_eigenvalue(edge.z + depth * root**2, A)
    return np.asarray(A)


def symmetric(bulk: DrawBulk, A: NDArray) -> float:
    """Im ½ Tr τ log(1 − M): of symmetric X less that of antisymmetric ones."""
    p, law = bulk.law.p, bulk.law
    TT = law.alpha * law.moments(A)[1]
    M = np.einsum("ai,ijkl,lb->abjk", A, TT, A) / law.free
    one = np.eye(p)
    total = 0.0
    for sign in (1, -1):
        places = [(i, j) for i in range(p) for j in range(i + (sign < 0), p)]
        if not places:
            continue
        X = np.array(
            [np.outer(one[i], one[j]) + sign * np.outer(one[j], one[i]) for i, j in places]
        )
        X /= np.linalg.norm(X, axis=(1, 2), keepdims=True)
        within = np.einsum("rab,abjk,sjk->rs", X, M, X)
        total += sign * float(np.angle(1 - np.linalg.eigvals(within)).sum())
    return total / 2

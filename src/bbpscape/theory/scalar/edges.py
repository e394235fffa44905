"""Edges of the bulk: g = g(z) solves z = 1/g + α m_1(g), and a sharp edge has dz/dg = 0."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.theory.law import Law
from bbpscape.theory.laws.mirrored import Mirrored
from bbpscape.theory.roots import Root, find_root, find_root_below
from bbpscape.theory.solution import Edge


def inverse_stieltjes(law: Law, alpha: float, g: ArrayLike, order: int = 0) -> NDArray:
    """z(g) = 1/g + α m_1(g) and its first ``order`` derivatives in g, stacked along axis 0.

    Shape (order + 1, *g.shape); z in units of eigenvalues. Source: theory.md §2.
    """
    g = np.asarray(g)
    moments = law.moments(g, order + 1)[0]
    rows = [
        (-1) ** k * math.factorial(k) / g ** (k + 1) + alpha * math.factorial(k) * moments[k]
        for k in range(order + 1)
    ]
    return np.stack(rows)


def left_edge(law: Law, alpha: float) -> Edge:
    """λ₋ = z(g_e): dz/dg(g_e) = 0 on the real branch left of the bulk (sharp), else its end.

    α g² m_2(g) grows with |g| on that branch: the sharp edge, where it reaches 1, is unique.
    """
    lower, _ = law.support()
    if math.isinf(lower):
        return Edge(-math.inf, "unbounded", 0.0, 0.0)

    def excess(log_g: float, sign: float = -1.0) -> float:
        g = sign * math.exp(log_g)
        return alpha * g**2 * float(law.moments(g, 2)[0, 1]) - 1

    if lower < 0:
        high = branch_end(excess, math.log(-1 / lower))
        if excess(high) <= 0:
            return _edge_at(law, alpha, 1 / lower, "smooth")
    elif alpha * (1 - law.zero_mass) > 1:
        high = 0.0
        while excess(high) <= 0:
            high += 5.0
    elif lower > 0 and alpha * (1 - law.zero_mass) < 1:
        # With fewer samples than dimensions the branch goes through g = ∞, z = 0 and comes back.
        low = -math.log(lower) + 1e-3
        while excess(low, 1.0) <= 0:
            low = -math.log(lower) + (low + math.log(lower)) / 10
        high = low + 1
        while excess(high, 1.0) >= 0:
            high += 1
        root = find_root(lambda x: excess(x, 1.0), low, high, "left edge")
        return _edge_at(law, alpha, math.exp(root.value), "sharp", root)
    else:
        return Edge(0.0, "hard", -math.inf, 0.0)

    root = find_root_below(excess, high, "left edge")
    return _edge_at(law, alpha, -math.exp(root.value), "sharp", root)


def branch_end(excess: Callable[[float], float], end: float) -> float:
    """``end``, or the nearest log|g| below it where ``excess`` is finite and positive.

    An atom at the infimum of f makes ``excess`` infinite at the end of the real branch itself.
    """
    gap = 0.0
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        while not math.isfinite(excess(end - gap)):
            gap = 1e-15 if gap == 0 else 4 * gap
    return end - gap


def right_edge(law: Law, alpha: float) -> Edge:
    """λ₊ of the bulk: minus the left edge of the law of −f."""
    return left_edge(Mirrored(law), alpha).mirrored()


def zero_atom(law: Law, alpha: float) -> float:
    """max(0, 1 − α P(f ≠ 0)), the mass of the eigenvalue 0: the rank of H falls short of pN."""
    return max(0.0, 1 - alpha * (1 - law.zero_mass))


def _edge_at(law: Law, alpha: float, g: float, kind: str, root: Root | None = None) -> Edge:
    z, _, z2 = inverse_stieltjes(law, alpha, g, order=2)
    iterations, residual = (root.iterations, root.residual) if root else (0, 0.0)
    return Edge(float(z), kind, g, float(z2), iterations, residual)

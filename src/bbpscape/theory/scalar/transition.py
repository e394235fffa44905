"""Where the transition sits: the Stieltjes transform g at which an outlier leaves the left edge.

With T(g) = g (m_1^y − m_1) and K(g) = g² m_2, an outlier sits at α T(g) = 1 and a sharp edge at
α K(g) = 1. The transition is continuous where T = K on the real branch (−1/|lower|, 0), and
discontinuous, at the end of that branch, where T > K all along it.
"""

import math

from bbpscape.theory.law import BULK, TEACHER, Law
from bbpscape.theory.roots import NoConvergence, find_root


def t_and_k(law: Law, g: float) -> tuple[float, float]:
    """(T, K) at one real g of the branch."""
    (b1, b2), (w1, _) = law.moments(g, 2, (BULK, TEACHER))
    return float(g * (w1 - b1)), float(g**2 * b2)


def transition_point(law: Law) -> tuple[float, int, float, bool]:
    """(g, iterations, residual, continuous) of the transition on the branch (1/lower, 0)."""

    def difference(log_g: float) -> float:
        t, k = t_and_k(law, -math.exp(log_g))
        return math.log(t / k)

    lower, _ = law.support()
    end = math.log(-1 / lower)
    if difference(end) >= 0:
        return 1 / lower, 0, 0.0, False
    low = end - 1.0
    while difference(low) <= 0:
        low -= 2.0
        if low < end - 200:
            raise NoConvergence("threshold: no transition found; a may be too small")
    root = find_root(difference, low, end, "threshold")
    return -math.exp(root.value), root.iterations, root.residual, True


def tangent_onset(law: Law, alpha: float, g: float) -> float:
    """α₀ = α_BBP − m²/(dm²/dα) at a discontinuous transition, the derivative along the outlier.

    On the outlier α T(g) = 1, so that dg/dα = −T/(α dT/dg).
    """
    (b1, b2, b3), (w1, w2, w3) = law.moments(g, 3, (BULK, TEACHER))
    t, t_slope = g * (w1 - b1), (w1 - b1) + g * (w2 - b2)
    slope = -t / (alpha * t_slope)
    edge, along = 1 - alpha * g**2 * b2, alpha * g**2 * w2
    d_edge = -(g**2) * b2 - alpha * 2 * (g * b2 + g**2 * b3) * slope
    d_along = g**2 * w2 + alpha * 2 * (g * w2 + g**2 * w3) * slope
    # m² = edge/(edge + along), so m²/(dm²/dα) = edge (edge + along)/(along edge' − edge along').
    return float(alpha - edge * (edge + along) / (along * d_edge - edge * d_along))

"""Outliers: eigenvalues outside the bulk, and how much their eigenvectors know of a direction."""

import math

from bbpscape.theory.law import BULK, Law
from bbpscape.theory.roots import find_root_below
from bbpscape.theory.scalar.edges import branch_end, inverse_stieltjes
from bbpscape.theory.solution import Edge, Outlier


def left_outlier(law: Law, alpha: float, edge: Edge, direction: str) -> Outlier | None:
    """The outlier 1/g = α (m_1^w − m_1)(g) left of ``edge`` along ``direction``, if there is one.

    z − Σ_w(z) increases with z left of the bulk, so that there is at most one; it exists iff
    α g (m_1^w − m_1) > 1 at the edge. Its overlap is 1/(1 − dΣ_w/dz). Source: theory.md §3.
    """
    if not edge.bounded or edge.g >= 0:
        return None

    def excess(log_g: float) -> float:
        g = -math.exp(log_g)
        bulk, along = law.moments(g, 1, (BULK, direction))[:, 0]
        return alpha * g * float(along - bulk) - 1

    lower, _ = law.support(direction)
    high = branch_end(excess, math.log(min(-edge.g, -1 / lower if lower < 0 else math.inf)))
    if excess(high) <= 0:
        return None
    root = find_root_below(excess, high, f"outlier along {direction}")
    g = -math.exp(root.value)
    m2 = overlap(law, alpha, g, direction)
    eigenvalue = float(inverse_stieltjes(law, alpha, g)[0])
    multiplicity = float(law.directions[direction])
    return Outlier(eigenvalue, multiplicity, m2, direction, g, root.iterations, root.residual)


def overlap(law: Law, alpha: float, g: float, direction: str) -> float:
    """m² = 1/(1 − dΣ_w/dz) = (1 − α g² m_2)/(1 − α g² m_2 + α g² m_2^w), in [0, 1]."""
    bulk, along = alpha * g**2 * law.moments(g, 2, (BULK, direction))[:, 1]
    return float((1 - bulk) / (1 - bulk + along))


def left_outliers(law: Law, alpha: float, edge: Edge) -> tuple[Outlier, ...]:
    """All outliers left of the left edge, by eigenvalue."""
    found = (left_outlier(law, alpha, edge, direction) for direction in law.directions)
    known = (one for one in found if one is not None)
    return tuple(sorted(known, key=lambda one: one.eigenvalue))

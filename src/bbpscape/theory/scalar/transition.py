"""Where the transition sits: the Stieltjes transform g at which an outlier leaves the left edge.

With T(g) = g (m_1^y − m_1) and K(g) = g² m_2, an outlier sits at α T(g) = 1 and a sharp edge at
α K(g) = 1, and K grows with |g| on the real branch (1/inf f, 0) left of the bulk. An outlier is
there for some α iff T > K at the edge of it, and the smallest α belongs to the largest |g| with
T ≥ K: the end of the branch if T > K there (a discontinuous transition, at α = 1/T), else the last
crossing (a continuous one).
"""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.status import Diagnostics
from bbpscape.theory.law import BULK, TEACHER, Law
from bbpscape.theory.roots import NoConvergence, find_root
from bbpscape.theory.scalar.edges import branch_end
from bbpscape.theory.solution import Transition

# Distances in log|g| from the end of the branch at which T and K are compared, the last crossing
# being sought. A law without structure crosses once; one whose moments cost much is asked seldom;
# one with an atom near its infimum, or labels cut off, may cross within 1e-12 of the end.
SINGLE = np.arange(1.0, 200.0, 2.0)
SPARSE = np.arange(0.25, 60.0, 0.25)
_gaps = 10.0 ** np.linspace(-12, 0, 240, endpoint=False)
DENSE = np.unique([*-np.log1p(-_gaps), *-np.log(_gaps / 2)])
# T = K at the end of the branch, the mark of an optimal preprocessing, is met to rounding.
TIE = 1e-11
# A branch without an end, where no f is negative, is followed from FAR, in units of 1/f, and beyond
# WIDE, where T and K hardly move, at once.
FAR, WIDE = 1e15, 1e6
Numbers = float | NDArray[np.float64]


def t_and_k(law: Law, g: float) -> tuple[float, float]:
    """(T, K) at one real g of the branch."""
    (b1, b2), (w1, _) = law.moments(g, 2, (BULK, TEACHER))
    return float(g * (w1 - b1)), float(g**2 * b2)


def find_transition(law: Law, scan: Iterable[float] = DENSE) -> Transition | None:
    """The smallest α at which an outlier along the teacher lies left of the bulk.

    Parameters
    ----------
    law : Law
        With the direction ``TEACHER``.
    scan : increasing floats
        Distances in log|g| from the end of the branch that T and K are compared at: ``SINGLE``,
        ``SPARSE`` or ``DENSE``.

    Returns
    -------
    Transition or None
        None where f has no infimum, or no outlier leaves the edge at any α.

    Source: theory.md §4.
    """

    def excess(log_g: float) -> float:
        t, k = t_and_k(law, -math.exp(log_g))
        return t / k - 1 if math.isfinite(k) else math.nan

    lower, _ = law.support()
    ends = lower < 0
    # A mass of 1 may be rounded: rare curvatures count, if there are any.
    if math.isinf(lower) or (law.zero_mass == 1 and not (ends and t_and_k(law, 0.5 / lower)[1])):
        return None
    last = math.log(-1 / lower) if ends else _typical(law) + math.log(FAR)
    high = end = branch_end(excess, last)
    at_end = excess(end)
    if at_end > -TIE:
        g = 1 / lower if ends and end == last else -math.exp(end)
        return _transition(law, g, "discontinuous" if ends and at_end > TIE else "continuous")
    for distance in scan if ends else math.log(FAR / WIDE) + np.append(0.0, SPARSE):
        low = end - distance
        value = excess(low)
        if value > 0:
            root = find_root(excess, low, high, "transition")
            g = -math.exp(root.value)
            return _transition(law, g, "continuous", root.iterations, root.residual)
        if math.isfinite(value):
            high = low
    return None


def _typical(law: Law) -> float:
    """log|g| at which g f is of order −1 for a typical f ≥ 0, which may have no mean."""
    log_g, quarter = 0.0, (1 - law.zero_mass) / 4
    for step in (3.0, -1.0):
        while (t_and_k(law, -math.exp(log_g))[1] < quarter) == (step > 0):
            log_g += step
    return log_g


def transition(law: Law, scan: Iterable[float] = DENSE) -> Transition:
    """``find_transition``, or NoConvergence where there is none."""
    found = find_transition(law, scan)
    if found is None:
        raise NoConvergence(
            "threshold: no outlier along the teacher leaves the left edge at any alpha"
        )
    return found


def _transition(
    law: Law, g: float, kind: str, iterations: int = 0, residual: float = 0.0
) -> Transition:
    jump = kind == "discontinuous"
    bulk, along = law.moments(g, 3 if jump else 2, (BULK, TEACHER))
    alpha = float(1 / (g * (along[0] - bulk[0])) if jump else 1 / (g**2 * bulk[1]))
    m2, onset = map(float, jump_and_onset(alpha, g, bulk, along)) if jump else (0.0, alpha)
    eigenvalue = float(1 / g + alpha * bulk[0])
    return Transition(alpha, kind, g, m2, eigenvalue, onset, Diagnostics(iterations, residual))


def jump_and_onset(alpha: Numbers, g: Numbers, bulk: NDArray, along: NDArray) -> tuple[Any, Any]:
    """(m², α₀ = α_BBP − m²/(dm²/dα)) at a discontinuous transition, from three moments of each.

    Numbers, or arrays over transitions.

    m² = (1 − α g² m_2)/(1 − α g² m_2 + α g² m_2^y), and on the outlier α T(g) = 1, so that
    dg/dα = −T/(α dT/dg).
    """
    (b1, b2, b3), (w1, w2, w3) = bulk, along
    t, t_slope = g * (w1 - b1), (w1 - b1) + g * (w2 - b2)
    slope = -t / (alpha * t_slope)
    edge, signal = 1 - alpha * g**2 * b2, alpha * g**2 * w2
    d_edge = -(g**2) * b2 - alpha * 2 * (g * b2 + g**2 * b3) * slope
    d_signal = g**2 * w2 + alpha * 2 * (g * w2 + g**2 * w3) * slope
    m2 = edge / (edge + signal)
    # m²/(dm²/dα) = edge (edge + signal)/(signal edge′ − edge signal′).
    onset = alpha - edge * (edge + signal) / (signal * d_edge - edge * d_signal)
    return m2, onset

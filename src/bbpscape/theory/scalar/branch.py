"""The left edge and the teacher's outlier at many α at once.

Along the real branch g ∈ (−1/|lower|, 0) left of the bulk, T(g) and K(g) grow with |g|: the outlier
at α is where T = 1/α, a sharp edge where K = 1/α, and each is one inversion for all α.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bbpscape.theory.law import BULK, TEACHER, Law
from bbpscape.theory.roots import iterations
from bbpscape.theory.scalar.transition import SINGLE, t_and_k, transition

# Strides of log|g| towards g = 0, and steps of Newton's method.
DOWN, MAX_STEPS = 350, 100
TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Branch:
    """Arrays over α: the outlier's overlap and eigenvalue (m² = 0 and NaN without one), the left
    edge and whether it is sharp."""

    m2: NDArray[np.float64]
    outlier: NDArray[np.float64]
    left_edge: NDArray[np.float64]
    sharp: NDArray[np.bool_]


def solve_branch(law: Law, alphas: NDArray[np.float64]) -> Branch:
    """T(g) = 1/α and K(g) = 1/α at every α, m² = (1 − αK)/(1 − αK + αg² m_2^y) at the outlier.

    The law's support must start at a negative, finite value.

    Raises
    ------
    NoConvergence
        If a root is not found.

    Source: theory.md §2–3.
    """
    end = 1 / law.support()[0]
    edge_g = np.full(alphas.shape, end)
    sharp = alphas * t_and_k(law, end)[1] > 1
    edge_g[sharp] = _invert(lambda g: _k(law, g), 1 / alphas[sharp], end, "left edge")
    left_edge = np.empty(alphas.shape)
    # One value of g for every smooth edge.
    left_edge[sharp] = 1 / edge_g[sharp] + alphas[sharp] * law.moments(edge_g[sharp], 1)[0, 0]
    left_edge[~sharp] = 1 / end + alphas[~sharp] * float(law.moments(end, 1)[0, 0])

    start = transition(law, SINGLE).g
    informed = alphas * t_and_k(law, start)[0] > 1
    m2, outlier = np.zeros(alphas.shape), np.full(alphas.shape, np.nan)
    chosen = alphas[informed]
    g = _invert(lambda g: _t(law, g), 1 / chosen, start, "outlier")
    (b1, b2), (_, w2) = law.moments(g, 2, (BULK, TEACHER))
    edge = 1 - chosen * g**2 * b2
    m2[informed] = edge / (edge + chosen * g**2 * w2)
    outlier[informed] = 1 / g + chosen * b1
    return Branch(m2, outlier, left_edge, sharp)


def _t(law: Law, g: NDArray) -> tuple[NDArray, NDArray]:
    """T and d log T/d log|g|."""
    (b1, b2), (w1, w2) = law.moments(g, 2, (BULK, TEACHER))
    return g * (w1 - b1), 1 + g * (w2 - b2) / (w1 - b1)


def _k(law: Law, g: NDArray) -> tuple[NDArray, NDArray]:
    """K and d log K/d log|g|."""
    _, b2, b3 = law.moments(g, 3)[0]
    return g**2 * b2, 2 + 2 * g * b3 / b2


def _invert(
    function: Callable[[NDArray], tuple[NDArray, NDArray]],
    targets: NDArray,
    end: float,
    what: str,
) -> NDArray:
    """g in [end, 0) with function(g) = target, at every target at most function(end).

    Newton's method in log|g| for the logarithm of the function, inside a bracket that shrinks.
    """
    if not targets.size:
        return np.empty(0)
    high = np.full(targets.shape, math.log(-end))
    low = high - 1.0
    for _ in iterations(DOWN, what, "α may be too large"):
        above = function(-np.exp(low))[0] > targets
        if not above.any():
            break
        low[above] -= 2.0
    x = high.copy()
    for _ in iterations(MAX_STEPS, what):
        value, slope = function(-np.exp(x))
        excess = np.log(value / targets)
        high, low = np.where(excess > 0, x, high), np.where(excess > 0, low, x)
        following = x - excess / slope
        outside = ~((following >= low) & (following <= high))
        following[outside] = (low[outside] + high[outside]) / 2
        change, x = abs(following - x), following
        # Newton's error is the square of its last change, where rounding does not bind.
        if (change < TOLERANCE).all():
            break
    return -np.exp(x)

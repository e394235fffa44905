"""Transitions, edges and outliers of many committees at once, in s = −g p/2.

Along the real branch s ∈ (0, 1] left of the bulk, T and K grow with s: the outlier at α is where
T = 1/α, a sharp edge where K = 1/α, a continuous transition where T = K.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.theory.laws.committees import Committees
from bbpscape.theory.scalar.transition import SINGLE, TIE, jump_and_onset

# Distances in log s between points at which T and K are tabulated, and how many at most.
LEVEL, MOST_LEVELS = 0.5, 1500
# Steps of Newton's method for log s, and its last change.
MOST_STEPS, SETTLED = 100, 1e-7
REFINEMENT = 1.5

Values = tuple[NDArray[np.float64], NDArray[np.float64]]
Function = Callable[[Committees, NDArray[np.float64]], Values]


@dataclass(frozen=True, eq=False)
class Transitions:
    """Arrays over models, as ``Transition`` has them; NaN where none was found.

    ``s`` is −g p/2 there, ``quadrature_error`` the relative change of α with denser nodes.
    """

    alpha: NDArray[np.float64]
    continuous: NDArray[np.bool_]
    m2_jump: NDArray[np.float64]
    eigenvalue: NDArray[np.float64]
    alpha_0: NDArray[np.float64]
    s: NDArray[np.float64]
    quadrature_error: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Branch:
    """Arrays of shape (α, models): the outlier's overlap and eigenvalue (m² = 0 and NaN without
    one), the left edge and whether it is sharp; NaN where a root was not found."""

    m2: NDArray[np.float64]
    outlier: NDArray[np.float64]
    left_edge: NDArray[np.float64]
    sharp: NDArray[np.bool_]

    @property
    def lowest(self) -> NDArray[np.float64]:
        """The outlier, or the left edge where there is none."""
        return np.where(self.m2 > 0, self.outlier, self.left_edge)


def end_excess(laws: Committees) -> NDArray[np.float64]:
    """T/K − 1 at s = 1: negative where the transition is continuous."""
    b1, b2, w1 = laws.moments(np.ones(len(laws)), 2, 1)
    return (b1 - w1) / b2 - 1


def alpha_sharp(laws: Committees) -> NDArray[np.float64]:
    """1/K at s = 1, the α above which the left edge is sharp."""
    return 1 / laws.moments(np.ones(len(laws)), 2, 0)[1]


def transitions(laws: Committees) -> Transitions:
    """The smallest α at which an outlier along the teacher lies left of the bulk, of each model.

    Source: theory.md §4.
    """
    n = len(laws)
    b1, b2, b3, w1, w2, w3 = laws.moments(np.ones(n), 3, 3)
    excess = (b1 - w1) / b2 - 1
    s = np.where(np.isfinite(excess), 1.0, np.nan)
    jumps = excess > TIE
    rows = np.flatnonzero(excess < -TIE)
    s[rows] = _crossing(laws[rows])

    alpha, m2 = np.full(n, np.nan), np.where(np.isnan(s), np.nan, 0.0)
    alpha[jumps] = 1 / (b1 - w1)[jumps]
    inside = ~jumps & np.isfinite(s)
    at = laws[inside].moments(s[inside], 2, 0)
    alpha[inside] = 1 / (s[inside] ** 2 * at[1])
    b1[inside] = at[0]
    onset = alpha.copy()
    bulk, along = np.array([b1, b2, b3])[:, jumps], np.array([w1, w2, w3])[:, jumps]
    m2[jumps], onset[jumps] = jump_and_onset(alpha[jumps], -1.0, bulk, along)
    eigenvalue = laws.unit * (alpha * b1 - 1 / s)
    fine, fine_y = replace(laws, refinement=REFINEMENT).moments(s, 1, 1)
    error = abs(1 / (s * (fine - fine_y) * alpha) - 1)
    return Transitions(alpha, ~jumps, m2, eigenvalue, onset, s, error)


def _crossing(laws: Committees) -> NDArray[np.float64]:
    """s of the last crossing of T and K, of models with T < K at s = 1."""
    rows, low, high = np.arange(len(laws)), np.full(len(laws), np.nan), np.zeros(len(laws))
    for distance in SINGLE:
        ratio, _ = _log_ratio(laws[rows], np.full(rows.size, -distance))
        low[rows[ratio < 0]] = -distance
        rows = rows[~(ratio < 0)]
        high[rows] = -distance
        if not rows.size:
            break
    return np.exp(_roots(_log_ratio, laws, 0.0, low, high, (low + high) / 2))


def solve_branch(laws: Committees, alphas: NDArray[np.float64], found: Transitions) -> Branch:
    """T = 1/α and K = 1/α at every α of every model; ``found`` are the transitions of ``laws``.

    m² = (1 − αK)/(1 − αK + αs² m_2^y) at the outlier. Source: theory.md §2–3.
    """
    shape = (alphas.size, len(laws))
    wide = laws[np.arange(alphas.size * len(laws)) % len(laws)]
    alpha = np.repeat(alphas, len(laws))
    log_target = -np.log(alpha)

    ends = laws.moments(np.ones(len(laws)), 2, 0)
    sharp = alpha * np.broadcast_to(ends[1], shape).ravel() > 1
    rows = np.flatnonzero(sharp)
    edge_s, bulk = np.ones(alpha.size), np.broadcast_to(ends[0], shape).ravel().copy()
    edge_s[rows] = _inverse(_log_k, laws, wide, rows, log_target)
    bulk[rows] = wide[rows].moments(edge_s[rows], 1, 0)[0]
    left_edge = wide.unit * (alpha * bulk - 1 / edge_s)

    start = np.broadcast_to(found.alpha, shape).ravel()
    rows = np.flatnonzero(alpha > start)
    outlier = np.full(alpha.size, np.nan)
    m2 = np.where(np.isnan(start), np.nan, 0.0)
    s = _inverse(_log_t, laws, wide, rows, log_target, np.log(found.s))
    b1, b2, _, w2 = wide[rows].moments(s, 2, 2)
    edge = 1 - alpha[rows] * s**2 * b2
    m2[rows] = edge / (edge + alpha[rows] * s**2 * w2)
    outlier[rows] = wide.unit[rows] * (alpha[rows] * b1 - 1 / s)
    return Branch(*(one.reshape(shape) for one in (m2, outlier, left_edge, sharp)))


def _inverse(
    function: Function,
    laws: Committees,
    wide: Committees,
    rows: NDArray[np.intp],
    log_target: NDArray[np.float64],
    end: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """s with ``function`` = target in the ``rows`` of (α, models) cells ``wide``.

    One table of each of the ``laws`` brackets all of its α, below ``end``, by default log s = 0;
    between two levels log s is a cubic of the function's value, to begin with.
    """
    if not rows.size:
        return np.empty(0)
    target, model = log_target[rows], rows % len(laws)
    levels = [np.zeros(len(laws)) if end is None else np.where(np.isnan(end), 0.0, end)]
    table = [function(laws, levels[0])]
    while (table[-1][0] > target.min()).any() and len(levels) < MOST_LEVELS:
        levels.append(levels[-1] - LEVEL)
        table.append(function(laws, levels[-1]))
    values, slopes = (np.array(one) for one in zip(*table, strict=True))
    # Levels fall, and so do T and K along them.
    low = np.clip((values[:, model] > target).sum(axis=0), 1, len(levels) - 1)
    x, v, slope = (
        (one[low, model], one[low - 1, model]) for one in (np.array(levels), values, slopes)
    )
    length = v[1] - v[0]
    at = (target - v[0]) / length
    bend = (1 - at) * (length / slope[0] - LEVEL) - at * (length / slope[1] - LEVEL)
    start = np.clip(x[0] + LEVEL * at + at * (1 - at) * bend, *x)
    return np.exp(_roots(function, wide[rows], target, *x, start))


def _roots(
    function: Function,
    laws: Committees,
    target: ArrayLike,
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    start: NDArray[np.float64],
) -> NDArray[np.float64]:
    """log s between ``low`` and ``high`` with function = target, which it rises through; NaN where
    it is not found. Newton's method inside brackets that shrink, on all that have not settled."""
    x, low, high = start.copy(), low.copy(), high.copy()
    target = np.broadcast_to(target, x.shape)
    active = np.flatnonzero(np.isfinite(x))
    for _ in range(MOST_STEPS):
        if not active.size:
            return x
        at = x[active]
        value, slope = function(laws[active], at)
        above = value > target[active]
        high[active[above]], low[active[~above]] = at[above], at[~above]
        following = at - (value - target[active]) / slope
        inside = (following >= low[active]) & (following <= high[active])
        x[active] = np.where(inside, following, (low[active] + high[active]) / 2)
        # Newton's error is the square of its last change.
        active = active[~(abs(x[active] - at) < SETTLED)]
    x[active] = np.nan
    return x


def _log_t(laws: Committees, log_s: NDArray[np.float64]) -> Values:
    """log T and its derivative in log s."""
    s = np.exp(log_s)
    b1, b2, w1, w2 = laws.moments(s, 2, 2)
    t = b1 - w1
    return np.log(s * t), 1 - s * (b2 - w2) / t


def _log_k(laws: Committees, log_s: NDArray[np.float64]) -> Values:
    """log K and its derivative in log s."""
    s = np.exp(log_s)
    _, b2, b3 = laws.moments(s, 3, 0)
    return np.log(s**2 * b2), 2 - 2 * s * b3 / b2


def _log_ratio(laws: Committees, log_s: NDArray[np.float64]) -> Values:
    """log K/T and its derivative in log s."""
    s = np.exp(log_s)
    b1, b2, b3, w1, w2 = laws.moments(s, 3, 2)
    t = b1 - w1
    return np.log(s * b2 / t), 1 - 2 * s * b3 / b2 + s * (b2 - w2) / t

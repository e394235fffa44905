"""Quadrature in one standard Gaussian variable, with nodes gathered where integrands vary fast."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, xlogy

# The trapezoid rule in a smooth variable t: Gaussian tails are cut at REACH, the spacing is STEP
# far from the gathering points and WIDTH/DENSITY next to them.
REACH = 8.5
STEP = 0.36
WIDTH = 0.15
DENSITY = 1.6
# Width of the bins by which products of weights are counted.
LOG_STEP = 0.2
# Integrands may be singular at breaks: of a line with some, steps in t, the slope between breaks,
# and where ends are reached; intervals by tanh-sinh in steps of INTERVAL_STEP.
BROKEN_STEP, SLOPE, CLUSTER = 0.145, 2.5, 3.4
INTERVAL_STEP, INTERVAL_REACH = 0.15, 3.2


def gaussian_rule(
    gather: Sequence[tuple[float, float]] = (),
    breaks: Sequence[float] = (),
    refinement: float = 1.0,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nodes x_i and weights with Σ w_i φ(x_i) ≈ E φ(x), x ~ N(0, 1); Σ w_i = 1.

    Parameters
    ----------
    gather : list of (point, width)
        Where integrands have singularities at the distance ``width`` of the real axis.
    breaks : list of floats
        Where integrands jump; no node lies on them, and ``gather`` is not used then.
    refinement : float
        Multiplies the density of nodes.

    Source: variable changes for the trapezoid rule, Takahasi and Mori (1974).

    >>> x, w = gaussian_rule()
    >>> round(float(w @ x**4), 12)
    3.0
    """
    inside = sorted(b for b in breaks if abs(b) < REACH)
    x, steps = _broken(inside, refinement) if inside else _smooth(gather, refinement)
    weights = steps * np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
    return x, weights / weights.sum()


def _smooth(
    gather: Sequence[tuple[float, float]], refinement: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Half-integer values of t(x) = x/STEP + Σ DENSITY asinh((x − c)/width), inverted."""
    centres = np.array([c for c, _ in gather])
    widths = np.array([w for _, w in gather])

    def position(x: NDArray) -> NDArray:
        return refinement * (
            x / STEP + DENSITY * np.arcsinh((x[:, None] - centres) / widths).sum(axis=1)
        )

    def density(x: NDArray) -> NDArray:
        near = DENSITY / np.hypot(x[:, None] - centres, widths)
        return refinement * (1 / STEP + near.sum(axis=1))

    low, high = position(np.array([-REACH, REACH]))
    t = np.arange(math.ceil(low - 0.5), math.floor(high - 0.5) + 1) + 0.5
    left, right = np.full(t.size, -REACH), np.full(t.size, REACH)
    for _ in range(60):
        middle = (left + right) / 2
        below = position(middle) < t
        left, right = np.where(below, middle, left), np.where(below, right, middle)
    x = (left + right) / 2
    return x, 1 / density(x)


def _broken(
    breaks: Sequence[float], refinement: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nodes that are clustered at breaks, and even far from them.

    x = a + c log((1 + e^v)/(1 + e^{v−L/c})) between breaks a and a + L, v = t − e^{−t} + e^{t−L/c}:
    exponential at both ends, of slope c in between.
    """
    step = BROKEN_STEP / refinement
    nodes, steps = [], []
    for low, high in pairwise([-math.inf, *breaks, math.inf]):
        if low == -math.inf:
            away, lengths = _clustered(math.inf, high + REACH, step)
            nodes.append(high - away[::-1])
            steps.append(lengths[::-1])
        else:
            away, lengths = _clustered(high - low, REACH - low, step)
            nodes.append(low + away)
            steps.append(lengths)
    return np.concatenate(nodes), np.concatenate(steps)


def _clustered(
    span: float, reach: float, step: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distances from a break and steps, to another one at ``span`` or, without, to ``reach``."""
    size = span / SLOPE
    if math.isfinite(size):
        # Symmetric, so that half of a rule is that of one sign.
        count = math.ceil((size / 2 + CLUSTER) / step)
        t = size / 2 + step * (np.arange(-count, count) + 0.5)
    else:
        t = np.arange(-CLUSTER, reach / SLOPE + 1 + step, step)
    far = np.exp(t - size)
    v = t - np.exp(-t) + far
    away = SLOPE * (np.logaddexp(0, v) - np.logaddexp(0, v - size))
    slope = SLOPE * (expit(v) - expit(v - size)) * (1 + np.exp(-t) + far)
    return away, slope * step


def interval_rule(
    low: float, high: float, refinement: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """∫ from ``low`` to ``high``, whose ends may be singular: x = tanh(π/2 sinh t).

    Source: Takahasi and Mori (1974).

    >>> x, w = interval_rule(0.0, 4.0, 1.0)
    >>> round(float(w @ x**-0.5), 5)
    4.0
    """
    count = math.ceil(INTERVAL_REACH * refinement / INTERVAL_STEP)
    t = np.arange(-count, count + 1) * (INTERVAL_STEP / refinement)
    inner = math.pi / 2 * np.sinh(t)
    slope = math.pi / 2 * np.cosh(t) / np.cosh(inner) ** 2
    span = high - low
    return low + span * expit(2 * inner), span / 2 * slope * INTERVAL_STEP / refinement


def sobol_points(dimension: int, count: int, seed: int) -> NDArray[np.float64]:
    """``count`` scrambled Sobol points of the unit cube, a power of 2."""
    # scipy.stats takes long to import, and few models need it.
    from scipy.stats import qmc

    return qmc.Sobol(dimension, scramble=True, rng=np.random.default_rng(seed)).random(count)


def tensor_nodes(
    x: NDArray, weights: NDArray, count: int, *, symmetric: bool, smallest: float = 1e-17
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``count`` independent copies of a rule: points (n, count) and weights (n,).

    With ``symmetric`` each set of points stands for its permutations. Points of weight below
    ``smallest`` are left out.
    """
    index = np.arange(x.size)[:, None]
    mass = weights.copy()
    for _ in range(count - 1):
        rows, columns = np.nonzero(mass[:, None] * weights[None, :] > smallest)
        if symmetric:
            kept = index[rows, -1] <= columns
            rows, columns = rows[kept], columns[kept]
        mass = mass[rows] * weights[columns]
        index = np.concatenate([index[rows], columns[:, None]], axis=1)
    if symmetric and count > 1:
        copies = np.full(len(index), float(math.factorial(count)))
        run = np.ones(len(index))
        for k in range(1, count):
            run = np.where(index[:, k] == index[:, k - 1], run + 1, 1.0)
            copies /= run
        mass = mass * copies
    return x[index], mass / mass.sum()


def tensor_size(weights: NDArray, count: int, *, symmetric: bool, smallest: float) -> float:
    """About how many points ``tensor_nodes`` keeps, in no time: by sums of binned logarithms."""
    if count == 1:
        return float(weights.size)
    down = np.log(weights.max() / weights[weights > smallest])
    bins = np.bincount((down / LOG_STEP).astype(int)).astype(float)
    total = bins
    for _ in range(count - 1):
        total = np.convolve(total, bins)
    kept = (np.arange(total.size) + count / 2) * LOG_STEP
    points = float(total[kept < count * math.log(weights.max()) - math.log(smallest)].sum())
    n = weights.size
    return points * (math.comb(n + count - 1, count) / n**count if symmetric else 1.0)


def radial_rule(
    dimension: int, step: float, refinement: float, breaks: Sequence[float] = ()
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """s = |u| of a Gaussian u in some dimension: nodes s = b + exp(t − e^{−t}) and weights.

    b is 0, or the last of ``breaks``, at which integrands may be singular. Steps in t are
    ``step``/refinement, or less where s − b is narrower.

    >>> s, w = radial_rule(100, 0.1, 1.0)
    >>> round(float(w @ s**2), 10)
    100.0
    """
    reach = REACH + 1 + math.sqrt(dimension)
    inside = [0.0, *sorted(b for b in breaks if 0 < b < reach)]
    start = inside[-1]
    step = min(step, 0.6 / math.sqrt(2 * dimension)) / refinement
    t = np.arange(-4.0, math.log(reach) + 0.3, step)
    fall = np.exp(-t)
    away = np.exp(t - fall)
    nodes, steps = [start + away], [step * away * (1 + fall)]
    for low, high in pairwise(inside):
        inner, lengths = interval_rule(low, high, refinement)
        nodes.append(inner)
        steps.append(lengths)
    s, lengths = np.concatenate(nodes), np.concatenate(steps)
    log_density = xlogy(dimension - 1, s) - s**2 / 2
    weights = lengths * np.exp(log_density - log_density.max())
    kept = weights > 1e-22 * weights.max()
    return s[kept], weights[kept] / weights[kept].sum()

"""Where φ is extreme along lines, takes a value on them, and is stationary in all directions."""

import functools
import math

import numpy as np
from numpy.typing import NDArray

from bbpscape.theory.spectral.matrix.sphere import Function

# Roots: halvings at most, width, and what is left of a gap that closes.
HALVINGS, CLOSE, CLOSED, GOLDEN = 60, 1e-13, 1e-4, 40
# Critical points: starts, steps, and how many share a coordinate that is one.
STARTS, STEPS, OFTEN, MOST_MARKS = 200, 60, 0.04, 6
REACH, STEP = 7.5, 1e-5


def at_extrema(value: Function, u: NDArray, axis: int) -> NDArray[np.float64]:
    """φ on the lines; the extreme points among them move to where φ itself is extreme."""
    phi = value(u)
    rise = np.diff(phi, axis=1)
    line, left = np.nonzero(rise[:, :-1] * rise[:, 1:] < 0)
    if not line.size:
        return phi
    at, up = u[line, left + 1].copy(), np.sign(rise[line, left])
    low, high = u[line, left, axis], u[line, left + 2, axis]
    ratio = (math.sqrt(5) - 1) / 2
    for _ in range(GOLDEN):
        one, other = high - ratio * (high - low), low + ratio * (high - low)
        heights = []
        for x in (one, other):
            at[:, axis] = x
            heights.append(up * value(at))
        keep = heights[0] > heights[1]
        low, high = np.where(keep, low, one), np.where(keep, other, high)
    at[:, axis] = (low + high) / 2
    found = value(at)
    better = up * found >= up * phi[line, left + 1]
    u[line[better], left[better] + 1] = at[better]
    phi[line[better], left[better] + 1] = found[better]
    return phi


def crossings(
    value: Function, u: NDArray, axis: int, y: NDArray, ends: tuple, sides: tuple
) -> tuple[NDArray, NDArray]:
    """u_axis where φ = y between two ends, and whether φ does not jump there."""
    (a, b), (fa, fb) = (one.copy() for one in ends), (one.copy() for one in sides)
    gap = abs(fb - fa)
    active = np.arange(y.size)
    root, there = a.copy(), np.zeros(y.size, dtype=bool)
    for step in range(HALVINGS):
        i = active
        x = (a[i] * fb[i] - b[i] * fa[i]) / (fb[i] - fa[i])
        middle = (a[i] + b[i]) / 2
        inside = (abs(x - middle) < abs(b[i] - a[i]) / 2) & np.isfinite(x)
        x = np.where(inside & (step % 4 != 3), x, middle)
        point = u[i]
        point[:, axis] = x
        f = value(point) - y[i]
        same = np.sign(f) == np.sign(fa[i])
        # The weight of an end that stays is halved (Illinois).
        fb[i] = np.where(same, fb[i] / 2, f)
        fa[i] = np.where(same, f, fa[i])
        b[i], a[i] = np.where(same, b[i], x), np.where(same, x, a[i])
        root[i] = x
        there[i] = abs(f) <= CLOSED * gap[i]
        done = (abs(f) <= CLOSE * gap[i]) | (abs(b[i] - a[i]) < CLOSE)
        active = i[~done]
        if not active.size:
            break
    return root, there


@functools.lru_cache(maxsize=64)
def critical_coordinates(value: Function, d: int) -> tuple[tuple[float, ...], ...]:
    """Of each direction, the coordinates that many of the points share at which ∇φ = 0."""
    u = 1.5 * np.random.default_rng(6).standard_normal((STARTS, d))
    one = np.eye(d)

    def slope(u: NDArray) -> NDArray[np.float64]:
        parts = [value(u + STEP * e) - value(u - STEP * e) for e in one]
        return np.stack(parts, axis=-1) / (2 * STEP)

    with np.errstate(all="ignore"):
        usual = np.median(np.linalg.norm(slope(u), axis=1))
        for _ in range(STEPS):
            h = 1e-3
            H = np.stack([(slope(u + h * e) - slope(u - h * e)) / (2 * h) for e in one], axis=-1)
            H = np.nan_to_num((H + np.swapaxes(H, 1, 2)) / 2)
            step = -np.einsum("nij,nj->ni", np.linalg.pinv(H, rcond=1e-6), slope(u))
            size = np.linalg.norm(step, axis=1, keepdims=True)
            u = u + np.nan_to_num(step / np.maximum(size / 0.5, 1.0))
        there = (np.linalg.norm(slope(u), axis=1) < 1e-4 * usual) & (abs(u) < REACH).all(axis=1)
    marks = []
    for column in u[there].T:
        places, counts = np.unique(column.round(3) + 0.0, return_counts=True)
        often = places[counts >= OFTEN * STARTS]
        exact = [float(np.median(column[abs(column - x) < 1e-3])) for x in often]
        marks.append(tuple(exact[:MOST_MARKS]))
    return tuple(marks)

"""Rules of directions in two and three dimensions, graded where a function is singular."""

import itertools
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bbpscape.theory.bayes.panels import nodes_between, split

Function = Callable[[NDArray], NDArray]
Kinks = Callable[[NDArray], tuple[NDArray, ...]]

# Panels shrink by RATIO towards zeros and kinks, DEPTH times, by dimension; nodes of each.
RATIO, DEPTH, NODES, WIDTH = 0.25, {2: 20, 3: 8}, {2: 8, 3: 6}, 0.4
LOOKS, HEIGHTS, HALVINGS = 4001, 160, 60
APART = 1e-9


def unit(angle: NDArray) -> NDArray[np.float64]:
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def on_circle(value: Function) -> Function:
    """φ(cos θ, sin θ)."""
    return lambda angle: value(unit(angle))


def _kink(kinks: Kinks, k: int) -> Function:
    return lambda angle: kinks(unit(angle))[k]


def special_angles(value: Function, kinks: Kinks, looks: int = LOOKS) -> list[float]:
    """Angles in [0, 2π) at which φ on the circle is 0, has a kink, or crosses an axis."""
    grid = np.linspace(0, 2 * math.pi, looks) + 1.2345e-5
    found = [k * math.pi / 2 for k in range(4)]
    count = len(kinks(unit(grid)))
    functions = [on_circle(value), *(_kink(kinks, k) for k in range(count))]
    for one in functions:
        signs = np.sign(one(grid))
        rows = np.flatnonzero(signs[:-1] * signs[1:] < 0)
        low, high, start = grid[rows], grid[rows + 1], signs[rows]
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            same = np.sign(one(middle)) == start
            low, high = np.where(same, middle, low), np.where(same, high, middle)
        found += high.tolist()
    inside = sorted(mark % (2 * math.pi) for mark in found)
    kept: list[float] = []
    for mark in inside:
        if not kept or mark - kept[-1] > APART:
            kept.append(mark)
    return [mark for mark in kept if 2 * math.pi - mark > APART]


def circle_rule(value: Function, kinks: Kinks, dimension: int = 2) -> tuple[NDArray, NDArray]:
    """Unit vectors (n, 2) and weights that sum to 1; as fine as ``dimension`` allows."""
    looks = LOOKS if dimension == 2 else LOOKS // 8
    marks = special_angles(value, kinks, looks)
    ends = _graded([*marks, marks[0] + 2 * math.pi], dimension)
    angle, steps = nodes_between(ends, NODES[dimension])
    return unit(angle), steps / (2 * math.pi)


def sphere_rule(value: Function, kinks: Kinks) -> tuple[NDArray, NDArray]:
    """Unit vectors (n, 3) and weights that sum to 1: circles at heights, graded where the singular
    angles on them change in number."""
    levels = np.linspace(-1, 1, HEIGHTS + 1)[:-1] + (1 + 1.2345e-3) / HEIGHTS
    counts = [len(special_angles(*_at(value, kinks, one), LOOKS // 8)) for one in levels.tolist()]
    marks = [-1.0, 0.0, 1.0]
    for i in np.flatnonzero(np.diff(counts)):
        low, high = levels[i], levels[i + 1]
        for _ in range(40):
            middle = (low + high) / 2
            same = len(special_angles(*_at(value, kinks, middle), LOOKS // 8)) == counts[i]
            low, high = (middle, high) if same else (low, middle)
        marks.append(float(high))
    kept = [
        one for i, one in enumerate(sorted(marks)) if not i or one - sorted(marks)[i - 1] > 1e-6
    ]
    heights, shares = nodes_between(_graded(kept, 3), NODES[3])
    parts, weights = [], []
    for height, share in zip(heights.tolist(), (shares / 2).tolist(), strict=True):
        e, w = circle_rule(*_at(value, kinks, height), 3)
        flat = math.sqrt((1 - height) * (1 + height)) * e
        parts.append(np.concatenate([flat, np.full((len(e), 1), height)], axis=1))
        weights.append(share * w)
    return np.concatenate(parts), np.concatenate(weights)


def _at(value: Function, kinks: Kinks, height: float) -> tuple[Function, Kinks]:
    """φ and its kinks on the circle at a height, as functions of the unit vectors of a plane."""

    def lifted(e: NDArray) -> NDArray:
        flat = math.sqrt((1 - height) * (1 + height)) * e
        return np.concatenate([flat, np.full((*e.shape[:-1], 1), height)], axis=-1)

    return lambda e: value(lifted(e)), lambda e: kinks(lifted(e))


def _graded(marks: list[float], dimension: int) -> NDArray[np.float64]:
    ends: list[NDArray] = []
    for left, right in itertools.pairwise(marks):
        away = (right - left) / 2 * RATIO ** np.arange(DEPTH[dimension])
        ends += [np.array([left]), left + away[::-1], right - away[1:]]
    joined = np.append(np.unique(np.concatenate(ends)), marks[-1])
    return split(joined, WIDTH)

"""Gauss–Legendre nodes on panels that shrink towards special points."""

import itertools
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

# Nodes of a panel, its largest width, and how fast and far panels shrink.
NODES, WIDTH, RATIO, DEPTH = 8, 0.5, 0.25, 14
APART = 1e-9


def graded(low: float, high: float, special: Iterable[float]) -> NDArray[np.float64]:
    """Ends of panels between ``low`` and ``high`` that shrink towards both and ``special``."""
    inner = [one for one in special if low + APART < one < high - APART]
    marks = np.unique(np.array([low, *inner, high]).round(12))
    ends = []
    for left, right in itertools.pairwise(marks):
        away = (right - left) / 2 * RATIO ** np.arange(DEPTH)
        ends.append(np.concatenate([[left], left + away[::-1], right - away[1:]]))
    return split(np.unique(np.concatenate([*ends, [high]])), WIDTH)


def split(ends: NDArray, width: float) -> NDArray[np.float64]:
    """``ends`` with more between them, so that none are further apart than ``width``."""
    gaps = np.diff(ends)
    counts = np.maximum(np.ceil(gaps / width), 1).astype(int)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    inner = np.repeat(ends[:-1], counts) + within * np.repeat(gaps / counts, counts)
    return np.append(inner, ends[-1])


def nodes_between(ends: NDArray, nodes: int = NODES) -> tuple[NDArray, NDArray]:
    """Nodes and weights, increasing."""
    points, steps = np.polynomial.legendre.leggauss(nodes)
    half, middle = np.diff(ends)[:, None] / 2, (ends[1:] + ends[:-1])[:, None] / 2
    return (middle + half * points).ravel(), (half * steps).ravel()

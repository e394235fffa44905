"""Quadrature over the teacher's preactivations, split where labels jump, have kinks or diverge.

Coordinates are integrated one inside the other. The innermost is split where a function of
``kinks`` changes sign along it, an outer one where what its inner lines cross changes.
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.theory.laws.network.rules import gaussian_rule, interval_rule, tensor_nodes

Function = Callable[[NDArray], NDArray]

REACH = 8.5
# Points of a line between which signs are compared: of the innermost, and of each level of zoom.
LINE = 1201
# (spacing along an outer coordinate, spacing along its lines).
ZOOMS = ((0.03, 0.1), (0.003, 0.01))
COARSE = ((0.06, 0.25),)
HALVINGS = 48
# Breaks that are closer are one, and kinks further out have no weight.
CLOSE, LAST = 0.02, 8.0
DIFFERENCE = 1e-5
MOST_NODES = 3_000_000
# Densities of nodes, taken until labels are resolved.
DENSITIES = (1.0, 1.5, 2.25, 3.4, 5.0, 7.5, 11.0, 16.0)


@dataclass(frozen=True)
class Split:
    """Functions of u at whose zeros an integrand over u is not smooth."""

    functions: tuple[Function, ...]
    dimension: int

    def __call__(self, u: NDArray) -> NDArray[np.int64]:
        """One number a point, that changes where any of the functions changes its sign."""
        code = np.zeros(u.shape[:-1], dtype=np.int64)
        for one in self.functions:
            code = 2 * code + (one(u) > 0)
        return code

    def centred(self) -> bool:
        """Whether a function touches 0 at the origin alone, as |u| does."""
        u = np.random.default_rng(2).standard_normal((200, self.dimension))
        zero = np.zeros((1, self.dimension))
        return any(
            abs(float(one(zero)[0])) == 0 and abs(np.sign(one(u)).sum()) == len(u)
            for one in self.functions
        )


def nodes_of(
    functions: tuple[Function, ...], dimension: int, refinement: float, half: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points (n, dimension) and weights (n,) of a Gaussian u; of u_1 > 0 alone with ``half``.

    Raises
    ------
    InvalidInput
        If they were more than three million.
    """
    if not functions:
        x, w = gaussian_rule((), (), refinement)
        first = (x > 0) | ~np.array(half)
        if dimension == 1:
            return x[first, None], w[first] / w[first].sum()
        if first.sum() * float(x.size) ** (dimension - 1) * 0.8 ** (dimension - 1) > MOST_NODES:
            raise _too_many(dimension)
        inner, mass = tensor_nodes(x, w, dimension - 1, symmetric=False)
        return _product(x[first], w[first], inner, mass)
    split = Split(functions, dimension)
    centre = [0.0] if split.centred() else []
    u, weights = np.zeros((1, 0)), np.ones(1)
    for level in range(dimension):
        if level == dimension - 1:
            breaks = crossings(split, u)
        else:
            breaks = [_outer_breaks(split, one) for one in u]
        parts, known = [], dict[tuple[float, ...], tuple[NDArray, NDArray]]()
        for prefix, weight, found in zip(u, weights, breaks, strict=True):
            inside = _merged([*found, *centre], half and level == 0)
            if inside not in known:
                known[inside] = gaussian_rule((), inside, refinement)
            x, w = known[inside]
            if half and level == 0:
                x, w = x[x > 0], w[x > 0]
            kept = weight * w > 1e-19
            columns = [np.broadcast_to(prefix, (int(kept.sum()), level)), x[kept, None]]
            parts.append((np.concatenate(columns, axis=1), weight * w[kept]))
        u, weights = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        if weights.size > MOST_NODES:
            raise _too_many(dimension)
    return u, weights / weights.sum()


def sets_of(dimension: int, refinement: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points of which each stands for its permutations."""
    x, w = gaussian_rule((), (), refinement)
    if math.comb(x.size + dimension - 1, dimension) * 0.8 ** (dimension - 1) > MOST_NODES:
        raise _too_many(dimension)
    return tensor_nodes(x, w, dimension, symmetric=True)


def outer_rule(
    split: Split, refinement: float, half: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nodes and weights of u₁; of u₁ > 0 alone with ``half``."""
    found = _outer_breaks(split, np.zeros(0)) if split.functions else []
    centre = [0.0] if split.centred() else []
    x, w = gaussian_rule((), _merged([*found, *centre], half), refinement)
    return (x[x > 0], w[x > 0] / w[x > 0].sum()) if half else (x, w)


def turning_rule(
    split: Split, count: int, refinement: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Angles in a range of π, where lines of (angle, distance) cross the same between breaks."""
    found = _outer_breaks(split, np.zeros(0))
    breaks = [one for one in _merged(found) if 0 <= one < math.pi - CLOSE]
    if not breaks:
        count = math.ceil(count * refinement)
        return (np.arange(count) + 0.5) * math.pi / count, np.full(count, 1 / count)
    parts = [
        interval_rule(low, high, refinement)
        for low, high in pairwise([*breaks, breaks[0] + math.pi])
    ]
    x, w = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return x, w / math.pi


def _too_many(dimension: int) -> InvalidInput:
    return InvalidInput(
        f"the theory of this teacher of {dimension} preactivations would need more than "
        f"{MOST_NODES:.0g} nodes: choose one that reads fewer, or a smooth one"
    )


def _product(
    x: NDArray, w: NDArray, inner: NDArray, mass: NDArray
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    weights = w[:, None] * mass
    i, j = np.nonzero(weights > 1e-19)
    u = np.concatenate([x[i, None], inner[j]], axis=1)
    return u, weights[i, j] / weights[i, j].sum()


def _merged(found: list[float], symmetric: bool = False) -> tuple[float, ...]:
    """Sorted breaks, of both signs each if ``symmetric``; those that are close are one."""
    groups: list[list[float]] = []
    for one in sorted(at for at in found if abs(at) < LAST):
        if groups and one - groups[-1][0] < CLOSE:
            groups[-1].append(one)
        else:
            groups.append([one])
    means = [sum(one) / len(one) for one in groups]
    clean = [0.0 if abs(one) < 1e-9 else one for one in means]
    if symmetric:
        return tuple(sorted({s * one for one in clean if one >= 0 for s in (1.0, -1.0)}))
    return tuple(clean)


def _grid(spacing: float, low: float = -REACH, high: float = REACH) -> NDArray[np.float64]:
    """Points that no simple number lies on."""
    count = math.ceil((high - low) / spacing)
    return low + (high - low) * (np.arange(count + 1) + 0.0137) / count


def crossings(split: Split, prefixes: NDArray) -> list[list[float]]:
    """Where the innermost coordinate crosses a kink, for prefixes (n, dimension − 1)."""
    grid = _grid(2 * REACH / (LINE - 1))
    result: list[list[float]] = [[] for _ in prefixes]
    for start in range(0, len(prefixes), 512):
        block = prefixes[start : start + 512]
        code = split(_joined(block, grid))
        row, column = np.nonzero(code[:, 1:] != code[:, :-1])
        low, high, mine = grid[column], grid[column + 1], code[row, column]
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            same = split(np.concatenate([block[row], middle[:, None]], axis=1)) == mine
            low, high = np.where(same, middle, low), np.where(same, high, middle)
        for i, at in zip(row.tolist(), high.tolist(), strict=True):
            result[start + i].append(at)
    return result


def _joined(prefixes: NDArray, grid: NDArray) -> NDArray[np.float64]:
    """Every prefix with every value of the next coordinate: (n, g, level + 1)."""
    n, g = len(prefixes), len(grid)
    shape = (n, g, prefixes.shape[1])
    values = np.broadcast_to(grid[:, None], (n, g, 1))
    return np.concatenate([np.broadcast_to(prefixes[:, None], shape), values], axis=2)


def _signatures(split: Split, points: NDArray, spacing: float) -> list[tuple]:
    """What the lines through each of the points (n, level) cross, in order."""
    grid = _grid(spacing)
    inner = _joined(points, grid)
    if inner.shape[2] == split.dimension:
        rows = split(inner)
        changes = np.diff(rows, axis=1) != 0
        return [
            (int(row[0]), *row[1:][change].tolist())
            for row, change in zip(rows, changes, strict=True)
        ]
    flat = _signatures(split, inner.reshape(-1, inner.shape[2]), spacing)
    size = len(grid)
    return [
        tuple(key for key, _ in itertools.groupby(flat[i * size : (i + 1) * size]))
        for i in range(len(points))
    ]


def _outer_breaks(split: Split, prefix: NDArray) -> list[float]:
    """Where what the lines beyond the next coordinate cross changes."""
    pairs = split.dimension - len(prefix) == 2
    zooms = ZOOMS if pairs else COARSE
    windows = [(-REACH, REACH)]
    for spacing, along in zooms:
        found = [
            at
            for low, high in windows
            for at in _changes(split, prefix, _grid(spacing, low, high), along)
        ]
        windows = [(at - 4 * along, at + 4 * along) for at in _groups(found, 4 * along)]
    return found


def _groups(found: list[float], close: float) -> list[float]:
    kept: list[float] = []
    for one in sorted(found):
        if not kept or one - kept[-1] > close:
            kept.append(one)
    return kept


def _changes(split: Split, prefix: NDArray, grid: NDArray, along: float) -> list[float]:
    def signatures(values: NDArray) -> list[tuple]:
        return _signatures(split, _joined(prefix[None], values)[0], along)

    known = signatures(grid)
    found = []
    for i in (i for i in range(len(grid) - 1) if known[i] != known[i + 1]):
        low, high = grid[i], grid[i + 1]
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            same = signatures(np.array([middle]))[0] == known[i]
            low, high = (middle, high) if same else (low, middle)
        found.append(float(high))
    return found


def slopes(value: Function, dimension: int) -> tuple[Function, ...]:
    """∂φ/∂u_k up to a factor, whose zeros are where y is lowest along a line."""

    def slope(u: NDArray, step: NDArray) -> NDArray:
        return value(u + step) - value(u - step)

    return tuple(lambda u, step=DIFFERENCE * one: slope(u, step) for one in np.eye(dimension))


def settled(
    rule: Callable[[float], tuple[NDArray, NDArray, NDArray]],
    scales: list[tuple[float, float]],
    accuracy: float,
) -> tuple[NDArray, NDArray, NDArray]:
    """The sparsest (u, weights, y) whose E[1/(1 + ((y − c)/s)²)] are those of denser ones.

    ``scales`` are (c, s) of labels next to which a loss varies; quartiles of y are added. The
    densest that there is, if none settles.
    """
    last = rule(DENSITIES[0])
    probes = np.array([*scales, *_quartiles(*last[1:])])

    def probed(weights: NDArray, y: NDArray) -> NDArray[np.float64]:
        return np.array([weights @ (1 / (1 + ((y - c) / s) ** 2)) for c, s in probes])

    before = probed(*last[1:])
    for density in DENSITIES[1:]:
        try:
            denser = rule(density)
        except InvalidInput:
            break
        after = probed(*denser[1:])
        if abs(after / before - 1).max() < accuracy:
            break
        last, before = denser, after
    return last


def _quartiles(weights: NDArray, y: NDArray) -> list[tuple[float, float]]:
    order = np.argsort(y)
    at = np.searchsorted(np.cumsum(weights[order]), (0.25, 0.5, 0.75))
    low, middle, high = y[order][np.minimum(at, y.size - 1)].tolist()
    width = (high - low) / 4 or 1.0
    return [(one, width) for one in (low, middle, high)]

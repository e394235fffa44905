"""What noisy labels are sums over: outputs φ and, at each, the weights of 1, u and u uᵀ.

Nodes of u for one and two directions, lengths where φ(u) is a function of |u|, and equidistant u in
three, gathered on a fine line of φ.
"""

import itertools
import math

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.theory.bayes.panels import graded, nodes_between
from bbpscape.theory.bayes.pieces import REACH, Kinks
from bbpscape.theory.bayes.radial import gaussian_length, last_length
from bbpscape.theory.spectral.matrix.sphere import Function, special_angles, unit

# Panels of u; the distance of equidistant u, and how far out they are.
WIDTH, NEAR, FAR = 0.35, 0.08, 6.0
MOST_CELLS = 400_000
# Cubic weights of the four cells about a point.
STENCIL = np.arange(-1, 3)

Points = tuple[NDArray[np.float64], NDArray[np.float64]]


def columns_of(u: NDArray, w: NDArray) -> NDArray[np.float64]:
    """Weights times 1, u and u uᵀ, shape (n, 1 + p* + p*²)."""
    n = len(u)
    outer = (u[:, :, None] * u[:, None, :]).reshape(n, -1)
    return w[:, None] * np.concatenate([np.ones((n, 1)), u, outer], axis=1)


def line_points(value: Function, kinks: Kinks) -> Points:
    u, steps = nodes_between(graded(-REACH, REACH, _zeros_on_line(kinks)))
    weights = steps * np.exp(-(u**2) / 2) / math.sqrt(2 * math.pi)
    return columns_of(u[:, None], weights), value(u[:, None])


def plane_points(value: Function, kinks: Kinks, width: float = WIDTH) -> Points:
    marks = special_angles(value, kinks)
    ends = np.append(marks, marks[0] + 2 * math.pi)
    parts = [np.linspace(a, b, math.ceil((b - a) / width) + 1) for a, b in itertools.pairwise(ends)]
    angle, turned = nodes_between(np.unique(np.concatenate(parts)), 10)
    r, steps = nodes_between(np.arange(0, REACH + width, width))
    u = (r[:, None, None] * unit(angle)).reshape(-1, 2)
    radial = steps * r * np.exp(-(r**2) / 2) / (2 * math.pi)
    return columns_of(u, (radial[:, None] * turned).ravel()), value(u)


def length_points(value: Function, p_star: int) -> Points:
    """Of φ(|u|): E[u | r] = 0, E[u uᵀ | r] = r²/p* 1."""
    r, steps = nodes_between(graded(0.0, last_length(p_star), ()))
    w, axis = steps * gaussian_length(p_star, r), np.eye(1, p_star)[0]
    columns = np.zeros((r.size, 1 + p_star + p_star**2))
    columns[:, 0] = w
    columns[:, 1 + p_star :: p_star + 1] = (w * r**2 / p_star)[:, None]
    return columns, value(r[:, None] * axis)


def space_points(name: str, value: Function, cell: float) -> Points:
    """Of three directions; ``cell`` is a distance of outputs that the labels' law does not see."""
    at = NEAR * (np.arange(-math.ceil(FAR / NEAR), math.ceil(FAR / NEAR)) + 0.5)
    flat = np.stack(np.meshgrid(at, at, indexing="ij"), axis=-1).reshape(-1, 2)
    flat = flat[(flat**2).sum(axis=1) < FAR**2]
    outputs = [value(np.column_stack([np.full(len(flat), x), flat])) for x in at]
    low = min(float(one.min()) for one in outputs)
    count = math.ceil((max(float(one.max()) for one in outputs) - low) / cell) + 4
    if not count < MOST_CELLS:
        raise InvalidInput(
            f"labels of the teacher {name!r} reach too far beside their noise: add label_noise, "
            "or take 0"
        )
    total = np.zeros((count, 13))
    for x, y in zip(at.tolist(), outputs, strict=True):
        u = np.column_stack([np.full(len(flat), x), flat])
        weights = np.exp(-(u**2).sum(axis=1) / 2) * (NEAR / math.sqrt(2 * math.pi)) ** 3
        place = (y - low) / cell
        base = np.clip(np.floor(place).astype(int), 1, count - 3)
        columns = columns_of(u, weights)
        for shift, share in zip(STENCIL, _cubic(place - base), strict=True):
            for k in range(columns.shape[1]):
                total[:, k] += np.bincount(base + shift, share * columns[:, k], count)
    total /= total[:, 0].sum()
    kept = total[:, 0] != 0
    return total[kept], (low + cell * np.arange(count))[kept]


def _cubic(t: NDArray) -> list[NDArray]:
    """Lagrange's weights at −1, 0, 1, 2 for a point t."""
    return [
        -t * (t - 1) * (t - 2) / 6,
        (t + 1) * (t - 1) * (t - 2) / 2,
        -(t + 1) * t * (t - 2) / 2,
        (t + 1) * t * (t - 1) / 6,
    ]


def _zeros_on_line(kinks: Kinks) -> list[float]:
    grid = np.linspace(-REACH, REACH, 4001) + 1.2345e-5
    found: list[float] = []
    for one in kinks(grid[:, None]):
        rows = np.flatnonzero(np.sign(one[:-1]) * np.sign(one[1:]) < 0)
        slope = (one[rows + 1] - one[rows]) / (grid[rows + 1] - grid[rows])
        found += (grid[rows] - one[rows] / slope).tolist()
    return found

"""Local minima of one function from several starts at once, without derivatives."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

# Of points (k, r, d), r of each of k starts: values (k, r).
Objective = Callable[[NDArray], NDArray]

# Simplices begin so wide relative to the start, or absolutely at 0, and end so small.
WIDE, WIDE_AT_ZERO, SMALL = 0.05, 2.5e-4, 1e-6
# Of the worst corner's distance to the centre of the others: reflected, further, outside, inside.
MOVES = np.array([1.0, 2.0, 0.5, -0.5])
# Steps of a simplex for each of its dimensions.
STEPS = 60
DIFFERENCE, LONGEST, LAST = 1e-4, 0.5, 1e-7
DESCENTS = 12


def simplex(objective: Objective, x: NDArray, small: float = SMALL) -> NDArray[np.float64]:
    """The lowest corners of simplices that began at x, (k, d), and never higher than there, once
    they are ``small``.

    Source: Nelder and Mead (1965).
    """
    k, d = x.shape
    corners = np.repeat(x[:, None], d + 1, axis=1)
    axis = np.arange(d)
    corners[:, axis + 1, axis] += np.where(x == 0, WIDE_AT_ZERO, WIDE * x)
    values = objective(corners)
    rows = np.arange(k)
    for _ in range(STEPS * d):
        order = np.argsort(values, axis=1, kind="stable")
        corners = np.take_along_axis(corners, order[:, :, None], axis=1)
        values = np.take_along_axis(values, order, axis=1)
        if abs(corners - corners[:, :1]).max() < small:
            break
        centre, worst = corners[:, :-1].mean(axis=1), corners[:, -1]
        tried = centre[:, None] + MOVES[:, None] * (centre - worst)[:, None]
        found = objective(tried)
        reflected, further, outside, inside = found.T
        best, second, last = values[:, 0], values[:, -2], values[:, -1]
        chosen = np.where(reflected < last, 2, 3)
        chosen = np.where(reflected < second, 0, chosen)
        chosen = np.where((reflected < best) & (further < reflected), 1, chosen)
        good = np.where(chosen == 2, outside <= reflected, (chosen < 2) | (inside < last))
        corners[good, -1], values[good, -1] = tried[rows, chosen][good], found[rows, chosen][good]
        if not good.all():
            shrunk = (corners + corners[:, :1]) / 2
            at = objective(shrunk)
            corners[~good], values[~good] = shrunk[~good], at[~good]
    return corners[rows, values.argmin(axis=1)]


def newton(objective: Objective, x: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(values, x) by Newton's method with differences, each for as long as it goes down."""
    (k, d), h = x.shape, DIFFERENCE
    one = h * np.eye(d)
    pairs = [(i, j) for i in range(d) for j in range(i)]
    crossed = [u * one[i] + v * one[j] for u in (1, -1) for v in (1, -1) for i, j in pairs]
    offsets = np.concatenate([np.zeros((1, d)), one, -one, np.reshape(crossed, (-1, d))])
    x, going = x.copy(), np.ones(k, dtype=bool)
    lowest = np.full(k, np.nan)
    for _ in range(DESCENTS):
        f = objective(x[:, None] + offsets)
        lowest = np.where(going, f[:, 0], lowest)
        going &= np.isfinite(f).all(axis=1)
        f = np.where(going[:, None], f, 0.0)
        up, down = f[:, 1 : d + 1], f[:, d + 1 : 2 * d + 1]
        gradient = (up - down) / (2 * h)
        hessian = np.zeros((k, d, d))
        axis = np.arange(d)
        hessian[:, axis, axis] = (up + down - 2 * f[:, :1]) / h**2
        for (i, j), (a, b, c, e) in zip(
            pairs, f[:, 2 * d + 1 :].reshape(k, 4, -1).transpose(2, 1, 0), strict=True
        ):
            hessian[:, i, j] = hessian[:, j, i] = (a - b - c + e) / (4 * h**2)
        inverse = np.linalg.pinv(hessian, rcond=1e-9, hermitian=True)
        step = -np.einsum("kij,kj->ki", inverse, gradient)
        size = abs(step).max(axis=1)
        step *= np.minimum(1.0, LONGEST / np.maximum(size, 1e-300))[:, None]
        following = objective((x + step)[:, None])[:, 0]
        going &= following < lowest
        x[going], lowest[going] = (x + step)[going], following[going]
        going &= size >= LAST
        if not going.any():
            break
    return lowest, x

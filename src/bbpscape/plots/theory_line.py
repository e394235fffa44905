"""The line of a theory through a transition."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


def theory_line(
    x: ArrayLike, y: ArrayLike, transition: float, below: float, above: float
) -> tuple[FloatArray, FloatArray]:
    """The points (x, y) in order of x, with the limits of y at the transition among them.

    ``below`` and ``above`` are the limits from either side, NaN where one is not known. What jumps
    is a gap and no ramp, and what starts between two points starts where it does.

    >>> [one.tolist() for one in theory_line([3.0, 1.0], [0.5, 0.0], 2.0, 0.0, 0.0)]
    [[1.0, 2.0, 2.0, 2.0, 3.0], [0.0, 0.0, nan, 0.0, 0.5]]
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    order = np.argsort(x)
    x, y = x[order], y[order]
    if not x[0] < transition < x[-1]:
        return x, y
    at = np.searchsorted(x, transition)
    return np.insert(x, at, [transition] * 3), np.insert(y, at, [below, math.nan, above])


def broken_line(x: ArrayLike, y: ArrayLike, transition: float) -> tuple[FloatArray, FloatArray]:
    """``theory_line`` of a y whose limits at the transition are not known: a gap up to the next
    point. Where the last y below is 0, no outlier is there, and it is 0 up to the transition.

    >>> [one.tolist() for one in broken_line([1.0, 3.0], [0.0, 0.5], 2.0)]
    [[1.0, 2.0, 2.0, 2.0, 3.0], [0.0, 0.0, nan, nan, 0.5]]
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    below = x < transition
    silent = below.any() and y[below][np.argmax(x[below])] == 0
    return theory_line(x, y, transition, 0.0 if silent else math.nan, math.nan)

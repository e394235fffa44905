"""Where a median over draws, which may jump, rises through 1."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput


def crossing(
    median: Callable[[float], tuple[float, float]],
    guess: float,
    stride: float,
    bounds: tuple[float, float],
    what: str,
) -> tuple[float, float, float, int]:
    """(x, s.e., slope, evaluations) where ``median`` rises through 1, to a tenth of the s.e.

    Strides from the guess to a bracket, whose slope stands for that of the median; within it,
    false position and bisection in turn, since the median may jump.
    """
    x = min(max(guess, bounds[0]), bounds[1])
    (value, error), evaluations = median(x), 1
    while True:
        before = (x, value)
        x = min(max(x - stride if value > 1 else x + stride, bounds[0]), bounds[1])
        if x == before[0]:
            raise InvalidInput(
                f"no {what} from {math.exp(bounds[0]):.3g} to {math.exp(bounds[1]):.3g} at which "
                "half of the draws have an outlier"
            )
        (value, error), evaluations = median(x), evaluations + 1
        if (value > 1) != (before[1] > 1):
            break
    low, high = sorted([before, (x, value)])
    slope = (high[1] - low[1]) / (high[0] - low[0])
    while high[0] - low[0] > 0.1 * error / slope:
        fraction = (1 - low[1]) / (high[1] - low[1]) if evaluations % 2 else 0.5
        x = low[0] + fraction * (high[0] - low[0])
        (value, error), evaluations = median(x), evaluations + 1
        if abs(value - 1) <= 0.1 * error or not low[0] < x < high[0]:
            return x + (1 - value) / slope, error / slope, slope, evaluations
        low, high = (low, (x, value)) if value > 1 else ((x, value), high)
    return (low[0] + high[0]) / 2, error / slope, slope, evaluations


def median_of(values: NDArray[np.float64]) -> tuple[float, float]:
    """The median, and a quarter of the distance between the ranks n/2 ± √n, its 95 % interval."""
    reach = 1 / math.sqrt(values.size)
    low, middle, high = np.quantile(values, (max(0, 0.5 - reach), 0.5, min(1, 0.5 + reach)))
    return float(middle), float(high - low) / 4

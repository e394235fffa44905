"""Numbers of mean 1."""

import numpy as np
from numpy.typing import NDArray

ROUNDING = 1e-13


def of_mean_one(
    values: NDArray[np.float64], weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """``values`` over their mean; as they are where that is 1 to rounding."""
    mean = float(np.average(values / values.max(), weights=weights)) * values.max()
    return values if abs(mean - 1) < ROUNDING else values / mean

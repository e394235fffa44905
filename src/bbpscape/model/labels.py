"""What is done to a teacher's output before the student sees it."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import number


@dataclass(frozen=True)
class Labels:
    """y = s ŷ* + √noise ξ, ξ standard Gaussian, s = −1 with probability ``flip``, else 1.

    Parameters
    ----------
    noise : float
        Variance of the additive noise.
    flip : float
        Probability of a sign flip, from 0 to 1.

    Raises
    ------
    InvalidInput
        If ``noise`` is not finite and at least 0, or ``flip`` is not in [0, 1].

    >>> Labels(flip=1.0).apply(np.array([2.0]), np.random.default_rng(0)).tolist()
    [-2.0]
    """

    noise: float = 0.0
    flip: float = 0.0

    def __post_init__(self) -> None:
        for name, limit in (("noise", 1e6), ("flip", 1.0)):
            object.__setattr__(self, name, number(name, getattr(self, name), 0.0, limit))

    @property
    def clean(self) -> bool:
        """y is the teacher's output itself."""
        return self.noise == 0 and self.flip == 0

    def apply(self, outputs: NDArray, generator: np.random.Generator) -> NDArray[np.float64]:
        """y of every sample; nothing is drawn where nothing is random."""
        y = np.asarray(outputs, dtype=float)
        if self.flip:
            y = np.where(generator.random(y.shape) < self.flip, -y, y)
        if self.noise:
            y = y + math.sqrt(self.noise) * generator.standard_normal(y.shape)
        return y

    def range(self, low: float, high: float) -> tuple[float, float]:
        """Infimum and supremum of y where the teacher's output goes from ``low`` to ``high``."""
        if self.noise:
            return -math.inf, math.inf
        if self.flip == 1:
            return -high, -low
        return (min(low, -high), max(high, -low)) if self.flip else (low, high)

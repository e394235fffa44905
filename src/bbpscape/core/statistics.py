"""Means over draws and their errors: one rule for the whole package."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.core.report import with_error

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


def mean_and_error(
    values: ArrayLike, axis: int = -1
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """v̄ and s/√n along ``axis``, s² = Σ (v − v̄)²/(n − 1); the error of one draw is NaN.

    >>> mean, error = mean_and_error([1.0, 3.0])
    >>> mean.item(), error.item()
    (2.0, 1.0)
    """
    array = np.asarray(values, dtype=float)
    count = array.shape[axis]
    mean = array.mean(axis=axis)
    if count < 2:
        return mean, np.full(np.shape(mean), math.nan)
    return mean, array.std(axis=axis, ddof=1) / math.sqrt(count)


@dataclass(frozen=True)
class Estimate:
    """A mean over ``count`` draws and its standard error, which is None for a single draw."""

    mean: float | None
    standard_error: float | None
    count: int

    @classmethod
    def of(cls, values: ArrayLike) -> "Estimate":
        """Mean and s/√n of draws, shape (n,); n may be 0.

        >>> Estimate.of([2.0])
        Estimate(mean=2.0, standard_error=None, count=1)
        """
        array = np.asarray(values, dtype=float)
        if array.size == 0:
            return cls(None, None, 0)
        mean, error = mean_and_error(array)
        return cls(float(mean), None if array.size < 2 else float(error), array.size)

    def z(self, expected: float | None) -> float | None:
        """(mean − expected)/standard error; None if one of them is missing or 0."""
        if expected is None or self.mean is None or not self.standard_error:
            return None
        return (self.mean - expected) / self.standard_error

    def __str__(self) -> str:
        if self.mean is None:
            return ""
        return with_error(self.mean, self.standard_error)


@dataclass(frozen=True)
class Distribution(Estimate):
    """An estimate with quantiles by level, None without draws."""

    quantiles: dict[float, float] | None

    @classmethod
    def of(cls, values: ArrayLike, levels: Sequence[float] = LEVELS) -> "Distribution":
        """Mean, s/√n and quantiles of draws, shape (n,); n may be 0.

        >>> Distribution.of([1.0, 2.0, 4.0], levels=(0.5,)).quantiles
        {0.5: 2.0}
        """
        array = np.asarray(values, dtype=float)
        found = Estimate.of(array)
        quantiles = None
        if array.size:
            quantiles = dict(zip(levels, np.quantile(array, levels).tolist(), strict=True))
        return cls(found.mean, found.standard_error, found.count, quantiles)


@dataclass(frozen=True)
class Fraction:
    """k of n, with Wilson's interval of one standard deviation (z = 1).

    (k + z²/2 ± z √(k (n − k)/n + z²/4))/(n + z²): it has a width at k = 0 and k = n too.

    Source: Wilson (1927), J. Amer. Statist. Assoc. 22, 209.

    >>> one = Fraction(0, 15)
    >>> one.value, one.interval
    (0.0, (0.0, 0.0625))
    """

    derived: ClassVar[tuple[str, ...]] = ("value", "interval")

    count: int
    of: int

    @property
    def value(self) -> float:
        return self.count / self.of

    @property
    def interval(self) -> tuple[float, float]:
        k, n = self.count, self.of
        half = math.sqrt(k * (n - k) / n + 0.25)
        return max((k + 0.5 - half) / (n + 1), 0.0), min((k + 0.5 + half) / (n + 1), 1.0)

    @property
    def standard_error(self) -> float:
        """√(q (1 − q)/n) at q = (k + 1)/(n + 2), which is not 0 when all or none do."""
        q = (self.count + 1) / (self.of + 2)
        return math.sqrt(q * (1 - q) / self.of)

    def __str__(self) -> str:
        return f"{self.count}/{self.of}"

"""What is done to a teacher's output before the student sees it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, xlogy

from bbpscape.core.checks import InvalidInput, boolean, number


@dataclass(frozen=True)
class Labels:
    """y = s z + √noise ξ, ξ standard Gaussian, s = −1 with probability ``flip``, else 1.

    z is the teacher's output φ(u) itself, or a count, z ~ Poisson(φ(u)), with ``poisson``.

    Parameters
    ----------
    noise : float
        Variance of the additive noise.
    flip : float
        Probability of a sign flip, from 0 to 1.
    poisson : bool
        Labels are counts; the teacher must not be negative.

    Raises
    ------
    InvalidInput
        If ``noise`` is not finite and at least 0, or ``flip`` is not in [0, 1].

    Examples
    --------
    >>> Labels(flip=1.0).apply(np.array([2.0]), np.random.default_rng(0)).tolist()
    [-2.0]
    """

    noise: float = 0.0
    flip: float = 0.0
    poisson: bool = False

    def __post_init__(self) -> None:
        for name, limit in (("noise", 1e6), ("flip", 1.0)):
            object.__setattr__(self, name, number(name, getattr(self, name), 0.0, limit))
        object.__setattr__(self, "poisson", boolean("poisson", self.poisson))

    @property
    def clean(self) -> bool:
        """y is the teacher's output itself."""
        return self.noise == 0 and self.flip == 0 and not self.poisson

    def apply(self, outputs: NDArray, generator: np.random.Generator) -> NDArray[np.float64]:
        """y of every sample; no random number is drawn if nothing is random.

        Parameters
        ----------
        outputs : array
            Of the teacher.
        generator : numpy Generator
            Of the noise.

        Returns
        -------
        array
            Of the same shape.

        Examples
        --------
        >>> import bbpscape as bb
        >>> generator = np.random.default_rng(0)
        >>> bb.Labels().apply(np.array([1.0, 2.0]), generator).tolist()
        [1.0, 2.0]
        """
        y = np.asarray(outputs, dtype=float)
        if self.poisson:
            y = generator.poisson(y).astype(float)
        if self.flip:
            y = np.where(generator.random(y.shape) < self.flip, -y, y)
        if self.noise:
            y = y + math.sqrt(self.noise) * generator.standard_normal(y.shape)
        return y

    def range(self, low: float, high: float) -> tuple[float, float]:
        """Infimum and supremum of y if the teacher's output goes from ``low`` to ``high``.

        Parameters
        ----------
        low, high : float
            Bounds of the output.

        Returns
        -------
        (float, float)
            Either may be infinite.

        Examples
        --------
        >>> import bbpscape as bb
        >>> bb.Labels(flip=0.1).range(0.0, 2.0)
        (-2.0, 2.0)
        """
        if self.poisson:
            if low < 0:
                raise InvalidInput(
                    "Poisson labels need a teacher that is nowhere negative, and its output goes "
                    f"down to {low:.4g}"
                )
            low, high = 0.0, math.inf
        if self.noise:
            return -math.inf, math.inf
        if self.flip == 1:
            return -high, -low
        return (min(low, -high), max(high, -low)) if self.flip else (low, high)

    def density(self, y: ArrayLike, outputs: ArrayLike) -> NDArray[np.float64]:
        """P(y | φ) of labels given the teacher's outputs φ; arrays broadcast.

        A probability for counts without noise; exact labels have none.

        Parameters
        ----------
        y : array
            Labels.
        outputs : array
            φ of each.

        Returns
        -------
        array
            Densities; a probability of counts without noise.

        Examples
        --------
        >>> Labels(poisson=True).density([0, 1], 2.0).round(4).tolist()
        [0.1353, 0.2707]
        """
        y, outputs = np.asarray(y, dtype=float), np.asarray(outputs, dtype=float)
        if not self.poisson and not self.noise:
            raise InvalidInput("exact labels have no density given the teacher's output")
        if self.poisson and self.noise:
            raise InvalidInput("counts with noise have no density in closed form")

        def plain(y: NDArray) -> NDArray[np.float64]:
            if self.noise:
                return np.exp(-((y - outputs) ** 2) / (2 * self.noise)) / math.sqrt(
                    2 * math.pi * self.noise
                )
            count = np.maximum(y, 0.0)
            mass = np.exp(xlogy(count, outputs) - outputs - gammaln(count + 1))
            return np.where((y < 0) | (y != np.floor(y)), 0.0, mass)

        return (1 - self.flip) * plain(y) + self.flip * plain(-y) if self.flip else plain(y)

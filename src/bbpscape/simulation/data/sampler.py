"""Rows of inputs from their law."""

import math

import numpy as np
from numpy.typing import NDArray

from bbpscape.model.inputs.law import InputLaw


class Sampler:
    """x_μ = √τ_μ Σ^½ ξ_μ/√N + μ/√N, ξ standard Gaussian, in the eigenbasis of Σ.

    τ of all M samples and the direction of μ are drawn at once, and the numbers ξ of consecutive
    rows follow each other in the stream. Of standard inputs ξ is all that is drawn.

    Parameters
    ----------
    law : InputLaw
    N, M : int
        Dimension, and number of samples.
    generator : Generator

    Raises
    ------
    InvalidInput
        If Σ does not exist at N.
    """

    def __init__(self, law: InputLaw, N: int, M: int, generator: np.random.Generator):
        self._scale = np.sqrt(law.covariance.values(N)) * (1 / math.sqrt(N))
        self._roots: NDArray[np.float64] | None = None
        if not law.radial.trivial:
            self._roots = np.sqrt(law.radial.sample(generator, M))[:, None]
        # μ, shape (N,), where there is one.
        self.mean: NDArray[np.float64] | None = None
        if law.mean:
            direction = generator.standard_normal(N)
            self.mean = direction * (law.mean / np.linalg.norm(direction))

    def rows(self, generator: np.random.Generator, chosen: slice) -> NDArray[np.float64]:
        """X[chosen], from the next numbers of the stream."""
        N = len(self._scale)
        rows = generator.standard_normal((chosen.stop - chosen.start, N))
        rows *= self._scale
        if self._roots is not None:
            rows *= self._roots[chosen]
        if self.mean is not None:
            rows += self.mean / math.sqrt(N)
        return rows

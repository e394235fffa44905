"""Losses ℓ(y, ŷ) of a label y and a student's output ŷ."""

from dataclasses import dataclass

import numpy as np

from bbpscape.model.checks import positive


@dataclass(frozen=True)
class NormalizedSquare:
    """ℓ(y, ŷ) = (y − ŷ)² / (2 (a + y)).

    Parameters
    ----------
    a : float
        Loss normalization, a > 0, in the units of the label y.

    Raises
    ------
    InvalidInput
        If ``a`` is not a number from 1e-12 to 1e12.

    Source: Annesi, Bocchi, Cammarota (2025), arXiv 2510.18435.

    >>> NormalizedSquare(a=1.0).value(1.0, 3.0)
    1.0
    """

    a: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "a", positive("a", self.a, limit=1e12))

    def value(self, y, y_hat):
        """ℓ(y, ŷ), elementwise over arrays of one shape."""
        return 0.5 * (y - y_hat) ** 2 / (self.a + y)

    def derivatives(self, y, y_hat):
        """(∂ℓ/∂ŷ, ∂²ℓ/∂ŷ²), elementwise over arrays of one shape."""
        inverse = 1.0 / (self.a + np.asarray(y))
        return (y_hat - y) * inverse, inverse

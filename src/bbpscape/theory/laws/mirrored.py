"""The law of −f, by which the right of a spectrum is the left of another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.theory.law import BULK, Law


@dataclass(frozen=True)
class Mirrored:
    """The law of −f: the spectrum of −H, so that right edges are left edges.

    Examples
    --------
    >>> import bbpscape as bb
    >>> law = bb.laws.Mirrored(bb.laws.DiscreteLaw([1.0, 3.0]))
    >>> law.support()
    (-3.0, -1.0)
    """

    law: Law

    def support(self, direction: str = BULK) -> tuple[float, float]:
        lower, upper = self.law.support(direction)
        return -upper, -lower

    @property
    def zero_mass(self) -> float:
        return self.law.zero_mass

    @property
    def directions(self) -> Mapping[str, float]:
        return self.law.directions

    def moments(
        self, g: ArrayLike, order: int, directions: Sequence[str] = (BULK,)
    ) -> NDArray[np.inexact]:
        g = np.asarray(g)
        signs = (-1.0) ** np.arange(1, order + 1)
        # −ḡ lies in the lower half plane, where −g does not.
        moments = np.conj(self.law.moments(-np.conj(g), order, directions))
        return moments * signs.reshape(-1, *[1] * g.ndim)

    def log_moment(self, g: ArrayLike) -> NDArray[np.inexact]:
        return np.conj(self.law.log_moment(-np.conj(g)))

"""The scalar bulk equation at complex z, point by point."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bbpscape.theory.law import BULK, TEACHER, Law
from bbpscape.theory.roots import NoConvergence, iterations
from bbpscape.theory.scalar.density import cumulative

NEWTON_STEPS = 30
TOLERANCE = 1e-10


@dataclass(frozen=True)
class ScalarStates:
    """z = 1/g + α m_1(g); a state is [g]."""

    law: Law

    def moments(self) -> tuple[float, float]:
        first, second = self.law.moments(0.0, 2)[0]
        return float(first), float(second)

    def start(self, z: complex) -> NDArray:
        return np.array([1 / z])

    def newton(self, alpha: float, z: complex, state: NDArray) -> NDArray:
        g = complex(state[0])
        for _ in iterations(NEWTON_STEPS, "density"):
            m1, m2 = self.law.moments(np.array([g]), 2)[0, :, 0]
            step = (1 / g + alpha * m1 - z) / (-1 / g**2 + alpha * m2)
            size = abs(step / g)
            g -= step * min(1.0, 0.5 / size) if size > 0 else 0.0
            if not np.isfinite(g):
                raise NoConvergence("density: Newton's method left the complex plane")
            if size < TOLERANCE:
                break
        return np.array([g])

    def stieltjes(self, state: NDArray) -> complex:
        return complex(state[0])

    def physical(self, state: NDArray) -> bool:
        """Im g < 0 tells the solution from others, in a gap too."""
        return self.stieltjes(state).imag < 0

    def below(self, alpha: float, state: NDArray) -> float:
        z = 1 / state[0] + alpha * self.law.moments(state[:1], 1)[0, 0, 0]
        return float(cumulative(self.law, alpha, z, state)[0])

    def special(self, alpha: float, z: complex, state: NDArray) -> tuple[float, float]:
        names = tuple(self.law.directions)
        moments = self.law.moments(state[:1], 1, (BULK, *names))[:, 0, 0]
        ratios = 1 - alpha * state[0] * (moments[1:] - moments[0])
        counts = np.array([self.law.directions[name] for name in names])
        along = -(state[0] / ratios[names.index(TEACHER)]).imag / math.pi
        return float(along), float(counts @ -np.angle(ratios)) / math.pi

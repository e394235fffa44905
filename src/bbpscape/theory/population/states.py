"""The bulk equation of a covariance at complex z, point by point."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bbpscape.theory.law import BULK, TEACHER, Law
from bbpscape.theory.population.population import Population
from bbpscape.theory.roots import NoConvergence, iterations

NEWTON_STEPS = 30
TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class PopulationStates:
    """Γ = Γ(z, S) with S = α m_1(Γ); a state is [Γ, S, z]."""

    law: Law
    population: Population

    def moments(self) -> tuple[float, float]:
        first, second = self.law.moments(0.0, 2)[0].tolist()
        w, sigma = self.population.weights, self.population.sigma
        return first * float(w @ sigma), second * float(w @ sigma**2)

    def start(self, z: complex) -> NDArray:
        return np.array([1 / z, 0.0, z])

    def newton(self, alpha: float, z: complex, state: NDArray) -> NDArray:
        gamma = complex(state[0])
        for _ in iterations(NEWTON_STEPS, "density"):
            m1, m2 = self.law.moments(np.array([gamma]), 2)[0, :, 0]
            s = alpha * complex(m1)
            value, _, by_s = self.population.gamma(z, s)
            step = (gamma - value) / (1 - alpha * m2 * by_s)
            size = abs(step / gamma)
            step *= min(1.0, 0.5 / size) if size > 0 else 0.0
            gamma -= step
            if not np.isfinite(gamma):
                raise NoConvergence("density: Newton's method left the complex plane")
            if size < TOLERANCE:
                # Γ and S are both those of the next step, to its square.
                s -= alpha * complex(m2) * step
                break
        return np.array([gamma, s, z])

    def stieltjes(self, state: NDArray) -> complex:
        _, s, z = state.tolist()
        return self.population.stieltjes(z, s)

    def physical(self, state: NDArray) -> bool:
        """Im Γ and Im g are both below 0."""
        return state[0].imag < 0 and self.stieltjes(state).imag < 0

    def below(self, alpha: float, state: NDArray) -> float:
        gamma, s, z = state.tolist()
        w, sigma = self.population.weights, self.population.sigma
        free = float(w @ np.angle(z - sigma * s)) + (gamma * s).imag
        samples = alpha * float(self.law.log_moment(np.array([gamma]))[0].imag)
        return 1 - (free + samples) / (math.pi * float(w.sum()))

    def special(self, alpha: float, z: complex, state: NDArray) -> tuple[float, float]:
        names = tuple(self.law.directions)
        _, s, _ = state.tolist()
        moments = self.law.moments(state[:1], 1, (BULK, *names))[:, 0, 0]
        shift, along = 0.0, math.nan
        for name, moment in zip(names, moments[1:], strict=True):
            strength = alpha * complex(moment - moments[0])
            kernel = self.population.kernel(name, z, s)
            ratio = 1 - strength * kernel.value
            shift -= self.law.directions[name] * float(np.angle(ratio)) / math.pi
            if name == TEACHER:
                inner = self.population.own(name, z, s) + kernel.along**2 * strength / ratio
                along = -inner.imag / math.pi
        return along, shift

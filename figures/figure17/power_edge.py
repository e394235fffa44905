"""A law of curvatures whose edge has any exponent, its transition in closed form, and its draws.

H = −Σ_μ s_μ x_μ x_μᵀ, with s = 1 − t in [0, 1] of density (κ + 1) t^κ in t, and x_μ ~ N(0, I/N)
but for one direction, the teacher, along which its variance is w(t)/N, w = 1 + ω t^−η, 0 ≤ η < κ.

With T(g) = g (m_1^w − m_1) and K(g) = g² m_2 (see ``bbpscape.threshold``), at the end g = −1 of the
real branch left of the bulk

    T = ω (κ + 1)/((κ − η)(κ − η + 1)),   K = 2/(κ (κ − 1)) for κ > 1, else ∞.

The edge of the bulk is smooth, ρ ~ (λ − λ₋)^κ, while α K < 1, and sharp, ρ ~ (λ − λ₋)^½, beyond.
The outlier leaves a smooth edge, at α = 1/T, if T > K: with w constant in s (η = 0) iff
κ > 1 + 2/ω, with η = 1 iff κ > max(1, 2/ω − 1). Its m² is not 0 there if m_2^w is finite:
κ − η > 1.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import beta, hyp2f1

from bbpscape.simulation.dice.inputs import DicedInputs
from bbpscape.simulation.dice.lanczos import DicedLanczos
from bbpscape.theory.law import BULK, TEACHER
from bbpscape.theory.laws.discrete import DiscreteLaw
from bbpscape.theory.scalar.edges import left_edge
from bbpscape.theory.scalar.outliers import left_outlier

STEPS, MOST_STEPS = 20, 1000  # of Lanczos, until the first look at its lowest pair, and at most
TOLERANCE = 1e-6  # of its residual, in units of the largest curvature


@dataclass(frozen=True)
class PowerEdge:
    """The law of f = −s and of w, as a ``bbpscape.theory.law.Law``: moments by Gauss's ₂F₁."""

    kappa: float
    omega: float
    eta: float = 0.0

    zero_mass: ClassVar[float] = 0.0
    directions: ClassVar[dict[str, float]] = {TEACHER: 1.0}

    def support(self, direction: str = BULK) -> tuple[float, float]:
        return -1.0, 0.0

    def moments(self, g: ArrayLike, order: int, directions=(BULK,)) -> NDArray[np.inexact]:
        g = np.asarray(g)
        bulk = np.array([self._moment(g, k, self.kappa) for k in range(1, order + 1)])
        if TEACHER not in directions:
            return bulk[None]
        excess = [self._moment(g, k, self.kappa - self.eta) for k in range(1, order + 1)]
        along = bulk + self.omega * np.array(excess)
        return np.stack([bulk if one == BULK else along for one in directions])

    def log_moment(self, g: ArrayLike) -> NDArray[np.inexact]:
        g = np.asarray(g)
        return g / (self.kappa + 2) * hyp2f1(1, 1, self.kappa + 3, -g)

    def _moment(self, g: NDArray, k: int, exponent: float) -> NDArray[np.inexact]:
        """(κ + 1) ∫ t^exponent (f/(1 − g f))^k dt over [0, 1], f = t − 1."""
        size = (-1) ** k * (self.kappa + 1) * beta(k + 1, exponent + 1)
        return size * hyp2f1(k, k + 1, exponent + k + 2, -g)

    def variance(self, t: NDArray) -> NDArray:
        """w(t)."""
        return 1 + self.omega * t**-self.eta

    @property
    def transition(self) -> tuple[float, float]:
        """(α_BBP, jump of m²) of a discontinuous transition; NaN where it is continuous."""
        k, n = self.kappa, self.kappa - self.eta
        t = self.omega * (k + 1) / (n * (n + 1))
        bulk = 2 / (k * (k - 1)) if k > 1 else math.inf
        if t <= bulk:
            return math.nan, math.nan
        along = bulk + self.omega * (k + 1) * 2 / ((n - 1) * n * (n + 1)) if n > 1 else math.inf
        return 1 / t, (t - bulk) / (t - bulk + along)

    def sample(self, M: int, generator: np.random.Generator) -> tuple[NDArray, NDArray]:
        """(s, w) of M samples."""
        t = generator.random(M) ** (1 / (self.kappa + 1))
        return 1 - t, self.variance(t)


def of_samples(s: NDArray, w: NDArray, N: int) -> float:
    """m² of the outlier by the mean over these samples in place of E; 0 where there is none."""
    law = DiscreteLaw(-s, along={TEACHER: w}, directions={TEACHER: 1.0})
    alpha = s.size / N
    outlier = left_outlier(law, alpha, left_edge(law, alpha), TEACHER)
    return 0.0 if outlier is None else outlier.m2


def simulate(s: NDArray, w: NDArray, N: int, generator: np.random.Generator) -> tuple[float, float]:
    """(λ, m²) of the lowest eigenvector of H at these s and w: X is drawn as Lanczos asks for it.

    Along the teacher, the first direction that X is known on, its entries have the variance w/N.
    """
    inputs = DicedInputs(s.size, N, 1, generator)
    inputs.columns[0] *= np.sqrt(w)
    lanczos = DicedLanczos(inputs, -s[:, None, None], np.ones((1, 1, 1)))
    look = STEPS
    while True:
        while lanczos.steps < look and not lanczos.exhausted:
            lanczos.step()
        value, residual, mass = (float(one[0]) for one in lanczos.ritz(1))
        if residual < TOLERANCE or lanczos.exhausted:
            return value, mass
        if look >= MOST_STEPS:
            raise RuntimeError(f"Lanczos: residual {residual:.1g} after {look} steps")
        look = math.ceil(1.25 * look)

"""The spectrum of Σ as the theory sees it: sums over the principal components.

With R(z) ≈ (z − S Σ)⁻¹ all that is asked of Σ is a sum over its eigenvalues σ_i, of shares w_i:

    Γ = Σ_i w_i σ_i/(z − σ_i S),   g = Σ_i w_i/(z − σ_i S),   K = Σ_i w_i c_i σ_i²/(z − σ_i S),

with c_i how a unit vector lies along the components. Source: theory.md §6.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.model.inputs.law import InputLaw
from bbpscape.theory.law import MEAN, TEACHER
from bbpscape.theory.roots import iterations

STEPS, ROUNDING = 60, 1e-14


@dataclass(frozen=True, eq=False)
class Population:
    """σ_i by decreasing size, their shares w_i of the N components, and the teacher's c_i.

    Parameters
    ----------
    sigma, weights : arrays, shape (n,)
        Σ_i w_i = Σ_i w_i σ_i = 1 as long as no component is left out.
    teacher : array, shape (n,)
        c_i, of mean 1: the expected square of a teacher's weight along a component.
    single : bool
        Whether each is one component of N, that may have an eigenvalue of its own apart from the
        bulk; else each is a share of infinitely many.
    """

    sigma: NDArray[np.float64]
    weights: NDArray[np.float64]
    teacher: NDArray[np.float64]
    single: bool = False

    @classmethod
    def of(cls, inputs: InputLaw, N: int | None = None) -> "Population":
        """That of a law of inputs, at dimension ``N`` where their covariance belongs to one."""
        if inputs.profile.random:
            sigma, weights = inputs.covariance.population(N)
            return cls(sigma, weights, np.ones(sigma.size), inputs.covariance.single)
        if inputs.metric != "covariance":
            raise InvalidInput(
                "metric must be covariance where the teacher has a profile: on the plain sphere "
                "its preactivations are not of variance 1"
            )
        if N is None:
            raise InvalidInput(f"N must be given: the profile {inputs.profile.label} has N terms")
        teacher = inputs.profile.variances(N)
        return cls(inputs.covariance.values(N), np.full(N, 1 / N), teacher, True)

    def without(self, largest: int) -> "Population":
        """The others, with the shares that they had, without the ``largest`` first ones."""
        rest = slice(largest, None)
        return replace(
            self,
            sigma=self.sigma[rest],
            weights=self.weights[rest],
            teacher=self.teacher[rest],
        )

    @cached_property
    def _positive(self) -> NDArray[np.bool_]:
        return self.sigma > 0

    @property
    def rank(self) -> float:
        """The share of the components with σ > 0."""
        return 1 - float(self.weights[~self._positive].sum())

    @cached_property
    def _ends(self) -> tuple[float, float, float, float]:
        """σ and w σ of the smallest positive and of the largest eigenvalue."""
        sigma, a = self.sigma[self._positive], (self.weights * self.sigma)[self._positive]
        return float(sigma[-1]), float(a[-1]), float(sigma[0]), float(a[0])

    @cached_property
    def _sums(self) -> tuple[float, float]:
        a = self.weights * self.sigma
        return float(a.sum()), float(a @ self.sigma)

    def gamma(self, z: complex, s: complex) -> tuple[complex, complex, complex]:
        """(Γ, ∂Γ/∂z, ∂Γ/∂S) at one point."""
        pole = 1 / (z - self.sigma * s)
        terms = self._a * pole
        value = complex(terms.sum())
        terms *= pole
        return value, -complex(terms.sum()), complex(terms @ self.sigma)

    def slopes(self, z: float, s: float) -> tuple[float, float]:
        """(∂Γ/∂z, ∂Γ/∂S) at one real point."""
        pole = 1 / (z - self.sigma * s)
        pole *= pole
        pole *= self._a
        return -float(pole.sum()), float(pole @ self.sigma)

    def bend(self, z: float, s: float) -> float:
        """∂²Γ/∂S² at one real point."""
        return 2 * float(self._a @ (self.sigma**2 / (z - self.sigma * s) ** 3))

    @cached_property
    def _a(self) -> NDArray[np.float64]:
        return self.weights * self.sigma

    def stieltjes(self, z: complex, s: complex) -> complex:
        """g, of the components that are here."""
        return complex(self.weights @ (1 / (z - self.sigma * s)))

    def stieltjes_slope(self, z: float, s: float) -> float:
        """∂g/∂S at one real point."""
        return float(self._a @ (1 / (z - self.sigma * s) ** 2))

    def kernel(self, direction: str, z: complex, s: complex) -> "Kernel":
        """K and L of a direction, with their derivatives, at one point."""
        w, sigma, pole = self.weights, self.sigma, 1 / (z - self.sigma * s)
        if direction == MEAN:
            # A unit vector of the inputs' own space.
            return _kernel(w, w, sigma, pole)
        c = w * self.teacher if direction == TEACHER else w
        variance = float(c @ sigma)
        along = c * sigma / np.sqrt(c.sum() * variance)
        return _kernel(c * sigma**2 / variance, along, sigma, pole)

    def own(self, direction: str, z: complex, s: complex) -> complex:
        """ŵᵀ (z − S Σ)⁻¹ ŵ for a unit vector ŵ along the direction."""
        c = self.weights * self.teacher if direction == TEACHER else self.weights
        return complex(c @ (1 / (z - self.sigma * s)) / c.sum())

    def inverse(self, gamma: float, s: float) -> float:
        """z left of all σ_i S with Γ(z, S) = ``gamma`` < 0.

        1/Γ(z) is increasing and convex there, of slope 1 at least, so that Newton's method comes
        down to the root from any point on its right.
        """
        low, a_low, high, a_high = self._ends
        last, a_last = (low, a_low) if s > 0 else (high, a_high)
        total, second = self._sums
        # By the distance d from the last σ_i S, which keeps its digits where that is large.
        d = max(last * s - total / gamma - s * second / total, -a_last / gamma)
        a, beyond = self._a, (self.sigma - last) * s
        for _ in iterations(STEPS, "a root of Γ"):
            terms = a / (d + beyond)
            found = -float(terms.sum())
            terms /= d + beyond
            step = found * (1 - found / gamma) / float(terms.sum())
            d += step
            # All steps lead on; the first that does not is rounding.
            if step <= ROUNDING * d:
                break
        return float(last * s - d)


@dataclass(frozen=True)
class Kernel:
    """K = vᵀ Σ^½ (z − SΣ)⁻¹ Σ^½ v and L = ŵᵀ (z − SΣ)⁻¹ Σ^½ v, with K's slopes in z and S."""

    value: complex
    slope_z: complex
    slope_s: complex
    along: complex


def _kernel(k: NDArray, along: NDArray, sigma: NDArray, pole: NDArray) -> Kernel:
    square = pole * pole
    return Kernel(k @ pole, -(k @ square), (k * sigma) @ square, along @ pole)

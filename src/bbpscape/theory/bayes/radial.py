"""Labels of |u| alone at p* > 1: the overlap matrix q 1 of a rotation-invariant teacher.

With u ∈ R^{p*} of length r and ω of length w, P(r | w) is the law of |ω + √V ξ|, and the direction
of u given its length is von Mises–Fisher about ω: E[u | r, ω] = r A(rw/V) ω/w with
A = I_{p*/2}/I_{p*/2−1}.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainccinv, gammaln, ive

from bbpscape.core.checks import InvalidInput
from bbpscape.theory.bayes.curve import Score
from bbpscape.theory.bayes.likelihood import Likelihood
from bbpscape.theory.bayes.panels import graded, nodes_between

# Lengths beyond have a probability of 1e-18, and the rule of w reaches this many widths.
TAIL, REACH = 1e-18, 9.0
NODES = 64
# Bessel functions of an order p*/2 leave double precision beyond.
WIDEST = 60
LARGE = 1e7


def mean_cosine(p_star: int, x: NDArray) -> NDArray[np.float64]:
    """I_{p*/2}(x)/I_{p*/2−1}(x), about x/p* near 0."""
    above, below = scaled_bessel(p_star / 2, x), scaled_bessel(p_star / 2 - 1, x)
    return np.divide(above, below, out=x / p_star, where=below > 1e-250)


def scaled_bessel(nu: float, x: NDArray) -> NDArray[np.float64]:
    """e^{−x} I_ν(x), of which the library's ends at large x."""
    large = np.maximum(x, LARGE)
    series = (1 - (4 * nu**2 - 1) / (8 * large)) / np.sqrt(2 * math.pi * large)
    return np.where(x < LARGE, ive(nu, np.minimum(x, LARGE)), series)


def length_law(p_star: int, w: NDArray, r: NDArray, V: float) -> NDArray[np.float64]:
    """The density at r of |ω + √V ξ|, |ω| = w."""
    nu = p_star / 2 - 1
    tilt = np.exp(-((r - w) ** 2) / (2 * V)) * scaled_bessel(nu, r * w / V)
    return r / V * (r / w) ** nu * tilt


def last_length(p_star: int) -> float:
    return math.sqrt(2 * float(gammainccinv(p_star / 2, TAIL)))


def gaussian_length(p_star: int, r: NDArray) -> NDArray[np.float64]:
    """The density of |u|."""
    nu = p_star / 2
    return np.exp((p_star - 1) * np.log(r) - r**2 / 2 - (nu - 1) * math.log(2) - float(gammaln(nu)))


def refused() -> InvalidInput:
    return InvalidInput("message passing needs p_star = 1")


@dataclass(frozen=True, eq=False)
class ExactLength:
    """A label that tells |u| and nothing else: y = |u|²/p*."""

    p_star: int
    steepest: float = math.inf

    @property
    def pinned(self) -> float:
        """Of p* dimensions a label pins one."""
        return 1 / self.p_star

    @cached_property
    def _lengths(self) -> tuple[NDArray, NDArray]:
        r, steps = nodes_between(graded(0.0, last_length(self.p_star), ()))
        return r, steps * gaussian_length(self.p_star, r)

    def information(self, q: float, V: float) -> float:
        """E|g_out|²/p* at ω ~ N(0, q 1), V = 1 − q."""
        r, weights = self._lengths
        w, law = self._given(r, q, V)
        g = (r[:, None] * mean_cosine(self.p_star, r[:, None] * w / V) - w) / V
        return float(weights @ ((law * g**2).sum(axis=1) / law.sum(axis=1))) / self.p_star

    def scorer(self, y: NDArray) -> Score:
        raise refused()

    def _given(self, r: NDArray, q: float, V: float) -> tuple[NDArray, NDArray]:
        """Nodes w and weights of |ω| given |u| = r, one row an r."""
        spread = REACH * math.sqrt(q * V)
        low, high = np.maximum(q * r - spread, 0.0), q * r + spread
        points, steps = np.polynomial.legendre.leggauss(NODES)
        half = (high - low)[:, None] / 2
        w = low[:, None] + half * (1 + points)
        return w, half * steps * length_law(self.p_star, q * r[:, None], w, q * V)


@dataclass(frozen=True, eq=False)
class LengthLikelihood(Likelihood):
    """P(y | r) of the length r = |u| at p* > 1."""

    p_star: int = 2

    @classmethod
    def of(cls, line: Likelihood, p_star: int) -> "LengthLikelihood":
        """Of P(y | r) along a line of r."""
        return cls(line.ends, line.table, line.density, line.jumps, p_star=p_star)

    def scorer(self, y: NDArray) -> Score:
        raise refused()

    def prior(self, u: NDArray) -> NDArray[np.float64]:
        return gaussian_length(self.p_star, u)

    def rule(self, q: float, V: float) -> tuple[NDArray, NDArray]:
        """w = |ω| and the weights of its law."""
        last, width = last_length(self.p_star), min(1.0, math.sqrt(V / q))
        count = math.ceil(last / (2 * width))
        w, steps = nodes_between(np.linspace(0, last, count + 1))
        return math.sqrt(q) * w, steps * gaussian_length(self.p_star, w)

    def kernel(self, w: NDArray, r: NDArray, V: float) -> tuple[NDArray, NDArray]:
        law = length_law(self.p_star, w[:, None], r, V)
        return law, law * (r * mean_cosine(self.p_star, r * w[:, None] / V) - w[:, None]) / V

    def information(self, q: float, V: float) -> float:
        return super().information(q, V) / self.p_star

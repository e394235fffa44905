"""Labels with a law P(y | u) that is smooth in u: noise, counts, any channel of one variable.

Z(ω, y) = ∫ N(u; ω, V) P(y | u) du is one product of matrices for all ω and y, and
E[g²] = ∫ N(ω; 0, q) dω Σ_y (∂_ω Z)²/Z.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from bbpscape.theory.bayes.panels import nodes_between, split

# The rule in ω, in widths of what varies there, and its reach.
STEP, REACH = 0.3, 7.5
# A Gaussian kernel is cut where it is e^{−28}.
KERNEL = 7.5
# Nodes in a panel of u, and its width in units of √V.
NODES, PANEL = 8, 1.5
# Below it a probability is that of a label that does not come.
NEVER = 1e-22
# Half the step of a difference quotient of P(y | u).
BESIDE = 1e-5
STEEPEST = 1e4
# ω whose kernels are made at once: they share the u near them.
BLOCK = 64
SAMPLES = 64

# (u of shape (n,), their weights) to the matrix u × y of P(y | u) dy du.
Table = Callable[[NDArray, NDArray], csr_array]


@dataclass(frozen=True, eq=False)
class Likelihood:
    """P(y | u) at p* = 1.

    Parameters
    ----------
    ends : array
        Ends of panels of u on which P(y | u) is smooth and varies little, increasing.
    table : callable
        (u, weights) to the sparse matrix, of shape (u, y), of weights × P(y | u) dy.
    density : callable
        (y, u) to P(y | u), for arrays that broadcast.
    jumps : bool
        Whether P(y | u) jumps with u, at an end of a panel.
    """

    ends: NDArray[np.float64]
    table: Table
    density: Callable[[NDArray, NDArray], NDArray]
    jumps: bool = False
    pinned: float = 0.0

    def nodes(self, V: float) -> tuple[NDArray, NDArray]:
        """u and weights of a rule that resolves P(y | u) and N(u; ω, V)."""
        return nodes_between(split(self.ends, PANEL * math.sqrt(V)), NODES)

    @cached_property
    def steepest(self) -> float:
        """A bound of E[g²] for all V: the Fisher information of u in y, 4 E Σ_y (∂_u √P)².

        Where P jumps there is none: E[g²] grows as 1/√V, and is followed to V = 1e-4.
        """
        if self.jumps:
            return STEEPEST
        u, weights = nodes_between(self.ends, NODES)
        one = np.ones(u.size)
        before, after = (self.table(u + side * BESIDE, one).sqrt() for side in (-1, 1))
        change = ((after - before) / (2 * BESIDE)).power(2).sum(axis=1)
        return float(4 * (weights * self.prior(u)) @ change)

    def prior(self, u: NDArray) -> NDArray[np.float64]:
        """The density of u."""
        return np.exp(-(u**2) / 2) / math.sqrt(2 * math.pi)

    def information(self, q: float, V: float) -> float:
        """E[g_out²] at ω ~ N(0, q), V = 1 − q."""
        u, weights = self.nodes(V)
        likelihood = self.table(u, weights)
        omega, density = self.rule(q, V)
        total, size = 0.0, BLOCK
        for start in range(0, omega.size, size):
            part = slice(start, start + size)
            Z, first = self._evidence(omega[part], u, likelihood, V)
            term = np.divide(first**2, Z, out=np.zeros(Z.shape), where=Z > NEVER)
            total += float(density[part] @ term.sum(axis=1))
        return total

    def rule(self, q: float, V: float) -> tuple[NDArray, NDArray]:
        """ω and the weights of N(0, q)."""
        step = STEP * math.sqrt(min(q, V))
        count = math.ceil(REACH * math.sqrt(q) / step)
        omega = step * np.arange(-count, count + 1)
        return omega, step * np.exp(-(omega**2) / (2 * q)) / math.sqrt(2 * math.pi * q)

    def kernel(self, omega: NDArray, u: NDArray, V: float) -> tuple[NDArray, NDArray]:
        """N(u; ω, V) and its derivative in ω, of shape (ω, u)."""
        away = u - omega[:, None]
        law = np.exp(-(away**2) / (2 * V)) / math.sqrt(2 * math.pi * V)
        return law, law * away / V

    def _evidence(
        self, omega: NDArray, u: NDArray, likelihood: csr_array, V: float
    ) -> tuple[NDArray, NDArray]:
        """Z and ∂_ω Z, both of shape (ω, y)."""
        reach = KERNEL * math.sqrt(V)
        low, high = np.searchsorted(u, [omega[0] - reach, omega[-1] + reach])
        near = likelihood[low:high].T
        law, slope = self.kernel(omega, u[low:high], V)
        return (near @ law.T).T, (near @ slope.T).T

    def scorer(self, y: NDArray) -> Callable[[NDArray, NDArray], tuple[NDArray, NDArray]]:
        """(ω, V) → g_out, ∂g_out of samples with these labels."""
        return lambda omega, V: self._score(omega, y, V)

    def _score(self, omega: NDArray, y: NDArray, V: NDArray) -> tuple[NDArray, NDArray]:
        """By the panels of u that are near each ω."""
        u, weights = self.nodes(float(V.min()))
        reach = KERNEL * math.sqrt(float(V.max()))
        order = np.argsort(omega)
        g, slope = np.empty(omega.size), np.empty(omega.size)
        for start in range(0, omega.size, SAMPLES):
            rows = order[start : start + SAMPLES]
            at, labels, v = omega[rows, None], y[rows, None], V[rows]
            near = slice(*np.searchsorted(u, [at[0, 0] - reach, at[-1, 0] + reach]))
            away = u[near] - at
            exponent = away**2 / (-2 * v[:, None])
            mass = weights[near] * self.density(labels, u[near]) * np.exp(exponent)
            total = mass.sum(axis=1)
            safe = np.where(total > 0, total, 1.0)
            mean = (mass * away).sum(axis=1) / safe
            second = (mass * away**2).sum(axis=1) / safe
            g[rows] = mean / v
            slope[rows] = ((second - mean**2) / v - 1) / v
        return g, slope

"""Labels of a few values whose probabilities jump with u: a sign, or what a flat teacher gives."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

# Steps of the rule in ω, in widths of what varies there, and how far it reaches.
STEP, REACH, FAR = 0.2, 8.5, 9.0
# Below it a probability is that of a label that does not come.
NEVER = 1e-14
SMALLEST = 1e-290


@dataclass(frozen=True)
class Atom:
    """P(y | u) of one label y: ``levels`` between ``low`` and ``high``, arrays of shape (k,)."""

    y: float
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    levels: NDArray[np.float64]

    def evidence(self, omega: NDArray, V: float | NDArray) -> tuple[NDArray, NDArray, NDArray]:
        """Z = E P(y | ω + √V ξ), Z′ and Z″ in ω."""
        root = np.sqrt(V)
        a, b = ((end - omega[:, None]) / np.reshape(root, (-1, 1)) for end in (self.low, self.high))
        # Of the two tails, the small one, so that a difference keeps its digits.
        side = np.where(a + b > 0, -1.0, 1.0)
        mass = side * (ndtr(side * b) - ndtr(side * a))
        f_a, f_b = (np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi) for x in (a, b))
        with np.errstate(invalid="ignore"):
            g_a, g_b = (np.where(np.isfinite(x), x * f, 0.0) for x, f in ((a, f_a), (b, f_b)))
        first, second = (f_a - f_b) @ self.levels, (g_a - g_b) @ self.levels
        return mass @ self.levels, first / root, second / V

    def score(self, omega: NDArray, V: NDArray) -> tuple[NDArray, NDArray]:
        """∂ log Z and ∂² log Z; where Z is too small for a double, as of the nearest end."""
        Z, first, second = self.evidence(omega, V)
        safe = np.maximum(Z, SMALLEST)
        g = first / safe
        edges = np.concatenate([self.low, self.high])
        edges = edges[np.isfinite(edges)]
        nearest = edges[abs(edges - omega[:, None]).argmin(-1)] if edges.size else omega
        seen = Z > SMALLEST
        curvature = np.where(seen, second / safe - g**2, -1 / V)
        return np.where(seen, g, (nearest - omega) / V), curvature

    def information(self, q: float, V: float) -> float:
        """E[g²; y] over ω ~ N(0, q) and the label, from the ω near an end: elsewhere g = 0."""
        ends = np.concatenate([self.low, self.high])
        step = STEP * math.sqrt(min(q, V))
        reach, near = REACH * math.sqrt(q), math.ceil(FAR * math.sqrt(V) / step)
        most = math.ceil(reach / step)
        found = []
        for end in ends[np.isfinite(ends) & (abs(ends) < reach + FAR * math.sqrt(V))]:
            at = round(end / step)
            found.append(np.arange(max(at - near, -most), min(at + near, most) + 1))
        if not found:
            return 0.0
        omega = step * np.unique(np.concatenate(found))
        Z, first, _ = self.evidence(omega, V)
        density = step * np.exp(-(omega**2) / (2 * q)) / math.sqrt(2 * math.pi * q)
        term = np.divide(first**2, Z, out=np.zeros(omega.size), where=Z > NEVER)
        return float(density @ term)

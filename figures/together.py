"""Figure 3: one α at which the curves of all successive N cross."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.polynomial.polynomial import polyvander
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize_scalar

from bbpscape.analysis.curves import Curve
from figures.kit import Data
from figures.meeting import NEAR, straight_curves

STEPS = 60  # of α and of the correction in a first search


@dataclass(frozen=True)
class Meeting:
    """The α of least χ², and half of the interval in which it is within 1 of that (or infinity)."""

    alpha: float
    standard_error: float
    chi2: float
    dof: int


def phi_meeting(data: Data, case: str, corrected: bool = False) -> Meeting:
    """Where φ of each N is that of the next, of all successive N at once.

    If ``corrected``, at α + b N^(−2/3), N the geometric mean of two, and α is that of N → ∞: the
    first correction to a window of width N^(−1/3) is smaller by N^(−1/3).
    """
    found = Differences(straight_curves(data, case))
    slopes = np.linspace(-1, 1, STEPS + 1) * NEAR * found.half / found.size.max()

    def misfit(alpha: float) -> float:
        if not corrected:
            return found.misfit(alpha + 0 * found.size)
        first = min(slopes, key=lambda slope: found.misfit(alpha + slope * found.size))
        ends = first - (slopes[1] - slopes[0]), first + (slopes[1] - slopes[0])
        best = minimize_scalar(
            lambda slope: found.misfit(alpha + slope * found.size), bounds=ends, method="bounded"
        )
        return float(best.fun)

    grid = np.linspace(found.middle - NEAR * found.half, found.middle + NEAR * found.half, STEPS)
    first = int(np.argmin([misfit(alpha) for alpha in grid]))
    ends = grid[max(first - 1, 0)], grid[min(first + 1, STEPS - 1)]
    best = minimize_scalar(misfit, bounds=ends, method="bounded", options={"xatol": 1e-5})
    sides = []
    for outer in (grid[grid < best.x][::-1], grid[grid > best.x]):
        beyond = next((a for a in outer if misfit(a) > best.fun + 1), None)
        if beyond is not None:
            sides.append(brentq(lambda a: misfit(a) - best.fun - 1, best.x, beyond, xtol=1e-5))
    error = (max(sides) - min(sides)) / 2 if len(sides) == 2 else math.inf
    return Meeting(float(best.x), error, float(best.fun), len(found.size) - 1 - corrected)


class Differences:
    """Lines fitted to the differences of successive curves, and how they vary together.

    Successive differences have a curve in common. ``size`` are N^(−2/3) of each pair, and the data
    lie within ``half`` of ``middle``.
    """

    def __init__(self, curves: list[Curve]):
        alphas = curves[0].alphas
        self.middle, self.half = (alphas[0] + alphas[-1]) / 2, (alphas[-1] - alphas[0]) / 2
        self.size = np.array([(a.N * b.N) ** (-1 / 3) for a, b in pairwise(curves)])
        self._variance = [curve.variance for curve in curves]
        self._jumps = [high.mean - low.mean for low, high in pairwise(curves)]
        design = polyvander((alphas - self.middle) / self.half, 1)
        self._fits = []  # level and slope, from differences
        for low, high in pairwise(self._variance):
            weight = 1 / np.sqrt(low + high)
            self._fits.append(np.linalg.pinv(design * weight[:, None]) * weight)

    def misfit(self, where: NDArray[np.float64]) -> float:
        """dᵀC⁻¹d, d the differences, each at its own α."""
        at = polyvander((where - self.middle) / self.half, 1)
        rows = [one @ fit for one, fit in zip(at, self._fits, strict=True)]
        d = np.array([row @ jump for row, jump in zip(rows, self._jumps, strict=True)])
        each = zip(rows, pairwise(self._variance), strict=True)
        C = np.diag([row**2 @ (low + high) for row, (low, high) in each])
        for i, shared in enumerate(self._variance[1:-1]):
            C[i, i + 1] = C[i + 1, i] = -rows[i] @ (shared * rows[i + 1])
        return float(d @ np.linalg.solve(C, d))

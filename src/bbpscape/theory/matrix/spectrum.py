"""The spectrum at N → ∞ of any network: density, edges, outliers, and their quadrature error."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline, PchipInterpolator

from bbpscape.core.checks import InvalidInput
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.laws.network.lowest_curvature import LowestCurvature
from bbpscape.theory.laws.network.scalar_law import is_scalar
from bbpscape.theory.matrix.solver import network_solver, walk
from bbpscape.theory.matrix.threshold import COARSE, FINE
from bbpscape.theory.solution import Features

# The bulk is followed until this fraction of its eigenvalues lies below.
REACH = 0.999
# The density is solved at so many points, and interpolated.
GRID = 160
# The density of nodes that it needs, at p = 1, 2 and beyond.
SPARSE = (1.0, 0.6, 0.5)
WIDENINGS = 12
# ρ next to a left edge without a gap to resolve, in units of the width of the bulk.
MARGIN = 1e-6


@dataclass(frozen=True, eq=False)
class SampledBulk:
    """A density solved at GRID points, and interpolated between them.

    Arrays of one length along the bulk: ``rho``, the fraction of eigenvalues below (``cumulative``,
    the atom included), ρ_u/ρ (``profile``) and the spectral shift (``shift``).
    """

    eigenvalue: NDArray[np.float64]
    rho: NDArray[np.float64]
    cumulative: NDArray[np.float64]
    profile: NDArray[np.float64]
    shift: NDArray[np.float64]

    def density(self, eigenvalues: ArrayLike) -> NDArray[np.float64]:
        """ρ(λ); 0 outside the solved points."""
        return self._at(eigenvalues, self.rho, 0.0, 0.0)

    def fraction_below(self, eigenvalues: ArrayLike) -> NDArray[np.float64]:
        """The fraction of eigenvalues below each λ, the atom included."""
        return self._at(eigenvalues, self.cumulative, 0.0, 1.0)

    def overlap_profile(self, eigenvalues: ArrayLike) -> NDArray[np.float64]:
        """ρ_u/ρ, NaN outside the solved points."""
        return self._at(eigenvalues, self.profile, math.nan, math.nan)

    def spectral_shift(self, eigenvalue: float) -> float:
        """Eigenvalues below λ that the special directions add to pN times the bulk's fraction."""
        return float(np.interp(eigenvalue, self.eigenvalue, self.shift))

    def _at(
        self, eigenvalues: ArrayLike, values: NDArray, left: float, right: float
    ) -> NDArray[np.float64]:
        return np.interp(np.asarray(eigenvalues, float), self.eigenvalue, values, left, right)


@dataclass(frozen=True, eq=False)
class NetworkFeatures:
    """What ``network_spectrum`` finds: ``quadrature_error`` is the largest relative change of the
    edges and of the outliers and their m² between two node densities."""

    features: Features
    bulk: SampledBulk
    quadrature_error: float
    no_left_edge: str | None


def network_spectrum(model: TeacherStudent, alpha: float, points: int) -> NetworkFeatures:
    """The spectrum of a model at one α, by the route that its symmetry allows."""
    lowest = None if is_scalar(model) else (LowestCurvature(model), LowestCurvature(model, -1.0))
    solvers = [network_solver(model, r, seed, lowest) for seed, r in enumerate((COARSE, FINE))]
    coarse, fine = (solver.features(alpha) for solver in solvers)
    dense = network_solver(model, SPARSE[min(int(model.p), 3) - 1], lowest=lowest)
    first, second = dense.moments()
    centre, spread = alpha * first, math.sqrt(alpha * second)
    left, right = fine.left.value, fine.right.value
    low = left if math.isfinite(left) else centre - 2 * spread
    high = right if math.isfinite(right) else max(centre + 2 * spread, low + spread)
    for _ in range(WIDENINGS):
        grid, speed = _grid(low, high, fine)
        states = walk(dense, alpha, grid, spread)
        rho = np.maximum([-dense.stieltjes(s).imag / math.pi for s in states], 0.0)
        # A square-root edge is smooth in the parameter of the grid.
        cumulative = CubicSpline(np.linspace(0, 1, GRID), rho * speed).antiderivative()(
            np.linspace(0, 1, GRID)
        )
        mass = float(cumulative[-1])
        if mass >= REACH * (1 - fine.atom) or (math.isfinite(left) and math.isfinite(right)):
            break
        if not math.isfinite(right):
            high += high - low
        if not math.isfinite(left):
            low -= high - low
    missing = 0.0 if math.isfinite(left) else max(0.0, 1 - fine.atom - cumulative[-1]) / 2
    cumulative += missing + np.where(grid >= 0, fine.atom, 0.0)
    if math.isfinite(left) and math.isfinite(right) and not fine.atom:
        # Both edges are exact: what is missing is the error of the rule.
        cumulative /= cumulative[-1]
    special = [dense.special(alpha, complex(x, 0), s) for x, s in zip(grid, states, strict=True)]
    along, shift = np.array(special).T
    seen = rho > 1e-9 * rho.max()
    profile = np.interp(grid, grid[seen], along[seen] / rho[seen])
    eigenvalue = np.interp(np.linspace(0, 1, points), np.linspace(0, 1, grid.size), grid)

    def at(values: NDArray) -> NDArray[np.float64]:
        return PchipInterpolator(grid, values)(eigenvalue)

    bulk = SampledBulk(eigenvalue, at(rho), at(cumulative), at(profile), at(shift))
    return NetworkFeatures(fine, bulk, _error(coarse, fine), solvers[1].no_left_edge)


def _grid(low: float, high: float, features: Features) -> tuple[NDArray, NDArray]:
    """λ(t) and dλ/dt for equal steps in t ∈ [0, 1]: dense at the edges that there are."""
    t = np.linspace(0, 1, GRID)
    both = math.isfinite(features.left.value) == math.isfinite(features.right.value)
    share = (1 - np.cos(math.pi * t)) / 2 if both else t**2
    slope = math.pi / 2 * np.sin(math.pi * t) if both else 2 * t
    width = (high - low) * (1 - 2 * MARGIN)
    return low + (high - low) * MARGIN + width * share, width * slope


def _error(coarse: Features, fine: Features) -> float:
    """The largest relative change of an edge, an outlier or its m²."""
    pairs = [(coarse.left.value, fine.left.value), (coarse.right.value, fine.right.value)]
    if [one.direction for one in coarse.outliers] != [one.direction for one in fine.outliers]:
        return 1.0
    for one, other in zip(coarse.outliers, fine.outliers, strict=True):
        pairs += [(one.eigenvalue, other.eigenvalue), (one.m2, other.m2)]
    changes = [abs(a - b) / max(abs(b), 1e-300) for a, b in pairs if math.isfinite(b) and b != 0]
    return max(changes, default=0.0)


def network_overlaps(
    model: TeacherStudent, alphas: NDArray
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(m², eigenvalue) of the most informative outlier left of the bulk at each α.

    Where there is none m² is 0 and the eigenvalue is that of the left edge.
    """
    solver = network_solver(model, COARSE)
    if solver.no_left_edge:
        raise InvalidInput(f"the Hessian of this model has no left edge: {solver.no_left_edge}")
    m2, eigenvalue = np.zeros(alphas.size), np.empty(alphas.size)
    for i, alpha in enumerate(alphas):
        edge, found = solver.left(float(alpha))
        best = max(found, key=lambda one: one.teacher_m2, default=None)
        if best is None or best.teacher_m2 <= 0:
            eigenvalue[i] = edge.value
        else:
            m2[i], eigenvalue[i] = best.m2, best.eigenvalue
    return m2, eigenvalue

"""The density of a network: the bulk equation solved at points along the real axis.

The curvature of a network is known at quadrature nodes, whose own spectrum is a comb: the density
is read off just above the real axis, each point solved from the one before, and interpolated.
"""

import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bbpscape.theory.roots import NoConvergence, iterations
from bbpscape.theory.solution import Bulk, Edge, Interpolated, Sampled

# The bulk is followed until this fraction of its eigenvalues lies below.
REACH = 0.999
# The density is solved at so many points, and interpolated.
GRID = 160
WIDENINGS = 12
# ρ next to a left edge without a gap to resolve, in units of the width of the bulk.
MARGIN = 1e-6
# λ + i0, and where a descent to it ends, in units of the width of the spectrum.
ABOVE, LOWEST = 1e-10, 1e-9


class States(Protocol):
    """The bulk equation at complex z. A state is what Newton's method works with."""

    def moments(self) -> tuple[float, float]:
        """E Tr F/p and E Tr F²/p."""

    def start(self, z: complex) -> NDArray:
        """The state far from the spectrum, where g ≈ 1/z."""

    def newton(self, alpha: float, z: complex, state: NDArray) -> NDArray:
        """The state at z, or NoConvergence where Newton's method does not settle."""

    def stieltjes(self, state: NDArray) -> complex:
        """g = Tr G/p of a state."""

    def special(self, alpha: float, z: complex, state: NDArray) -> tuple[float, float]:
        """(−Im Tr_u R/π over the p p* teacher directions, each 1/(p p*); spectral shift)."""


def sample_bulk(
    states: States, alpha: float, edges: tuple[Edge, Edge], atom: float, points: int
) -> Bulk:
    """The bulk between its edges, or until REACH of it is passed where one of them is missing."""
    # Few models come here, and scipy.interpolate takes long to import.
    from scipy.interpolate import CubicSpline, PchipInterpolator

    first, second = states.moments()
    centre, spread = alpha * first, math.sqrt(alpha * second)
    left, right = (math.isfinite(edge.value) for edge in edges)
    low = edges[0].value if left else centre - 2 * spread
    high = edges[1].value if right else max(centre + 2 * spread, low + spread)
    for _ in range(WIDENINGS):
        grid, speed = _grid(low, high, left == right)
        found = walk(states, alpha, grid, spread)
        rho = np.maximum([-states.stieltjes(s).imag / math.pi for s in found], 0.0)
        # A square-root edge is smooth in the parameter of the grid.
        t = np.linspace(0, 1, GRID)
        cumulative = CubicSpline(t, rho * speed).antiderivative()(t)
        if cumulative[-1] >= REACH * (1 - atom) or (left and right):
            break
        if not right:
            high += high - low
        if not left:
            low -= high - low
    missing = 0.0 if left else max(0.0, 1 - atom - cumulative[-1]) / 2
    cumulative += missing + np.where(grid >= 0, atom, 0.0)
    if left and right and not atom:
        # Both edges are exact: what is missing is the error of the rule.
        cumulative /= cumulative[-1]
    special = [states.special(alpha, complex(x, 0), s) for x, s in zip(grid, found, strict=True)]
    along, shift = np.array(special).T
    seen = rho > 1e-9 * rho.max()
    profile = np.interp(grid, grid[seen], along[seen] / rho[seen])
    eigenvalue = np.interp(np.linspace(0, 1, points), t, grid)
    columns = rho, cumulative, profile, shift
    rho, cumulative, profile, shift = (PchipInterpolator(grid, one)(eigenvalue) for one in columns)
    sampled = Sampled(profile, shift)
    curve = Interpolated(eigenvalue, rho, cumulative, sampled)
    return Bulk(eigenvalue, rho, cumulative, sampled, curve)


def _grid(low: float, high: float, both: bool) -> tuple[NDArray, NDArray]:
    """λ(t) and dλ/dt for equal steps in t ∈ [0, 1], dense at both ends, or at the left one."""
    t = np.linspace(0, 1, GRID)
    share = (1 - np.cos(math.pi * t)) / 2 if both else t**2
    slope = math.pi / 2 * np.sin(math.pi * t) if both else 2 * t
    width = (high - low) * (1 - 2 * MARGIN)
    return low + (high - low) * MARGIN + width * share, width * slope


def walk(states: States, alpha: float, eigenvalues: NDArray, height: float) -> list[NDArray]:
    """The states at λ + i0 along an increasing grid, each from the one before.

    Where Newton's method fails it starts again from ``height`` above the real axis.
    """
    found: list[NDArray] = []
    state: NDArray | None = None
    for eigenvalue in eigenvalues:
        z = complex(eigenvalue, ABOVE * height)
        following = None if state is None else _solved(states, alpha, z, state)
        state = _descend(states, alpha, z.real, height) if following is None else following
        found.append(state)
    return found


def _solved(states: States, alpha: float, z: complex, state: NDArray) -> NDArray | None:
    """The state at z by Newton's method from another, None where it does not find it.

    Im g < 0 tells the solution from others, in a gap too.
    """
    try:
        found = states.newton(alpha, z, state)
    except NoConvergence:
        return None
    return found if states.stieltjes(found).imag < 0 else None


def _descend(states: States, alpha: float, eigenvalue: float, height: float) -> NDArray:
    """From λ + i height down to λ + i0, by steps that Newton's method follows."""
    steps, y, state = iterations(60, f"density above λ = {eigenvalue:.6g}"), height / 2, None
    while state is None:
        y *= 2 * bool(next(steps))
        z = complex(eigenvalue, y)
        state = _solved(states, alpha, z, states.start(z))
    factor = 0.5
    # Within 0.98 of a step the spectrum of the quadrature itself is met: ρ is below its resolution.
    while y > LOWEST * height and factor <= 0.98:
        following = _solved(states, alpha, complex(eigenvalue, y * factor), state)
        if following is None:
            factor = math.sqrt(factor)
        else:
            state, y, factor = following, y * factor, max(0.1, factor**2)
    return state

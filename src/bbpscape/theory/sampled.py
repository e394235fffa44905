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
# A range is tried by so many points first, which tell the fraction to so much.
ROUGH, SLACK = 40, 2e-3
WIDENINGS = 12
# Where both ends are tails, the share of the width within which λ is followed in equal steps.
TAILS = 1e-3
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
    # Next to an atom ρ may diverge, which few points do not tell.
    count = GRID if (left and right) or atom else ROUGH
    for _ in range(WIDENINGS):
        grid, speed = _grid(low, high, left, right, count)
        found = walk(states, alpha, grid, spread)
        rho = np.maximum([-states.stieltjes(s).imag / math.pi for s in found], 0.0)
        # A square-root edge is smooth in the parameter of the grid.
        t = np.linspace(0, 1, count)
        cumulative = CubicSpline(t, rho * speed).antiderivative()(t)
        wanted = (REACH - (SLACK if count < GRID else 0)) * (1 - atom)
        if not (left and right) and cumulative[-1] < wanted:
            low, high = low - (high - low) * (not left), high + (high - low) * (not right)
        elif count < GRID:
            count = GRID
        else:
            break
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


def _grid(low: float, high: float, left: bool, right: bool, count: int) -> tuple[NDArray, NDArray]:
    """λ(t) and dλ/dt for equal steps in t ∈ [0, 1], dense at the edges that there are.

    Without any it is dense at 0, from which tails extend to both sides.
    """
    t = np.linspace(0, 1, count)
    if left and right:
        share, slope = (1 - np.cos(math.pi * t)) / 2, math.pi / 2 * np.sin(math.pi * t)
    elif left:
        share, slope = t**2, 2 * t
    else:
        unit = TAILS * (high - low)
        ends = math.asinh(low / unit), math.asinh(high / unit)
        x = ends[0] + (ends[1] - ends[0]) * t
        share = (unit * np.sinh(x) - low) / (high - low)
        slope = TAILS * np.cosh(x) * (ends[1] - ends[0])
    width = (high - low) * (1 - 2 * MARGIN)
    return low + (high - low) * MARGIN + width * share, width * slope


def walk(states: States, alpha: float, eigenvalues: NDArray, height: float) -> list[NDArray]:
    """The states at λ + i0 along an increasing grid, each from the one before.

    Where Newton's method fails it starts again from ``height`` above the real axis.
    """
    found: list[NDArray] = []
    for eigenvalue in eigenvalues:
        z = complex(eigenvalue, ABOVE * height)
        state = None
        for start in _starts(found):
            state = _solved(states, alpha, z, start)
            if state is not None:
                break
        found.append(_descend(states, alpha, z.real, height) if state is None else state)
    return found


def _starts(found: list[NDArray]) -> list[NDArray]:
    """Where Newton's method begins: as the last states go on in equal steps, and the last one."""
    if len(found) < 3:
        return found[-1:]
    return [3 * (found[-1] - found[-2]) + found[-3], found[-1]]


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

"""The density of a network: the bulk equation solved at points along the real axis.

The curvature of a network is known at quadrature nodes, whose own spectrum is a comb: the density
is read off just above the real axis, each point solved from the one before, and interpolated.
"""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bbpscape.theory.roots import NoConvergence, iterations
from bbpscape.theory.solution import Bulk, Edge, Interpolated, Sampled

# The bulk is followed until this fraction of its eigenvalues lies below.
REACH = 0.999
HALVINGS = 60
WIDENINGS = 60
# Where both ends are tails, the share of the width within which λ is followed in equal steps.
TAILS = 1e-3
# ρ next to a left edge without a gap to resolve, in units of the width of the bulk.
MARGIN = 1e-6
# λ + i0, where a descent to it ends, and the least distance of points, in units of the width.
ABOVE, LOWEST, LEAST = 1e-10, 1e-9, 1e-10
# Nearer to an atom at 0, in these units, its own width above the axis would be taken for a ρ.
BESIDE = 3e-4


@dataclass(frozen=True)
class Fineness:
    """Where a density is solved: at ``grid`` points, and between them until no two are further
    apart than a ``share`` of the eigenvalues, of which a straight ρ would miss ``bent``."""

    grid: int = 160
    share: float = 0.01
    bent: float = 2e-4


FULL = Fineness()
ROUGH = Fineness(40, 0.05, 2e-3)


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

    def physical(self, state: NDArray) -> bool:
        """Whether it is the solution above the real axis, which other roots are not."""

    def below(self, alpha: float, state: NDArray) -> float:
        """The fraction of the eigenvalues below z, those at 0 included: 1 − Im Φ/π, dΦ/dz = g."""

    def special(self, alpha: float, z: complex, state: NDArray) -> tuple[float, float]:
        """(−Im Tr_u R/π over the p p* teacher directions, each 1/(p p*); spectral shift)."""


def sample_bulk(
    states: States,
    alpha: float,
    edges: tuple[Edge, Edge],
    atom: float,
    points: int,
    fine: Fineness = FULL,
) -> Bulk:
    """The bulk between its edges, or until REACH of it is passed where one of them is missing."""
    # Few models come here, and scipy.interpolate takes long to import.
    from scipy.interpolate import PchipInterpolator

    low, high, spread = _range(states, alpha, edges, atom)
    grid = _grid(fine.grid, low, high, *(math.isfinite(edge.value) for edge in edges))
    if atom:
        grid = grid[abs(grid) > BESIDE * spread]
    grid, found, rho, cumulative = _refined(states, alpha, grid, low, atom, spread, fine)
    # Rounding alone takes them back, or out of [0, 1].
    cumulative = np.maximum.accumulate(np.clip(cumulative, 0.0, 1.0))
    special = [states.special(alpha, complex(x, 0), s) for x, s in zip(grid, found, strict=True)]
    along, shift = np.array(special).T
    seen = rho > 1e-9 * rho.max()
    profile = np.interp(grid, grid[seen], along[seen] / rho[seen])
    eigenvalue = np.interp(np.linspace(0, grid.size - 1, points), np.arange(grid.size), grid)
    columns = rho, cumulative, profile, shift
    rho, cumulative, profile, shift = (PchipInterpolator(grid, one)(eigenvalue) for one in columns)
    sampled = Sampled(profile, shift)
    curve = Interpolated(eigenvalue, rho, cumulative, sampled)
    return Bulk(eigenvalue, rho, cumulative, sampled, curve)


def _range(
    states: States, alpha: float, edges: tuple[Edge, Edge], atom: float
) -> tuple[float, float, float]:
    """Where the bulk begins and ends, or all but 1 − REACH of it does, and √(α E f²)."""
    first, second = states.moments()
    centre, spread = alpha * first, math.sqrt(alpha * second)
    left, right = (edge.value for edge in edges)
    low = left if math.isfinite(left) else centre - 2 * spread
    high = right if math.isfinite(right) else max(centre + 2 * spread, low + spread)
    rest = (1 - REACH) * (1 - atom) / (1 if math.isfinite(left) else 2)

    def below(eigenvalue: float) -> float:
        return states.below(alpha, _descend(states, alpha, eigenvalue, spread))

    for _ in iterations(WIDENINGS, "the end of the density"):
        start, end = math.isfinite(left) or below(low) <= rest, math.isfinite(right)
        end = end or 1 - below(high) <= rest
        if start and end:
            break
        low, high = low - (high - low) * (not start), high + (high - low) * (not end)
    return low, high, spread


def _grid(count: int, low: float, high: float, left: bool, right: bool) -> NDArray[np.float64]:
    """Points of the bulk, dense at the edges that there are.

    Without any they are dense at 0, from which tails extend to both sides.
    """
    t = np.linspace(0, 1, count)
    if left and right:
        share = (1 - np.cos(math.pi * t)) / 2
    elif left:
        share = t**2
    else:
        unit = TAILS * (high - low)
        ends = math.asinh(low / unit), math.asinh(high / unit)
        share = (unit * np.sinh(ends[0] + (ends[1] - ends[0]) * t) - low) / (high - low)
    return low + (high - low) * (MARGIN + (1 - 2 * MARGIN) * share)


def _refined(
    states: States,
    alpha: float,
    grid: NDArray,
    low: float,
    atom: float,
    height: float,
    fine: Fineness,
) -> tuple[NDArray, list[NDArray], NDArray, NDArray]:
    """The grid with points between those that are too many eigenvalues apart: all states, ρ, and
    the fractions below."""

    def measured(some: list[NDArray]) -> tuple[NDArray, NDArray]:
        fractions = np.array([states.below(alpha, state) for state in some])
        return _density(states, some), fractions

    found = walk(states, alpha, grid, height)
    rho, below = measured(found)
    for _ in range(HALVINGS):
        ends = np.append(low, grid)
        width, heights = np.diff(ends), np.append(0.0, rho)
        mass = np.diff(below, prepend=0.0) - atom * ((ends[:-1] < 0) & (ends[1:] >= 0))
        straight = width * (heights[1:] + heights[:-1]) / 2
        far = (abs(mass) > fine.share * (1 - atom)) | (
            abs(mass - straight) > fine.bent * (1 - atom)
        )
        middle = (ends[:-1] + ends[1:]) / 2
        far &= (abs(middle) > BESIDE * height) | (not atom)
        (places,) = np.nonzero(far & (width > LEAST * height))
        if not places.size:
            break
        between, new = middle[places], []
        for place, eigenvalue in zip(places.tolist(), between.tolist(), strict=True):
            starts = _between(ends[1:], found, place)
            new.append(_state(states, alpha, eigenvalue, height, starts))
        for place, state in zip(places[::-1].tolist(), new[::-1], strict=True):
            found.insert(place, state)
        more = measured(new)
        rho, below = (np.insert(one, places, m) for one, m in zip((rho, below), more, strict=True))
        grid = np.insert(grid, places, between)
    return grid, found, rho, below


def _between(grid: NDArray, found: list[NDArray], place: int) -> list[NDArray]:
    """Where Newton's method begins in the middle before a place: between its neighbours."""
    near = found[max(place - 1, 0) : place + 1]
    starts = [np.mean(near, axis=0), *near]
    wide = slice(place - 2, place + 2)
    if 2 <= place < len(found) - 1 and np.ptp(steps := np.diff(grid[wide])) < 0.2 * steps.max():
        starts.insert(0, np.array([-1, 9, 9, -1]) / 16 @ np.array(found[wide]))
    return starts


def _density(states: States, found: list[NDArray]) -> NDArray[np.float64]:
    return np.maximum([-states.stieltjes(state).imag / math.pi for state in found], 0.0)


def walk(states: States, alpha: float, eigenvalues: NDArray, height: float) -> list[NDArray]:
    """The states at λ + i0 along an increasing grid, each from the one before.

    Where Newton's method fails it starts again from ``height`` above the real axis.
    """
    found: list[NDArray] = []
    for eigenvalue in eigenvalues.tolist():
        found.append(_state(states, alpha, eigenvalue, height, _starts(found)))
    return found


def _state(
    states: States, alpha: float, eigenvalue: float, height: float, starts: list[NDArray]
) -> NDArray:
    """The state at λ + i0 from one of ``starts``, or from above."""
    for start in starts:
        state = _solved(states, alpha, complex(eigenvalue, ABOVE * height), start)
        if state is not None:
            return state
    return _descend(states, alpha, eigenvalue, height)


def _starts(found: list[NDArray]) -> list[NDArray]:
    """Where Newton's method begins: as the last states go on in equal steps, and the last one."""
    if len(found) < 4:
        return found[-1:]
    return [np.array([-1, 4, -6, 4]) @ np.array(found[-4:]), found[-1]]


def _solved(states: States, alpha: float, z: complex, state: NDArray) -> NDArray | None:
    """The state at z by Newton's method from another, None where it does not find it."""
    try:
        found = states.newton(alpha, z, state)
    except NoConvergence:
        return None
    return found if states.physical(found) else None


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

"""The α at which an outlier along the teacher leaves the left edge, under a covariance.

It is bracketed in log α, each value an edge of its own, and then solved for Γ and α at once: the
equations of a sharp edge and of an outlier at it. At a smooth edge Γ is known, and α alone is left.
"""

import math
from dataclasses import replace

import numpy as np
from scipy.optimize import brentq

from bbpscape.core.status import Diagnostics
from bbpscape.theory.law import TEACHER
from bbpscape.theory.population.branch import Branch
from bbpscape.theory.population.scalar import PopulationLevel, Side
from bbpscape.theory.roots import NoConvergence, Root, bracket, find_root, iterations
from bbpscape.theory.solution import Transition

# Of log α, for Newton's method to start from; its last step; differences for its derivatives.
NEAR, LAST, DIFFERENCE = 1e-3, 1e-11, 1e-7
STEPS = 30
# The end of the branch, which optimal preprocessings end on, is met to this in log|Γ|.
TIE = 1e-7
# Of log|Γ| at an edge on the way.
ROUGH = 1e-6
# α beyond a discontinuous transition at which the slope of m² is read off.
BEYOND = 1e-4

# log|Γ|, log α and the branch that they are on.
Place = tuple[float, float, Branch]


def search(level: PopulationLevel) -> Place:
    """A place near the transition at the smallest α found from α = 1."""
    sides: dict[float, Side] = {}

    def excess(log_alpha: float) -> float:
        if log_alpha not in sides:
            alpha = math.exp(log_alpha)
            sides[log_alpha] = Side(level.law, level.population, level.neurons, alpha, ROUGH)
        side = sides[log_alpha]
        return -1.0 if side.point is None else side.excess(TEACHER)

    low, high = bracket(excess)
    root = brentq(excess, low, high, xtol=NEAR, rtol=NEAR)
    excess(root)
    side = sides[root]
    if side.point is None:
        raise NoConvergence("threshold: the left edge is at 0 where the outlier leaves it")
    return side.end, root, side.branch


def solve(level: PopulationLevel, start: Place) -> tuple[Transition, Place]:
    """The transition of a level near a place of it, or of another one like it."""
    log_gamma, log_alpha, near = start
    branch = replace(near, law=level.law)
    lower, _ = level.law.support()
    end = math.log(-1 / lower) if lower < 0 else math.inf
    if math.isfinite(end) and _at(branch, log_alpha).excess(end) <= 0:
        root = find_root(
            lambda x: _at(branch, x).gap(end, TEACHER),
            log_alpha - 5 * NEAR,
            log_alpha + 5 * NEAR,
            "threshold",
        )
        place = end, root.value, _at(branch, root.value)
        if place[2].excess(end) <= 0:
            return _smooth(level, place, root), place
    place, root = _newton(branch, log_gamma, log_alpha)
    if place[0] > end + TIE:
        raise NoConvergence("threshold: Newton's method left the branch")
    return _transition(place, root), place


def _at(branch: Branch, log_alpha: float) -> Branch:
    return replace(branch, alpha=math.exp(log_alpha))


def _newton(branch: Branch, log_gamma: float, log_alpha: float) -> tuple[Place, Root]:
    """Both equations of a continuous transition, by differences."""

    def equations(x: np.ndarray) -> np.ndarray:
        one = _at(branch, float(x[1]))
        return np.array([one.excess(float(x[0])), one.gap(float(x[0]), TEACHER)])

    x = np.array([log_gamma, log_alpha])
    for count in iterations(STEPS, "threshold"):
        value = equations(x)
        moved = [(equations(x + DIFFERENCE * e) - value) / DIFFERENCE for e in np.eye(2)]
        change = np.linalg.solve(np.array(moved).T, value)
        size = float(abs(change).max())
        if not math.isfinite(size):
            raise NoConvergence("threshold: Newton's method left the branch")
        x -= change * min(1.0, 0.5 / size) if size > 0 else 0.0
        if size < LAST:
            place = float(x[0]), float(x[1]), _at(branch, float(x[1]))
            root = Root(place[1], count, float(abs(equations(x)).max()))
            break
    return place, root


def _transition(place: Place, root: Root) -> Transition:
    log_gamma, log_alpha, branch = place
    point = branch.at(-math.exp(log_gamma))
    return Transition(
        alpha=math.exp(log_alpha),
        kind="continuous",
        g=branch.population.stieltjes(point.z, point.s).real,
        m2_jump=0.0,
        eigenvalue=point.z,
        alpha_0=math.exp(log_alpha),
        diagnostics=Diagnostics(root.iterations, root.residual),
    )


def _smooth(level: PopulationLevel, place: Place, root: Root) -> Transition:
    """With m² there, and where its tangent reaches 0."""
    found = _transition(place, root)
    at = place[2].outlier(place[0], TEACHER, root).m2
    beyond = []
    for factor in (1 + BEYOND, 1 + 2 * BEYOND):
        one = Side(level.law, level.population, level.neurons, factor * found.alpha)
        outlier = one.outlier(TEACHER)
        if outlier is None:
            raise NoConvergence("threshold: the outlier is lost beyond the transition")
        beyond.append(outlier.m2)
    slope = (4 * beyond[0] - beyond[1] - 3 * at) / (2 * BEYOND * found.alpha)
    return replace(found, kind="discontinuous", m2_jump=at, alpha_0=found.alpha - at / slope)

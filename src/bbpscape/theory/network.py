"""What both routes of a network share: laws at two densities of nodes, and the error they tell.

Edges and outliers are those of the denser nodes. Their change from the sparser ones is the
estimate of their error.
"""

import math
from abc import ABC, abstractmethod
from functools import cached_property
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.laws.network.nodes import has_kinks
from bbpscape.theory.sampled import ROUGH, States, sample_bulk
from bbpscape.theory.solution import (
    Bulk,
    Edge,
    Outlier,
    Transition,
    check_left_edge,
    lowest_informed,
)

# Densities of the nodes whose difference is the error estimate. Where a matrix route changes less
# than SETTLED from SPARSER to COARSE nodes, it leaves FINE ones out: those errors fall as squares.
SPARSER, COARSE, FINE = 0.7, 1.0, 1.4
SETTLED = 1e-6
# The one that a density of eigenvalues needs, at p = 1, 2 and beyond.
SPARSE = (1.0, 0.6, 0.5)
# That of a first look.
SKETCHED = 0.25
# The slowest fall of an error, from one density to the next, that is reckoned with.
SLOWEST = 0.95
# Replicates of a quasi-Monte Carlo rule agree by chance: their difference is doubled.
QMC_FACTOR = 2.0
# So do rules of first order, of students of several neurons at a kink of the loss.
KINK_FACTOR = 3.0
# Of a threshold's relative error: what it should stay below, and the least that is claimed.
GOAL, LEAST = 1e-4, 1e-9


Side = tuple[Edge, tuple[Outlier, ...]]


class Level(Protocol):
    """A network's equations at one density of nodes."""

    def states(self, alpha: float) -> States:
        """Its bulk at complex z."""

    def left(self, alpha: float) -> tuple[Edge, tuple[Outlier, ...]]:
        """The left edge and the outliers left of it, by eigenvalue."""

    def right(self, alpha: float) -> tuple[Edge, tuple[Outlier, ...]]:
        """The right edge and the outliers right of it, by eigenvalue."""

    def atom(self, alpha: float) -> float:
        """The mass of the eigenvalue 0."""


class NetworkRoute(ABC):
    """The route of a network without closed forms; a subclass says how its laws are solved."""

    # (seconds, bytes) of one α; MatrixRoute counts its nodes.
    cost: tuple[float, int] = (0.5, 30_000_000)
    # Each α of a curve takes a fraction of a second.
    curve_points: ClassVar[tuple[int, float]] = (40, 1e-3)
    eigenvalue_unit: ClassVar[str] = "1"

    def __init__(self, model: TeacherStudent) -> None:
        self.model = model

    @abstractmethod
    def level(self, refinement: float, seed: int = 0) -> Level:
        """The equations with nodes of the density ``refinement``."""

    @abstractmethod
    def transition(self) -> Transition:
        """Where an informative outlier leaves the left edge."""

    @property
    @abstractmethod
    def no_left_edge(self) -> str | None:
        """Why F is unbounded below, if it is."""

    def sketch(self) -> "Sketch":
        """A first look at a spectrum, at a fraction of the time."""
        return Sketch(self)

    @cached_property
    def coarse(self) -> Level:
        return self.level(COARSE, 0)

    @cached_property
    def fine(self) -> Level:
        return self.level(FINE, 1)

    @property
    def ladder(self) -> tuple[Level, ...]:
        """Levels of more and more nodes; the last two that were needed tell the error."""
        return self.coarse, self.fine

    def left(self, alpha: float) -> Side:
        return self._settled(alpha, "left")[0]

    def right(self, alpha: float) -> Side:
        """The right edge and the outliers right of it, by eigenvalue."""
        return self._settled(alpha, "right")[0]

    def _settled(self, alpha: float, side: str) -> tuple[Side, list[float]]:
        """One side by the last level that was needed, and its changes from level to level."""
        first, *others = self.ladder
        good, changes = getattr(first, side)(alpha), list[float]()
        for level in others:
            rough, good = good, getattr(level, side)(alpha)
            changes.append(_change(rough, good))
            if changes[-1] < SETTLED:
                break
        return good, changes

    def edges(self, alpha: float) -> tuple[Edge, Edge]:
        return self.left(alpha)[0], self.right(alpha)[0]

    def outliers(self, alpha: float) -> tuple[Outlier, ...]:
        return self.left(alpha)[1] + self.right(alpha)[1]

    def atom(self, alpha: float) -> float:
        return self.coarse.atom(alpha)

    def density(self, alpha: float, points: int) -> Bulk:
        states = self.level(SPARSE[min(int(self.model.p), 3) - 1]).states(alpha)
        return sample_bulk(states, alpha, self.edges(alpha), self.atom(alpha), points)

    def overlaps(self, alphas: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        check_left_edge(self.no_left_edge)
        found = [lowest_informed(*self.coarse.left(float(alpha))) for alpha in alphas]
        m2, eigenvalue = np.array(found).T
        return m2, eigenvalue

    def quadrature_error(self, alpha: float) -> float:
        """The largest relative change of an edge, an outlier or its m²."""
        return max(self.remaining(self._settled(alpha, side)[1]) for side in ("left", "right"))

    def remaining(self, changes: list[float]) -> float:
        """What is left of an error of which these are the changes from level to level."""
        return remaining(changes)

    def with_error(self, found: Transition, change: float, same_kind: bool) -> Transition:
        """``found`` with an error from the change of α between two rules, which may find edges of
        two kinds."""
        if has_kinks(self.model):
            change *= KINK_FACTOR
        return found.with_error(max(change, LEAST if same_kind else GOAL), GOAL)


def remaining(changes: list[float]) -> float:
    """What is left of an error from its last two changes, at densities of nodes in one ratio: the
    rest of their geometric series, and never less than the last change.

    >>> remaining([1e-1, 1e-3]), round(remaining([0.05, 0.04]), 3)
    (0.001, 0.16)
    """
    last = changes[-1]
    if len(changes) == 1 or last < SETTLED:
        return last
    ratio = min(last / max(changes[-2], 1e-300), SLOWEST)
    return last * max(1.0, ratio / (1 - ratio))


def _change(rough: Side, good: Side) -> float:
    """The largest relative change of an edge, an outlier or its m²; 1 where outliers differ."""
    if [one.direction for one in rough[1]] != [one.direction for one in good[1]]:
        return 1.0
    pairs = [(rough[0].value, good[0].value)]
    for one, other in zip(rough[1], good[1], strict=True):
        pairs += [(one.eigenvalue, other.eigenvalue), (one.m2, other.m2)]
    changes = [abs(a - b) / abs(b) for a, b in pairs if math.isfinite(b) and b != 0]
    return max(changes, default=0.0)


class Sketch:
    """A network's spectrum on few nodes and points: rough, and of its error nothing is known."""

    def __init__(self, way: NetworkRoute) -> None:
        self.model, self.eigenvalue_unit = way.model, way.eigenvalue_unit
        self.no_left_edge, self.level = way.no_left_edge, way.level(SKETCHED)

    def edges(self, alpha: float) -> tuple[Edge, Edge]:
        return self.level.left(alpha)[0], self.level.right(alpha)[0]

    def outliers(self, alpha: float) -> tuple[Outlier, ...]:
        return self.level.left(alpha)[1] + self.level.right(alpha)[1]

    def atom(self, alpha: float) -> float:
        return self.level.atom(alpha)

    def quadrature_error(self, alpha: float) -> None:
        return None

    def density(self, alpha: float, points: int) -> Bulk:
        edges, atom = self.edges(alpha), self.atom(alpha)
        return sample_bulk(self.level.states(alpha), alpha, edges, atom, points, ROUGH)

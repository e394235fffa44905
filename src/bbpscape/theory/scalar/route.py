"""The route of one scalar equation: any law, the committee in closed form, symmetric networks."""

import math
from dataclasses import replace
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.law import TEACHER, Law
from bbpscape.theory.laws.committee import CommitteeLaw
from bbpscape.theory.laws.committees import Committees
from bbpscape.theory.laws.mirrored import Mirrored
from bbpscape.theory.laws.network.scalar_law import curvature_range, scalar_law
from bbpscape.theory.network import COARSE, FINE, NetworkRoute
from bbpscape.theory.sampled import REACH
from bbpscape.theory.scalar.density import BulkCurve, sample_curve, trace_bulk
from bbpscape.theory.scalar.edges import inverse_stieltjes, left_edge, zero_atom
from bbpscape.theory.scalar.many import solve_branch, transitions
from bbpscape.theory.scalar.outliers import left_outlier, left_outliers
from bbpscape.theory.scalar.states import ScalarStates
from bbpscape.theory.scalar.transition import SINGLE, SPARSE, t_and_k, transition
from bbpscape.theory.solution import (
    Bulk,
    Edge,
    Outlier,
    Transition,
    check_left_edge,
    lowest_informed,
)

# The density of wider finite committees takes minutes.
WIDEST = 10_000
# Of a committee: the quadrature whose difference is the error, and what that should stay below.
REFINEMENT, ACCURACY = 1.5, 1e-10
UNBOUNDED = "its curvature has no lower bound"

Side = tuple[Edge, tuple[Outlier, ...]]


class ScalarRoute:
    """Edges, outliers, density and transition of a rotation-invariant law."""

    curve_points: ClassVar[tuple[int, float]] = (200, 1e-9)
    cost: ClassVar[tuple[float, int]] = (0.04, 0)

    def __init__(self, law: Law) -> None:
        self.law = law
        self._known: dict[tuple[float, bool], Side] = {}

    @property
    def model(self) -> TeacherStudent | None:
        return None

    @property
    def eigenvalue_unit(self) -> str:
        return "1"

    @property
    def no_left_edge(self) -> str | None:
        return UNBOUNDED if math.isinf(self.law.support()[0]) else None

    def states(self, alpha: float) -> ScalarStates:
        return ScalarStates(self.law)

    def left(self, alpha: float) -> Side:
        """The left edge and the outliers left of it, by eigenvalue."""
        return self._side(alpha, True)

    def right(self, alpha: float) -> Side:
        """The right edge and the outliers right of it, by eigenvalue."""
        edge, found = self._side(alpha, False)
        return edge.mirrored(), tuple(one.mirrored() for one in reversed(found))

    def _side(self, alpha: float, left: bool) -> Side:
        if (alpha, left) not in self._known:
            law = self.law if left else Mirrored(self.law)
            edge = left_edge(law, alpha)
            self._known[alpha, left] = edge, left_outliers(law, alpha, edge)
        return self._known[alpha, left]

    def edges(self, alpha: float) -> tuple[Edge, Edge]:
        return self.left(alpha)[0], self.right(alpha)[0]

    def outliers(self, alpha: float) -> tuple[Outlier, ...]:
        return self.left(alpha)[1] + self.right(alpha)[1]

    def atom(self, alpha: float) -> float:
        return zero_atom(self.law, alpha)

    def sketch(self) -> None:
        return None

    def transition(self) -> Transition:
        self._check_teacher()
        check_left_edge(self.no_left_edge)
        return transition(self.law)

    def density(self, alpha: float, points: int) -> Bulk:
        # No record holds the law.
        return sample_curve(self._curve(alpha), points, alone=True)

    def _curve(self, alpha: float) -> BulkCurve:
        left, right = self.edges(alpha)
        return trace_bulk(self.law, alpha, left, right, 1 - (1 - REACH) * (1 - self.atom(alpha)))

    def overlaps(self, alphas: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        self._check_teacher()
        check_left_edge(self.no_left_edge)
        found = []
        for alpha in map(float, alphas):
            edge = left_edge(self.law, alpha)
            outlier = left_outlier(self.law, alpha, edge, TEACHER)
            found.append(lowest_informed(edge, () if outlier is None else (outlier,)))
        m2, eigenvalue = np.array(found).T
        return m2, eigenvalue

    def quadrature_error(self, alpha: float) -> float | None:
        return None

    def _check_teacher(self) -> None:
        if TEACHER not in self.law.directions:
            raise InvalidInput(
                f"directions must name {TEACHER!r}, whose outlier is asked for, "
                f"got {tuple(self.law.directions)}"
            )


class CommitteeRoute(ScalarRoute):
    """The quadratic committee with the normalized square loss."""

    law: CommitteeLaw

    def __init__(self, model: TeacherStudent) -> None:
        super().__init__(CommitteeLaw(model))

    @property
    def model(self) -> TeacherStudent:
        return self.law.model

    @property
    def eigenvalue_unit(self) -> str:
        return "2/p" if math.isinf(self.model.p) else "1"

    def edges(self, alpha: float) -> tuple[Edge, Edge]:
        left, right = super().edges(alpha)
        if left.kind == "smooth":
            slope = inverse_stieltjes(self.law, alpha, left.g, order=1)[1]
            left = replace(left, rate=self.law.smooth_edge_rate(float(slope)))
        return left, right

    def transition(self) -> Transition:
        found = transition(self.law, SINGLE)
        fine = 1 / t_and_k(CommitteeLaw(self.model, REFINEMENT), found.g)[0]
        return found.with_error(abs(fine / found.alpha - 1), ACCURACY)

    def density(self, alpha: float, points: int) -> Bulk:
        if WIDEST < self.model.p < math.inf:
            raise InvalidInput(
                f"a spectrum needs p of at most {WIDEST}, or inf, got {self.model.p}"
            )
        return sample_curve(self._curve(alpha), points)

    def overlaps(self, alphas: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        model = self.model
        q = model.student_norm or 1.0
        laws = Committees.of(model.p, model.p_star, model.normalization, q)
        branch = solve_branch(laws, alphas, transitions(laws))
        m2, outlier, left_edge = (
            one[:, 0] for one in (branch.m2, branch.outlier, branch.left_edge)
        )
        return m2, np.where(m2 > 0, outlier, left_edge)


class SymmetricRoute(NetworkRoute):
    """A network whose symmetries make G a multiple of the identity."""

    @cached_property
    def _range(self) -> tuple[float, float, str | None]:
        return curvature_range(self.model)

    @property
    def no_left_edge(self) -> str | None:
        return self._range[2]

    def level(self, refinement: float, seed: int = 0) -> ScalarRoute:
        low, high, _ = self._range
        return ScalarRoute(scalar_law(self.model, (low, high), refinement))

    def transition(self) -> Transition:
        check_left_edge(self.no_left_edge)
        coarse, fine = (transition(one.law, SPARSE) for one in (self.coarse, self.fine))
        return self.with_error(fine, abs(coarse.alpha / fine.alpha - 1), coarse.kind == fine.kind)

    @cached_property
    def coarse(self) -> ScalarRoute:
        return self.level(COARSE)

    @cached_property
    def fine(self) -> ScalarRoute:
        return self.level(FINE)

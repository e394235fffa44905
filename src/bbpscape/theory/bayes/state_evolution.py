"""The squared overlap of the Bayes-optimal estimate with the teacher, by state evolution."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.core.checks import InvalidInput, positive
from bbpscape.core.report import Report, Table
from bbpscape.core.result import Result, result
from bbpscape.core.status import Diagnostics, Status
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.bayes.curve import Curve
from bbpscape.theory.bayes.labels import Channel, labels_of
from bbpscape.theory.bayes.transitions import (
    INFORMATION,
    INFORMED,
    UNINFORMED,
    Jump,
    choose,
    jumps,
)

# The curve is followed at least as far as fixed points of this α reach.
AT_LEAST = 2.0
MOST, MOST_ALPHAS = 1e4, 100_000
ACCURACY = 1e-5


@result
class StateEvolution(Result):
    """q of the posterior mean at every α: what can be known of each direction of the teacher.

    ``uninformed`` is what message passing reaches from no overlap, ``informed`` the fixed point
    below perfect overlap, ``information`` the one of the largest free entropy: no method is above
    it. ``weak_recovery`` is where message passing begins, ``weak_information`` where anything can
    be known; above ``perfect_amp`` and ``perfect_information`` q is 1 (``inf`` where it never is).
    ``jumps`` lists all α at which one of the three jumps.

    Examples
    --------
    >>> import bbpscape as bb
    >>> found = bb.bayes_optimal(bb.TeacherStudent(2, 1), [0.9]).theory
    >>> found.weak_recovery, bool(found.uninformed[0] <= found.informed[0])
    (0.5000000003027504, True)
    """

    alpha: NDArray[np.float64]
    uninformed: NDArray[np.float64]
    informed: NDArray[np.float64]
    information: NDArray[np.float64]
    weak_recovery: float
    weak_information: float
    perfect_amp: float
    perfect_information: float
    jumps: tuple[Jump, ...]
    diagnostics: Diagnostics

    @property
    def status(self) -> Status:
        return self.diagnostics.status

    def columns(self) -> Mapping[str, Any]:
        """One row an α."""
        names = ("alpha", UNINFORMED, INFORMED, "information")
        return {name: getattr(self, name) for name in names}

    def headline(self) -> str:
        return "Bayes-optimal squared overlap q"

    def report(self) -> Report:
        places = [
            ("message passing begins", self.weak_recovery),
            ("anything can be known", self.weak_information),
            ("message passing recovers perfectly", self.perfect_amp),
            ("perfect recovery is possible", self.perfect_information),
        ]
        begins = [(what, f"{alpha:.7g}") for what, alpha in places]
        tables = [Table("From which alpha", ("", "alpha"), begins)]
        if self.jumps:
            rows = [
                (one.start, f"{one.alpha:.7g}", f"{one.q_below:.5g}", f"{one.q_above:.5g}")
                for one in self.jumps
            ]
            tables.append(Table("Jumps of q", ("start", "alpha", "q below", "q above"), rows))
        return Report(tables, () if self.status.ok else (str(self.status),))


def state_evolution(source: TeacherStudent | Channel, alpha: ArrayLike) -> StateEvolution:
    """Fixed points of q = q̂/(1 + q̂), q̂ = α E[g_out(ω, y, 1 − q)²], ω ~ N(0, q), at every α.

    All at once: E[g_out²] knows no α.

    Raises
    ------
    InvalidInput
        If an α is not positive, or the labels are not among those that are known (``labels_of``).
    """
    values = check_alphas(alpha)
    curve = Curve.of(labels_of(source), max(AT_LEAST, float(values.max())))
    found = {
        start: np.array([choose(curve, start, one) for one in values.tolist()])
        for start in (UNINFORMED, INFORMED, INFORMATION)
    }
    leaps = jumps(curve)
    first = [one.alpha for one in leaps if one.start == INFORMATION and one.q_below == 0]
    heights = [math.exp(one.log_high) for one in curve.branches if one.log_high < math.inf]
    perfect = curve.perfect < math.inf and curve.weak < math.inf
    return StateEvolution(
        alpha=values,
        uninformed=found[UNINFORMED],
        informed=found[INFORMED],
        information=found[INFORMATION],
        weak_recovery=curve.weak,
        weak_information=min([curve.weak, *first]),
        perfect_amp=max([curve.perfect, curve.weak, *heights]) if perfect else math.inf,
        perfect_information=curve.perfect,
        jumps=leaps,
        diagnostics=Diagnostics(0, 0.0, curve.error, ACCURACY),
    )


def check_alphas(alpha: ArrayLike) -> NDArray[np.float64]:
    """Every α as an array of shape (n,)."""
    listed = np.asarray(alpha)
    if listed.ndim > 1 or not 0 < listed.size <= MOST_ALPHAS or listed.dtype.kind not in "iuf":
        raise InvalidInput(f"alpha must be 1 to {MOST_ALPHAS} numbers, got {alpha!r}")
    return np.array([positive("alpha", one, MOST) for one in np.atleast_1d(listed).tolist()])

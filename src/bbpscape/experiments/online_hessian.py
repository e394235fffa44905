"""The Hessian on independent data at a student that learns: theory N → ∞ beside simulation."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bbpscape.core.checks import InvalidInput, NoConvergence
from bbpscape.core.report import number, with_error
from bbpscape.core.statistics import Estimate
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.eigen.diagonalize import teacher_overlap
from bbpscape.simulation.eigen.eigensolver import lowest
from bbpscape.simulation.online.stream import OnlineDraw, fresh_instance
from bbpscape.theory.route import route
from bbpscape.theory.solution import Outlier

SMOOTH = (
    "an edge without an outlier is where the density ends as N → ∞, in a tail so thin that it is "
    "not seen: at finite N the lowest eigenvalue lies above it"
)


@dataclass(frozen=True)
class OnlineHessian:
    """The lowest eigenvalues at time ``time``, as means over ``copies`` of them.

    ``copies`` are the outliers left of the bulk in theory, at most p·p*, and 1 where there is none:
    then ``outlier`` is the edge itself, and ``m2``, the squared teacher overlap of an eigenvector,
    is 0. All three are None if there is no theory, and ``note`` says why. ``measured`` and
    ``measured_m2`` are means over draws, or None without draws.
    """

    time: float
    copies: int
    edge: float | None
    outlier: float | None
    m2: float | None
    measured: Estimate | None
    measured_m2: Estimate | None
    note: str = ""

    def cells(self) -> tuple[str, ...]:
        """A row of a table."""
        measured = [
            "" if one is None else with_error(one.mean, one.standard_error, ".4g")
            for one in (self.measured, self.measured_m2)
        ]
        theory = map(number, (self.edge, self.outlier, self.m2))
        return (f"{self.time:g}", str(self.copies), *theory, *measured)


def hessians(
    student: TeacherStudent,
    alpha: float,
    N: int,
    index: int,
    time: float,
    draws: Sequence[OnlineDraw],
) -> OnlineHessian:
    """Theory of the ``student`` of a time, and the draws' own Hessians on αN fresh samples each."""
    edge, outlier, m2, copies, note = _theory(student, alpha)
    rows = np.array(
        [
            _measure(student, one, index, time, alpha, copies)
            for one in draws
            if np.isfinite(one.gram[index]).all()
        ]
    ).reshape(-1, 2)
    value, known = (Estimate.of(column) if len(rows) else None for column in rows.T)
    return OnlineHessian(time, copies, edge, outlier, m2, value, known, note)


def _theory(
    student: TeacherStudent, alpha: float
) -> tuple[float | None, float | None, float | None, int, str]:
    """(edge, mean outlier, mean m², copies, why there is none)."""
    try:
        way = route(student)
        first, left = way.left(alpha)
    except (InvalidInput, NoConvergence) as error:
        return None, None, None, 1, f"no theory of the Hessian: {error}"
    edge = float(first.value)
    if not math.isfinite(edge):
        return None, None, None, 1, "no theory of the Hessian: the spectrum has no left edge"
    most = int(student.p) * student.p_star
    every: list[Outlier] = [one for one in left for _ in range(round(one.multiplicity))][:most]
    if not every:
        return edge, edge, 0.0, 1, SMOOTH if first.kind == "smooth" else ""
    outlier = sum(one.eigenvalue for one in every) / len(every)
    m2 = sum(one.teacher_m2 for one in every) / len(every)
    return edge, float(outlier), float(m2), len(every), ""


def _measure(
    model: TeacherStudent, draw: OnlineDraw, index: int, time: float, alpha: float, copies: int
) -> tuple[float, float]:
    """Means of eigenvalue and m² over the lowest eigenpairs."""
    instance = fresh_instance(model, draw, index, time, alpha)
    pairs = lowest(instance.hessian, copies, 1e-8)
    if not pairs.converged or pairs.certificate.passed is False:
        raise NoConvergence(f"lowest eigenpairs at t = {time:g} ({pairs.method})")
    m2 = teacher_overlap(pairs.eigenvectors[:, :copies], instance.teacher_basis)
    return float(pairs.eigenvalues[:copies].mean()), float(m2.mean())

"""The Hessian along a descent: how fast the signature of its transition washes out."""

from __future__ import annotations

import dataclasses
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.core.progress import Telling, shows_progress
from bbpscape.core.report import Report, Table, named_m2, number, with_error
from bbpscape.core.result import Result, result
from bbpscape.core.seeds import Seed, check_seed
from bbpscape.core.statistics import Estimate
from bbpscape.experiments.descend import Descent, descend
from bbpscape.experiments.theory_beside import lowest_at
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.instance import Instance, draw, draw_seeds
from bbpscape.simulation.descent.overlap import squared_frobenius, squared_magnetization
from bbpscape.simulation.descent.rule import DescentRule
from bbpscape.simulation.eigen.diagonalize import teacher_overlap
from bbpscape.simulation.eigen.eigensolver import lowest
from bbpscape.theory.roots import NoConvergence

MOST_TIMES = 50
THEORY = ("theory_edge", "theory_lowest", "theory_m2", "note")


@dataclass(frozen=True)
class HessianStep:
    """The Hessian of the draws at one step of their descent; a draw that ended keeps its last w.

    ``outlier`` = Σ_{k ≤ p p*} λ_k/(p p*) and ``m2``, the squared teacher overlap of the same
    eigenvectors, are means over the p·p* copies that the outlier splits into at finite N, and over
    draws; ``lowest`` is λ_1, the copy that fluctuates lowest, and ``above`` λ_{p p* + 1}.
    ``student_m2`` and ``student_m2_frobenius`` are the mean m² of the students, by the nuclear and
    by the Frobenius norm; that of eigenvectors is by the latter.
    The theory is N → ∞ for a student on the sphere at this m², every neuron alike, and otherwise
    independent of the data, which a student that has descended is not: ``theory_edge``,
    ``theory_lowest`` (the edge if no outlier is left of it) and ``theory_m2``, the outlier's;
    None if there is no theory, and ``note`` says why.
    """

    step: int
    student_m2: float
    student_m2_frobenius: float
    lowest: Estimate
    outlier: Estimate
    above: Estimate
    m2: Estimate
    theory_edge: float | None
    theory_lowest: float | None
    theory_m2: float | None
    note: str = ""


@result
class DescentHessian(Result):
    """A descent, and the Hessian at chosen steps of it.

    Examples
    --------
    >>> import bbpscape as bb
    >>> found = bb.hessian_along(bb.TeacherStudent(1, 1), 4.0, 20, at=[0, 20], draws=2)
    >>> [one.step for one in found.steps]
    [0, 20]
    """

    descent: Descent
    steps: tuple[HessianStep, ...]

    def headline(self) -> str:
        return f"Hessian along {self.descent.headline()}"

    def report(self) -> Report:
        """The draws of the descent, then the Hessian of each step beside its theory."""
        descent = self.descent.report()
        both = self.descent.model.p_star > 1
        kinds = ("student m2 (nuclear)", "(Frobenius)") if both else ("student m2",)
        m2 = named_m2(self.descent.model.p_star)
        names = ("step", *kinds, "outlier", "next", m2, "edge", "outlier", m2)
        rows = [
            (
                str(one.step),
                *(f"{m2:.4f}" for m2 in (one.student_m2, one.student_m2_frobenius)[: len(kinds)]),
                with_error(one.outlier.mean, one.outlier.standard_error),
                with_error(one.above.mean, one.above.standard_error),
                with_error(one.m2.mean, one.m2.standard_error),
                *map(number, (one.theory_edge, one.theory_lowest, one.theory_m2)),
            )
            for one in self.steps
        ]
        table = Table("Hessian: measured | theory of an independent student", names, rows)
        notes = dict.fromkeys(one.note for one in self.steps if one.note)
        return Report([*descent.tables, table], [*descent.notes, *notes])

    def columns(self) -> Mapping[str, Any]:
        """One row a step; errors are the standard ones of the means over draws."""
        rows = [
            {name: getattr(one, name) for name in ("step", "student_m2", "student_m2_frobenius")}
            | {
                name: value
                for quantity in ("lowest", "outlier", "above", "m2")
                for name, value in (
                    (quantity, getattr(one, quantity).mean),
                    (f"{quantity}_error", getattr(one, quantity).standard_error),
                )
            }
            | {name: getattr(one, name) for name in THEORY}
            for one in self.steps
        ]
        return {name: [row[name] for row in rows] for name in rows[0]}


@shows_progress
def hessian_along(
    model: TeacherStudent,
    alpha: float = 2.0,
    N: int = 1000,
    at: Sequence[int] = (0, 10, 100, 1000),
    draws: int = 20,
    seed: Seed = 0,
    start: str = "random",
    rule: DescentRule | None = None,
    *,
    dtype: str = "float64",
    device: str = "cpu",
    workers: int | None = None,
    progress: Telling = None,
) -> DescentHessian:
    """Descend, and find the p·p* + 1 lowest eigenpairs of the Hessian at the steps ``at``.

    Parameters
    ----------
    model, alpha, N
        As in ``descend``.
    at : sequence of int
        Steps of the descent, from 0 to the budget of the rule.
    draws, seed, start, rule, dtype, device, workers, progress
        As in ``descend``.

    Returns
    -------
    DescentHessian
        The descent, and the Hessian of each step beside its theory.

    Raises
    ------
    InvalidInput
        If an argument is not allowed.
    NoConvergence
        If an eigenpair was not found.

    Examples
    --------
    >>> import bbpscape as bb
    >>> found = bb.hessian_along(bb.TeacherStudent(1, 1), 4.0, 20, at=[0, 20], draws=2)
    >>> found.to_dataframe()["step"].tolist()
    [0, 20]
    """
    rule = DescentRule() if rule is None else rule
    wanted, seed = _steps(at, rule.steps), check_seed(seed)
    descent = descend(
        model,
        alpha,
        N,
        draws,
        seed,
        start,
        dataclasses.replace(rule, snapshots=wanted),
        dtype=dtype,
        device=device,
        workers=workers,
        progress=progress,
    )
    rows: dict[int, list[tuple[float, ...]]] = {step: [] for step in wanted}
    seeds = draw_seeds(model, alpha, N, seed, descent.draws)
    for child, path in zip(seeds, descent.trajectories, strict=True):
        instance = draw(model, alpha, N, child)
        for step in wanted:
            student = path.student if step > path.step[-1] else path.snapshots[step]
            rows[step].append(_measure(instance, student))
    found = [_step(descent, step, np.array(measured)) for step, measured in rows.items()]
    return DescentHessian(descent, tuple(found))


def _steps(at: Sequence[int], budget: int) -> tuple[int, ...]:
    """The steps ``at``, rising, each once."""
    for step in at:
        if isinstance(step, bool) or not isinstance(step, numbers.Integral):
            raise InvalidInput(f"hessian steps must be integers, got {step!r}")
    wanted = sorted({int(step) for step in at})
    if not 1 <= len(wanted) <= MOST_TIMES or wanted[0] < 0 or wanted[-1] > budget:
        raise InvalidInput(
            f"hessian steps must be 1 to {MOST_TIMES} steps from 0 to {budget}, got {at}"
        )
    return tuple(wanted)


def _measure(instance: Instance, student: NDArray) -> tuple[float, ...]:
    """Both m² and mean w*·w_k/|w*||w_k| of the student, λ_1, and as in ``HessianStep`` the rest."""
    at = instance.at(student)
    hessian = at.hessian
    copies = int(at.model.p) * at.model.p_star
    pairs = lowest(hessian, min(copies + 1, hessian.shape[0]), 1e-7)
    if not pairs.converged or pairs.certificate.passed is False:
        raise NoConvergence(f"lowest eigenpairs along the descent ({pairs.method})")
    m2 = teacher_overlap(pairs.eigenvectors[:, :copies], at.teacher_basis)
    kinds = squared_magnetization, squared_frobenius
    known = [float(one(student, instance.teacher)) for one in kinds]
    norms = np.linalg.norm(student, axis=1), np.linalg.norm(instance.teacher, axis=1)
    cosine = float((student @ instance.teacher.T / np.outer(*norms)).mean())
    values = pairs.eigenvalues
    return *known, cosine, values[0], values[:copies].mean(), values[-1], float(m2.mean())


def _step(descent: Descent, step: int, rows: NDArray[np.float64]) -> HessianStep:
    """``rows`` has one line a draw, as ``_measure`` gives it."""
    known, frobenius, cosine = rows[:, :3].mean(axis=0).tolist()
    lowest, outlier, above, m2 = (Estimate.of(column) for column in rows[:, 3:].T)
    (edge, eigenvalue, overlap), note = lowest_at(
        descent.model, descent.alpha, descent.N, known, cosine
    )
    measured = lowest, outlier, above, m2
    return HessianStep(step, known, frobenius, *measured, edge, eigenvalue, overlap, note)

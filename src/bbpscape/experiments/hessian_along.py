"""The Hessian along a descent: how fast the signature of its transition washes out."""

import dataclasses
import math
import numbers
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.core.seeds import Seed, check_seed
from bbpscape.experiments.descend import Descent, descend
from bbpscape.experiments.theory_beside import lowest_at
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.instance import Instance, draw
from bbpscape.simulation.descent.overlap import squared_magnetization
from bbpscape.simulation.descent.rule import DescentRule
from bbpscape.simulation.eigen.diagonalize import teacher_overlap
from bbpscape.simulation.eigen.eigensolver import lowest
from bbpscape.simulation.hessian import Hessian
from bbpscape.theory.roots import NoConvergence

MOST_TIMES = 50


@dataclass(frozen=True, eq=False)
class HessianStep:
    """The Hessian of the draws at one step of their descent; a draw that ended keeps its last w.

    ``outlier`` = Σ_{k ≤ p p*} λ_k/(p p*) and ``m2``, the squared teacher overlap of the same
    eigenvectors, are means over the p·p* copies that the outlier splits into at finite N, and over
    draws; ``lowest`` is λ_1, the copy that fluctuates lowest, and ``above`` λ_{p p* + 1}. Each has
    its standard error (NaN for one draw). ``student_m2`` is the mean m² of the students.
    The theory is N → ∞ for a student on the sphere at this m², every neuron alike, and otherwise
    independent of the data, which a student that has descended is not: ``theory_edge``,
    ``theory_lowest`` (the edge if no outlier is left of it) and ``theory_m2``, the outlier's;
    None where there is none, and ``note`` says why.
    """

    step: int
    student_m2: float
    lowest: float
    lowest_error: float
    outlier: float
    outlier_error: float
    above: float
    above_error: float
    m2: float
    m2_error: float
    theory_edge: float | None
    theory_lowest: float | None
    theory_m2: float | None
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON values; what is not finite becomes None."""
        return {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in vars(self).items()
        }


@dataclass(frozen=True, eq=False)
class DescentHessian:
    """A descent, and the Hessian at chosen steps of it."""

    descent: Descent
    steps: tuple[HessianStep, ...]

    def to_dict(self) -> dict[str, Any]:
        return {**self.descent.to_dict(), "hessian": [one.to_dict() for one in self.steps]}


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
    progress: Callable[[int, int], None] | None = None,
) -> DescentHessian:
    """Descend, and find the p·p* + 1 lowest eigenpairs of the Hessian at the steps ``at``.

    Parameters
    ----------
    at : sequence of int
        From 0 to the budget of the rule.
    others
        As in ``descend``.

    Raises
    ------
    InvalidInput
        If an argument is not allowed.
    NoConvergence
        If an eigenpair was not found.
    """
    rule = DescentRule() if rule is None else rule
    for step in at:
        if isinstance(step, bool) or not isinstance(step, numbers.Integral):
            raise InvalidInput(f"hessian steps must be integers, got {step!r}")
    wanted = sorted({int(step) for step in at})
    if not 1 <= len(wanted) <= MOST_TIMES or wanted[0] < 0 or wanted[-1] > rule.steps:
        raise InvalidInput(
            f"hessian steps must be 1 to {MOST_TIMES} steps from 0 to {rule.steps}, got {at}"
        )
    rule = dataclasses.replace(rule, snapshots=tuple(wanted))
    seed = check_seed(seed)
    result = descend(
        model,
        alpha,
        N,
        draws,
        seed,
        start,
        rule,
        dtype=dtype,
        device=device,
        workers=workers,
        progress=progress,
    )
    children = np.random.SeedSequence(seed).spawn(draws)
    rows: list[list[tuple[float, ...]]] = [[] for _ in wanted]
    for child, one in zip(children, result.trajectories, strict=True):
        instance = draw(model, alpha, N, child)
        for row, step in zip(rows, wanted, strict=True):
            row.append(
                _measure(instance, one.student if step > one.step[-1] else one.snapshots[step])
            )
    found = [_step(result, step, np.array(row)) for step, row in zip(wanted, rows, strict=True)]
    return DescentHessian(result, tuple(found))


def _measure(instance: Instance, student: NDArray) -> tuple[float, ...]:
    """m² and mean w*·w_k/|w*||w_k| of the student, λ_1, and as in ``HessianStep`` the rest."""
    at = Instance(instance.model, instance.inputs, student, instance.teacher, instance.noisy_labels)
    hessian = Hessian(at.inputs, at.curvature)
    copies = int(at.model.p) * at.model.p_star
    pairs = lowest(hessian, min(copies + 1, hessian.shape[0]), 1e-7)
    if not pairs.converged or pairs.certificate.passed is False:
        raise NoConvergence(f"lowest eigenpairs along the descent ({pairs.method})")
    m2 = teacher_overlap(pairs.eigenvectors[:, :copies], at.teacher_basis)
    known = float(squared_magnetization(student, instance.teacher))
    norms = np.linalg.norm(student, axis=1), np.linalg.norm(instance.teacher, axis=1)
    cosine = float((student @ instance.teacher.T / np.outer(*norms)).mean())
    values = pairs.eigenvalues
    return known, cosine, values[0], values[:copies].mean(), values[-1], float(m2.mean())


def _step(result: Descent, step: int, rows: NDArray) -> HessianStep:
    mean, error = rows.mean(axis=0).tolist(), [math.nan] * 6
    if len(rows) > 1:
        error = (rows.std(axis=0, ddof=1) / math.sqrt(len(rows))).tolist()
    theory, note = lowest_at(result.model, result.alpha, result.N, mean[0], mean[1])
    lowest, outlier = (mean[2], error[2]), (mean[3], error[3])
    above, m2 = (mean[4], error[4]), (mean[5], error[5])
    return HessianStep(step, mean[0], *lowest, *outlier, *above, *m2, *theory, note)

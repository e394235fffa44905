"""Weak recovery of a teacher: the information limit, and where spectral methods begin."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from bbpscape.core.checks import InvalidInput, positive
from bbpscape.core.report import Report, Table, number
from bbpscape.core.result import Result, result
from bbpscape.core.status import CONVERGED, Status
from bbpscape.model.labels import Labels
from bbpscape.model.teacher import Teacher
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.spectral.channel import QuadraticTeacher
from bbpscape.theory.spectral.families import PREPROCESSINGS, Setting
from bbpscape.theory.spectral.information import InformationLimit, information_limit
from bbpscape.theory.spectral.matrix.recovery import MatrixRecovery, matrix_recovery
from bbpscape.theory.spectral.overlap import SpectralOverlap, spectral_overlap
from bbpscape.theory.spectral.preprocessing import EXTREME
from bbpscape.theory.spectral.threshold import SpectralThreshold

LIMIT = "information limit"


@result
class WeakRecovery(Result):
    """Where labels of a ``channel`` begin to tell its teacher, at all and by spectral methods.

    ``thresholds`` has one entry a method, each D = Σ_μ T(y_μ) x_μ x_μᵀ with its own T;
    ``overlaps`` is what they show at ``alpha``, in the same order, and empty without one. These are
    of a quadratic teacher with noise alone; of another, ``channel`` is None and ``matrix`` is what
    the matrix formula says.

    Examples
    --------
    >>> import bbpscape as bb
    >>> found = bb.weak_recovery(p_star=4)
    >>> round(found.information_limit.alpha, 9)  # p*/2
    2.0
    """

    channel: QuadraticTeacher | None
    information_limit: InformationLimit
    alpha: float | None
    thresholds: tuple[SpectralThreshold, ...]
    overlaps: tuple[SpectralOverlap, ...]
    matrix: MatrixRecovery | None = None

    @property
    def status(self) -> Status:
        """The first that falls short, with the name of its method."""
        parts = {LIMIT: self.information_limit.status}
        parts |= {one.preprocessing: one.status for one in self.thresholds}
        for name, status in parts.items():
            if not status.ok:
                return Status(f"{name}: {status.problem}", status.advice)
        return CONVERGED

    def columns(self) -> Mapping[str, Any]:
        """One row a method, the information limit first; NaN where it has no such number.

        Of the matrix formula one row a mode.
        """
        if self.matrix is not None:
            return self.matrix.columns()
        none = math.nan
        rows = self.thresholds
        columns: dict[str, Any] = {
            "method": [LIMIT, *(one.preprocessing for one in rows)],
            "t": [none, *(_or_nan(one.t) for one in rows)],
            "alpha": [self.information_limit.alpha, *(one.alpha for one in rows)],
            "transition": ["", *(one.transition for one in rows)],
            "m2_jump": [none, *(one.m2_jump for one in rows)],
            "eigenvalue": [none, *(_or_nan(one.eigenvalue) for one in rows)],
        }
        if self.alpha is not None:
            columns |= {
                "m2_at_alpha": [none, *(one.m2 for one in self.overlaps)],
                "eigenvalue_at_alpha": [none, *(_or_nan(one.eigenvalue) for one in self.overlaps)],
                "right_edge_at_alpha": [none, *(one.edge.value for one in self.overlaps)],
            }
        return columns

    def headline(self) -> str:
        if self.channel is None:
            return "Weak recovery" if self.matrix is None else self.matrix.headline()
        noise = self.channel.label_noise
        return f"Weak recovery, p* = {self.channel.p_star}, label noise = {noise:g}"

    def report(self) -> Report:
        if self.matrix is not None:
            return self.matrix.report()
        names = ["T", "t", "alpha", "transition", "m2_jump"]
        if self.alpha is not None:
            names += [f"m2 at alpha = {self.alpha:g}", "eigenvalue", "right edge"]
        blank = [""] * (len(names) - 3)
        rows = [[LIMIT, "", f"{self.information_limit.alpha:.8g}", *blank]]
        for i, one in enumerate(self.thresholds):
            alpha = number(one.alpha, ".6g") if math.isfinite(one.alpha) else ""
            cells = [one.preprocessing, number(one.t, ".6g"), alpha]
            cells += [one.transition, number(one.m2_jump, ".6g")]
            if self.overlaps:
                at = self.overlaps[i]
                cells += [number(x, ".6g") for x in (at.m2, at.eigenvalue, at.edge.value)]
            rows.append(cells)
        notes = () if self.status.ok else (str(self.status),)
        return Report([Table(self.headline(), names, rows)], notes)


def weak_recovery(
    p_star: int | TeacherStudent = 1,
    label_noise: float = 0.0,
    alpha: float | None = None,
    trimming_t: float | None = None,
    subset_t: float | None = None,
    teacher: str | Teacher | None = None,
    flip: float = 0.0,
    poisson: bool = False,
) -> WeakRecovery:
    """The α from which labels tell the teacher, to anything and to spectral methods.

    With u ∈ R^{p*} the components of √N x along the teacher, 1/α is the largest eigenvalue of
    S ↦ E_y[(C_y − 1) S (C_y − 1)], C_y = E[u uᵀ | y]; α = 0 where E[u | y] ≠ 0. For the quadratic
    teacher y = |u|²/p* + √label_noise ξ that is 1/α = E[(w − 1)²], w(y) = E[|u|²/p* | y], and the
    methods D = Σ_μ T(y_μ) x_μ x_μᵀ of ``bb.spectral.PREPROCESSINGS`` stand beside it.

    Parameters
    ----------
    p_star : int or TeacherStudent
        Width of the teacher; in Python also a model, for its p*, its teacher and its labels.
    label_noise : float
        Variance of the Gaussian noise on the labels.
    alpha : float, optional
        Also give m², the outlier and the right edge at this M/N.
    trimming_t, subset_t : float, optional
        The t of trimming and of subset; by default the one with the lowest threshold.
    teacher : str or Teacher, optional
        An expression in u1, u2, …; |u|²/p* by default.
    flip : float
        Probability of a sign flip of a label.
    poisson : bool
        Labels are counts.

    Returns
    -------
    WeakRecovery

    Raises
    ------
    InvalidInput
        If an argument is not allowed, or the teacher has more than three directions.

    References
    ----------
    weak-recovery.md.

    Examples
    --------
    >>> found = weak_recovery(p_star=2)
    >>> round(found.information_limit.alpha, 10), round(found.thresholds[0].alpha, 10)
    (1.0, 1.0)
    """
    if alpha is not None:
        alpha = positive("alpha", alpha, EXTREME)
    student = _student(p_star, label_noise, teacher, flip, poisson)
    if student is not None and QuadraticTeacher.of(student) is None:
        if trimming_t is not None or subset_t is not None:
            raise InvalidInput("trimming_t and subset_t are of the quadratic teacher")
        matrix = matrix_recovery(student, alpha)
        return WeakRecovery(None, matrix.limit, alpha, (), (), matrix)
    if student is not None:
        p_star, label_noise = student.p_star, student.labels.noise
    assert not isinstance(p_star, TeacherStudent)
    channel = QuadraticTeacher(p_star, label_noise)
    setting = Setting(channel, alpha, student)
    given = {"trimming": trimming_t, "subset": subset_t}
    limit = information_limit(channel)
    choices = [family.choose(setting, given.get(name)) for name, family in PREPROCESSINGS.items()]
    found = [one for one in choices if one is not None]
    overlaps = []
    if alpha is not None:
        overlaps = [spectral_overlap(channel, one.preprocessing, alpha) for one in found]
    return WeakRecovery(
        channel, limit, alpha, tuple(one.threshold for one in found), tuple(overlaps)
    )


def _student(
    p_star: int | TeacherStudent,
    label_noise: float,
    teacher: str | Teacher | None,
    flip: float,
    poisson: bool,
) -> TeacherStudent | None:
    """A model with the teacher and the labels; None for a quadratic teacher with noise alone."""
    labels = Labels(0.0, flip, poisson)
    if not isinstance(p_star, TeacherStudent):
        if teacher is None and labels.clean:
            return None
        labels = Labels(label_noise, flip, poisson)
        return TeacherStudent(1, p_star, "square", teacher=teacher or "quadratic", labels=labels)
    if teacher is not None or not labels.clean:
        raise InvalidInput("teacher, flip and poisson are those of the model: leave them out")
    if label_noise not in (0.0, p_star.labels.noise):
        raise InvalidInput(
            f"label_noise of the model is {p_star.labels.noise:g}, and another was given: "
            f"{label_noise!r}"
        )
    return p_star


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value

"""Weak recovery of a quadratic teacher: the information limit, and where spectral methods begin."""

import math
from collections.abc import Mapping
from typing import Any

from bbpscape.core.checks import InvalidInput, positive
from bbpscape.core.report import Report, Table, number
from bbpscape.core.result import Result, result
from bbpscape.core.status import CONVERGED, Status
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.spectral.channel import QuadraticTeacher
from bbpscape.theory.spectral.families import PREPROCESSINGS, Setting
from bbpscape.theory.spectral.information import InformationLimit, information_limit
from bbpscape.theory.spectral.overlap import SpectralOverlap, spectral_overlap
from bbpscape.theory.spectral.preprocessing import EXTREME
from bbpscape.theory.spectral.threshold import SpectralThreshold

LIMIT = "information limit"


@result
class WeakRecovery(Result):
    """Where labels of a ``channel`` begin to tell its teacher, at all and by spectral methods.

    ``thresholds`` has one entry a method, each D = Σ_μ T(y_μ) x_μ x_μᵀ with its own T;
    ``overlaps`` is what they show at ``alpha``, in the same order, and empty without one.
    """

    channel: QuadraticTeacher
    information_limit: InformationLimit
    alpha: float | None
    thresholds: tuple[SpectralThreshold, ...]
    overlaps: tuple[SpectralOverlap, ...]

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
        """One row a method, the information limit first; NaN where it has no such number."""
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
        noise = self.channel.label_noise
        return f"Weak recovery, p* = {self.channel.p_star}, label noise = {noise:g}"

    def report(self) -> Report:
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
) -> WeakRecovery:
    """The α from which labels tell a quadratic teacher: 1/α = E[(w − 1)²], and to spectral methods.

    The teacher is y = |u|²/p* + √label_noise ξ, u ∈ R^{p*} the components of √N x along it, and
    w(y) = E[|u|²/p* | y]. The methods D = Σ_μ T(y_μ) x_μ x_μᵀ are those of
    ``bb.spectral.PREPROCESSINGS``.

    Parameters
    ----------
    p_star : int or TeacherStudent
        Width of the teacher; in Python also a model, for its p* and its label noise.
    label_noise : float
        Variance of the Gaussian noise on the labels.
    alpha : float, optional
        Also give m², the outlier and the right edge at this M/N.
    trimming_t, subset_t : float, optional
        The t of trimming and of subset; by default the one with the lowest threshold.

    Returns
    -------
    WeakRecovery

    Raises
    ------
    InvalidInput
        If an argument is not allowed, or the teacher of the model is not quadratic.

    Source: weak-recovery.md.

    >>> found = weak_recovery(p_star=2)
    >>> round(found.information_limit.alpha, 10), round(found.thresholds[0].alpha, 10)
    (1.0, 1.0)
    """
    student = None if not isinstance(p_star, TeacherStudent) else p_star
    channel = _channel(p_star, label_noise)
    if alpha is not None:
        alpha = positive("alpha", alpha, EXTREME)
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


def _channel(p_star: int | TeacherStudent, label_noise: float) -> QuadraticTeacher:
    if not isinstance(p_star, TeacherStudent):
        return QuadraticTeacher(p_star, label_noise)
    channel = QuadraticTeacher.of(p_star)
    if channel is None:
        raise InvalidInput(
            "weak_recovery needs a quadratic teacher whose labels are not flipped, and a student "
            "without overlap"
        )
    if label_noise not in (0.0, channel.label_noise):
        raise InvalidInput(
            f"label_noise of the model is {channel.label_noise:g}, and another was given: "
            f"{label_noise!r}"
        )
    return channel


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value

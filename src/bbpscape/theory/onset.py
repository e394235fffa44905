"""α₀ by a straight line through m²(α) over a window above the transition, as the paper has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bbpscape.core.checks import InvalidInput, positive
from bbpscape.core.progress import Telling, shows_progress
from bbpscape.core.report import Report, Table
from bbpscape.core.result import Result, result
from bbpscape.core.status import Status
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.law import Law
from bbpscape.theory.route import route
from bbpscape.theory.threshold import Threshold, threshold
from bbpscape.theory.titles import label

WINDOWS = (0.05, 0.1, 0.2, 0.4)
NODES = 24


@result
class LinearOnset(Result):
    """α₀ of the least-squares line of m²(α) over α_BBP ≤ α ≤ (1 + window) α_BBP, for each window.

    ``tangent`` is the limit of a window of no width, the tangent at a discontinuous transition;
    ``spread`` is the largest α₀ of the windows minus the smallest, how much α₀ is a matter
    of taste.

    Examples
    --------
    >>> import bbpscape as bb
    >>> found = bb.linear_onset(bb.TeacherStudent(1, 1), windows=[0.1, 0.2])
    >>> round(max(found.alpha_0) - min(found.alpha_0) - found.spread, 12)
    0.0
    """

    threshold: Threshold
    windows: tuple[float, ...]
    alpha_0: tuple[float, ...]

    derived = ("tangent", "spread")

    @property
    def tangent(self) -> float:
        return self.threshold.alpha_0

    @property
    def spread(self) -> float:
        return max(self.alpha_0) - min(self.alpha_0)

    @property
    def model(self) -> TeacherStudent | None:
        return self.threshold.model

    @property
    def status(self) -> Status:
        return self.threshold.status

    def columns(self) -> Mapping[str, Any]:
        """One row a window."""
        return {"window": list(self.windows), "alpha_0": list(self.alpha_0)}

    def headline(self) -> str:
        return f"Linear onset of m2, {label(self.model)}"

    def report(self) -> Report:
        rows = [(f"{w:g}", f"{x:.6g}") for w, x in zip(self.windows, self.alpha_0, strict=True)]
        rows = [("tangent", f"{self.tangent:.6g}"), *rows, ("spread", f"{self.spread:.3g}")]
        columns = ("window / alpha_bbp", "alpha_0")
        notes = () if self.status.ok else (str(self.status),)
        return Report([Table(self.headline(), columns, rows)], notes)


@shows_progress
def linear_onset(
    model: TeacherStudent | Law, windows: Sequence[float] = WINDOWS, *, progress: Telling = None
) -> LinearOnset:
    """The α at which the least-squares line of m²(α) over a window above α_BBP reaches 0.

    The fit weighs every α of the window alike: ∫ (m² − A − Bα)² dα is least, by Gauss–Legendre
    quadrature. At a continuous transition, too, the line of a concave m²(α) reaches 0 below α_BBP.

    Parameters
    ----------
    model : TeacherStudent, or a Law with the direction "teacher"
        Without closed forms each window takes 24 overlaps, some seconds.
    windows : sequence of float
        Widths of the windows in units of α_BBP, from 0.001 to 1000.
    progress : function or False, optional
        Called with the number of windows that are done, and of all; by default a line on standard
        error once it takes long, False for silence.

    Returns
    -------
    LinearOnset
        α₀ by each window, beside the tangent's.

    Raises
    ------
    InvalidInput
        If a window is not allowed.

    References
    ----------
    Annesi, Bocchi, Cammarota (2025), arXiv 2510.18435.

    Examples
    --------
    At p = ∞ the curve is a line at first; its tangent reaches 0 at α₀:

    >>> import bbpscape as bb
    >>> model = bb.TeacherStudent(p=1, p_star=1, loss=bb.NormalizedSquare(2.0))
    >>> found = bb.linear_onset(model, windows=[0.001])
    >>> abs(found.alpha_0[0] - found.tangent) < 1e-3
    True
    """
    try:
        widths = tuple(positive("windows", value, limit=1000.0) for value in windows)
    except TypeError:
        raise InvalidInput(f"windows must be a list of numbers, got {windows!r}") from None
    if not widths:
        raise InvalidInput("windows must list at least one width")
    at, way = threshold(model), route(model)
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    found = []
    for done, width in enumerate(widths, 1):
        middle, half = at.alpha_bbp * (1 + width / 2), at.alpha_bbp * width / 2
        m2, _ = way.overlaps(middle + half * nodes)
        mean, slope = weights @ m2 / 2, 1.5 * weights @ (nodes * m2) / half
        found.append(float(middle - mean / slope))
        if progress:
            progress(done, len(widths))
    return LinearOnset(at, widths, tuple(found))

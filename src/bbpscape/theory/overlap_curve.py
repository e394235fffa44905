"""m²(α): the teacher overlap of the outlier's eigenvectors against the number of samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.core.checks import InvalidInput, positive
from bbpscape.core.report import Report, Table, named_m2
from bbpscape.core.result import Result, result
from bbpscape.core.status import Status
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.law import Law
from bbpscape.theory.route import route
from bbpscape.theory.threshold import Threshold, threshold_by
from bbpscape.theory.titles import in_units, label


@result
class OverlapCurve(Result):
    """m² against α, with the ``threshold`` of the model.

    Arrays of one length: ``alpha``, ``m2`` (0 where there is no outlier), and the ``eigenvalue`` of
    the outlier, or of the left edge if there is no outlier.

    Examples
    --------
    >>> import bbpscape as bb
    >>> model = bb.TeacherStudent(p=1, p_star=1)
    >>> curve = bb.overlap_curve(model, [0.1, 10.0])
    >>> curve.threshold.alpha_bbp == bb.threshold(model).alpha_bbp, curve.m2[0].item()
    (True, 0.0)
    """

    threshold: Threshold
    alpha: NDArray[np.float64]
    m2: NDArray[np.float64]
    eigenvalue: NDArray[np.float64]

    @property
    def model(self) -> TeacherStudent | None:
        return self.threshold.model

    @property
    def status(self) -> Status:
        return self.threshold.status

    def headline(self) -> str:
        return f"Overlap curve, {label(self.model, N=self.threshold.N)}"

    def columns(self) -> Mapping[str, Any]:
        return {"alpha": self.alpha, "m2": self.m2, "eigenvalue": self.eigenvalue}

    def report(self) -> Report:
        rows = [
            (f"{alpha:.6g}", f"{m2:.6g}", f"{eigenvalue:.8g}")
            for alpha, m2, eigenvalue in zip(self.alpha, self.m2, self.eigenvalue, strict=True)
        ]
        m2 = named_m2(None if self.model is None else self.model.p_star)
        names = ("alpha", m2, in_units("eigenvalue", self.threshold.eigenvalue_unit))
        table = Table(self.headline(), names, rows)
        above = self.threshold.report()
        return Report([*above.tables, table], above.notes)


def overlap_curve(
    model: TeacherStudent | Law, alpha: ArrayLike | None = None, N: int | None = None
) -> OverlapCurve:
    """The squared overlap m² of the outlier's eigenvectors with the teacher, against α.

    m²(α) = 1/(1 − dΣ_u/dz) at the outlier, 0 below α_BBP.

    Parameters
    ----------
    model : TeacherStudent, or a Law with the direction "teacher"
    alpha : array, shape (n,), optional
        Samples per input dimension; 200 values up to 3 α_BBP by default, with α_BBP among them (40
        for a network without closed forms).
    N : int, optional
        Input dimension, where the law of the inputs belongs to one: power:BETA, source:R, top:K.

    Returns
    -------
    OverlapCurve
        m² and the outlier at every α, and the threshold.

    Raises
    ------
    InvalidInput
        If an α is not a positive number.

    See Also
    --------
    threshold : Where it begins.
    linear_onset : Where its line over a window begins.

    References
    ----------
    theory.md §3.

    Examples
    --------
    >>> import bbpscape as bb
    >>> model = bb.TeacherStudent(p=2, p_star=1)
    >>> curve = bb.overlap_curve(model, [1.0, 2.0, 1e6])
    >>> curve.m2.round(4).tolist()
    [0.0, 0.2058, 1.0]
    """
    way = route(model, N)
    at = threshold_by(way, N)
    if alpha is None:
        count, gap = way.curve_points
        alpha = at.alpha_bbp * np.unique(
            np.append(np.linspace(3 / count, 3, count), [1 - gap, 1 + gap])
        )
    try:
        values = np.asarray(alpha, dtype=float)
    except (TypeError, ValueError):
        raise InvalidInput(f"alpha must be numbers, got {alpha!r}") from None
    if values.ndim != 1 or values.size == 0:
        raise InvalidInput(f"alpha must be a list of numbers, got shape {values.shape}")
    for one in values:
        positive("alpha", float(one), limit=1e9)
    return OverlapCurve(at, values, *way.overlaps(values))

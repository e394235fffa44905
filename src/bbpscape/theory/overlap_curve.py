"""m²(α): the teacher overlap of the outlier's eigenvectors against the number of samples."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.core.checks import InvalidInput, positive
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.laws.committee import CommitteeLaw
from bbpscape.theory.matrix.spectrum import network_overlaps
from bbpscape.theory.scalar.branch import solve_branch
from bbpscape.theory.threshold import Threshold, threshold


@dataclass(frozen=True, eq=False)
class OverlapCurve:
    """Arrays of one length: ``alpha``, ``m2`` (0 where there is no outlier), and the ``eigenvalue``
    of the outlier or else of the left edge; with the ``threshold`` of the model."""

    threshold: Threshold
    alpha: NDArray[np.float64] = field(repr=False)
    m2: NDArray[np.float64] = field(repr=False)
    eigenvalue: NDArray[np.float64] = field(repr=False)

    @property
    def model(self) -> TeacherStudent:
        return self.threshold.model

    def to_dict(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return {
            "threshold": self.threshold.to_dict(),
            "alpha": self.alpha.tolist(),
            "m2": self.m2.tolist(),
            "eigenvalue": self.eigenvalue.tolist(),
        }


def overlap_curve(model: TeacherStudent, alphas: ArrayLike | None = None) -> OverlapCurve:
    """m²(α) = 1/(1 − dΣ_u/dz) at the outlier, 0 below α_BBP.

    Parameters
    ----------
    model : TeacherStudent
    alphas : array, shape (n,), optional
        Samples per input dimension; 200 values up to 3 α_BBP by default, with α_BBP among them.

    Raises
    ------
    InvalidInput
        If an α is not a positive number.

    Source: docs/theory.md §3.
    """
    at = threshold(model)
    if alphas is None:
        # Where no closed form exists each α takes a fraction of a second.
        count, gap = (200, 1e-9) if model.is_reference else (40, 1e-3)
        alphas = at.alpha_bbp * np.unique(
            np.append(np.linspace(3 / count, 3, count), [1 - gap, 1 + gap])
        )
    try:
        values = np.asarray(alphas, dtype=float)
    except (TypeError, ValueError):
        raise InvalidInput(f"alphas must be numbers, got {alphas!r}") from None
    if values.ndim != 1 or values.size == 0:
        raise InvalidInput(f"alphas must be a list of numbers, got shape {values.shape}")
    for alpha in values:
        positive("alpha", float(alpha))
    if not model.is_reference:
        return OverlapCurve(at, values, *network_overlaps(model, values))
    branch = solve_branch(CommitteeLaw(model), values)
    eigenvalue = np.where(branch.m2 > 0, branch.outlier, branch.left_edge)
    return OverlapCurve(at, values, branch.m2, eigenvalue)

"""The cells of a diagram: its models, their thresholds, and what the Hessian shows at each α."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import NoConvergence
from bbpscape.model.inputs.covariance import ISOTROPIC, PowerLaw
from bbpscape.model.inputs.law import InputLaw
from bbpscape.model.losses import NormalizedSquare
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.bayes.perfect import perfect_alpha
from bbpscape.theory.critical import critical_a, critical_p
from bbpscape.theory.laws.committee import CommitteeLaw
from bbpscape.theory.route import route
from bbpscape.theory.scalar.branch import solve_branch
from bbpscape.theory.scalar.transition import t_and_k
from bbpscape.theory.threshold import Threshold, threshold

THRESHOLD_FIELDS = ("alpha_bbp", "continuous", "m2_jump", "eigenvalue", "alpha_0")
ALPHA_FIELDS = ("m2", "eigenvalue", "sharp_edge")
# Other α of a column: below which nothing can be known, above which message passing knows all, and
# above which the left edge is sharp.
LEVELS = ("weak_recovery", "perfect_recovery", "alpha_sharp")

Progress = Callable[[int, int], None]
Lines = dict[str, dict[str, NDArray[np.float64]]]
Fields = tuple[dict[str, NDArray[np.float64]], Lines, NDArray[np.float64]]


@dataclass(frozen=True)
class Grid:
    """The two axes of a diagram, x first, and what all of its cells have in common."""

    axes: Mapping[str, NDArray[np.float64]]
    fixed: Mapping[str, Any]
    inputs: InputLaw
    N: int | None

    def model(self, *at: float) -> TeacherStudent:
        """The model of a column, or of a cell of two parameters."""
        values = dict(self.fixed) | dict(zip(self.axes, at, strict=False))
        inputs = self.inputs
        if "beta" in values:
            beta = PowerLaw(values["beta"]).beta
            inputs = inputs.replace(covariance=PowerLaw(beta) if beta else ISOTROPIC)
        loss = NormalizedSquare(values["a"])
        return TeacherStudent(values["p"], values["p_star"], loss, inputs=inputs)

    @property
    def standard(self) -> bool:
        """Whether the inputs of all cells are standard, of which there are closed forms."""
        return self.inputs.standard and "beta" not in (*self.axes, *self.fixed)


def over_parameters(grid: Grid, progress: Progress) -> Fields:
    """Fields, lines and quadrature errors over two parameters."""
    (x_name, x), (y_name, y) = grid.axes.items()
    fields = {name: np.full((y.size, x.size), np.nan) for name in THRESHOLD_FIELDS}
    errors = np.full((y.size, x.size), np.nan)
    for column, along in enumerate(x):
        for row, up in enumerate(y):
            if (at := _threshold(grid, along, up)) is not None:
                errors[row, column] = at.diagnostics.quadrature_error
                for name, value in _numbers(at).items():
                    fields[name][row, column] = value
        progress(column + 1, x.size)
    if not grid.standard:
        return fields, {}, errors
    if x_name == "a":
        widths = [{**grid.fixed, y_name: value} for value in y]
        line = {x_name: np.array([critical_a(w["p"], w["p_star"]) for w in widths]), y_name: y}
    else:
        a = grid.fixed["a"]
        line = {x_name: x, y_name: np.array([critical_p(a, value) for value in x], float)}
    return fields, {"critical": line}, errors


def over_alpha(grid: Grid, progress: Progress) -> Fields:
    """Fields, lines and quadrature errors over one parameter and α."""
    (x_name, x), (_, alpha) = grid.axes.items()
    fields = {name: np.full((alpha.size, x.size), np.nan) for name in ALPHA_FIELDS}
    levels = LEVELS if grid.standard else ()
    columns = {name: np.full(x.size, np.nan) for name in (*THRESHOLD_FIELDS, *levels)}
    errors = np.full(x.size, np.nan)
    for column, along in enumerate(x):
        at = _threshold(grid, along)
        found = None if at is None else _column(grid, along, alpha)
        if at is not None and found is not None:
            errors[column] = at.diagnostics.quadrature_error
            for name, value in _numbers(at).items():
                columns[name][column] = value
            if grid.standard:
                law = CommitteeLaw(grid.model(along))
                columns["weak_recovery"][column] = at.alpha_weak_recovery
                columns["perfect_recovery"][column] = perfect_alpha(grid.model(along).p_star)
                columns["alpha_sharp"][column] = 1 / t_and_k(law, 1 / law.support()[0])[1]
            for name, values in zip(ALPHA_FIELDS, found, strict=True):
                fields[name][:, column] = values
        progress(column + 1, x.size)
    lines = {"thresholds": {x_name: x, **columns}}
    if grid.standard and x_name != "p_star":
        fixed, corner = grid.fixed, 0.0
        if x_name == "a":
            corner = critical_a(fixed["p"], fixed["p_star"])
        else:
            corner = critical_p(fixed["a"], fixed["p_star"])
        if corner > 0:
            height = threshold(grid.model(corner)).alpha_bbp
            lines["critical"] = {x_name: np.array([corner]), "alpha": np.array([height])}
    return fields, lines, errors


def _column(
    grid: Grid, along: float, alpha: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]] | None:
    """(m², eigenvalue, whether the left edge is sharp) at each α; None where a solve fails."""
    model = grid.model(along)
    if model.inputs.standard:
        branch = solve_branch(CommitteeLaw(model), alpha)
        eigenvalue = np.where(branch.m2 > 0, branch.outlier, branch.left_edge)
        return branch.m2, eigenvalue, branch.sharp
    way = route(model, grid.N)
    try:
        m2, eigenvalue = way.overlaps(alpha)
        kinds = [way.edges(one)[0].kind for one in alpha.tolist()]
    except NoConvergence:
        return None
    return m2, eigenvalue, np.array(kinds) == "sharp"


def _threshold(grid: Grid, *at: float) -> Threshold | None:
    try:
        return threshold(grid.model(*at), grid.N)
    except NoConvergence:
        return None


def _numbers(at: Threshold) -> dict[str, float]:
    """The fields of one cell; p = ∞ cannot be in a list, so that eigenvalues have one unit."""
    values = [at.alpha_bbp, at.transition == "continuous", at.m2_jump, at.eigenvalue, at.alpha_0]
    return {name: float(value) for name, value in zip(THRESHOLD_FIELDS, values, strict=True)}

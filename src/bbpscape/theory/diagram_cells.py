"""The cells of a diagram: its models, their thresholds, and what the Hessian shows at each α."""

from collections.abc import Callable, Iterable, Iterator, Mapping
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
from bbpscape.theory.critical import critical_a, critical_as, critical_p
from bbpscape.theory.laws.committees import Committees
from bbpscape.theory.route import route
from bbpscape.theory.scalar.many import Transitions, alpha_sharp, solve_branch, transitions
from bbpscape.theory.threshold import Threshold, noiseless_weak_recovery, threshold

THRESHOLD_FIELDS = ("alpha_bbp", "continuous", "m2_jump", "eigenvalue", "alpha_0")
ALPHA_FIELDS = ("m2", "eigenvalue", "sharp_edge")

# Cells that are solved beside each other.
AT_ONCE = 5000

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

    def committees(self, at: Mapping[str, Any]) -> Committees:
        """The laws of cells of standard inputs ``at`` values of the axes."""
        values = {**self.fixed, **at}
        return Committees.of(values["p"], values["p_star"], values["a"])

    @property
    def standard(self) -> bool:
        """Whether the inputs of all cells are standard, of which there are closed forms."""
        return self.inputs.standard and "beta" not in (*self.axes, *self.fixed)


def over_parameters(grid: Grid, progress: Progress) -> Fields:
    """Fields, lines and quadrature errors over two parameters."""
    if grid.standard:
        return _standard_over_parameters(grid, progress)
    x, y = grid.axes.values()
    fields = {name: np.full((y.size, x.size), np.nan) for name in THRESHOLD_FIELDS}
    errors = np.full((y.size, x.size), np.nan)
    for column, along in enumerate(x):
        for row, up in enumerate(y):
            if (at := _threshold(grid, along, up)) is not None:
                errors[row, column] = at.diagnostics.quadrature_error
                for name, value in _numbers(at).items():
                    fields[name][row, column] = value
        progress(column + 1, x.size)
    return fields, {}, errors


def _standard_over_parameters(grid: Grid, progress: Progress) -> Fields:
    """The same in closed form, many columns at once, and where the kind changes."""
    (x_name, x), (y_name, y) = grid.axes.items()
    parts = []
    for along in _runs(grid, progress):
        found = transitions(grid.committees({x_name: along[:, None], y_name: y}))
        cells = (found.quadrature_error, *_columns(found))
        parts.append([one.reshape(along.size, y.size).T for one in cells])
    errors, *values = _beside(parts)
    fields = dict(zip(THRESHOLD_FIELDS, values, strict=True))
    if x_name == "a":
        widths = {**grid.fixed, y_name: y}
        line = {x_name: critical_as(widths["p"], widths["p_star"]), y_name: y}
    else:
        a = grid.fixed["a"]
        line = {x_name: x, y_name: np.array([critical_p(a, value) for value in x], float)}
    return fields, {"critical": line}, errors


def over_alpha(grid: Grid, progress: Progress) -> Fields:
    """Fields, lines and quadrature errors over one parameter and α."""
    (x_name, x), (_, alpha) = grid.axes.items()
    if grid.standard:
        return _standard_over_alpha(grid, progress)
    fields = {name: np.full((alpha.size, x.size), np.nan) for name in ALPHA_FIELDS}
    columns = {name: np.full(x.size, np.nan) for name in THRESHOLD_FIELDS}
    errors = np.full(x.size, np.nan)
    for column, along in enumerate(x):
        at = _threshold(grid, along)
        found = None if at is None else _column(grid, along, alpha)
        if at is not None and found is not None:
            errors[column] = at.diagnostics.quadrature_error
            for name, value in _numbers(at).items():
                columns[name][column] = value
            for name, values in zip(ALPHA_FIELDS, found, strict=True):
                fields[name][:, column] = values
        progress(column + 1, x.size)
    return fields, {"thresholds": {x_name: x, **columns}}, errors


def _standard_over_alpha(grid: Grid, progress: Progress) -> Fields:
    """The same in closed form, many columns at once, and the lines that are known there."""
    (x_name, x), (_, alpha) = grid.axes.items()
    shown, columns = [], []
    for along in _runs(grid, progress):
        laws = grid.committees({x_name: along})
        found = transitions(laws)
        branch = solve_branch(laws, alpha, found)
        shown.append((branch.m2, branch.lowest, branch.sharp.astype(float)))
        columns.append((found.quadrature_error, alpha_sharp(laws), *_columns(found)))
    fields = dict(zip(ALPHA_FIELDS, _beside(shown), strict=True))
    errors, sharp, *values = _beside(columns)
    whole = dict(zip(THRESHOLD_FIELDS, values, strict=True)) | {"alpha_sharp": sharp}
    widths = [int(one) for one in grid.committees({x_name: x}).p_star]
    whole["weak_recovery"] = np.array([noiseless_weak_recovery(one) for one in widths])
    whole["perfect_recovery"] = np.array([perfect_alpha(one) for one in widths])
    lines = {"thresholds": {x_name: x, **whole}}
    if x_name != "p_star" and (corner := _corner(grid, x_name)) > 0:
        at = np.array([corner], float)
        height = transitions(grid.committees({x_name: at})).alpha
        lines["critical"] = {x_name: at, "alpha": height}
    return fields, lines, errors


def _corner(grid: Grid, x_name: str) -> float:
    """a, or p, at which the transition changes kind."""
    p_star = grid.fixed["p_star"]
    if x_name == "a":
        return critical_a(grid.fixed["p"], p_star)
    return critical_p(grid.fixed["a"], p_star)


def _runs(grid: Grid, progress: Progress) -> Iterator[NDArray[np.float64]]:
    """The x of columns that are solved beside each other; ``progress`` is told once they are."""
    x, y = grid.axes.values()
    count = max(1, AT_ONCE // y.size)
    for first in range(0, x.size, count):
        along = x[first : first + count]
        yield along
        progress(first + along.size, x.size)


def _column(
    grid: Grid, along: float, alpha: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]] | None:
    """(m², eigenvalue, whether the left edge is sharp) at each α; None where a solve fails."""
    way = route(grid.model(along), grid.N)
    try:
        m2, eigenvalue = way.overlaps(alpha)
        kinds = [way.edges(one)[0].kind for one in alpha.tolist()]
    except NoConvergence:
        return None
    return m2, eigenvalue, np.array(kinds) == "sharp"


def _columns(found: Transitions) -> tuple[NDArray[np.float64], ...]:
    """The fields of many cells, NaN where a transition was not found."""
    continuous = np.where(np.isnan(found.alpha), np.nan, found.continuous)
    return found.alpha, continuous, found.m2_jump, found.eigenvalue, found.alpha_0


def _beside(parts: Iterable[Iterable[NDArray]]) -> list[NDArray[np.float64]]:
    """Each of the arrays of runs of columns, with that of the next run beside it."""
    return [np.hstack(one) for one in zip(*parts, strict=True)]


def _threshold(grid: Grid, *at: float) -> Threshold | None:
    try:
        return threshold(grid.model(*at), grid.N)
    except NoConvergence:
        return None


def _numbers(at: Threshold) -> dict[str, float]:
    """The fields of one cell; p = ∞ cannot be in a list, so that eigenvalues have one unit."""
    values = [at.alpha_bbp, at.transition == "continuous", at.m2_jump, at.eigenvalue, at.alpha_0]
    return {name: float(value) for name, value in zip(THRESHOLD_FIELDS, values, strict=True)}

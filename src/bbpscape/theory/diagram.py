"""Phase diagrams: the threshold over two parameters, or what the Hessian shows over one and α."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.core.checks import InvalidInput, NoConvergence, positive
from bbpscape.core.report import Report, Table
from bbpscape.core.result import Result, result
from bbpscape.core.status import CONVERGED, Diagnostics, Status
from bbpscape.model.losses import NormalizedSquare
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.critical import critical_a, critical_p
from bbpscape.theory.laws.committee import CommitteeLaw
from bbpscape.theory.scalar.branch import solve_branch
from bbpscape.theory.scalar.transition import t_and_k
from bbpscape.theory.threshold import Threshold, threshold

MOST_CELLS = 1_000_000
GOAL = Diagnostics.goal
THRESHOLD_FIELDS = ("alpha_bbp", "continuous", "m2_jump", "eigenvalue", "alpha_0")
ALPHA_FIELDS = ("m2", "eigenvalue", "sharp_edge")
# Other α of a column: of weak recovery, and above which the left edge is sharp.
LEVELS = ("weak_recovery", "alpha_sharp")
# What an axis or a number is where it is not given, in the order in which axes are filled in.
DEFAULTS = {"a": (np.geomspace(1e-3, 10, 60), 0.01), "p": (np.arange(1, 21), 2)}


@result
class Diagram(Result):
    """Fields of shape (len(y), len(x)) over a grid: NaN in a cell whose solve failed.

    ``fields`` of two parameters: alpha_bbp, continuous (1 or 0), m2_jump, eigenvalue, alpha_0. Of
    one parameter (along x) and α (along y): m2, eigenvalue (of the outlier, else of the left edge)
    and sharp_edge (1 or 0). ``lines`` are named columns: "thresholds", along x, in a diagram with α
    (the fields above, weak_recovery, and alpha_sharp, above which the left edge is sharp), and
    "critical", the points where the transition changes kind (columns named as the axes). ``fixed``
    holds the other parameters. ``quadrature_error`` is the relative error of α_BBP in each cell, or
    in each column of a diagram with α; NaN where the solve failed.
    """

    x_name: str
    x: NDArray[np.float64]
    y_name: str
    y: NDArray[np.float64]
    fixed: dict[str, float]
    fields: dict[str, NDArray[np.float64]]
    lines: dict[str, dict[str, NDArray[np.float64]]]
    quadrature_error: NDArray[np.float64]

    derived = ("eigenvalue_unit", "worst_quadrature_error", "status")

    @property
    def eigenvalue_unit(self) -> str:
        return "2/p" if self.fixed.get("p") == math.inf else "1"

    @property
    def worst_quadrature_error(self) -> float:
        """The largest of those that were solved, NaN without any."""
        return float(np.nanmax(self.quadrature_error)) if self._solved.any() else math.nan

    @property
    def _solved(self) -> NDArray[np.bool_]:
        return np.isfinite(self.quadrature_error)

    @property
    def status(self) -> Status:
        count = self.quadrature_error.size
        failed = count - int(self._solved.sum())
        short = int((self.quadrature_error >= GOAL).sum())
        problems, advice = [], []
        if failed:
            problems.append(f"{failed} of {count} solves failed")
            advice.append("their cells are empty; threshold() at their parameters says why")
        if short:
            problems.append(f"{short} of {count} thresholds have a quadrature error above {GOAL:g}")
            advice.append(
                f"trust no more digits than {self.worst_quadrature_error:.1g} allows, or choose "
                "less extreme parameters"
            )
        return Status("; ".join(problems), "; ".join(advice)) if problems else CONVERGED

    def columns(self) -> Mapping[str, Any]:
        """One row a cell: x, y and the fields."""
        y, x = (grid.ravel() for grid in np.meshgrid(self.y, self.x, indexing="ij"))
        cells = {name: values.ravel() for name, values in self.fields.items()}
        return {self.x_name: x, self.y_name: y, **cells}

    def headline(self) -> str:
        fixed = "".join(f", {name} = {value:g}" for name, value in self.fixed.items())
        return f"Diagram over {self.x_name} and {self.y_name}{fixed}"

    def report(self) -> Report:
        rows = [
            (f"{name}, {axis.size} values", f"{axis[0]:.6g}", f"{axis[-1]:.6g}")
            for name, axis in ((self.x_name, self.x), (self.y_name, self.y))
        ]
        unit = "" if self.eigenvalue_unit == "1" else f" in units of {self.eigenvalue_unit}"
        for name, values in self.fields.items():
            if np.isfinite(values).any():
                shown = name + unit * (name == "eigenvalue")
                rows.append((shown, f"{np.nanmin(values):.6g}", f"{np.nanmax(values):.6g}"))
        for name, line in self.lines.get("critical", {}).items():
            where = f"{name} where the kind changes"
            rows.append((where, f"{min(line):.6g}", f"{max(line):.6g}"))
        rows.append(("status", self.status.problem or str(self.status), ""))
        notes = () if self.status.ok else (str(self.status),)
        return Report([Table(self.headline(), ("quantity", "lowest", "highest"), rows)], notes)


def diagram(
    p: float | ArrayLike | None = None,
    p_star: float | ArrayLike = 1,
    a: float | ArrayLike | None = None,
    alpha: ArrayLike | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Diagram:
    """α_BBP, its kind, m² and α₀ over a grid of two parameters, or m²(α) over one and α.

    Parameters
    ----------
    p, p_star, a : number, or array of shape (n,)
        Two of them are arrays, or one of them together with ``alpha``. p may be ``math.inf`` where
        it is a number. What is not given is an array where one is missing, a from 1e-3 to 10 before
        p from 1 to 20, and else a = 0.01 and p = 2.
    alpha : array of shape (n,), optional
        Samples per input dimension.
    progress : function, optional
        Called with the number of columns that are done, and their number.

    Returns
    -------
    Diagram

    Raises
    ------
    InvalidInput
        If the arrays are not two, or a value is not allowed; before anything is computed.

    Source: docs/theory.md §3–4.

    >>> result = diagram(p=[1, 2], a=[0.1, 10.0])
    >>> result.fields["continuous"].tolist()
    [[1.0, 0.0], [1.0, 0.0]]
    """
    axes, fixed = _axes_and_fixed({"a": a, "p_star": p_star, "p": p}, alpha)
    (x_name, x), (y_name, y) = axes.items()
    if x.size * y.size > MOST_CELLS:
        raise InvalidInput(f"a diagram has at most {MOST_CELLS} cells, got {x.size * y.size}")

    def model(*at: float) -> TeacherStudent:
        """The model of a column, or of a cell of two parameters."""
        values = fixed | dict(zip(axes, at, strict=False))
        return TeacherStudent(values["p"], values["p_star"], NormalizedSquare(values["a"]))

    for value in x.tolist():
        model(value, float(y[0]))
    for value in y.tolist():
        model(float(x[0]), value)
    solve = _over_alpha if y_name == "alpha" else _over_parameters
    fields, lines, errors = solve(model, axes, fixed, progress or (lambda done, total: None))
    constants = {name: float(value) for name, value in fixed.items()}
    return Diagram(x_name, x, y_name, y, constants, fields, lines, errors)


def _axes_and_fixed(
    given: Mapping[str, Any], alpha: ArrayLike | None
) -> tuple[dict[str, NDArray], dict[str, Any]]:
    """The two axes, x first, and the values of the others, with what was not given filled in."""
    lists = sum(np.ndim(value) > 0 for value in given.values()) + (alpha is not None)
    chosen = dict(given)
    for name, (axis, number) in DEFAULTS.items():
        if chosen[name] is None:
            chosen[name] = axis if lists < 2 else number
            lists += lists < 2
    axes = {name: _axis(name, value) for name, value in chosen.items() if np.ndim(value)}
    fixed = {name: chosen[name] for name in ("p", "p_star", "a") if name not in axes}
    if alpha is not None:
        axes["alpha"] = _axis("alpha", alpha)
    if len(axes) != 2:
        raise InvalidInput(
            "a diagram needs lists for exactly two of a, p, p_star and alpha, "
            f"got {len(axes)}{': ' * bool(axes)}{', '.join(axes)}"
        )
    return axes, fixed


def _over_parameters(
    model: Callable[..., TeacherStudent],
    axes: Mapping[str, NDArray],
    fixed: Mapping[str, Any],
    progress: Callable[[int, int], None],
) -> tuple[dict[str, NDArray], dict[str, dict[str, NDArray]], NDArray]:
    """Fields, lines and quadrature errors over two parameters."""
    (x_name, x), (y_name, y) = axes.items()
    fields = {name: np.full((y.size, x.size), np.nan) for name in THRESHOLD_FIELDS}
    errors = np.full((y.size, x.size), np.nan)
    for column, along in enumerate(x):
        for row, up in enumerate(y):
            if (at := _threshold(model(along, up))) is not None:
                errors[row, column] = at.diagnostics.quadrature_error
                for name, value in _numbers(at).items():
                    fields[name][row, column] = value
        progress(column + 1, x.size)
    if x_name == "a":
        widths = [{**fixed, y_name: value} for value in y]
        line = {x_name: np.array([critical_a(w["p"], w["p_star"]) for w in widths]), y_name: y}
    else:
        line = {x_name: x, y_name: np.array([critical_p(fixed["a"], value) for value in x], float)}
    return fields, {"critical": line}, errors


def _over_alpha(
    model: Callable[..., TeacherStudent],
    axes: Mapping[str, NDArray],
    fixed: Mapping[str, Any],
    progress: Callable[[int, int], None],
) -> tuple[dict[str, NDArray], dict[str, dict[str, NDArray]], NDArray]:
    """Fields, lines and quadrature errors over one parameter and α."""
    (x_name, x), (_, alpha) = axes.items()
    fields = {name: np.full((alpha.size, x.size), np.nan) for name in ALPHA_FIELDS}
    columns = {name: np.full(x.size, np.nan) for name in (*THRESHOLD_FIELDS, *LEVELS)}
    errors = np.full(x.size, np.nan)
    for column, along in enumerate(x):
        at = _threshold(model(along))
        if at is not None:
            errors[column] = at.diagnostics.quadrature_error
            for name, value in _numbers(at).items():
                columns[name][column] = value
            columns["weak_recovery"][column] = at.alpha_weak_recovery
            law = CommitteeLaw(model(along))
            columns["alpha_sharp"][column] = 1 / t_and_k(law, 1 / law.support()[0])[1]
            branch = solve_branch(law, alpha)
            fields["m2"][:, column] = branch.m2
            fields["eigenvalue"][:, column] = np.where(
                branch.m2 > 0, branch.outlier, branch.left_edge
            )
            fields["sharp_edge"][:, column] = branch.sharp
        progress(column + 1, x.size)
    lines = {"thresholds": {x_name: x, **columns}}
    if x_name != "p_star":
        corner: float
        if x_name == "a":
            corner = critical_a(fixed["p"], fixed["p_star"])
        else:
            corner = critical_p(fixed["a"], fixed["p_star"])
        if corner > 0:
            height = threshold(model(corner)).alpha_bbp
            lines["critical"] = {x_name: np.array([corner]), "alpha": np.array([height])}
    return fields, lines, errors


def _threshold(model: TeacherStudent) -> Threshold | None:
    try:
        return threshold(model)
    except NoConvergence:
        return None


def _numbers(at: Threshold) -> dict[str, float]:
    """The fields of one cell; p = ∞ cannot be in a list, so that eigenvalues have one unit."""
    values = [at.alpha_bbp, at.transition == "continuous", at.m2_jump, at.eigenvalue, at.alpha_0]
    return {name: float(value) for name, value in zip(THRESHOLD_FIELDS, values, strict=True)}


def _axis(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """``values`` as an increasing array of positive numbers, integers for a width."""
    listed = np.asarray(values)
    if listed.ndim != 1 or listed.size == 0 or listed.dtype.kind not in "iuf":
        raise InvalidInput(f"{name} must be a list of numbers in a diagram, got {values!r}")
    for value in listed.tolist():
        positive(name, value)
    if not (np.diff(listed) > 0).all():
        raise InvalidInput(f"{name} must increase along the list")
    return listed.astype(float)

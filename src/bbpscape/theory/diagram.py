"""Phase diagrams: the threshold over two parameters, or what the Hessian shows over one and α."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.core.checks import InvalidInput, positive
from bbpscape.model.losses import NormalizedSquare
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.critical import critical_a, critical_p
from bbpscape.theory.laws.committee import CommitteeLaw
from bbpscape.theory.roots import NoConvergence
from bbpscape.theory.scalar.branch import solve_branch
from bbpscape.theory.scalar.transition import t_and_k
from bbpscape.theory.threshold import Threshold, threshold

# Of a quadrature error, what a cell falls short of.
ACCURACY = 1e-10
MOST_CELLS = 1_000_000
THRESHOLD_FIELDS = ("alpha_bbp", "continuous", "m2_jump", "eigenvalue", "alpha_0")
ALPHA_FIELDS = ("m2", "eigenvalue", "sharp_edge")
# Other α of a column: of weak recovery, and above which the left edge is sharp.
LEVELS = ("weak_recovery", "alpha_sharp")


@dataclass(frozen=True)
class Diagram:
    """Fields of shape (len(y), len(x)) over a grid: NaN in a cell whose solve failed.

    ``fields`` of two parameters: alpha_bbp, continuous (1 or 0), m2_jump, eigenvalue, alpha_0. Of
    one parameter (along x) and α (along y): m2, eigenvalue (of the outlier, else of the left edge)
    and sharp_edge (1 or 0). ``lines`` are named columns: "thresholds", along x, in a diagram with α
    (the fields above, weak_recovery, and alpha_sharp, above which the left edge is sharp), and
    "critical", the points where the transition changes kind (columns named as the axes). ``fixed``
    holds the other parameters.
    ``status`` is "converged", or how many cells failed or fell short of their accuracy, ``worst``
    the largest relative quadrature error of α_BBP.
    """

    x_name: str
    x: NDArray[np.float64]
    y_name: str
    y: NDArray[np.float64]
    fixed: Mapping[str, float]
    fields: Mapping[str, NDArray[np.float64]] = field(repr=False)
    lines: Mapping[str, Mapping[str, NDArray[np.float64]]] = field(repr=False)
    status: str = "converged"
    worst: float = 0.0

    def rows(self) -> tuple[tuple[str, ...], list[tuple[float, ...]]]:
        """(names, rows) of a tidy table, one row a cell."""
        y, x = (grid.ravel() for grid in np.meshgrid(self.y, self.x, indexing="ij"))
        columns = [x, y, *(values.ravel() for values in self.fields.values())]
        names = (self.x_name, self.y_name, *self.fields)
        return names, [tuple(map(float, row)) for row in np.stack(columns, axis=1)]

    def to_dict(self) -> dict[str, Any]:
        """All fields as JSON values; a NaN becomes None, p = ∞ the string "inf"."""
        fixed = {k: "inf" if v == math.inf else v for k, v in self.fixed.items()}
        return {
            "x": {"name": self.x_name, "values": self.x.tolist()},
            "y": {"name": self.y_name, "values": self.y.tolist()},
            "fixed": fixed,
            "fields": {name: _json(values) for name, values in self.fields.items()},
            "lines": {
                name: {column: _json(values) for column, values in line.items()}
                for name, line in self.lines.items()
            },
            "eigenvalue_unit": "2/p" if self.fixed.get("p") == math.inf else "1",
            "status": self.status,
            "worst_quadrature_error": self.worst if math.isfinite(self.worst) else None,
        }


def diagram(
    *,
    a: float | ArrayLike,
    p: float | ArrayLike,
    p_star: float | ArrayLike = 1,
    alpha: ArrayLike | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Diagram:
    """α_BBP, its kind, m² and α₀ over a grid of two parameters, or m²(α) over one and α.

    Parameters
    ----------
    a, p, p_star : number, or array of shape (n,)
        Two of them are arrays, or one of them together with ``alpha``. p may be ``math.inf`` where
        it is a number.
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

    >>> result = diagram(a=[0.1, 10.0], p=[1, 2])
    >>> result.fields["continuous"].tolist()
    [[1.0, 0.0], [1.0, 0.0]]
    """
    given: dict[str, Any] = {"a": a, "p_star": p_star, "p": p}
    axes = {name: _axis(name, value) for name, value in given.items() if np.ndim(value)}
    fixed = {name: value for name, value in given.items() if name not in axes}
    if alpha is not None:
        axes["alpha"] = _axis("alpha", alpha)
    if len(axes) != 2:
        raise InvalidInput(
            "a diagram needs lists for exactly two of a, p, p_star and alpha, "
            f"got {len(axes)}{': ' * bool(axes)}{', '.join(axes)}"
        )
    (x_name, x), (y_name, y) = axes.items()
    if x.size * y.size > MOST_CELLS:
        raise InvalidInput(f"a diagram has at most {MOST_CELLS} cells, got {x.size * y.size}")

    def model(*at: float) -> TeacherStudent:
        """The model of a column, or of a cell of two parameters."""
        values = fixed | dict(zip(axes, at, strict=False))
        return TeacherStudent(values["p"], values["p_star"], NormalizedSquare(values["a"]))

    for value in x:
        model(value, y[0])
    for value in y:
        model(x[0], value)
    solve = _over_alpha if y_name == "alpha" else _over_parameters
    fields, lines, errors = solve(model, axes, fixed, progress or (lambda done, total: None))
    checked = model(x[0], y[0])
    known = checked.to_dict() | {"p": checked.p}
    constants = {name: float(known[name]) for name in fixed}
    status, worst = _status(errors)
    return Diagram(x_name, x, y_name, y, constants, fields, lines, status, worst)


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
            law = CommitteeLaw(at.model)
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


def _status(errors: NDArray) -> tuple[str, float]:
    """What to say of all cells, and the worst quadrature error of those that were solved."""
    failed, short = int(np.isnan(errors).sum()), int((errors >= ACCURACY).sum())
    parts = [f"{failed} of {errors.size} solves failed"] * bool(failed)
    parts += [f"{short} of {errors.size} thresholds have a quadrature error above 1e-10"] * bool(
        short
    )
    worst = float(np.nanmax(errors)) if failed < errors.size else math.nan
    return "; ".join(parts) or "converged", worst


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


def _json(values: NDArray) -> list[Any]:
    """Nested lists with None for NaN."""
    nested = values.astype(object)
    nested[np.isnan(values)] = None
    return nested.tolist()

"""Phase diagrams: the threshold over two parameters, or what the Hessian shows over one and α."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.core.checks import InvalidInput, integer, number, positive
from bbpscape.core.progress import Telling, shows_progress
from bbpscape.core.report import Report, Table
from bbpscape.core.result import Result, result
from bbpscape.core.status import CONVERGED, Diagnostics, Status
from bbpscape.model.inputs.covariance import STEEPEST
from bbpscape.model.inputs.law import STANDARD, InputLaw
from bbpscape.theory.diagram_cells import Grid, over_alpha, over_parameters
from bbpscape.theory.network import GOAL as STRUCTURED_GOAL
from bbpscape.theory.route import route
from bbpscape.theory.solution import check_left_edge

MOST_CELLS = 1_000_000
GOAL = Diagnostics.goal
# What an axis or a number is where it is not given, in the order in which axes are filled in.
DEFAULTS = {"a": (np.geomspace(1e-3, 10, 60), 0.01), "p": (np.arange(1, 21), 2)}


@result
class Diagram(Result):
    """Fields of shape (len(y), len(x)) over a grid: NaN in a cell whose solve failed.

    ``fields`` of two parameters: alpha_bbp, continuous (1 or 0), m2_jump, eigenvalue, alpha_0. Of
    one parameter (along x) and α (along y): m2, eigenvalue (of the outlier, else of the left edge)
    and sharp_edge (1 or 0). ``lines`` are named columns: "thresholds", along x, in a diagram with α
    (the fields above; weak_recovery, below which nothing is known; perfect_recovery, above which
    message passing knows all; alpha_sharp, above which the left edge is sharp), and
    "critical", the points where the transition changes kind (columns named as the axes); of inputs
    with structure weak_recovery, perfect_recovery, alpha_sharp and "critical" are not known.
    ``fixed`` holds the other parameters, ``inputs`` the law of the inputs but for its β, ``N`` the
    dimension of a power law.
    ``quadrature_error`` is the relative error of α_BBP in each cell, or in each column of a diagram
    with α; NaN where the solve failed.

    Examples
    --------
    >>> import bbpscape as bb
    >>> found = bb.diagram(p=[1, 2], a=[0.1, 1.0, 10.0])
    >>> found.fields["alpha_bbp"].shape, found.x_name, found.y_name
    ((2, 3), 'a', 'p')
    """

    x_name: str
    x: NDArray[np.float64]
    y_name: str
    y: NDArray[np.float64]
    fixed: dict[str, float]
    fields: dict[str, NDArray[np.float64]]
    lines: dict[str, dict[str, NDArray[np.float64]]]
    quadrature_error: NDArray[np.float64]
    inputs: InputLaw = STANDARD
    N: int | None = None

    derived = ("eigenvalue_unit", "worst_quadrature_error", "status")

    @property
    def standard(self) -> bool:
        """Whether all cells have standard inputs, of which weak recovery is known."""
        return self.inputs.standard and "beta" not in (self.x_name, self.y_name, *self.fixed)

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
        goal = GOAL if self.standard else STRUCTURED_GOAL
        short = int((self.quadrature_error >= goal).sum())
        problems, advice = [], []
        if failed:
            problems.append(f"{failed} of {count} solves failed")
            advice.append("their cells are empty; threshold() at their parameters says why")
        if short:
            problems.append(f"{short} of {count} thresholds have a quadrature error above {goal:g}")
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
        fixed = [f"{name} = {value:g}" for name, value in self.fixed.items()]
        dimension = [] if self.N is None else [f"N = {self.N}"]
        over = f"Diagram over {self.x_name} and {self.y_name}"
        return ", ".join([over, *fixed, *self.inputs.label, *dimension])

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


@shows_progress
def diagram(
    p: float | ArrayLike | None = None,
    p_star: float | ArrayLike = 1,
    a: float | ArrayLike | None = None,
    alpha: ArrayLike | None = None,
    beta: float | ArrayLike | None = None,
    inputs: InputLaw = STANDARD,
    N: int | None = None,
    *,
    progress: Telling = None,
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
    beta : number, or array of shape (n,), optional
        Exponent β of the inputs' covariance, σ_i ∝ i^−β, from 0 on; an axis as p, p* and a are.
    inputs : InputLaw
        The law of the inputs in all cells, without a covariance where there is a β.
    N : int, optional
        Input dimension that a power law is that of, and a profile of the teacher.
    progress : function or False, optional
        Called with the number of columns that are done, several at a time, and their number; by
        default a line on standard error once it takes long, False for silence.

    Returns
    -------
    Diagram

    Raises
    ------
    InvalidInput
        If the arrays are not two, a value is not allowed, or the Hessian has no left edge; before
        anything is computed.

    References
    ----------
    theory.md §3–4 and §6.

    Examples
    --------
    >>> result = diagram(p=[1, 2], a=[0.1, 10.0])
    >>> result.fields["continuous"].tolist()
    [[1.0, 0.0], [1.0, 0.0]]
    """
    given: dict[str, Any] = {"a": a, "beta": beta, "p_star": p_star, "p": p}
    if beta is None:
        del given["beta"]
    elif not inputs.covariance.isotropic:
        raise InvalidInput("beta is that of a power law: leave out the covariance of the inputs")
    axes, fixed = _axes_and_fixed(given, alpha)
    N = None if N is None else integer("N", N)
    if beta is not None and N is None:
        raise InvalidInput("N must be given: a power law belongs to a dimension")
    (x_name, x), (y_name, y) = axes.items()
    if x.size * y.size > MOST_CELLS:
        raise InvalidInput(f"a diagram has at most {MOST_CELLS} cells, got {x.size * y.size}")

    grid = Grid(axes, fixed, inputs, N)
    for at in [(one, float(y[0])) for one in x.tolist()] + [(float(x[0]), one) for one in y]:
        check_left_edge(route(grid.model(*at), N).no_left_edge)
    solve = over_alpha if y_name == "alpha" else over_parameters
    fields, lines, errors = solve(grid, progress or (lambda done, total: None))
    constants = {name: float(value) for name, value in fixed.items()}
    return Diagram(x_name, x, y_name, y, constants, fields, lines, errors, inputs, N)


def _axes_and_fixed(
    given: Mapping[str, Any], alpha: ArrayLike | None
) -> tuple[dict[str, NDArray], dict[str, Any]]:
    """The two axes, x first, and the values of the others, with what was not given filled in."""
    lists = sum(np.ndim(value) > 0 for value in given.values()) + (alpha is not None)
    chosen: dict[str, Any] = dict(given)
    for name, (axis, single) in DEFAULTS.items():
        if chosen[name] is None:
            chosen[name] = axis if lists < 2 else single
            lists += lists < 2
    axes = {name: _axis(name, value) for name, value in chosen.items() if np.ndim(value)}
    fixed: dict[str, Any] = {
        name: chosen[name]
        for name in ("p", "p_star", "a", "beta")
        if name in chosen and name not in axes
    }
    if alpha is not None:
        axes["alpha"] = _axis("alpha", alpha)
    if len(axes) != 2:
        raise InvalidInput(
            "a diagram needs lists for exactly two of a, beta, p, p_star and alpha, "
            f"got {len(axes)}{': ' * bool(axes)}{', '.join(axes)}"
        )
    return axes, fixed


def _axis(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """``values`` as an increasing array of positive numbers, integers for a width; β may be 0."""
    listed = np.asarray(values)
    if listed.ndim != 1 or listed.size == 0 or listed.dtype.kind not in "iuf":
        raise InvalidInput(f"{name} must be a list of numbers in a diagram, got {values!r}")
    for value in listed.tolist():
        number(name, value, 0.0, STEEPEST) if name == "beta" else positive(name, value)
    if not (np.diff(listed) > 0).all():
        raise InvalidInput(f"{name} must increase along the list")
    return listed.astype(float)

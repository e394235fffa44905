"""An observable of a study against one of its axes: theory as lines, simulation as points."""

import math
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from bbpscape.plots.canvas import Picture, check_axes, figure_of, plain
from bbpscape.plots.dispatch import plot
from bbpscape.plots.limits import limit_points
from bbpscape.plots.study_lines import THEORY_COLOUR, Choice, choose, without_size
from bbpscape.plots.style import STYLE, WIDTHS, symbol
from bbpscape.study.axes import PARAMETERS
from bbpscape.study.observables import OBSERVABLES, Observable
from bbpscape.study.results import StudyResults
from bbpscape.study.rows import Row

FINITE_LINE: dict[str, Any] = {"linestyle": (0, (1, 1)), "linewidth": 1.2}
# Parameters that a title names whatever their value.
MAIN = ("p", "p_star", "a", "alpha", "N")


@plot.register
def _(
    result: StudyResults,
    ax: Axes | None = None,
    observable: str | None = None,
    x: str | None = None,
) -> Figure:
    """``observable`` against the axis ``x``, one line for each combination of the other axes.

    Parameters
    ----------
    result : StudyResults
    ax : Axes, optional
    observable : str, optional
        Any of the table; the study's first by default.
    x : str, optional
        A parameter with several values that are numbers, or laws that one number tells apart, as
        the exponents of power laws in covariance; alpha by default, or else the first there is.

    Raises
    ------
    InvalidInput
        If there is no such observable or axis, or there are more than 12 lines: ``select`` some.
    """
    chosen = choose(result, observable, x)
    with mpl.rc_context(STYLE):
        axes = Picture().subplots() if ax is None else check_axes(ax)
        _draw(axes, result, chosen)
        handles = _legend(chosen)
        if ax is None:
            # Beside the axes: a dozen lines leave no room inside.
            figure_of(axes).legend(handles=handles, loc="outside right upper")
        else:
            axes.legend(handles=handles)
    return figure_of(axes)


def _draw(axes: Axes, study: StudyResults, chosen: Choice) -> None:
    for key, points in chosen.theory.items():
        style, at = chosen.theory_style(key), chosen.transitions.get(key, math.nan)
        _theory(axes, study, chosen, points, at, style)
    for key, points in chosen.simulated.items():
        colour = chosen.colours[chosen.group(key)]
        _simulation(axes, points, colour, chosen.markers[key])
    for key, points in chosen.finite.items():
        _finite_n(axes, points, chosen.colours[chosen.group(key)])
    _finish(axes, study, chosen)


def _observable(study: StudyResults, name: str) -> Observable | None:
    own = {one.name: one for one in study.definition.observables}
    return own.get(name) or OBSERVABLES.get(name)


def _theory(
    axes: Axes,
    study: StudyResults,
    chosen: Choice,
    points: list[tuple[float, Row]],
    transition: float,
    style: dict[str, Any],
) -> None:
    """Points of theory, and along α the line that leads through them: what jumps is no ramp."""
    # Cells of several N at one x differ by the rounding of M alone: the largest N is the limit.
    by_size = sorted(points, key=lambda pair: (pair[0], pair[1].cell.parameters.get("N", 0)))
    last = dict(by_size)
    x, y = np.array([*last]), np.array([row.mean for row in last.values()], dtype=float)
    if x[0] < transition < x[-1]:
        axes.axvline(transition, color=style["color"], linestyle=":", linewidth=1, zorder=0)
    bar: dict[str, Any] = {"marker": "_", "markersize": 7, "zorder": 1}
    axes.plot(x, y, color=style["color"], linestyle="none", **bar)
    if chosen.x in WIDTHS:
        return
    row = points[-1][1]
    if chosen.x == "alpha":
        x, y = limit_points(_observable(study, row.observable), row.cell, x, y, transition)
    axes.plot(x, y, zorder=1, **style)


def _simulation(axes: Axes, points: list[tuple[float, Row]], colour: Any, marker: str) -> None:
    errors = [row.standard_error or 0.0 for _, row in points]
    axes.errorbar(
        [x for x, _ in points],
        [row.mean for _, row in points],
        errors,
        linestyle="none",
        marker=marker,
        markersize=4,
        color=colour,
        elinewidth=1,
        capsize=2,
    )


def _finite_n(axes: Axes, points: list[tuple[float, Row]], colour: Any) -> None:
    """Mean over draws of theory, and a band of its standard error."""
    x = np.array([at for at, _ in points])
    y = np.array([row.mean for _, row in points])
    error = np.array([row.standard_error or 0.0 for _, row in points])
    axes.plot(x, y, color=colour, **FINITE_LINE, zorder=1)
    axes.fill_between(x, y - error, y + error, color=colour, alpha=0.2, linewidth=0, zorder=0)


def _finish(axes: Axes, study: StudyResults, chosen: Choice) -> None:
    axes.set_xlabel(chosen.label)
    axes.set_ylabel(study.definition.symbol(chosen.observable))
    drawn = (*chosen.simulated.values(), *chosen.theory.values())
    values = sorted({x for points in drawn for x, _ in points})
    if len(values) > 2 and values[0] > 0 and _spread(np.log(values)) < _spread(np.array(values)):
        axes.set_xscale("log")
        plain(axes.xaxis)
    if chosen.x in WIDTHS:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    parameters = study.rows[0].cell.parameters
    shown = [
        _label(name, value)
        for name, value in parameters.items()
        if name not in chosen.varying and (name in MAIN or value != PARAMETERS[name].default)
    ]
    axes.set_title(",  ".join(shown), loc="left")


def _spread(values: NDArray[np.float64]) -> float:
    """The widest step over the narrowest: 1 on an even grid."""
    steps = np.diff(values)
    return float(steps.max() / steps.min())


def _label(name: str, value: Any) -> str:
    return value if isinstance(value, str) else f"{symbol(name)} = {value:g}"


def _legend(chosen: Choice) -> list[Line2D]:
    handles: list[Line2D] = []
    points = bool(chosen.simulated)
    for key in chosen.lines:
        label, colour = _told(chosen.names, key), chosen.colours[chosen.group(key)]
        style: dict[str, Any] = {"linestyle": "none", "marker": chosen.markers[key]}
        if points:
            style["color"] = colour
            handles.append(Line2D([], [], **style, label=label or "simulation"))
        elif label:
            handles.append(Line2D([], [], **_look(chosen, key), label=f"theory, {label}"))
    if points:
        several = len(chosen.theory) > 1
        names = chosen.others if chosen.sized else without_size(chosen.others)
        for key in chosen.theory:
            label = "theory" if chosen.sized else r"theory, $N \to \infty$"
            label = f"theory, {_told(names, key)}" if several else label
            handles.append(Line2D([], [], **_look(chosen, key), label=label))
    if chosen.finite:
        handles.append(Line2D([], [], color=THEORY_COLOUR, **FINITE_LINE, label="finite N"))
    if chosen.theory and chosen.transitions:
        label = r"$\alpha_\mathrm{BBP}$"
        handles.append(Line2D([], [], color=THEORY_COLOUR, linestyle=":", label=label))
    return handles


def _look(chosen: Choice, key: tuple[Any, ...]) -> dict[str, Any]:
    """Of theory in the legend: a line, or a bar where there is none between two widths."""
    style = chosen.theory_style(key)
    return {**style, "linestyle": "none", "marker": "_"} if chosen.x in WIDTHS else style


def _told(names: list[str], key: tuple[Any, ...]) -> str:
    return ", ".join(_label(name, value) for name, value in zip(names, key, strict=True))

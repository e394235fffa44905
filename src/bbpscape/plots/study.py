"""An observable of a study against one of its axes: theory as lines, simulation as points."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.plots.canvas import Picture, check_axes, figure_of
from bbpscape.plots.dispatch import plot
from bbpscape.plots.style import STYLE, symbol
from bbpscape.plots.theory_line import broken_line
from bbpscape.study.axes import PARAMETERS, places
from bbpscape.study.results import StudyResults
from bbpscape.study.rows import Row
from bbpscape.study.store import SIMULATION, THEORY

MOST_LINES = 12
# Parameters that a title names whatever their value.
MAIN = ("p", "p_star", "a", "alpha", "N")
MARKERS = "os^Dv<>Pp*hX"
THEORY_COLOUR = "#404040"
TRANSITION = "alpha_bbp"

Curves = dict[tuple[Any, ...], list[tuple[float, Row]]]


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
    chosen = _choose(result, observable, x)
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


@dataclass(frozen=True)
class _Choice:
    """The lines of a figure: points of simulation and theory by the values of ``others``."""

    observable: str
    x: str
    label: str
    varying: list[str]
    others: list[str]
    simulated: Curves
    theory: Curves
    # α_BBP of the lines, where the axis is α.
    transitions: dict[tuple[Any, ...], float]
    # Whether the theory is that of each N, and no limit.
    sized: bool

    @property
    def names(self) -> list[str]:
        """What tells the lines apart. The limit N → ∞ is one line, whatever N it stands beside."""
        return self.others if self.simulated or self.sized else _without_size(self.others)

    @property
    def lines(self) -> Curves:
        return self.simulated or self.theory

    @property
    def colours(self) -> dict[tuple[Any, ...], Any]:
        shades = mpl.colormaps["viridis"](np.linspace(0, 0.85, len(self.lines)))
        return dict(zip(self.lines, shades, strict=True))


def _without_size(names: list[str]) -> list[str]:
    return [name for name in names if name != "N"]


def _choose(study: StudyResults, observable: str | None, x: str | None) -> _Choice:
    varying = _varying(study)
    known_places = {name: places(name, _values(study, name)) for name in varying}
    numerical = {name: one for name, one in known_places.items() if one is not None}
    if x is None:
        x = "alpha" if "alpha" in numerical else next(iter(numerical), None)
    if x is None or x not in numerical:
        raise InvalidInput(
            f"x must be an axis with several values: {', '.join(numerical) or 'none'}; got {x!r}"
        )
    known = list(dict.fromkeys(row.observable for row in study.rows))
    observable = known[0] if observable is None and known else observable
    if observable is None or observable not in known:
        raise InvalidInput(f"observable must be one of {', '.join(known)}, got {observable!r}")
    others = [name for name in varying if name != x]
    label, at = numerical[x]
    simulated = _curves(study, observable, SIMULATION, (x, at), others)
    sized = any(row.cell.dimension is not None for row in study.rows)
    told = others if sized else _without_size(others)
    theory = _curves(study, observable, THEORY, (x, at), told)
    found = _curves(study, TRANSITION, THEORY, (x, at), told)
    transitions = {
        key: float(points[0][1].mean)
        for key, points in found.items()
        if x == "alpha" and points[0][1].mean is not None
    }
    most = max(len(simulated), len(theory))
    if most > MOST_LINES:
        raise InvalidInput(
            f"a figure has at most {MOST_LINES} lines, got {most}: "
            f"select some values of {', '.join(others)}"
        )
    return _Choice(observable, x, label, varying, others, simulated, theory, transitions, sized)


def _draw(axes: Axes, study: StudyResults, chosen: _Choice) -> None:
    colours = chosen.colours
    alone = chosen.sized or _without_size(chosen.names) == chosen.names
    for key, points in chosen.theory.items():
        colour = colours[key] if alone and key in colours else THEORY_COLOUR
        _theory(axes, points, colour, chosen.transitions.get(key))
    for (key, points), marker in zip(chosen.simulated.items(), MARKERS, strict=False):
        _simulation(axes, points, colours[key], marker)
    _finish(axes, study, chosen)


def _varying(study: StudyResults) -> list[str]:
    """The parameters with several values, the narrower ones first."""
    seen: dict[str, set[Any]] = defaultdict(set)
    for row in study.rows:
        for name, value in row.cell.parameters.items():
            seen[name].add(value)
    return [name for name in PARAMETERS if len(seen[name]) > 1]


def _values(study: StudyResults, name: str) -> list[Any]:
    found = (row.cell.parameters.get(name) for row in study.rows)
    return [one for one in dict.fromkeys(found) if one is not None]


def _curves(
    study: StudyResults,
    observable: str,
    source: str,
    x: tuple[str, dict[Any, float]],
    others: list[str],
) -> Curves:
    """``x`` is a parameter, and where its values stand."""
    name, at = x
    curves: Curves = defaultdict(list)
    for row in study.rows:
        if row.observable == observable and row.source == source:
            values = row.cell.parameters
            key = tuple(values.get(other) for other in others)
            curves[key].append((float(at[values[name]]), row))
    return {key: sorted(curves[key], key=lambda pair: pair[0]) for key in sorted(curves)}


def _theory(
    axes: Axes, points: list[tuple[float, Row]], colour: Any, transition: float | None
) -> None:
    """Points of theory as a line, with a gap where the transition lies: what jumps is no ramp."""
    # Cells of several N at one x differ by the rounding of M alone: the largest N is the limit.
    by_size = sorted(points, key=lambda pair: (pair[0], pair[1].cell.parameters.get("N", 0)))
    last = dict(by_size)
    x, y = np.array([*last]), np.array([row.mean for row in last.values()], dtype=float)
    if transition is not None and x[0] < transition < x[-1]:
        x, y = broken_line(x, y, transition)
        axes.axvline(transition, color=colour, linestyle=":", linewidth=1, zorder=0)
    axes.plot(x, y, color=colour, zorder=1, marker="_", markersize=7)


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


def _finish(axes: Axes, study: StudyResults, chosen: _Choice) -> None:
    axes.set_xlabel(chosen.label)
    axes.set_ylabel(study.definition.symbol(chosen.observable))
    drawn = (*chosen.simulated.values(), *chosen.theory.values())
    values = sorted({x for points in drawn for x, _ in points})
    if len(values) > 2 and values[0] > 0 and _spread(np.log(values)) < _spread(np.array(values)):
        axes.set_xscale("log")
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


def _legend(chosen: _Choice) -> list[Line2D]:
    handles: list[Line2D] = []
    points = bool(chosen.simulated)
    for (key, colour), marker in zip(chosen.colours.items(), MARKERS, strict=False):
        values = zip(chosen.names, key, strict=True)
        label = ", ".join(_label(name, value) for name, value in values)
        style: dict[str, Any] = {"linestyle": "none", "marker": marker} if points else {}
        if label or points:
            handles.append(Line2D([], [], color=colour, label=label or "simulation", **style))
    if chosen.theory:
        label = "theory" if chosen.sized else r"theory, $N \to \infty$"
        handles.append(Line2D([], [], color=THEORY_COLOUR, label=label))
        if chosen.transitions:
            label = r"$\alpha_\mathrm{BBP}$"
            handles.append(Line2D([], [], color=THEORY_COLOUR, linestyle=":", label=label))
    return handles

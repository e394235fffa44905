"""An observable of a study against one of its axes: theory as lines, simulation as points."""

from collections import defaultdict
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.plots.draw import plot
from bbpscape.plots.style import STYLE
from bbpscape.study.axes import PARAMETERS
from bbpscape.study.store import SIMULATION, THEORY
from bbpscape.study.table import Row, Study

MOST_LINES = 12
MARKERS = "os^Dv<>Pp*hX"
SYMBOLS = {
    "p": "$p$",
    "p_star": "$p^*$",
    "a": "$a$",
    "alpha": r"$\alpha$",
    "N": "$N$",
    "delta": r"$\delta$",
    "label_noise": "label noise",
}
NAMES = {
    "alpha": r"samples per dimension $\alpha$",
    "N": "input dimension $N$",
    "a": "loss normalization $a$",
    "p": "student width $p$",
    "p_star": "teacher width $p^*$",
}
OBSERVABLES = {
    "lowest": r"lowest eigenvalue $\lambda$",
    "m2": r"squared overlap $m^2$",
    "total_m2": r"total squared overlap $\sum m^2$",
    "phi": r"fraction $\phi$",
    "gap": "gap",
    "teacher_mass": "teacher mass below the edge $Q$",
    "edge": "left edge",
    "alpha_bbp": r"$\alpha_\mathrm{BBP}$",
}

Curves = dict[tuple[Any, ...], list[tuple[float, Row]]]


@plot.register
def _(result: Study) -> Figure:
    return figure(result)


def figure(study: Study, observable: str | None = None, x: str | None = None) -> Figure:
    """``observable`` against the axis ``x``, one line for each combination of the other axes.

    Parameters
    ----------
    study : Study
    observable : str, optional
        Any of the table; the study's first by default.
    x : str, optional
        A numerical parameter with several values; alpha by default, or else the first there is.

    Raises
    ------
    InvalidInput
        If there is no such observable or axis, or there are more than 12 lines: ``select`` some.
    """
    varying = _varying(study)
    numerical = [name for name in varying if not PARAMETERS[name].text]
    if x is None:
        x = "alpha" if "alpha" in numerical else next(iter(numerical), None)
    if x is None or x not in numerical:
        raise InvalidInput(
            f"x must be an axis with several values: {', '.join(numerical) or 'none'}; got {x!r}"
        )
    known = list(dict.fromkeys(row.observable for row in study.rows))
    observable = known[0] if observable is None and known else observable
    if observable not in known:
        raise InvalidInput(f"observable must be one of {', '.join(known)}, got {observable!r}")
    others = [name for name in varying if name != x]
    simulated = _curves(study, observable, SIMULATION, x, others)
    # The limit N → ∞ is one line, whatever N it stands beside.
    limits = [name for name in others if name != "N"]
    theory = _curves(study, observable, THEORY, x, limits)
    lines = simulated or theory
    if max(len(simulated), len(theory)) > MOST_LINES:
        raise InvalidInput(
            f"a figure has at most {MOST_LINES} lines, got {max(len(simulated), len(theory))}: "
            f"select some values of {', '.join(others)}"
        )
    with mpl.rc_context(STYLE):
        made = Figure()
        axes = made.subplots()
        colours = mpl.colormaps["viridis"](np.linspace(0, 0.85, len(lines)))
        colour = dict(zip(lines, colours, strict=True))
        labels = dict(zip(others if simulated else limits, range(len(others)), strict=False))
        for key, points in theory.items():
            alone = [one for name, one in labels.items() if name != "N"] == [*labels.values()]
            _theory(axes, points, colour[key] if alone and key in colour else "#404040")
        for (key, points), marker in zip(simulated.items(), MARKERS, strict=False):
            _simulation(axes, points, colour[key], marker)
        _finish(axes, study, observable, x, varying)
        _legend(axes, lines, colour, [*labels], bool(simulated), bool(theory))
    return made


def _varying(study: Study) -> list[str]:
    """The parameters with several values, the narrower ones first."""
    seen: dict[str, set[Any]] = defaultdict(set)
    for row in study.rows:
        for name, value in row.cell.parameters.items():
            seen[name].add(value)
    return [name for name in PARAMETERS if len(seen[name]) > 1]


def _curves(study: Study, observable: str, source: str, x: str, others: list[str]) -> Curves:
    curves: Curves = defaultdict(list)
    for row in study.rows:
        if row.observable == observable and row.source == source:
            values = row.cell.parameters
            key = tuple(values.get(name) for name in others)
            curves[key].append((float(values[x]), row))
    return {key: sorted(curves[key], key=lambda pair: pair[0]) for key in sorted(curves)}


def _theory(axes: Axes, points: list[tuple[float, Row]], colour: Any) -> None:
    # Cells of several N at one x differ by the rounding of M alone: the largest N is the limit.
    by_size = sorted(points, key=lambda pair: (pair[0], pair[1].cell.parameters.get("N", 0)))
    last = dict(by_size)
    axes.plot([*last], [row.mean for row in last.values()], color=colour, zorder=1)


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


def _finish(axes: Axes, study: Study, observable: str, x: str, varying: list[str]) -> None:
    axes.set_xlabel(NAMES.get(x, x))
    axes.set_ylabel(OBSERVABLES.get(observable, observable))
    values = sorted({float(row.cell.parameters[x]) for row in study.rows})
    if len(values) > 2 and values[0] > 0 and _spread(np.log(values)) < _spread(np.array(values)):
        axes.set_xscale("log")
    parameters = study.rows[0].cell.parameters
    shown = [
        _label(name, value)
        for name, value in parameters.items()
        if name not in varying and (name in NAMES or value != PARAMETERS[name].default)
    ]
    axes.set_title(",  ".join(shown), loc="left")


def _spread(values: NDArray[np.float64]) -> float:
    """The widest step over the narrowest: 1 on an even grid."""
    steps = np.diff(values)
    return float(steps.max() / steps.min())


def _label(name: str, value: Any) -> str:
    return value if isinstance(value, str) else f"{SYMBOLS.get(name, name)} = {value:g}"


def _legend(
    axes: Axes, lines: Curves, colour: dict[Any, Any], names: list[str], points: bool, theory: bool
) -> None:
    handles: list[Line2D] = []
    for key, marker in zip(lines, MARKERS, strict=False):
        label = ", ".join(_label(name, value) for name, value in zip(names, key, strict=True))
        style: dict[str, Any] = {"linestyle": "none", "marker": marker} if points else {}
        if label or points:
            handles.append(Line2D([], [], color=colour[key], label=label or "simulation", **style))
    if theory:
        handles.append(Line2D([], [], color="#404040", label=r"theory, $N \to \infty$"))
    # Beside the axes: a dozen lines leave no room inside.
    figure = axes.get_figure(root=True)
    assert figure is not None
    figure.legend(handles=handles, loc="outside right upper")

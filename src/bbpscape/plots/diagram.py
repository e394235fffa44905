"""Phase diagrams: thresholds over two parameters, or m² over one parameter and α."""

import functools
import math
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from bbpscape.plots.canvas import GROUND, check_axes, figure_of
from bbpscape.plots.dispatch import plot
from bbpscape.plots.phases import draw_phases, phases_legend
from bbpscape.plots.style import HATCH, OUTLIER, STYLE, axis_label, symbol
from bbpscape.theory.diagram import Diagram

RATIOS = (1.2, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0)
ORDER = ("p", "p_star", "a", "alpha")
BAR = r"in units of weak recovery, $p^*/2$"


@plot.register
def _(result: Diagram, ax: Axes | None = None) -> Figure:
    """m² over a parameter and α, or α_BBP and α₀ over two parameters; into ``ax`` goes α_BBP."""
    with mpl.rc_context({**STYLE, "hatch.linewidth": 0.5}):
        draw = _over_alpha if result.y_name == "alpha" else _over_parameters
        figure = draw(result, ax)
        if ax is None:
            figure.suptitle(_fixed(result), fontsize=10)
        else:
            what = ax.get_title(loc="left")
            ax.set_title("", loc="left")
            ax.set_title(",  ".join(one for one in (_fixed(result), what) if one), fontsize=9)
    return figure


def _over_alpha(result: Diagram, ax: Axes | None) -> Figure:
    axes = Figure(figsize=(6.4, 4.4)).subplots() if ax is None else check_axes(ax)
    figure = figure_of(axes)
    mesh = draw_phases(axes, result)
    _scales(axes, result)
    axes.set_ylim(result.y[0], result.y[-1])
    figure.colorbar(mesh, ax=axes, label=r"squared overlap $m^2$ of the outlier")
    handles = phases_legend(result)
    if ax is None:
        figure.legend(handles=handles, loc="outside lower center", ncols=3)
    else:
        axes.legend(handles=handles, **GROUND)
    return figure


def _over_parameters(result: Diagram, ax: Axes | None) -> Figure:
    """α_BBP and α₀ in units of the weak-recovery threshold, side by side on one scale."""
    if ax is None:
        figure = Figure(figsize=(7.2, 4.1))
        panels = list(figure.subplots(1, 2, sharex=True, sharey=True))
    else:
        figure, panels = figure_of(check_axes(ax)), [ax]
    x, y = np.meshgrid(result.x, result.y)
    given = {"p_star": result.fixed.get("p_star"), result.x_name: x, result.y_name: y}
    weak = np.broadcast_to(np.asarray(given["p_star"], dtype=float), x.shape) / 2
    bbp, onset = result.fields["alpha_bbp"] / weak, result.fields["alpha_0"] / weak
    top = max(float(np.nanmax(bbp)), 1.5)
    mesh = _ratio(result, top, bbp, r"$\alpha_\mathrm{BBP}$", panels[0])
    if ax is None:
        _ratio(result, top, onset, r"$\alpha_0$", panels[1])
        if np.nanmin(onset) < 1 < np.nanmax(onset) and min(x.shape) > 1:
            panels[1].contour(x, y, onset, [1.0], colors="black", linewidths=1.6, linestyles=":")
        panels[1].set_ylabel("")
    bar = figure.colorbar(mesh, ax=panels, extend="min", shrink=0.9)
    bar.set_label(BAR)
    ticks = [level for level in (1.0, *RATIOS) if level <= top]
    bar.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    bar.minorticks_off()
    handles = _kinds(weak_recovery=ax is None)
    if ax is None:
        figure.legend(handles=handles, loc="outside lower center", ncols=4)
    else:
        ax.legend(handles=handles, **GROUND)
    return figure


def _ratio(result: Diagram, top: float, values: NDArray, title: str, axes: Axes) -> Any:
    """A threshold over weak recovery, from 1 to ``top``, below 1 in white."""
    x, y = np.meshgrid(result.x, result.y)
    shown = np.where(values > 0, np.maximum(values, 1e-9), 1e-9)
    colours = mpl.colormaps["viridis_r"].with_extremes(under="white")
    mesh = axes.pcolormesh(x, y, shown, norm=LogNorm(1, top), cmap=colours, shading="nearest")
    # A label takes its place on the screen: it needs the final scales.
    _scales(axes, result)
    levels = [level for level in RATIOS if level < top]
    if min(x.shape) > 1 and levels:
        lines = axes.contour(x, y, shown, levels, colors="black", linewidths=0.6, alpha=0.6)
        axes.clabel(lines, fmt="%g", fontsize=7)
    continuous = result.fields["continuous"]
    if min(continuous.shape) > 1 and np.nanmin(continuous) < 1:
        axes.contourf(x, y, continuous, [-0.5, 0.5], colors="none", hatches=[HATCH])
    _critical_line(axes, result)
    axes.set_title(title, loc="left")
    return mesh


def _kinds(weak_recovery: bool) -> list[Any]:
    box = functools.partial(Patch, facecolor="white", edgecolor="black", linewidth=0.6)
    handles: list[Any] = [
        box(label="continuous"),
        box(label="discontinuous", hatch=HATCH),
        Line2D([], [], color=OUTLIER, linewidth=2, label="tricritical line"),
    ]
    if weak_recovery:
        handles.append(Line2D([], [], color="black", linestyle=":", label="weak recovery"))
    return handles


def _critical_line(axes: Axes, result: Diagram) -> None:
    line = result.lines["critical"]
    x, y = line[result.x_name], line[result.y_name]
    if result.x_name == "p_star":
        # p_c is the narrowest discontinuous student: the line runs below its cell.
        y = y - 0.5
    inside = (x >= result.x[0]) & (x <= result.x[-1]) & (y <= result.y[-1] + 0.5)
    axes.plot(np.where(inside, x, np.nan), y, color=OUTLIER, linewidth=2)


def _scales(axes: Axes, result: Diagram) -> None:
    """Logarithmic where the values are spread evenly in their logarithms."""
    for name, values in ((result.x_name, result.x), (result.y_name, result.y)):
        which = "x" if name == result.x_name else "y"
        getattr(axes, f"set_{which}label")(axis_label(name))
        steps = np.diff(np.log(values))
        if values.size > 2 and values[-1] > 5 * values[0] and np.ptp(steps) < 0.3 * steps.mean():
            getattr(axes, f"set_{which}scale")("log")
        elif name in ("p", "p_star"):
            getattr(axes, f"{which}axis").set_major_locator(
                MaxNLocator(integer=True, min_n_ticks=1)
            )


def _fixed(result: Diagram) -> str:
    parts = []
    for name, value in sorted(result.fixed.items(), key=lambda one: ORDER.index(one[0])):
        shown = r"\infty" if math.isinf(value) else f"{value:g}"
        parts.append(f"{symbol(name)[:-1]} = {shown}$")
    return ",  ".join(parts)

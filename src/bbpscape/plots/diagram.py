"""The figure of a phase diagram."""

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

from bbpscape.plots.draw import plot
from bbpscape.plots.style import FAINT, OUTLIER, STYLE
from bbpscape.theory.diagram import Diagram

SYMBOLS = {"a": "$a$", "p": "$p$", "p_star": "$p^*$", "alpha": r"$\alpha$"}
NAMES = {
    "p": "student width $p$",
    "p_star": "teacher width $p^*$",
    "a": r"loss normalization $a$",
    "alpha": r"samples per dimension $\alpha$",
}
HATCH = "////"
LIGHT = "#cfd8dc"
RATIOS = (1.2, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0)


@plot.register
def _(result: Diagram) -> Figure:
    with mpl.rc_context({**STYLE, "hatch.linewidth": 0.5}):
        figure = _phases(result) if result.y_name == "alpha" else _thresholds(result)
        figure.suptitle(_fixed(result), fontsize=10)
    return figure


def _thresholds(result: Diagram) -> Figure:
    """α_BBP and α₀ in units of the weak-recovery threshold, side by side on one scale."""
    figure = Figure(figsize=(7.2, 4.1))
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    x, y = np.meshgrid(result.x, result.y)
    p_star = {"p_star": result.fixed.get("p_star"), result.x_name: x, result.y_name: y}["p_star"]
    weak = np.broadcast_to(np.asarray(p_star, dtype=float), x.shape) / 2
    bbp, onset = result.fields["alpha_bbp"] / weak, result.fields["alpha_0"] / weak
    top = max(float(np.nanmax(bbp)), 1.5)
    norm = LogNorm(1, top)
    continuous = result.fields["continuous"]
    colours = mpl.colormaps["viridis_r"].with_extremes(under="white")
    for axes, values, title in (
        (panels[0], bbp, r"$\alpha_\mathrm{BBP}$"),
        (panels[1], onset, r"$\alpha_0$"),
    ):
        shown = np.where(values > 0, np.maximum(values, 1e-9), 1e-9)
        mesh = axes.pcolormesh(x, y, shown, norm=norm, cmap=colours, shading="nearest")
        # A label takes its place on the screen: it needs the final scales.
        _scales(axes, result)
        levels = [level for level in RATIOS if level < top]
        if min(x.shape) > 1 and levels:
            lines = axes.contour(x, y, shown, levels, colors="black", linewidths=0.6, alpha=0.6)
            axes.clabel(lines, fmt="%g", fontsize=7)
        _hatch_discontinuous(axes, x, y, continuous)
        _critical_line(axes, result)
        axes.set_title(title, loc="left")
    if np.nanmin(onset) < 1 < np.nanmax(onset) and min(x.shape) > 1:
        panels[1].contour(x, y, onset, [1.0], colors="black", linewidths=1.6, linestyles=":")
    panels[1].set_ylabel("")
    bar = figure.colorbar(mesh, ax=panels, extend="min", shrink=0.9)
    bar.set_label(r"in units of weak recovery, $p^*/2$")
    ticks = [level for level in (1.0, *RATIOS) if level <= top]
    bar.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    bar.minorticks_off()
    box: Any = {"facecolor": "white", "edgecolor": "black", "linewidth": 0.6}
    handles = [
        Patch(label="continuous", **box),
        Patch(label="discontinuous", hatch=HATCH, **box),
        Line2D([], [], color=OUTLIER, linewidth=2, label="tricritical line"),
        Line2D([], [], color="black", linestyle=":", label="weak recovery"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4)
    return figure


def _phases(result: Diagram) -> Figure:
    """m² over one parameter and α, with the thresholds."""
    figure = Figure(figsize=(6.4, 4.4))
    axes = figure.subplots()
    line = result.lines["thresholds"]
    x, alpha = result.x, result.y
    m2 = np.ma.masked_where(~(result.fields["m2"] > 0), result.fields["m2"])
    axes.set_facecolor("white")
    mesh = axes.pcolormesh(x, alpha, m2, cmap="YlGnBu", vmin=0, vmax=1, shading="nearest")
    figure.colorbar(mesh, ax=axes, label=r"squared overlap $m^2$ of the outlier")
    continuous = line["continuous"] == 1
    marker: Any = {"marker": "o", "markersize": 3} if x.size <= 30 else {}
    handles: list[Any] = []
    styles: Any = (
        ("continuous", continuous, "-"),
        ("discontinuous", ~continuous, "--"),
    )
    for kind, chosen, style in styles:
        values = np.where(
            _with_neighbour(chosen) if kind == "discontinuous" else chosen,
            line["alpha_bbp"],
            np.nan,
        )
        axes.plot(x, values, color=OUTLIER, linestyle=style, linewidth=2, **marker)
        if chosen.any():
            label = rf"$\alpha_\mathrm{{BBP}}$, {kind}"
            handles.append(Line2D([], [], color=OUTLIER, linestyle=style, linewidth=2, label=label))
    if not continuous.all():
        onset = np.where(_with_neighbour(~continuous), line["alpha_0"], np.nan)
        axes.fill_between(
            x, onset, line["alpha_bbp"], facecolor="none", edgecolor=FAINT, hatch=HATCH, linewidth=0
        )
        axes.plot(x, onset, color="black", linestyle="-.", linewidth=1.4)
        handles.append(Line2D([], [], color="black", linestyle="-.", label=r"$\alpha_0$"))
        label = r"below $\alpha_\mathrm{BBP}$, seen at finite $N$"
        handles.append(
            Patch(facecolor="none", edgecolor=FAINT, hatch=HATCH, linewidth=0.6, label=label)
        )
    axes.plot(x, line["weak_recovery"], color="black", linestyle=":", linewidth=1.6)
    handles.append(Line2D([], [], color="black", linestyle=":", label="weak recovery"))
    sharp = line["alpha_sharp"]
    if ((sharp > alpha[0]) & (sharp < alpha[-1])).any():
        axes.plot(x, sharp, color=FAINT, linewidth=1)
        handles.append(Line2D([], [], color=FAINT, linewidth=1, label="left edge: sharp above"))
    corner = result.lines.get("critical")
    if corner is not None and x[0] <= corner[result.x_name][0] <= x[-1]:
        axes.plot(
            corner[result.x_name], corner["alpha"], "D", color="black", markersize=7, clip_on=False
        )
        handles.append(
            Line2D([], [], color="black", marker="D", linestyle="none", label="tricritical point")
        )
    _scales(axes, result)
    axes.set_ylim(alpha[0], alpha[-1])
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure


def _with_neighbour(chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """``chosen`` and the points beside it, so that two parts of a line touch."""
    wider = chosen.copy()
    wider[:-1] |= chosen[1:]
    wider[1:] |= chosen[:-1]
    return wider


def _hatch_discontinuous(axes: Axes, x: NDArray, y: NDArray, continuous: NDArray) -> None:
    if min(continuous.shape) > 1 and np.nanmin(continuous) < 1:
        axes.contourf(x, y, continuous, [-0.5, 0.5], colors="none", hatches=[HATCH])


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
        getattr(axes, f"set_{which}label")(NAMES[name])
        steps = np.diff(np.log(values))
        if values.size > 2 and values[-1] > 5 * values[0] and np.ptp(steps) < 0.3 * steps.mean():
            getattr(axes, f"set_{which}scale")("log")
        elif name in ("p", "p_star"):
            getattr(axes, f"{which}axis").set_major_locator(
                MaxNLocator(integer=True, min_n_ticks=1)
            )


def _fixed(result: Diagram) -> str:
    parts = []
    for name in sorted(result.fixed, key=list(NAMES).index):
        value = result.fixed[name]
        shown = r"\infty" if math.isinf(value) else f"{value:g}"
        parts.append(f"{SYMBOLS[name][:-1]} = {shown}$")
    return ",  ".join(parts)

"""Phase diagrams: thresholds over two parameters, or m² over one parameter and α."""

import functools
import math
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import Normal, Stroke
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from bbpscape.plots.canvas import GROUND, Picture, check_axes, figure_of, plain
from bbpscape.plots.dispatch import plot
from bbpscape.plots.phases import borders, draw_phases, phases_legend
from bbpscape.plots.style import HATCH, OUTLIER, STYLE, WIDTHS, axis_label, symbol
from bbpscape.theory.diagram import Diagram

RATIOS = (1.2, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0)
# Of thresholds themselves, in each decade.
LEVELS = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
TITLES = {"alpha_bbp": r"$\alpha_\mathrm{BBP}$", "alpha_0": r"$\alpha_0$"}
# Of cells whose values are written into them.
MOST_NUMBERS = 120
MOST_TICKS = 12
OUTLINE = [Stroke(linewidth=3, foreground="white"), Normal()]
ORDER = ("p", "p_star", "a", "beta", "alpha")


@dataclass(frozen=True)
class Colours:
    """From where to where the colours of a threshold reach, its ``unit`` in each cell, contours,
    and what stands at the bar."""

    unit: NDArray[np.float64]
    low: float
    top: float
    levels: list[float]
    label: str

    @classmethod
    def of(cls, result: Diagram) -> "Colours":
        """In units of weak recovery where that is known."""
        alpha = result.fields["alpha_bbp"]
        if not result.standard:
            low, top = float(np.nanmin(alpha)), 1.001 * float(np.nanmax(alpha))
            decades = range(math.floor(math.log10(low)), math.ceil(math.log10(top)))
            levels = [one * 10.0**k for k in decades for one in LEVELS]
            ones = np.ones(alpha.shape)
            return cls(ones, low, top, [one for one in levels if low < one < top], r"$\alpha$")
        x, y = np.meshgrid(result.x, result.y)
        given = {"p_star": result.fixed.get("p_star"), result.x_name: x, result.y_name: y}
        weak = np.broadcast_to(np.asarray(given["p_star"], dtype=float), x.shape) / 2
        top = max(float(np.nanmax(alpha / weak)), 1.5)
        levels = [level for level in RATIOS if level < top]
        return cls(weak, 1.0, top, levels, r"in units of weak recovery, $p^*/2$")


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
    axes = Picture(figsize=(6.4, 4.4)).subplots() if ax is None else check_axes(ax)
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
    """α_BBP and α₀ side by side on one scale, in units of weak recovery where that is known."""
    if ax is None:
        figure: Figure = Picture(figsize=(7.2, 4.1))
        panels = list(figure.subplots(1, 2, sharex=True, sharey=True))
    else:
        figure, panels = figure_of(check_axes(ax)), [ax]
    colours = Colours.of(result)
    mesh = _coloured(result, "alpha_bbp", colours, panels[0])
    if ax is None:
        _coloured(result, "alpha_0", colours, panels[1])
        weak = _weak_recovery(result, colours, panels[1])
        panels[1].set_ylabel("")
    bar = figure.colorbar(mesh, ax=panels, extend="min", shrink=0.9)
    bar.set_label(colours.label)
    ticks = [1.0, *colours.levels] if result.standard else colours.levels
    bar.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    bar.minorticks_off()
    handles = _kinds(result)
    if ax is None:
        handles += weak
        figure.legend(handles=handles, loc="outside lower center", ncols=4)
    else:
        ax.legend(handles=handles, **GROUND)
    return figure


def _weak_recovery(result: Diagram, colours: Colours, axes: Axes) -> list[Line2D]:
    """Where α₀ falls below weak recovery, if it does, and its entry in the legend."""
    onset = result.fields["alpha_0"] / colours.unit
    crossed = np.nanmin(onset) < 1 < np.nanmax(onset) and min(onset.shape) > 1
    if not (result.standard and crossed) or _widths(result):
        return []
    x, y = np.meshgrid(result.x, result.y)
    axes.contour(x, y, onset, [1.0], colors="black", linewidths=1.6, linestyles=":")
    return [Line2D([], [], color="black", linestyle=":", label="weak recovery")]


def _widths(result: Diagram) -> list[str]:
    """The axes of integers: between them there is nothing, and no contour either."""
    return [name for name in (result.x_name, result.y_name) if name in WIDTHS]


def _coloured(result: Diagram, name: str, colours: Colours, axes: Axes) -> Any:
    """A threshold in its colours, in white what lies below them."""
    x, y = np.meshgrid(result.x, result.y)
    values = result.fields[name] / colours.unit
    shown = np.where(values > 0, np.maximum(values, 1e-9), 1e-9)
    scale = LogNorm(colours.low, colours.top)
    palette = mpl.colormaps["viridis_r"].with_extremes(under="white")
    mesh = axes.pcolormesh(x, y, shown, norm=scale, cmap=palette, shading="nearest")
    # A label takes its place on the screen: it needs the final scales.
    _scales(axes, result)
    if len(_widths(result)) == 2 and x.size <= MOST_NUMBERS:
        _numbers(axes, result, values)
    if min(x.shape) > 1 and colours.levels and not _widths(result):
        lines = axes.contour(x, y, shown, colours.levels, colors="black", linewidths=0.6, alpha=0.6)
        axes.clabel(lines, fmt="%g", fontsize=7)
    continuous = result.fields["continuous"]
    if np.nanmin(continuous) < 1:
        # Cell by cell: contours would run between them.
        other = np.ma.masked_where(~(continuous < 1), continuous)
        plain: Any = {"facecolor": "none", "edgecolor": "black", "linewidth": 0}
        axes.pcolor(x, y, other, shading="nearest", hatch=HATCH, cmap="gray").set(**plain)
    _critical_line(axes, result)
    axes.set_title(TITLES[name], loc="left")
    return mesh


def _numbers(axes: Axes, result: Diagram, values: NDArray[np.float64]) -> None:
    """The value of each cell in it."""
    place: Any = {"ha": "center", "va": "center", "fontsize": 7, "path_effects": OUTLINE}
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            axes.text(float(result.x[column]), float(result.y[row]), f"{value:.3g}", **place)


def _kinds(result: Diagram) -> list[Any]:
    box = functools.partial(Patch, facecolor="white", edgecolor="black", linewidth=0.6)
    continuous = result.fields["continuous"]
    kinds = {"continuous": continuous == 1, "discontinuous": continuous < 1}
    hatches = {"continuous": None, "discontinuous": HATCH}
    handles: list[Any] = [
        box(label=kind, hatch=hatches[kind]) for kind, cells in kinds.items() if cells.any()
    ]
    if "critical" in result.lines:
        handles.append(Line2D([], [], color=OUTLIER, linewidth=2, label="tricritical line"))
    return handles


def _critical_line(axes: Axes, result: Diagram) -> None:
    line = result.lines.get("critical")
    if line is None:
        return
    x, y = line[result.x_name], line[result.y_name]
    inside = (x >= result.x[0]) & (x <= result.x[-1]) & (y <= result.y[-1] + 0.5)
    x, y = np.where(inside, x, np.nan), np.where(inside, y, np.nan)
    if result.x_name in WIDTHS:
        # p_c is the narrowest discontinuous student: the line runs below its cell.
        y = np.repeat(y - 0.5 * (result.y_name in WIDTHS), 2)
        x = np.repeat(borders(line[result.x_name]), 2)[1:-1]
    elif result.y_name in WIDTHS:
        x, y = np.repeat(x, 2), np.repeat(borders(line[result.y_name]), 2)[1:-1]
    axes.plot(x, y, color=OUTLIER, linewidth=2, path_effects=OUTLINE)


def _scales(axes: Axes, result: Diagram) -> None:
    """Logarithmic where the values are spread evenly in their logarithms."""
    for name, values in ((result.x_name, result.x), (result.y_name, result.y)):
        which = "x" if name == result.x_name else "y"
        getattr(axes, f"set_{which}label")(axis_label(name, "diagram"))
        axis = getattr(axes, f"{which}axis")
        if _even_in_logarithm(values):
            getattr(axes, f"set_{which}scale")("log")
            plain(axis)
        if name in WIDTHS and values.size <= MOST_TICKS:
            axis.set_ticks(values, labels=[f"{one:g}" for one in values])
            axis.set_ticks([], minor=True)
        elif name in WIDTHS:
            axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def _even_in_logarithm(values: NDArray[np.float64]) -> bool:
    if values.size <= 2 or not values[0] > 0 or values[-1] <= 5 * values[0]:
        return False
    steps = np.diff(np.log(values))
    return bool(np.ptp(steps) < 0.3 * steps.mean())


def _fixed(result: Diagram) -> str:
    parts = []
    for name, value in sorted(result.fixed.items(), key=lambda one: ORDER.index(one[0])):
        shown = r"\infty" if math.isinf(value) else f"{value:g}"
        parts.append(f"{symbol(name, 'diagram')[:-1]} = {shown}$")
    parts += result.inputs.label
    parts += [] if result.N is None else [f"$N = {result.N}$"]
    return ",  ".join(parts)

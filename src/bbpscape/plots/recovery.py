"""Success of gradient descent against α, for several widths and starts."""

from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bbpscape.experiments.recovery import RecoveryCurve, RecoveryLine
from bbpscape.plots.canvas import Picture, check_axes, figure_of
from bbpscape.plots.dispatch import plot
from bbpscape.plots.style import STYLE, parameters
from bbpscape.simulation.descent.start import start_label

MARKERS = "osD^vP*X"
SHIFT = 0.012  # of the range of α, between two widths


@dataclass(frozen=True)
class _Look:
    """How the lines of one width are drawn; ``shift`` is in α, so that no point hides another."""

    colour: Any
    marker: str
    shift: float


@plot.register
def _(result: RecoveryCurve, ax: Axes | None = None) -> Figure:
    """The largest m² reached and the fraction recovered against α, a row of panels a start.

    Into ``ax`` goes the largest m² of the first start.
    """
    starts = list(dict.fromkeys(one.start for one in result.lines))
    looks = _looks(result)
    # The width is told by the lines.
    shown = parameters(result.model, N=result.N, draws=str(result.draws)).split(",  ", 1)[1]
    title = f"{shown},  stopped at $m^2 = {result.rule.recovery:g}$"
    with mpl.rc_context(STYLE):
        if ax is not None:
            _largest(check_axes(ax), result, starts[0], looks)
            ax.set_xlabel(r"samples per dimension $\alpha$")
            ax.set_title(title, fontsize=9)
            ax.legend(handles=_legend(ax, result))
            return figure_of(ax)
        figure = Picture(figsize=(7.4, 0.9 + 2.4 * len(starts)))
        panels = figure.subplots(len(starts), 2, sharex=True, squeeze=False)
        for (left, right), start in zip(panels, starts, strict=True):
            _largest(left, result, start, looks)
            _fraction(right, result, start, looks)
        for axes in panels[-1]:
            axes.set_xlabel(r"samples per dimension $\alpha$")
        figure.suptitle(title, fontsize=9)
        figure.legend(handles=_legend(panels[0, 0], result), loc="outside right upper")
    return figure


def _looks(result: RecoveryCurve) -> dict[int, _Look]:
    widths = sorted({one.p for one in result.lines})
    colours = mpl.colormaps["viridis"](np.linspace(0, 0.8, len(widths)))
    alphas = np.concatenate([one.alpha for one in result.lines] or [np.zeros(1)])
    apart = SHIFT * float(np.ptp(alphas))
    return {
        p: _Look(colours[i], MARKERS[i % len(MARKERS)], (i - (len(widths) - 1) / 2) * apart)
        for i, p in enumerate(widths)
    }


def _largest(axes: Axes, result: RecoveryCurve, start: str, looks: dict[int, _Look]) -> None:
    for line in _lines(result, start):
        label = f"p = {line.p}"
        _points(axes, line, looks[line.p], line.m2, np.nan_to_num(line.m2_error), label)
    axes.set_ylabel(f"{start_label(start)}\nlargest $m^2$ reached")
    _marks(axes, result, looks)


def _fraction(axes: Axes, result: RecoveryCurve, start: str, looks: dict[int, _Look]) -> None:
    for line in _lines(result, start):
        values = np.array([one.value for one in line.recovered])
        ends = np.array([one.interval for one in line.recovered])
        _points(axes, line, looks[line.p], values, np.abs(ends.T - values))
    axes.set_ylabel("fraction recovered")
    _marks(axes, result, looks)


def _lines(result: RecoveryCurve, start: str) -> list[RecoveryLine]:
    return [one for one in result.lines if one.start == start]


def _points(
    axes: Axes, line: RecoveryLine, look: _Look, values: Any, errors: Any, label: str | None = None
) -> None:
    axes.errorbar(
        line.alpha + look.shift,
        values,
        errors,
        marker=look.marker,
        markersize=4,
        color=look.colour,
        linewidth=1,
        label=label,
    )


def _marks(axes: Axes, result: RecoveryCurve, looks: dict[int, _Look]) -> None:
    axes.set_ylim(-0.02, 1.04)
    low, high = axes.get_xlim()
    for p, one in result.thresholds.items():
        lines = [(one.alpha_bbp, "--")]
        if one.transition == "discontinuous":
            lines.append((one.alpha_0, ":"))
        for alpha, style in lines:
            if low <= alpha <= high:
                colour = looks[p].colour if p in looks else "black"
                axes.axvline(alpha, color=colour, linestyle=style, linewidth=1, zorder=0)
    weak = result.weak_recovery
    if weak is not None and low <= weak <= high:
        axes.axvline(weak, color="black", linestyle="-.", linewidth=1, zorder=0)
    axes.set_xlim(low, high)


def _legend(axes: Axes, result: RecoveryCurve) -> list[Any]:
    """The widths, and what the lines at thresholds are."""
    kinds = {one.transition for one in result.thresholds.values()}
    marks: tuple[tuple[Any, str, bool], ...] = (
        ("--", r"$\alpha_\mathrm{BBP}$", bool(kinds)),
        (":", r"$\alpha_0$", "discontinuous" in kinds),
        ("-.", "weak recovery", result.weak_recovery is not None),
    )
    return axes.get_legend_handles_labels()[0] + [
        Line2D([], [], color="black", linestyle=style, linewidth=1, label=name)
        for style, name, there in marks
        if there
    ]

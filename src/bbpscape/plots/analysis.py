"""The finite-size analysis of a study: the curves, and where they meet against N."""

import functools
import math
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bbpscape.analysis.analyse import Analysis
from bbpscape.analysis.crossings import CROSSING
from bbpscape.analysis.extrapolation import Extrapolation
from bbpscape.plots.canvas import compose
from bbpscape.plots.dispatch import plot
from bbpscape.plots.limits import limit_line
from bbpscape.plots.study_lines import MARKERS
from bbpscape.plots.style import FAINT, OUTLIER, THEORY, parameters
from bbpscape.study.observables import OBSERVABLES, symbol

ONSET, LIMIT = "#2a7f62", "#404040"
# How far beyond the largest N the fits are drawn.
BEYOND = 10.0


@plot.register
def _(result: Analysis, ax: Axes | None = None) -> Figure:
    """The observable against α at each N, and the crossings, level points and onsets against N.

    A crossing of two N stands at √(N₁N₂); open symbols are unclear ones. The fits in N^(−2/3)
    (dashed) and 1/log N (dotted) are those of the level points, or else of the crossings.
    """
    panels = [functools.partial(draw, result) for draw in (_observable, _against_size)]
    size, title = (7.6, 4.2), parameters(result.model)
    return compose(ax, panels, title, size=size, legend_columns=4)


def _observable(result: Analysis, axes: Axes) -> None:
    _curves(axes, result)
    _thresholds(axes, "axvline", result)


def _against_size(result: Analysis, axes: Axes) -> None:
    _points(axes, result)
    _thresholds(axes, "axhline", result)


def _curves(axes: Axes, result: Analysis) -> None:
    colours = mpl.colormaps["viridis"](np.linspace(0, 0.8, len(result.curves)))
    for i, (curve, colour) in enumerate(zip(result.curves, colours, strict=True)):
        axes.errorbar(
            curve.alphas,
            curve.mean,
            np.sqrt(curve.variance),
            color=colour,
            marker=MARKERS[i % len(MARKERS)],
            markersize=4,
            linewidth=0.8,
            capsize=2,
            label=f"$N = {curve.N}$",
        )
    if result.limits:
        alphas = sorted(result.limits)
        limits = [result.limits[alpha] for alpha in alphas]
        at = result.predictions.alpha_bbp
        at = math.nan if at is None else at
        observable = OBSERVABLES.get(result.observable)
        line = limit_line(observable, result.model, alphas, limits, at)
        axes.plot(alphas, limits, "_", color=LIMIT)
        axes.plot(*line, color=LIMIT, label=r"$N \to \infty$")
    if result.level is not None:
        axes.axhline(result.level, color=FAINT, linewidth=0.8)
    axes.set_xlabel(r"$\alpha$")
    axes.set_ylabel(symbol(result.observable))


def _points(axes: Axes, result: Analysis) -> None:
    kinds = [("crossing", "D", OUTLIER, result.crossings)]
    if result.level is not None:
        name = f"{result.observable.replace('_', ' ')} = {result.level:g}"
        kinds.append((name, "o", THEORY, result.level_points))
    for label, marker, colour, found in kinds:
        for one in found:
            if one.alpha is not None:
                axes.errorbar(
                    math.prod(one.sizes) ** (1 / len(one.sizes)),
                    one.alpha,
                    one.standard_error,
                    color=colour,
                    marker=marker,
                    markersize=5,
                    markerfacecolor=colour if one.status == CROSSING else "white",
                    capsize=2,
                    linestyle="none",
                    label=label,
                )
                label = "_"
    lines = [(size.N, line) for size in result.onsets for line in size.windows[-1:] if line.alpha]
    if lines:
        axes.errorbar(
            [n for n, _ in lines],
            [line.alpha or math.nan for _, line in lines],
            [line.standard_error or 0.0 for _, line in lines],
            color=ONSET,
            marker="^",
            markersize=5,
            capsize=2,
            linestyle="none",
            label=f"onset, window {lines[0][1].window:g}",
        )
    half = result.predictions.half
    if half:
        axes.errorbar(
            [one.N for one in half],
            [one.alpha for one in half],
            [one.standard_error or 0.0 for one in half],
            color=FAINT,
            marker="s",
            markersize=4,
            linewidth=0.8,
            capsize=2,
            label=r"$\alpha_{1/2}$, labels alone",
        )
    _fits(axes, result)
    axes.set_xscale("log")
    sizes = [curve.N for curve in result.curves]
    axes.set_xticks(sizes, [f"{one:g}" for one in sizes])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("$N$")
    axes.set_ylabel(r"$\alpha$")


def _fits(axes: Axes, result: Analysis) -> None:
    """Through the level points, or else the crossings, or else the onsets of the last window."""
    prefixes = (f"{result.observable} = ", "crossing", "onset")
    fitted = [
        one for prefix in prefixes for one in result.extrapolations if one.what.startswith(prefix)
    ]
    if not fitted:
        return
    one = fitted[0] if not fitted[0].what.startswith("onset") else fitted[-1]
    _forms(axes, one)


def _forms(axes: Axes, one: Extrapolation) -> None:
    """Both fits, beyond the largest N."""
    sizes = np.geomspace(min(one.sizes), BEYOND * max(one.sizes), 60)
    for fit, style in ((one.power, "--"), (one.logarithm, ":")):
        label = {"N^(-2/3)": "$N^{-2/3}$", "1/log N": r"$1/\log N$"}[fit.form]
        axes.plot(sizes, fit(sizes), color="black", linestyle=style, linewidth=1, label=label)


def _thresholds(axes: Axes, line: str, result: Analysis) -> None:
    at = result.predictions
    if at.alpha_bbp is not None:
        getattr(axes, line)(
            at.alpha_bbp, color=LIMIT, linestyle="--", label=r"$\alpha_\mathrm{BBP}$"
        )
    if at.alpha_0 is not None and at.transition == "discontinuous":
        getattr(axes, line)(at.alpha_0, color=LIMIT, linestyle=":", label=r"$\alpha_0$")


@plot.register
def _(result: Extrapolation, ax: Axes | None = None) -> Figure:
    """The values at each N, both fits, and the limit that theory has."""

    def panel(axes: Axes) -> None:
        points: Any = {"marker": "o", "markersize": 5, "capsize": 2, "linestyle": "none"}
        values = result.sizes, result.values, result.standard_errors
        axes.errorbar(*values, color=OUTLIER, label=result.what, **points)
        _forms(axes, result)
        if result.expected is not None:
            axes.axhline(result.expected, color=LIMIT, linewidth=1, label=r"theory, $N \to \infty$")
        axes.set_xscale("log")
        axes.set_xlabel("$N$")
        axes.set_ylabel(result.what)

    return compose(ax, [panel], f"preferred = {result.preferred}", size=(6.4, 3.9))

"""One figure for each kind of result."""

import math
from functools import singledispatch
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bbpscape.core.checks import InvalidInput
from bbpscape.experiments.compare import Comparison
from bbpscape.plots.style import FAINT, OUTLIER, SIMULATION, STYLE, THEORY, parameters
from bbpscape.theory.law import TEACHER
from bbpscape.theory.overlap_curve import OverlapCurve
from bbpscape.theory.spectrum import Spectrum

# Two panels: from left of everything to where these fractions of the bulk lie below.
EDGE_PANEL, BULK_PANEL = 0.05, 0.6
BINS = 60


@singledispatch
def plot(result: object) -> Figure:
    """The figure of a Spectrum, a Comparison, an OverlapCurve or a FiniteSizeScaling.

    Raises
    ------
    InvalidInput
        If ``result`` is of another type.
    """
    raise InvalidInput(
        "plot takes a Spectrum, a Comparison, an OverlapCurve or a FiniteSizeScaling, "
        f"got {type(result).__name__}"
    )


@plot.register
def _(result: Spectrum) -> Figure:
    return _spectrum_figure(result, None)


@plot.register
def _(result: Comparison) -> Figure:
    return _spectrum_figure(result.theory, result)


def _spectrum_figure(theory: Spectrum, measured: Comparison | None) -> Figure:
    """The left edge and the bulk, side by side, over the histogram of the draws if there is one."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 3.9))
        panels = figure.subplots(1, 2, width_ratios=(1.25, 1))
        for axes, fraction in zip(panels, (EDGE_PANEL, BULK_PANEL), strict=True):
            low, high = _window(theory, measured, fraction)
            top = _peak(theory, low, high)
            if measured is not None:
                bins = np.linspace(low, high, BINS + 1)
                counts, _ = np.histogram(measured.eigenvalues, bins)
                heights = counts / (measured.eigenvalues.size * np.diff(bins))
                label = f"simulation, {measured.draws} draw" + "s" * (measured.draws > 1)
                axes.stairs(heights, bins, fill=True, color=SIMULATION, alpha=0.55, label=label)
                _draw_measured(axes, measured)
                top = max(top, float(heights.max()))
            axes.set_xlim(low, high)
            axes.set_ylim(0, 1.05 * top)
            _draw_theory(axes, theory)
        panels[0].set_title("left edge", loc="left")
        panels[1].set_title("bulk", loc="left")
        panels[0].set_ylabel(r"density $\rho(\lambda)$")
        sizes: dict[str, float] = {r"\alpha": theory.alpha}
        title = parameters(theory.model, **sizes)
        if measured is not None:
            title = parameters(theory.model, **sizes, N=measured.N)
            separator = ",  " if measured.inputs == "Gaussian" else "\n"
            title += f"{separator}{measured.inputs}" + " inputs" * (separator == ",  ")
        figure.suptitle(title, fontsize=10)
        entries: dict[str, Any] = {}
        for axes in panels:
            handles, labels = axes.get_legend_handles_labels()
            entries |= dict(zip(labels, handles, strict=True))
        figure.legend(entries.values(), entries.keys(), loc="outside lower center", ncols=2)
    return figure


@plot.register
def _(result: OverlapCurve) -> Figure:
    at = result.threshold
    with mpl.rc_context(STYLE):
        figure = Figure()
        axes = figure.subplots()
        informed = result.m2 > 0
        for part in (informed, ~informed):
            axes.plot(result.alpha[part], result.m2[part], color=THEORY)
        marks = [
            (at.alpha_bbp, r"$\alpha_\mathrm{BBP}$", "--", OUTLIER),
        ]
        if math.isfinite(at.alpha_weak_recovery):
            marks.append((at.alpha_weak_recovery, "weak recovery", ":", FAINT))
        if at.transition == "discontinuous":
            marks.insert(1, (at.alpha_0, r"$\alpha_0$", "-.", FAINT))
            slope = at.m2_jump / (at.alpha_bbp - at.alpha_0)
            reach = np.array([at.alpha_0, at.alpha_bbp])
            axes.plot(reach, slope * (reach - at.alpha_0), color=FAINT, linewidth=1)
        for alpha, name, style, colour in marks:
            axes.axvline(
                alpha, linestyle=style, color=colour, linewidth=1.2, label=f"{name} = {alpha:.4g}"
            )
        axes.set_xlabel(r"samples per dimension $\alpha$")
        axes.set_ylabel(r"squared overlap $m^2$")
        axes.set_xlim(0, result.alpha.max())
        axes.set_ylim(0, None)
        axes.set_title(f"{parameters(result.model)},  {at.transition} transition", loc="left")
        axes.legend(loc="lower right")
    return figure


def _draw_theory(axes: Axes, theory: Spectrum) -> None:
    axes.plot(theory.eigenvalue, theory.rho, color=THEORY, label=r"bulk, $N\to\infty$")
    edge = theory.left_edge
    if math.isfinite(edge.value):
        axes.axvline(
            edge.value,
            color=THEORY,
            linestyle=":",
            linewidth=1.2,
            label=f"{edge.kind} left edge at ${edge.value:.4g}$",
        )
    for outlier in theory.outliers:
        teacher = outlier.direction == TEACHER
        copies = "" if math.isinf(outlier.multiplicity) else f" (×{outlier.multiplicity:g})"
        overlap = f", $m^2$ = {outlier.m2:.3g}" if TEACHER in outlier.direction else ""
        axes.axvline(
            outlier.eigenvalue,
            color=OUTLIER if teacher else FAINT,
            linestyle="--" if teacher else "-.",
            linewidth=1.4,
            label=f"{outlier.direction} outlier{copies} at ${outlier.eigenvalue:.4g}${overlap}",
        )
    low, high = axes.get_xlim()
    if theory.atom and low <= 0 <= high:
        axes.plot(
            [0],
            [0],
            marker="^",
            markersize=9,
            color=THEORY,
            linestyle="none",
            clip_on=False,
            label=f"atom at 0, mass {theory.atom:.3g}",
        )
    unit = r" (units of $2/p$)" if math.isinf(theory.model.p) else ""
    axes.set_xlabel(rf"eigenvalue $\lambda${unit}")


def _draw_measured(axes: Axes, result: Comparison) -> None:
    """The measured outlier with its standard error, just above the axis."""
    for row in result.rows:
        if row.quantity == f"{TEACHER} outlier":
            axes.errorbar(
                row.measured,
                0.045,
                xerr=row.standard_error,
                transform=axes.get_xaxis_transform(),
                color="black",
                marker="o",
                markersize=4,
                capsize=3,
                linewidth=1.2,
                linestyle="none",
                label=f"measured outlier at ${row.measured:.4g}$",
            )


def _window(theory: Spectrum, measured: Comparison | None, fraction: float) -> tuple[float, float]:
    """From left of everything to where ``fraction`` of the bulk lies below."""
    reach = fraction * (1 - theory.atom)
    passed = np.where(theory.eigenvalue > 0, theory.cumulative - theory.atom, theory.cumulative)
    high = float(np.interp(reach, np.maximum.accumulate(passed), theory.eigenvalue))
    low = min([theory.left_edge.value, *(outlier.eigenvalue for outlier in theory.outliers)])
    if measured is not None:
        low = min(low, float(measured.eigenvalues.min()))
    return low - 0.06 * (high - low), high


def _peak(theory: Spectrum, low: float, high: float) -> float:
    shown = (theory.eigenvalue >= low) & (theory.eigenvalue <= high)
    return float(theory.rho[shown].max())

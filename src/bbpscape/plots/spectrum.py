"""The bulk, its edges and its outliers, over the histogram of draws if there is one."""

import functools
import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bbpscape.experiments.compare import Comparison
from bbpscape.plots.canvas import compose
from bbpscape.plots.dispatch import plot
from bbpscape.plots.style import FAINT, OUTLIER, SIMULATION, THEORY, parameters
from bbpscape.theory.law import TEACHER
from bbpscape.theory.spectrum import Spectrum

# Two panels: from left of everything to where these fractions of the bulk lie below.
PANELS = {"left edge": 0.05, "bulk": 0.6}
BINS = 60


@plot.register
def _(result: Spectrum, ax: Axes | None = None) -> Figure:
    return _figure(result, None, ax)


@plot.register
def _(result: Comparison, ax: Axes | None = None) -> Figure:
    return _figure(result.theory, result, ax)


def _figure(theory: Spectrum, measured: Comparison | None, ax: Axes | None) -> Figure:
    """The left edge and the bulk, side by side."""
    N = theory.N if measured is None else measured.N
    sizes = {r"\alpha": theory.alpha} | ({} if N is None else {"N": N})
    title = parameters(theory.model, **sizes)
    if measured is not None and measured.inputs == "Gaussian":
        title += f",  {measured.inputs} inputs"
    elif measured is not None and measured.inputs not in title:
        title += f"\n{measured.inputs}"
    panels = [functools.partial(_panel, theory, measured, name) for name in PANELS]
    return compose(ax, panels, title, width_ratios=(1.25, 1))


def _panel(theory: Spectrum, measured: Comparison | None, name: str, axes: Axes) -> None:
    low, high = _window(theory, measured, PANELS[name])
    top = _peak(theory, low, high)
    if measured is not None:
        top = max(top, _histogram(axes, measured, low, high))
        _measured_outlier(axes, measured)
    axes.set_xlim(low, high)
    axes.set_ylim(0, 1.05 * top)
    _theory(axes, theory)
    axes.set_title(name, loc="left")
    if name == "left edge":
        axes.set_ylabel(r"density $\rho(\lambda)$")


def _histogram(axes: Axes, result: Comparison, low: float, high: float) -> float:
    """The eigenvalues of all draws as a density; its highest bin."""
    bins = np.linspace(low, high, BINS + 1)
    counts, _ = np.histogram(result.eigenvalues, bins)
    heights = counts / (result.eigenvalues.size * np.diff(bins))
    label = f"simulation, {result.draws} draw" + "s" * (result.draws > 1)
    axes.stairs(heights, bins, fill=True, color=SIMULATION, alpha=0.55, label=label)
    return float(heights.max())


def _theory(axes: Axes, theory: Spectrum) -> None:
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
    low, high = axes.get_xlim()
    for outlier in theory.outliers:
        if not low <= outlier.eigenvalue <= high:
            continue  # a legend names what is drawn
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
    unit = "" if theory.eigenvalue_unit == "1" else rf" (units of ${theory.eigenvalue_unit}$)"
    axes.set_xlabel(rf"eigenvalue $\lambda${unit}")


def _measured_outlier(axes: Axes, result: Comparison) -> None:
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
    edge = theory.left_edge.value
    # Without a left edge the density is shown from where it was solved.
    first = edge if math.isfinite(edge) else float(theory.eigenvalue[0])
    low = min([first, *(outlier.eigenvalue for outlier in theory.outliers)])
    if measured is not None:
        low = min(low, float(measured.eigenvalues.min()))
    return low - 0.06 * (high - low), high


def _peak(theory: Spectrum, low: float, high: float) -> float:
    shown = (theory.eigenvalue >= low) & (theory.eigenvalue <= high)
    return float(theory.rho[shown].max())

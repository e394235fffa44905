"""The bulk, its edges and its outliers, over the histogram of draws if there is one."""

import functools
import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bbpscape.experiments.compare import Comparison
from bbpscape.plots.canvas import compose
from bbpscape.plots.dispatch import plot
from bbpscape.plots.style import FAINT, OUTLIER, SIMULATION, THEORY, parameters
from bbpscape.theory.law import TEACHER
from bbpscape.theory.spectrum import Spectrum

FloatArray = NDArray[np.float64]

# Two panels: from left of everything to where these fractions of the bulk lie below.
LEFT, BULK = "left edge", "bulk"
PANELS = {LEFT: 0.05, BULK: 0.6}
# Where there is no left edge, what is left of this fraction is not shown.
TAIL = 0.002
# Of a panel: at most so many bins, as many as their eigenvalues can fill, and points of a line.
BINS, LEAST_BINS, FILLED, POINTS = 60, 12, 8, 400
ATOM = 1e-9  # eigenvalues below, of the largest, are 0 but for rounding
# The inset of a smooth edge: its place, the top of the panel below it, and the least ρ it shows.
INSET, BELOW, LEAST_DENSITY = (0.17, 0.64, 0.52, 0.36), 0.55, 1e-12
SEEN = 0.01


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
    x, rho = _line(theory, low, high)
    top = float(rho.max())
    if measured is not None:
        top = max(top, _histogram(axes, measured, low, high))
        _measured_outlier(axes, measured)
    smooth = name == LEFT and theory.left_edge.kind == "smooth"
    axes.set_xlim(low, high)
    axes.set_ylim(0, top / BELOW if smooth else 1.05 * top)
    axes.plot(x, rho, color=THEORY, label=r"bulk, $N\to\infty$")
    _theory(axes, theory)
    if smooth:
        _inset(axes, theory, high)
    edged = math.isfinite(theory.left_edge.value) or name != LEFT
    axes.set_title(name if edged else "left tail, no edge", loc="left")
    if name == LEFT:
        axes.set_ylabel(r"density $\rho(\lambda)$")


def _line(theory: Spectrum, low: float, high: float) -> tuple[FloatArray, FloatArray]:
    """ρ in a panel on points of its own: those of a wide bulk are few at its edge."""
    ends = max(low, float(theory.eigenvalue[0])), min(high, float(theory.eigenvalue[-1]))
    x = ends[0] + (ends[1] - ends[0]) * np.linspace(0, 1, POINTS) ** 2
    x = np.union1d(
        x, theory.eigenvalue[(theory.eigenvalue >= ends[0]) & (theory.eigenvalue <= ends[1])]
    )
    return x, theory.density(x)


def _inset(axes: Axes, theory: Spectrum, high: float) -> None:
    """How ρ vanishes at a smooth edge, on a logarithmic axis: in the panel it is not to be seen."""
    edge, inner = theory.left_edge, axes.inset_axes(INSET)
    steps = np.linspace(0, 1, POINTS)[1:] ** 1.5
    rho = theory.density(edge.value + (high - edge.value) * steps)
    # What can be seen in the panel itself takes two thirds of the inset.
    reach = (high - edge.value) * min(1.0, 3 * float(steps[np.argmax(rho > SEEN * rho.max())]))
    x = edge.value + reach * steps
    rho = theory.density(x)
    seen = rho > LEAST_DENSITY * rho.max()
    inner.semilogy(x[seen], rho[seen], color=THEORY, linewidth=1.2)
    inner.axvline(edge.value, color=THEORY, linestyle=":", linewidth=1)
    inner.tick_params(labelsize=6, length=2, pad=1)
    inner.minorticks_off()
    inner.locator_params(axis="x", nbins=4)
    form = "" if edge.rate is None else rf"\sim e^{{-{edge.rate:.2g}/(\lambda-\lambda_-)}}"
    note: Any = {"transform": inner.transAxes, "ha": "right", "va": "bottom", "fontsize": 7}
    inner.text(0.98, 0.05, f"smooth edge, log scale\n$\\rho{form}$", **note)


def _histogram(axes: Axes, result: Comparison, low: float, high: float) -> float:
    """The eigenvalues of all draws as a density; its highest bin.

    Those of the atom are left out: one bin of them would hide the rest.
    """
    all_of = result.eigenvalues
    moved = all_of[abs(all_of) > ATOM * abs(all_of).max()] if result.theory.atom else all_of
    inside = int(((moved >= low) & (moved <= high)).sum())
    bins = np.linspace(low, high, min(BINS, max(LEAST_BINS, inside // FILLED)) + 1)
    counts, _ = np.histogram(moved, bins)
    heights = counts / (all_of.size * np.diff(bins))
    label = f"simulation, {result.draws} draw" + "s" * (result.draws > 1)
    axes.stairs(heights, bins, fill=True, color=SIMULATION, alpha=0.55, label=label)
    return float(heights.max())


def _theory(axes: Axes, theory: Spectrum) -> None:
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
    passed = np.where(theory.eigenvalue > 0, theory.cumulative - theory.atom, theory.cumulative)
    passed = np.maximum.accumulate(passed) / (1 - theory.atom)

    def below(share: float) -> float:
        return float(np.interp(share, passed, theory.eigenvalue))

    high = below(fraction)
    edge = theory.left_edge.value
    first = edge if math.isfinite(edge) else below(TAIL)
    low = min([first, *(outlier.eigenvalue for outlier in theory.outliers)])
    if measured is not None:
        low = min(low, float(measured.eigenvalues.min()))
    return low - 0.06 * (high - low), high

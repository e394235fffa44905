"""Results of one or a few numbers: thresholds of one method or size, and the law of draws."""

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bbpscape.plots.canvas import GROUND, compose
from bbpscape.plots.dispatch import plot
from bbpscape.plots.style import FAINT, OUTLIER, THEORY, parameters
from bbpscape.theory.critical import ThresholdMinimum
from bbpscape.theory.finite.half_point import HalfPoint
from bbpscape.theory.finite.law import FiniteSizeLaw
from bbpscape.theory.finite.one_draw import has_limit
from bbpscape.theory.finite.truncated import TruncatedThreshold
from bbpscape.theory.onset import LinearOnset
from bbpscape.theory.spectral.information import InformationLimit
from bbpscape.theory.spectral.matrix.recovery import MatrixRecovery
from bbpscape.theory.spectral.overlap import SpectralOverlap
from bbpscape.theory.spectral.threshold import SpectralThreshold
from bbpscape.theory.threshold import FiniteThreshold, threshold

ALPHA, SIZE = r"samples per dimension $\alpha$", (6.4, 3.4)
# A mark of one number, and the line of what it is compared with.
POINT: Any = {"marker": "o", "linestyle": "none", "color": OUTLIER, "markersize": 6}
LINE: Any = {"color": THEORY, "linestyle": "--", "linewidth": 1.2}
BINS = 20


def _marks(axes: Axes, marks: dict[str, float], label: str) -> None:
    """Numbers along the horizontal axis, each in a row of its own that is named."""
    known = {name: value for name, value in marks.items() if math.isfinite(value)}
    axes.plot(list(known.values()), [list(marks).index(name) for name in known], **POINT)
    axes.set_yticks(range(len(marks)), [_row(name, marks[name]) for name in marks])
    axes.set_ylim(-0.6, len(marks) - 0.4)
    axes.set_xlim(0, 1.15 * max([*known.values(), 0.1]))
    axes.set_xlabel(label)
    axes.set_ylabel("quantity")


def _row(name: str, value: float) -> str:
    return f"{name}\n{value:.4g}"


@plot.register
def _(result: ThresholdMinimum, ax: Axes | None = None) -> Figure:
    """α_BBP and the a that it is lowest at."""

    def panel(axes: Axes) -> None:
        _marks(axes, {"$a$": result.a, r"$\alpha_\mathrm{BBP}$": result.alpha_bbp}, "value")

    title = f"lowest over $a$ ({result.kind}),  $p = {result.p:g}$,  $p^* = {result.p_star}$"
    return compose(ax, [panel], title.replace("inf", r"\infty"), size=SIZE, own_legend=False)


@plot.register
def _(result: InformationLimit, ax: Axes | None = None) -> Figure:
    def panel(axes: Axes) -> None:
        _marks(axes, {"any method": result.alpha, "spectral": result.alpha_spectral}, ALPHA)

    title = rf"weak recovery,  $\alpha = {result.alpha:.5g}$"
    return compose(ax, [panel], title, size=SIZE, own_legend=False)


@plot.register
def _(result: MatrixRecovery, ax: Axes | None = None) -> Figure:
    """Where each mode of u uᵀ begins to be found: those of negative α never are."""

    def panel(axes: Axes) -> None:
        axes.axhline(0, color=FAINT, linewidth=0.8)
        axes.plot(np.arange(1, len(result.alphas) + 1), result.alphas, **POINT)
        axes.set_xticks(range(1, len(result.alphas) + 1))
        axes.set_xlabel("mode of $u u^T$")
        axes.set_ylabel(r"$\alpha$ from which it is found")

    return compose(ax, [panel], parameters(result.model), size=SIZE, own_legend=False)


@plot.register
def _(result: SpectralThreshold, ax: Axes | None = None) -> Figure:
    """Where m² begins, and how high."""

    def panel(axes: Axes) -> None:
        if math.isfinite(result.alpha):
            label = rf"begins at $\alpha = {result.alpha:.4g}$, {result.transition}"
            axes.plot([0, result.alpha, result.alpha], [0, 0, result.m2_jump], color=THEORY)
            axes.plot([result.alpha], [result.m2_jump], label=label, **POINT)
            axes.legend(**GROUND)
        axes.set_xlabel(ALPHA)
        axes.set_ylabel("squared overlap $m^2$")
        axes.set_ylim(-0.02, 1)

    return compose(ax, [panel], _method(result), size=SIZE, own_legend=False)


@plot.register
def _(result: SpectralOverlap, ax: Axes | None = None) -> Figure:
    """The right edge of the bulk, and the outlier beyond it with its m²."""

    def panel(axes: Axes) -> None:
        edge = result.edge.value
        axes.axvline(edge, label=f"right edge, {edge:.4g}", **LINE)
        if result.eigenvalue is not None:
            label = f"outlier at {result.eigenvalue:.4g}"
            axes.plot([result.eigenvalue], [result.m2], label=label, **POINT)
        axes.set_xlabel("eigenvalue, in units of $T$")
        axes.set_ylabel("squared overlap $m^2$")
        axes.set_ylim(0, 1)
        axes.legend(**GROUND)

    title = rf"{_method(result)},  $\alpha = {result.alpha:g}$"
    return compose(ax, [panel], title, size=SIZE, own_legend=False)


def _method(result: SpectralThreshold | SpectralOverlap) -> str:
    t = "none" if result.t is None else f"{result.t:.4g}"
    return f"method {result.preprocessing},  $t$ = {t}"


@plot.register
def _(result: LinearOnset, ax: Axes | None = None) -> Figure:
    """α₀ of each window, beside the tangent's."""

    def panel(axes: Axes) -> None:
        axes.plot(result.windows, result.alpha_0, label="least squares", **POINT)
        axes.axhline(result.tangent, label=rf"tangent, $\alpha_0$ = {result.tangent:.4g}", **LINE)
        axes.set_xlabel(r"window, in units of $\alpha_\mathrm{BBP}$")
        axes.set_ylabel(r"$\alpha_0$")
        axes.legend(**GROUND)

    return compose(ax, [panel], parameters(result.model), size=SIZE, own_legend=False)


@plot.register
def _(result: TruncatedThreshold, ax: Axes | None = None) -> Figure:
    """α_BBP(N), beside that of N → ∞."""

    def panel(axes: Axes) -> None:
        marks = {f"truncated, $N = {result.N}$": result.alpha_bbp}
        _marks(axes, marks | {r"$N \to \infty$": threshold(result.model).alpha_bbp}, ALPHA)

    title = parameters(result.model, N=result.N)
    return compose(ax, [panel], title, size=SIZE, own_legend=False)


@plot.register
def _(result: HalfPoint, ax: Axes | None = None) -> Figure:
    """α_½ at N with its error, in what was sought of the two; beside α_BBP where it is a limit."""

    def panel(axes: Axes) -> None:
        error = result.standard_error or 0.0
        sides: Any = {"yerr" if result.sought == "alpha" else "xerr": error}
        label = rf"half of the draws have an outlier, $\alpha = {result.alpha:.4g}$"
        axes.errorbar([result.N], [result.alpha], capsize=3, label=label, **sides, **POINT)
        if result.model.inputs.dimension(1) is None and has_limit(result.model):
            limit = threshold(result.model).alpha_bbp
            label = rf"$\alpha_\mathrm{{BBP}}$ = {limit:.4g}, $N \to \infty$"
            axes.axhline(limit, label=label, **LINE)
        axes.set_xlabel("$N$")
        axes.set_ylabel(r"$\alpha$")
        axes.margins(y=0.4)
        axes.legend(**GROUND)

    title = parameters(result.model, draws=str(result.draws))
    return compose(ax, [panel], title, size=SIZE, own_legend=False)


@plot.register
def _(result: FiniteThreshold, ax: Axes | None = None) -> Figure:
    """How α_½ grows with N."""

    def panel(axes: Axes) -> None:
        alphas = [one.alpha for one in result.half]
        errors = [one.standard_error or 0.0 for one in result.half]
        label = "half of the draws have an outlier"
        sizes = [one.N for one in result.half]
        axes.errorbar(sizes, alphas, yerr=errors, capsize=3, label=label, **POINT)
        axes.set_xlabel("$N$")
        axes.set_ylabel(r"$\alpha$")
        axes.margins(y=0.4)
        axes.legend(**GROUND)

    return compose(ax, [panel], parameters(result.model), size=SIZE, own_legend=False)


@plot.register
def _(result: FiniteSizeLaw, ax: Axes | None = None) -> Figure:
    """The left edge and the outlier of every draw."""

    def panel(axes: Axes) -> None:
        styles = {"left_edge": ("left edge", THEORY, None), "outlier": ("outlier", OUTLIER, "////")}
        found = {name: result.samples[name] for name in styles}
        found = {name: one[np.isfinite(one)] for name, one in found.items()}
        bins = np.histogram_bin_edges(np.concatenate(list(found.values())), BINS)
        for name, (label, colour, hatch) in styles.items():
            told = f"{label}, {len(found[name])} of {result.draws} draws"
            style: Any = {"edgecolor": colour, "hatch": hatch, "fill": hatch is None, "alpha": 0.6}
            axes.stairs(np.histogram(found[name], bins)[0], bins, label=told, fc=colour, **style)
        axes.set_xlabel(r"eigenvalue $\lambda$")
        axes.set_ylabel("draws")
        axes.legend(**GROUND)

    title = parameters(result.model, **{r"\alpha": result.alpha}, N=result.N)
    return compose(ax, [panel], title, size=SIZE, own_legend=False)

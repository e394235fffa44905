"""The finite-N law along N: the threshold, and the edge and the outlier at one α."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bbpscape.plots.canvas import compose
from bbpscape.plots.dispatch import plot
from bbpscape.plots.style import OUTLIER, THEORY, parameters
from bbpscape.theory.finite.scaling import FiniteSizeScaling


@plot.register
def _(result: FiniteSizeScaling, ax: Axes | None = None) -> Figure:
    def threshold(axes: Axes) -> None:
        limit: Any = {"color": "black", "linestyle": "--"}
        if result.has_limit:
            label = r"$\alpha_\mathrm{BBP}$, $N\to\infty$"
            axes.axhline(result.alpha_bbp[0], label=label, **limit)
        elif result.thresholds:
            label = r"$\alpha_\mathrm{BBP}$ of $\Sigma$ at $N$"
            axes.plot(result.N, result.alpha_bbp, label=label, **limit)
        axes.errorbar(
            result.N,
            [point.alpha for point in result.half],
            yerr=[point.standard_error or 0.0 for point in result.half],
            color=OUTLIER,
            marker="o",
            markersize=4,
            capsize=3,
            label="half of the draws have an outlier",
        )
        if result.truncated is not None:
            values = [point.alpha_bbp for point in result.truncated]
            axes.plot(result.N, values, color=THEORY, label="truncated theory")
        axes.set_ylabel(r"$\alpha$")
        axes.set_title("threshold", loc="left")
        _sizes(axes, result)

    def eigenvalues(axes: Axes) -> None:
        _band(axes, result, "left_edge", "left edge", THEORY, "s")
        _band(axes, result, "outlier", "outlier", OUTLIER, "o")
        axes.set_ylabel(r"eigenvalue $\lambda$")
        axes.set_title(rf"$\alpha = {result.alpha:.4g}$, mean and 5–95 %", loc="left")
        _sizes(axes, result)

    return compose(ax, [threshold, eigenvalues], parameters(result.model), legend_columns=3)


def _band(
    axes: Axes, result: FiniteSizeScaling, name: str, label: str, colour: str, marker: str
) -> None:
    """The mean over draws along N, and between which values nine of ten lie."""
    kept = [law for law in result.laws if getattr(law, name).count]
    if not kept:
        return
    found = [getattr(law, name) for law in kept]
    sizes, bands = [law.N for law in kept], [one.quantiles or {} for one in found]
    low, high = ([band[level] for band in bands] for level in (0.05, 0.95))
    axes.fill_between(sizes, low, high, color=colour, alpha=0.2, linewidth=0)
    means = [one.mean for one in found]
    axes.plot(sizes, means, color=colour, marker=marker, markersize=4, label=label)


def _sizes(axes: Axes, result: FiniteSizeScaling) -> None:
    axes.set_xscale("log")
    axes.set_xticks(result.N, [f"{one:g}" for one in result.N])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("$N$")

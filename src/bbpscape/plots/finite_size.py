"""The figure of the finite-N law along N."""

import matplotlib as mpl
from matplotlib.figure import Figure

from bbpscape.plots.draw import plot
from bbpscape.plots.style import OUTLIER, STYLE, THEORY, parameters
from bbpscape.theory.finite.scaling import FiniteSizeScaling


@plot.register
def _(result: FiniteSizeScaling) -> Figure:
    """The threshold against N, and the edge and the outlier at α against N."""
    sizes, laws, at = result.N, result.laws, result.threshold
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 3.9))
        left, right = figure.subplots(1, 2)
        left.axhline(
            at.alpha_bbp,
            color="black",
            linestyle="--",
            label=r"$\alpha_\mathrm{BBP}$, $N\to\infty$",
        )
        left.errorbar(
            sizes,
            [point.alpha for point in result.half],
            yerr=[point.standard_error for point in result.half],
            color=OUTLIER,
            marker="o",
            markersize=4,
            capsize=3,
            label="half of the draws have an outlier",
        )
        values = [point.alpha_bbp for point in result.truncated]
        left.plot(sizes, values, color=THEORY, label="truncated theory")
        left.set_ylabel(r"$\alpha$")
        left.set_title("threshold", loc="left")
        for name, color, label in (
            ("left_edge", THEORY, "left edge"),
            ("outlier", OUTLIER, "outlier"),
        ):
            kept = [law for law in laws if getattr(law, name).count]
            if not kept:
                continue
            summaries = [getattr(law, name) for law in kept]
            bands = [summary.quantiles or {} for summary in summaries]
            n = [law.N for law in kept]
            right.fill_between(
                n,
                [band[0.05] for band in bands],
                [band[0.95] for band in bands],
                color=color,
                alpha=0.2,
                linewidth=0,
            )
            means = [summary.mean for summary in summaries]
            right.plot(n, means, color=color, marker="o", markersize=4, label=label)
        right.set_ylabel(r"eigenvalue $\lambda$")
        right.set_title(rf"$\alpha = {result.alpha:.4g}$, mean and 5–95 %", loc="left")
        for axes in (left, right):
            axes.set_xscale("log")
            axes.set_xlabel("$N$")
        right.legend()
        figure.suptitle(parameters(result.model), fontsize=10)
        figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure

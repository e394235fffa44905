"""Where labels begin to tell the teacher: the limit of all methods, and each method's own."""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bbpscape.plots.canvas import GROUND, compose
from bbpscape.plots.dispatch import plot
from bbpscape.plots.style import FAINT, THEORY
from bbpscape.theory.weak_recovery import WeakRecovery

KINDS = {"continuous": "o", "discontinuous": "s"}


@plot.register
def _(result: WeakRecovery, ax: Axes | None = None) -> Figure:
    """The thresholds side by side; with an α the overlaps that methods have there too."""
    names = [one.preprocessing for one in result.thresholds] or ["spectral"]
    limit = result.information_limit.alpha

    def thresholds(axes: Axes) -> None:
        for kind, marker in KINDS.items():
            found = [
                (one.alpha, place)
                for place, one in enumerate(result.thresholds)
                if one.transition == kind and math.isfinite(one.alpha)
            ]
            if found:
                axes.plot(*zip(*found, strict=True), marker, color=THEORY, label=kind)
        if result.matrix is not None:
            modes = result.matrix.alphas
            axes.plot(modes, [0] * len(modes), "o", color=THEORY, label="modes")
        axes.set_yticks(range(len(names)), names)
        if math.isfinite(limit):
            label = f"information limit, {limit:.4g}"
            axes.axvline(limit, color=FAINT, linestyle=":", label=label)
        axes.set_xlabel(r"samples per dimension $\alpha$")
        axes.set_ylabel("method")
        axes.set_xlim(0, None)
        axes.margins(y=0.15)
        axes.legend(**GROUND)

    def overlaps(axes: Axes) -> None:
        axes.barh(names, [one.m2 for one in result.overlaps], color=THEORY, height=0.4)
        axes.set_xlabel(rf"$m^2$ at $\alpha = {result.alpha:g}$")
        axes.set_xlim(0, 1)

    panels = [thresholds, overlaps] if result.overlaps else [thresholds]
    title = result.headline().partition(", ")[2].replace("p* =", "$p^*$ =")
    size = (8.4, 2.9) if result.overlaps else (6.4, 2.9)
    return compose(ax, panels, title, size=size, own_legend=False)

"""Spectral methods side by side."""

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bbpscape.experiments.methods import MethodComparison
from bbpscape.plots.canvas import compose
from bbpscape.plots.dispatch import plot
from bbpscape.plots.style import parameters
from bbpscape.plots.theory_line import theory_line

# What no method crosses.
BEST: dict[str, Any] = {
    "message_passing": {"linewidth": 1.0},
    "information_limit": {"linewidth": 1.0, "linestyle": (0, (1, 1))},
}
MARKERS, DASHES = "osD^vP", ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))


@plot.register
def _(result: MethodComparison, ax: Axes | None = None) -> Figure:
    def panel(axes: Axes) -> None:
        for i, method in enumerate(result.methods):
            marker, dashes = MARKERS[i % len(MARKERS)], DASHES[i % len(DASHES)]
            # How far m² jumps at a discontinuous transition is not known here.
            start = 0.0 if method.transition == "continuous" else math.nan
            alphas, theory = theory_line(result.alpha, method.theory, method.alpha, 0.0, start)
            # A line through one point is nothing to see.
            bar: Any = {"marker": "_", "markersize": 24} if alphas.size == 1 else {}
            axes.plot(alphas, theory, color=f"C{i}", linestyle=dashes, **bar)
            errors = np.nan_to_num(method.standard_error)
            points: Any = {"marker": marker, "markersize": 4, "color": f"C{i}"}
            axes.errorbar(result.alpha, method.measured, errors, linestyle="none", **points)
            begins = f"{method.alpha:.3g}" if math.isfinite(method.alpha) else "none"
            axes.plot([], [], linestyle=dashes, label=f"{method.name}, from {begins}", **points)
        order = np.argsort(result.alpha)
        for name, style in BEST.items():
            values = getattr(result, name)[order]
            if np.isfinite(values).all():
                label = name.replace("_", " ")
                axes.plot(result.alpha[order], values, color="black", label=label, **style)
        axes.set_xlabel(r"samples per dimension $\alpha$")
        axes.set_ylabel(r"squared overlap $m^2$")
        axes.set_ylim(0, None)
        axes.legend(handlelength=4)

    title = parameters(result.model, N=result.N, draws=str(result.draws))
    if result.inputs is not None:
        title += f"\n{result.inputs}"
    return compose(ax, [panel], title, size=(6.4, 3.9), own_legend=False)

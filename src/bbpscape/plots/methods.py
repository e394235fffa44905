"""Spectral methods side by side."""

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bbpscape.experiments.methods import Method, MethodComparison
from bbpscape.plots.canvas import compose
from bbpscape.plots.dispatch import plot
from bbpscape.plots.style import parameters

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
            alphas, theory = _theory(method, result.alpha)
            # A line through one point is nothing to see.
            bar: Any = {"marker": "_", "markersize": 24} if alphas.size == 1 else {}
            axes.plot(alphas, theory, color=f"C{i}", linestyle=dashes, **bar)
            errors = np.nan_to_num(method.standard_error)
            points: Any = {"marker": marker, "markersize": 4, "color": f"C{i}"}
            axes.errorbar(result.alpha, method.measured, errors, linestyle="none", **points)
            start = f"{method.alpha:.3g}" if math.isfinite(method.alpha) else "none"
            axes.plot([], [], linestyle=dashes, label=f"{method.name}, from {start}", **points)
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
    return compose(ax, [panel], title, size=(6.4, 3.9), own_legend=False)


def _theory(method: Method, alphas: NDArray[np.float64]) -> tuple[NDArray, NDArray]:
    """The theory's line: 0 up to the threshold, also where no measured α is there."""
    order = np.argsort(alphas)
    x, y = alphas[order], method.theory[order]
    if not x[0] < method.alpha < x[-1]:
        return x, y
    above = x > method.alpha
    # m² jumps at a discontinuous one, by how much is not known here: a gap.
    begin = [0.0] if method.transition == "continuous" else [0.0, math.nan]
    x = np.concatenate([x[~above], [method.alpha] * len(begin), x[above]])
    return x, np.concatenate([y[~above], begin, y[above]])

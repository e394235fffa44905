"""q(α) of the Bayes-optimal estimate, and of message passing beside it."""

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bbpscape.experiments.bayes_optimal import BayesOptimal
from bbpscape.plots.canvas import compose
from bbpscape.plots.dispatch import plot
from bbpscape.plots.style import FAINT, OUTLIER, SIMULATION, THEORY, parameters

LINES: Any = {
    "information": {"color": "black", "linestyle": "-", "linewidth": 1.6},
    "informed": {"color": FAINT, "linestyle": "--", "linewidth": 1.2},
    "uninformed": {"color": THEORY, "linestyle": "-", "linewidth": 2.2},
}
NAMES = {
    "information": "information limit",
    "informed": "informed start",
    "uninformed": "message passing",
}


@plot.register
def _(result: BayesOptimal, ax: Axes | None = None) -> Figure:
    theory = result.theory

    def panel(axes: Axes) -> None:
        for name, style in LINES.items():
            x, y = with_jumps(result, name)
            bar: Any = {"marker": "_", "markersize": 24} if x.size == 1 else {}
            axes.plot(x, y, label=NAMES[name], **style, **bar)
        marks = {"weak recovery": theory.weak_recovery, "perfect": theory.perfect_amp}
        for name, alpha in marks.items():
            if 0 < alpha < math.inf:
                axes.axvline(
                    alpha, color=OUTLIER, linestyle=":", linewidth=1, label=f"{name}, {alpha:.4g}"
                )
        if result.N is not None:
            errors = np.nan_to_num(result.standard_error)
            points: Any = {"marker": "o", "markersize": 4, "color": SIMULATION, "linestyle": "none"}
            axes.errorbar(theory.alpha, result.measured, errors, label="AMP, measured", **points)
        axes.set_xlabel(r"samples per dimension $\alpha$")
        axes.set_ylabel(r"squared overlap $q$")
        axes.set_ylim(0, 1.03)
        axes.legend(loc="upper left")

    sizes: Any = {} if result.N is None else {"N": result.N, "draws": str(result.draws)}
    title = parameters(result.model, **sizes)
    return compose(ax, [panel], title, size=(6.4, 3.9), own_legend=False)


def with_jumps(result: BayesOptimal, name: str) -> tuple[NDArray, NDArray]:
    """A line of the theory, by increasing α, with its jumps in the range where they are."""
    theory = result.theory
    x, y = theory.alpha, getattr(theory, name)
    start = NAMES[name] if name == "information" else name
    for one in theory.jumps:
        if one.start == start and x.min() < one.alpha < x.max():
            x = np.concatenate([x, [one.alpha, one.alpha]])
            y = np.concatenate([y, [one.q_below, one.q_above]])
    order = np.lexsort((y, x))
    return x[order], y[order]

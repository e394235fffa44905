"""q(α) of the Bayes-optimal estimate, and of message passing beside it."""

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bbpscape.experiments.bayes_optimal import BayesOptimal
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.plots.canvas import compose
from bbpscape.plots.dispatch import plot
from bbpscape.plots.style import FAINT, OUTLIER, SIMULATION, THEORY, parameters
from bbpscape.theory.bayes.state_evolution import StateEvolution, state_evolution

POINTS = 200
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
        _evolution(axes, theory if result.model is None else followed(result.model, theory.alpha))
        if result.N is not None:
            errors = np.nan_to_num(result.standard_error)
            points: Any = {"marker": "o", "markersize": 4, "color": SIMULATION, "linestyle": "none"}
            axes.errorbar(theory.alpha, result.measured, errors, label="AMP, measured", **points)

    sizes: Any = {} if result.N is None else {"N": result.N, "draws": str(result.draws)}
    title = parameters(result.model, **sizes)
    return compose(ax, [panel], title, size=(6.4, 4.4), legend_columns=3)


@plot.register
def _(result: StateEvolution, ax: Axes | None = None) -> Figure:
    title = rf"weak recovery at $\alpha = {result.weak_recovery:.5g}$"
    return compose(
        ax, [lambda axes: _evolution(axes, result)], title, size=(6.4, 4.4), legend_columns=3
    )


def _evolution(axes: Axes, theory: StateEvolution) -> None:
    for name, style in LINES.items():
        x, y = with_jumps(theory, name)
        bar: Any = {"marker": "_", "markersize": 24} if x.size == 1 else {}
        axes.plot(x, y, label=NAMES[name], **style, **bar)
    marks = {"weak recovery": theory.weak_recovery, "perfect": theory.perfect_amp}
    for (name, alpha), dashes in zip(marks.items(), (":", "-."), strict=True):
        if 0 < alpha < math.inf:
            mark: Any = {"color": OUTLIER, "linestyle": dashes, "linewidth": 1}
            axes.axvline(alpha, label=f"{name}, {alpha:.4g}", **mark)
    axes.set_xlabel(r"samples per dimension $\alpha$")
    axes.set_ylabel(r"squared overlap $q$")
    axes.set_ylim(0, 1.03)


def followed(model: TeacherStudent, alpha: NDArray[np.float64]) -> StateEvolution:
    """The state evolution of a model on a fine grid over the range of ``alpha``."""
    return state_evolution(model, np.union1d(np.linspace(alpha.min(), alpha.max(), POINTS), alpha))


def with_jumps(theory: StateEvolution, name: str) -> tuple[NDArray, NDArray]:
    """A line of the theory, by increasing α, with its jumps in the range where they are."""
    x, y = theory.alpha, getattr(theory, name)
    start = NAMES[name] if name == "information" else name
    for one in theory.jumps:
        if one.start == start and x.min() < one.alpha < x.max():
            x = np.concatenate([x, [one.alpha, one.alpha]])
            y = np.concatenate([y, [one.q_below, one.q_above]])
    order = np.lexsort((y, x))
    return x[order], y[order]

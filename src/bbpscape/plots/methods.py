"""Spectral methods side by side."""

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bbpscape.experiments.contenders import contenders
from bbpscape.experiments.methods import MethodComparison
from bbpscape.plots.bayes_optimal import followed, with_jumps
from bbpscape.plots.canvas import compose
from bbpscape.plots.dispatch import plot
from bbpscape.plots.style import parameters
from bbpscape.plots.theory_line import theory_line

# What no method crosses. They agree in places: the wide line is seen behind the thin one.
BEST: dict[str, Any] = {
    "information": {"linewidth": 4.5, "color": "#c4c4c4", "label": "information limit"},
    "uninformed": {"linewidth": 1.0, "color": "black", "label": "message passing"},
}
POINTS = 40
MARKERS, DASHES = "osD^vP", ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))


@plot.register
def _(result: MethodComparison, ax: Axes | None = None) -> Figure:
    lines = _lines(result)

    def panel(axes: Axes) -> None:
        _best(axes, result)
        for i, method in enumerate(result.methods):
            colour = f"C{i}"
            marker, dashes = MARKERS[i % len(MARKERS)], DASHES[i % len(DASHES)]
            # How far m² jumps at a discontinuous transition is not known here.
            start = 0.0 if method.transition == "continuous" else math.nan
            known = lines.get(method.name, (result.alpha, method.theory))
            x, theory = theory_line(*known, method.alpha, 0.0, start)
            # A line through one point is nothing to see.
            bar: Any = {"marker": "_", "markersize": 24} if x.size == 1 else {}
            axes.plot(x, theory, color=colour, linestyle=dashes, **bar)
            errors = np.nan_to_num(method.standard_error)
            points: Any = {"marker": marker, "markersize": 4, "color": colour}
            axes.errorbar(result.alpha, method.measured, errors, linestyle="none", **points)
            begins = f"{method.alpha:.3g}" if math.isfinite(method.alpha) else "none"
            axes.plot([], [], linestyle=dashes, label=f"{method.name}, from {begins}", **points)
        axes.set_xlabel(r"samples per dimension $\alpha$")
        axes.set_ylabel(r"squared overlap $m^2$")
        axes.set_ylim(0, None)

    title = parameters(result.model, N=result.N, draws=str(result.draws))
    if result.inputs is not None:
        title += f"\n{result.inputs}"
    return compose(ax, [panel], title, size=(6.4, 4.6), legend_columns=3, handlelength=4)


def _lines(result: MethodComparison) -> dict[str, tuple[NDArray, NDArray]]:
    """(α, m²) between the given α, by method; of one's own inputs or T these alone are known."""
    model = result.model
    if result.inputs is not None or np.ptp(result.alpha) == 0:
        return {}
    if not (model.is_reference and model.inputs.standard):
        return {}  # without closed forms each α takes long
    alpha = np.linspace(result.alpha.min(), result.alpha.max(), POINTS)
    return {one.name: (alpha, one.theory(alpha).m2) for one in contenders(model, None, ())}


def _best(axes: Axes, result: MethodComparison) -> None:
    """The Bayes-optimal q, where it is known, with its jumps where they are."""
    if not np.isfinite(result.message_passing).all():
        return
    theory = followed(result.model, result.alpha)
    for name, style in BEST.items():
        x, q = with_jumps(theory, name)
        bar: Any = {"marker": "_", "markersize": 24} if x.size == 1 else {}
        axes.plot(x, q, **style, **bar)

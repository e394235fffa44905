"""m²(α) of the outlier's eigenvectors, with the thresholds of the model."""

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bbpscape.core.checks import InvalidInput
from bbpscape.plots.canvas import compose
from bbpscape.plots.dispatch import plot
from bbpscape.plots.style import FAINT, OUTLIER, THEORY, parameters
from bbpscape.plots.theory_line import theory_line
from bbpscape.theory.overlap_curve import OverlapCurve, overlap_curve
from bbpscape.theory.threshold import Threshold

TANGENT = r"tangent at the jump, to $\alpha_0$"


@plot.register
def _(result: Threshold, ax: Axes | None = None) -> Figure:
    """The overlap curve of the threshold's model."""
    if result.model is None:
        raise InvalidInput("the threshold of a law has no model: plot bb.overlap_curve(law)")
    return plot(overlap_curve(result.model, N=result.N), ax=ax)


@plot.register
def _(result: OverlapCurve, ax: Axes | None = None) -> Figure:
    at = result.threshold

    def panel(axes: Axes) -> None:
        line = theory_line(result.alpha, result.m2, at.alpha_bbp, 0.0, at.m2_jump)
        axes.plot(*line, color=THEORY)
        if at.transition == "discontinuous":
            slope = at.m2_jump / (at.alpha_bbp - at.alpha_0)
            reach = np.array([at.alpha_0, at.alpha_bbp])
            tangent: Any = {"color": FAINT, "linewidth": 1, "linestyle": (0, (1, 2))}
            axes.plot(reach, slope * (reach - at.alpha_0), label=TANGENT, **tangent)
        for alpha, name, style, colour in _marks(at):
            label = f"{name} = {alpha:.4g}"
            axes.axvline(alpha, linestyle=style, color=colour, linewidth=1.2, label=label)
        axes.set_xlabel(r"samples per dimension $\alpha$")
        axes.set_ylabel(r"squared overlap $m^2$")
        axes.set_xlim(0, result.alpha.max())
        axes.set_ylim(0, None)
        axes.legend(loc="lower right")

    title = f"{parameters(result.model)},  {at.transition} transition"
    return compose(ax, [panel], title, size=(6.4, 3.9), own_legend=False)


def _marks(at: Threshold) -> list[tuple[float, str, str, str]]:
    """(α, name, line, colour) of each threshold."""
    marks = [(at.alpha_bbp, r"$\alpha_\mathrm{BBP}$", "--", OUTLIER)]
    if at.transition == "discontinuous":
        marks.append((at.alpha_0, r"$\alpha_0$", "-.", FAINT))
    weak = at.alpha_weak_recovery
    if weak is not None and math.isfinite(weak):
        marks.append((weak, "weak recovery", ":", FAINT))
    return marks

"""The figure of spectral methods side by side."""

import math

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from bbpscape.plots.draw import plot
from bbpscape.plots.style import STYLE, parameters
from bbpscape.study.methods import MethodComparison


@plot.register
def _(result: MethodComparison) -> Figure:
    with mpl.rc_context(STYLE):
        figure = Figure()
        axes = figure.subplots()
        for i, method in enumerate(result.methods):
            start = f"{method.alpha:.3g}" if math.isfinite(method.alpha) else "none"
            order = np.argsort(result.alphas)
            axes.plot(
                result.alphas[order],
                method.theory[order],
                color=f"C{i}",
                label=f"{method.name}, from {start}",
            )
            axes.errorbar(
                result.alphas,
                method.measured,
                np.nan_to_num(method.standard_error),
                fmt="o",
                markersize=3,
                color=f"C{i}",
            )
        axes.set_xlabel(r"samples per dimension $\alpha$")
        axes.set_ylabel(r"squared overlap $m^2$")
        axes.set_ylim(0, None)
        title = parameters(result.model, N=result.N, draws=str(result.draws))
        axes.set_title(title, loc="left")
        axes.legend()
    return figure

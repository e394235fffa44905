"""The path of one-pass SGD, and the Hessian on it."""

import functools
import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from bbpscape.core.statistics import Estimate
from bbpscape.experiments.online import OnlinePath
from bbpscape.plots.canvas import compose
from bbpscape.plots.dispatch import plot
from bbpscape.plots.style import FAINT, OUTLIER, SIMULATION, THEORY, parameters

LOWEST = "Hessian's lowest, theory"


@plot.register
def _(result: OnlinePath, ax: Axes | None = None) -> Figure:
    """m², loss, and the Hessian where it was looked at, against time; into ``ax`` goes m²."""
    title = parameters(result.model, **{r"\eta": result.rate})
    if result.draws:
        title += f",  $N = {result.N}$, {result.draws} draws"
    if result.hessian:
        title += rf",  Hessian on independent data at $\alpha = {result.alpha:g}$"
    drawn = [_overlap, _loss] + [_eigenvalues] * bool(result.hessian)
    panels = [functools.partial(one, result) for one in drawn]
    return compose(ax, panels, title, size=(3.6 * len(panels), 3.9))


def _overlap(result: OnlinePath, axes: Axes) -> None:
    axes.plot(result.times, result.m2, color=THEORY, label="student, theory")
    if result.sample is not None:
        _points(axes, result.times, result.sample.m2, "o", SIMULATION, "student, measured")
    _line(axes, [(one.time, one.m2) for one in result.hessian], "--", FAINT, LOWEST)
    told = [one for one in result.hessian if one.measured_m2 is not None]
    found = [one.measured_m2 for one in told if one.measured_m2 is not None]
    _points(axes, [one.time for one in told], found, "s", OUTLIER, "Hessian's lowest, measured")
    axes.set(ylabel=r"$m^2$ with the teacher", ylim=(0, 1.02))
    _time(axes)


def _loss(result: OnlinePath, axes: Axes) -> None:
    axes.plot(result.times, result.loss, color=THEORY)
    if result.sample is not None:
        _points(axes, result.times, result.sample.loss, "o", SIMULATION, "")
    axes.set_ylabel("loss a sample")
    axes.set_yscale("log")
    _time(axes)


def _eigenvalues(result: OnlinePath, axes: Axes) -> None:
    edges = [(one.time, one.edge) for one in result.hessian]
    _line(axes, edges, ":", THEORY, "left edge, theory")
    _line(axes, [(one.time, one.outlier) for one in result.hessian], "--", FAINT, LOWEST)
    told = [one for one in result.hessian if one.measured is not None]
    found = [one.measured for one in told if one.measured is not None]
    _points(axes, [one.time for one in told], found, "s", OUTLIER, "Hessian's lowest, measured")
    axes.set_ylabel(r"eigenvalue $\lambda$")
    _time(axes)


def _line(
    axes: Axes, found: Sequence[tuple[float, float | None]], style: str, colour: str, label: str
) -> None:
    known = [(time, value) for time, value in found if value is not None]
    if known:
        axes.plot(*zip(*known, strict=True), style, marker="_", color=colour, label=label)


def _points(
    axes: Axes,
    times: ArrayLike,
    found: Sequence[Estimate],
    marker: str,
    colour: str,
    label: str,
) -> None:
    if found:
        values = [math.nan if one.mean is None else one.mean for one in found]
        errors = [one.standard_error or 0.0 for one in found]
        axes.errorbar(times, values, errors, fmt=marker, markersize=4, color=colour, label=label)


def _time(axes: Axes) -> None:
    axes.set_xscale("symlog", linthresh=1)
    axes.set_xlim(left=-0.1)
    axes.set_xlabel("steps over $N$")

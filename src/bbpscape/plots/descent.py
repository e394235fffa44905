"""Trajectories of gradient descent, and the Hessian along them."""

import functools

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bbpscape.experiments.descend import Descent
from bbpscape.experiments.hessian_along import DescentHessian
from bbpscape.plots.canvas import compose
from bbpscape.plots.dispatch import plot
from bbpscape.plots.style import FAINT, OUTLIER, SIMULATION, THEORY, parameters
from bbpscape.simulation.descent.start import start_label

FIELDS = {
    "loss": "loss a sample",
    "generalization": "generalization error",
    "m2": r"squared magnetization $m^2$",
}


@plot.register
def _(result: Descent, ax: Axes | None = None) -> Figure:
    """Loss, generalization error and m² against the step, one line a draw; into ``ax`` goes m²."""
    count, of = result.recovered.count, result.recovered.of
    share = f"{count} of {of} recovered (full lines)" if count else f"none of {of} recovered"
    share += ", the others dashed" * (0 < count < of)
    how = f"{result.rule.method} {'on the sphere' if result.rule.sphere else 'free'}"
    title = parameters(result.model, **{r"\alpha": result.alpha}, N=result.N)
    title += f"\n{how},  {start_label(result.start)},  {share}"
    names = ["m2"] if ax is not None else list(FIELDS)
    panels = [functools.partial(_trajectories, result, name) for name in names]
    return compose(ax, panels, title, size=(9.6, 3.4), own_legend=False)


def _trajectories(result: Descent, name: str, axes: Axes) -> None:
    for one in result.trajectories:
        axes.plot(
            one.step,
            getattr(one, name),
            "-" if one.recovered else "--",
            color=THEORY if one.recovered else SIMULATION,
            linewidth=1,
        )
    _steps(axes)
    axes.set_yscale("log")
    axes.set_ylabel(FIELDS[name])
    if name == "m2":
        _guess(axes, result.N)


def _guess(axes: Axes, N: int) -> None:
    """1/N, the m² of a student who guesses."""
    axes.axhline(1 / N, color=FAINT, linestyle=":", linewidth=1)
    axes.annotate(
        "$1/N$",
        (1, 1 / N),
        xycoords=axes.get_yaxis_transform(),
        xytext=(0, 2),
        textcoords="offset points",
        color=FAINT,
        fontsize=8,
        va="bottom",
        ha="right",
    )


def _steps(axes: Axes) -> None:
    """Steps in decades, with 0, the start, at the left."""
    axes.set_xscale("symlog", linthresh=1)
    axes.set_xlabel("step")


@plot.register
def _(result: DescentHessian, ax: Axes | None = None) -> Figure:
    """The lowest eigenvalues and their m² along the descent, beside the theory's."""
    one = result.descent
    draws = str(len(one.trajectories))
    title = parameters(one.model, **{r"\alpha": one.alpha}, N=one.N, draws=draws)
    panels = [functools.partial(draw, result) for draw in (_eigenvalues, _overlaps)]
    return compose(ax, panels, f"{title},  {start_label(one.start)}", size=(7.2, 4.2))


def _eigenvalues(result: DescentHessian, axes: Axes) -> None:
    lowest = "lowest eigenvalue, mean of its $p p^*$ copies"
    _measured(axes, result, "outlier", lowest, "o", OUTLIER)
    _measured(axes, result, "above", r"the $(p p^* + 1)$-th lowest", "s", SIMULATION)
    _theory(axes, result, "theory_edge", "left edge, theory of an independent student", ":")
    _theory(axes, result, "theory_lowest", "outlier, theory of an independent student", "-")
    axes.set_ylabel(r"eigenvalue $\lambda$")
    _steps(axes)


def _overlaps(result: DescentHessian, axes: Axes) -> None:
    _measured(axes, result, "m2", "mean $m^2$ of the $p p^*$ lowest eigenvectors", "o", OUTLIER)
    _theory(axes, result, "theory_m2", "", "-")
    step, known = zip(*((one.step, one.student_m2) for one in result.steps), strict=True)
    axes.plot(step, known, "--", color=FAINT, label=r"$m^2$ of the student")
    axes.set_ylabel(r"$m^2$ with the teacher")
    _steps(axes)


def _measured(
    axes: Axes, result: DescentHessian, name: str, label: str, marker: str, colour: str
) -> None:
    step = [one.step for one in result.steps]
    found = [getattr(one, name) for one in result.steps]
    values = [one.mean for one in found]
    errors = [one.standard_error or 0.0 for one in found]
    axes.errorbar(step, values, errors, fmt=marker, markersize=4, color=colour, label=label)


def _theory(axes: Axes, result: DescentHessian, name: str, label: str, style: str) -> None:
    """Where there is one."""
    kept = [(one.step, value) for one in result.steps if (value := getattr(one, name)) is not None]
    if kept:
        axes.plot(*zip(*kept, strict=True), style, color=THEORY, label=label)

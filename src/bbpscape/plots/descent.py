"""Figures of gradient descent: trajectories, recovery curves and a recovered photograph."""

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bbpscape.experiments.descend import Descent, start_name
from bbpscape.experiments.hessian_along import DescentHessian
from bbpscape.experiments.photograph import Photograph
from bbpscape.experiments.recovery import RecoveryCurve, RecoveryLine
from bbpscape.plots.draw import plot
from bbpscape.plots.style import FAINT, OUTLIER, SIMULATION, STYLE, THEORY, parameters

MARKERS = "osD^vP*X"
SHIFT = 0.012  # of the range of α, between two widths


@plot.register
def _(result: Descent) -> Figure:
    """Loss, generalization error and m² against the step, one line a draw."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 3.4))
        panels = figure.subplots(1, 3)
        names = ("loss a sample", "generalization error", r"squared magnetization $m^2$")
        for axes, field, name in zip(panels, ("loss", "generalization", "m2"), names, strict=True):
            for one in result.trajectories:
                axes.plot(
                    one.step,
                    getattr(one, field),
                    "-" if one.recovered else "--",
                    color=THEORY if one.recovered else SIMULATION,
                    linewidth=1,
                )
            _steps(axes)
            axes.set_yscale("log")
            axes.set_title(name, loc="left")
        panels[2].axhline(1 / result.N, color=FAINT, linestyle=":", linewidth=1)
        panels[2].annotate(
            "$1/N$",
            (1, 1 / result.N),
            xycoords=panels[2].get_yaxis_transform(),
            xytext=(0, 2),
            textcoords="offset points",
            color=FAINT,
            fontsize=8,
            va="bottom",
            ha="right",
        )
        title = parameters(result.model, **{r"\alpha": result.alpha}, N=result.N)
        count, of = result.recovered.count, result.recovered.of
        share = f"{count} of {of} recovered (full lines)" if count else f"none of {of} recovered"
        share += ", the others dashed" * (0 < count < of)
        how = f"{result.rule.method} {'on the sphere' if result.rule.sphere else 'free'}"
        figure.suptitle(f"{title}\n{how},  {start_name(result.start)},  {share}", fontsize=9)
    return figure


def _steps(axes: Axes) -> None:
    """Steps in decades, with 0, the start, at the left."""
    axes.set_xscale("symlog", linthresh=1)
    axes.set_xlabel("step")


@plot.register
def _(result: DescentHessian) -> Figure:
    """The lowest eigenvalues and their m² along the descent, beside the theory's."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 4.2))
        left, right = figure.subplots(1, 2)
        step = [one.step for one in result.steps]

        def measured(axes: Axes, name: str, label: str, marker: str, colour: str) -> None:
            values = [getattr(one, name) for one in result.steps]
            errors = np.nan_to_num([getattr(one, f"{name}_error") for one in result.steps])
            axes.errorbar(step, values, errors, fmt=marker, markersize=4, color=colour, label=label)

        def theory(axes: Axes, name: str, label: str, style: str) -> None:
            kept = [
                (x, value)
                for x, one in zip(step, result.steps, strict=True)
                if (value := getattr(one, name)) is not None
            ]
            if kept:
                axes.plot(*zip(*kept, strict=True), style, color=THEORY, label=label)

        measured(left, "outlier", "lowest eigenvalue, mean of its $p p^*$ copies", "o", OUTLIER)
        measured(left, "above", r"the $(p p^* + 1)$-th lowest", "s", SIMULATION)
        theory(left, "theory_edge", "left edge, theory of an independent student", ":")
        theory(left, "theory_lowest", "outlier, theory of an independent student", "-")
        measured(right, "m2", "mean $m^2$ of the $p p^*$ lowest eigenvectors", "o", OUTLIER)
        theory(right, "theory_m2", "", "-")
        right.plot(
            step,
            [one.student_m2 for one in result.steps],
            "--",
            color=FAINT,
            label=r"$m^2$ of the student",
        )
        left.set_ylabel(r"eigenvalue $\lambda$")
        right.set_ylabel(r"$m^2$ with the teacher")
        for axes in (left, right):
            _steps(axes)
        figure.legend(loc="outside lower center", ncols=2)
        one = result.descent
        draws = str(len(one.trajectories))
        title = parameters(one.model, **{r"\alpha": one.alpha}, N=one.N, draws=draws)
        figure.suptitle(f"{title},  {start_name(one.start)}", fontsize=9)
    return figure


@plot.register
def _(result: RecoveryCurve) -> Figure:
    """The largest m² reached and the fraction recovered against α, a row of panels a start."""
    starts = list(dict.fromkeys(one.start for one in result.lines))
    widths = sorted({one.p for one in result.lines})
    colours = dict(
        zip(widths, mpl.colormaps["viridis"](np.linspace(0, 0.85, len(widths))), strict=True)
    )
    markers = {p: MARKERS[i % len(MARKERS)] for i, p in enumerate(widths)}
    # Points of one α stand beside each other, so that none hides another.
    alphas = np.concatenate([one.alphas for one in result.lines] or [np.zeros(1)])
    apart = SHIFT * float(np.ptp(alphas))
    shifts = {p: (i - (len(widths) - 1) / 2) * apart for i, p in enumerate(widths)}
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.4, 0.9 + 2.4 * len(starts)))
        panels = figure.subplots(len(starts), 2, sharex=True, squeeze=False)
        for row, start in zip(panels, starts, strict=True):
            for line in (one for one in result.lines if one.start == start):
                _curve(row, line, colours[line.p], markers[line.p], shifts[line.p])
            row[0].set_ylabel(f"{start_name(start)}\nlargest $m^2$ reached")
            row[1].set_ylabel("fraction recovered")
            for axes in row:
                axes.set_ylim(-0.02, 1.04)
                _marks(axes, result, colours)
        for axes in panels[-1]:
            axes.set_xlabel(r"samples per dimension $\alpha$")
        # The width is told by the lines.
        shown = parameters(result.model, N=result.N, draws=str(result.draws)).split(",  ", 1)[1]
        figure.suptitle(f"{shown},  stopped at $m^2 = {result.rule.recovery:g}$", fontsize=9)
        handles, labels = panels[0, 0].get_legend_handles_labels()
        kinds = {one.transition for one in result.thresholds.values()}
        marks: tuple[tuple[Any, str, bool], ...] = (
            ("--", r"$\alpha_\mathrm{BBP}$", bool(kinds)),
            (":", r"$\alpha_0$", "discontinuous" in kinds),
            ("-.", "weak recovery", result.weak_recovery is not None),
        )
        for style, name in ((style, name) for style, name, there in marks if there):
            handles.append(Line2D([], [], color="black", linestyle=style, linewidth=1))
            labels.append(name)
        figure.legend(handles, labels, loc="outside right upper")
    return figure


def _curve(row: Any, line: RecoveryLine, colour: Any, marker: str, shift: float) -> None:
    row[0].errorbar(
        line.alphas + shift,
        line.mean_m2,
        np.nan_to_num(line.m2_error),
        marker=marker,
        markersize=4,
        color=colour,
        linewidth=1,
        label=f"p = {line.p}",
    )
    values = np.array([one.value for one in line.recovered])
    ends = np.array([one.interval for one in line.recovered])
    row[1].errorbar(
        line.alphas + shift,
        values,
        np.abs(ends.T - values),
        marker=marker,
        markersize=4,
        color=colour,
        linewidth=1,
    )


def _marks(axes: Axes, result: RecoveryCurve, colours: dict[int, Any]) -> None:
    low, high = axes.get_xlim()
    for p, one in result.thresholds.items():
        lines = [(one.alpha_bbp, "--")]
        if one.transition == "discontinuous":
            lines.append((one.alpha_0, ":"))
        for alpha, style in lines:
            if low <= alpha <= high:
                axes.axvline(alpha, color=colours[p], linestyle=style, linewidth=1, zorder=0)
    weak = result.weak_recovery
    if weak is not None and low <= weak <= high:
        axes.axvline(weak, color="black", linestyle="-.", linewidth=1, zorder=0)
    axes.set_xlim(low, high)


@plot.register
def _(result: Photograph) -> Figure:
    """The photograph and its recoveries above, the strip of one of them below."""
    with mpl.rc_context({**STYLE, "axes.titlesize": 8}):
        figure = Figure(figsize=(9.0, 5.0))
        halves: Any = figure.subfigures(2, 1, height_ratios=(1.2, 1))
        above, below = halves
        shades = (result.image.min(), result.image.max())
        panels = above.subplots(1, 1 + len(result.recoveries))
        images = [(result.image, "the photograph,\n$w^*$ of the teacher")]
        images += [
            (one.image, f"{one.name}\n$m^2$: {one.begin_m2:.2g} → {one.m2:.2g}")
            for one in result.recoveries
        ]
        _images(panels, images, shades)
        chosen = result.recoveries[result.strip_of]
        frames = [(image, f"step {step}\n$m^2$ = {m2:.2g}") for step, image, m2 in result.strip]
        _images(below.subplots(1, max(len(frames), 2))[: len(frames)], frames, shades)
        above.suptitle(
            f"{result.side} × {result.side} pixels from {result.alpha:.3g} times as many squared"
            f" random projections,  $a = {result.a:g}$",
            fontsize=9,
        )
        below.suptitle(f"on the way from the {chosen.name}", fontsize=9)
    return figure


def _images(panels: Any, images: list[tuple[Any, str]], shades: tuple[float, float]) -> None:
    for axes, (image, title) in zip(panels, images, strict=True):
        axes.imshow(image, cmap="gray", vmin=shades[0], vmax=shades[1], interpolation="nearest")
        axes.set_title(title)
        axes.set_axis_off()

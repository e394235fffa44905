"""Figure 3 from its data."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from figures.kit import COLOURS, DASHES, MARKERS, PANEL, Data, column, mark, points, rows
from figures.meeting import outlier_crossings, phi_collapse

BBP, ZERO = r"$\alpha_\mathrm{BBP}$", r"$\alpha_0$"
CASES = ("continuous", "discontinuous")


def plot(data: Data) -> Figure:
    figure = Figure(figsize=(3 * PANEL[0], 2 * PANEL[1]), layout="constrained")
    grid = figure.add_gridspec(2, 3)
    for i, case in enumerate(CASES):
        phi = figure.add_subplot(grid[0, i])
        _phi(phi, data, case)
        _outlier(figure.add_subplot(grid[1, i], sharex=phi), data, case)
    _where(figure.add_subplot(grid[:, 2]), data)
    return figure


def _phi(axes, data: Data, case: str) -> None:
    found = data.tables["phi"]
    for i, N in enumerate(data.parameters["N"]):
        here = rows(found, case=case, N=N)
        draws = sorted({row["draws"] for row in here})
        label = f"$N = {N}$, {' or '.join(map(str, draws))} draws"
        points(axes, here, i + 1, linestyle=DASHES[i], label=label)
    _marks(axes, data, case)
    a = data.parameters["a"][case]
    axes.set(ylabel=r"$\varphi$", ylim=(0.2, 1.0), title=f"{case}, $p = p^* = 1$, $a = {a:g}$")
    alpha = column(found, "alpha", case=case)
    room = 0.12 * (max(alpha) - min(alpha))
    axes.set_xlim(min(alpha) - room, max(alpha) + room)
    if case == "continuous":
        axes.legend(loc="upper left")
    else:
        axes.legend(loc="lower right", bbox_to_anchor=(0.87, 0.0))


def _outlier(axes, data: Data, case: str) -> None:
    found = data.tables["outlier"]
    shown = [N for N in data.parameters["scaling"] if min(data.parameters["N"]) <= N]
    for i, N in enumerate(shown):
        here = rows(found, case=case, N=N)
        axes.plot(
            [row["alpha"] for row in here],
            [row["probability"] for row in here],
            color=COLOURS[(i + 1) % len(COLOURS)],
            linestyle=DASHES[i],
            linewidth=1.2,
            label=f"$N = {N}$" if N < 10_000 else f"$N = 10^{{{np.log10(N):g}}}$",
        )
    _marks(axes, data, case)
    axes.set(xlabel=r"$\alpha$", ylabel="P(outlier), sampled labels", ylim=(-0.02, 1.02))
    if case == "continuous":
        axes.legend(loc="upper left")
    else:
        axes.legend(loc="center right", bbox_to_anchor=(0.88, 0.35))


def _marks(axes, data: Data, case: str) -> None:
    (law,) = rows(data.tables["thresholds"], case=case)
    mark(axes, law["alpha_bbp"], BBP)
    if law["alpha_0"] is not None:
        mark(axes, law["alpha_0"], ZERO, ":")


def _where(axes, data: Data) -> None:
    """α_½ over α_BBP against N, where P at successive N is the same, and where φ at all N is."""
    for i, case in enumerate(CASES, 1):
        (law,) = rows(data.tables["thresholds"], case=case)
        unit, colour = law["alpha_bbp"], COLOURS[i]
        half = rows(data.tables["half"], case=case)
        axes.errorbar(
            [row["N"] for row in half],
            [row["alpha_half"] / unit for row in half],
            [row["standard_error"] / unit for row in half],
            color=colour,
            linestyle=DASHES[i],
            marker=MARKERS[i],
            markersize=3.5,
            linewidth=1.2,
            capsize=1.5,
            label=rf"{case}: $\alpha_{{1/2}}$, sampled labels",
        )
        found = [one for one in outlier_crossings(data, case) if np.isfinite(one.alpha)]
        axes.errorbar(
            [np.sqrt(one.sizes[0] * one.sizes[1]) for one in found],
            [one.alpha / unit for one in found],
            [one.standard_error / unit for one in found],
            color=colour,
            linestyle="none",
            capsize=1.5,
            marker=MARKERS[i],
            markerfacecolor="white",
            markersize=6,
            label=f"{case}: successive N meet",
        )
        every = phi_collapse(data, case)
        axes.errorbar(
            [np.exp(np.mean(np.log(data.parameters["N"])))],
            [every.alpha / unit],
            [every.standard_error / unit],
            color=colour,
            marker="*",
            markersize=9,
            linestyle="none",
            capsize=3,
            label=rf"{case}: $\varphi$ of all $N$",
        )
    axes.axhline(1.0, color="black", linewidth=1.0)
    axes.set(
        xlabel="$N$ (of several, the geometric mean)",
        ylabel=r"$\alpha/\alpha_\mathrm{BBP}$",
        xscale="log",
        ylim=(0.5, 1.5),
        title="where the curves meet",
    )
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.legend(loc="upper right")

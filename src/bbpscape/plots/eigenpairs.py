"""Eigenpairs of draws, a smoothed density, and what an eigensolver is predicted to take."""

from itertools import starmap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bbpscape.plots.canvas import GROUND, compose
from bbpscape.plots.dispatch import plot
from bbpscape.plots.style import FAINT, OUTLIER, THEORY, parameters
from bbpscape.simulation.eigen.cost_model import CostModel
from bbpscape.simulation.eigen.lanczos import Density, SpectralMeasure
from bbpscape.simulation.eigen.lowest_pairs import LowestPairs
from bbpscape.simulation.simulated import Simulation


@plot.register
def _(result: Simulation, ax: Axes | None = None) -> Figure:
    """What each of the lowest eigenvectors knows, at its eigenvalue."""
    copies = int(result.model.p) * result.model.p_star

    def panel(axes: Axes) -> None:
        lowest: Any = {"color": OUTLIER, "marker": "o", "label": _lowest(copies)}
        others: Any = {"color": FAINT, "marker": "x", "label": "next"}
        for part, style in ((slice(None, copies), lowest), (slice(copies, None), others)):
            found = [(one.eigenvalues[part], one.m2[part]) for one in result.draws]
            eigenvalues, m2 = (np.concatenate(values) for values in zip(*found, strict=True))
            axes.plot(eigenvalues, m2, linestyle="none", markersize=5, **style)
        axes.set_xlabel(r"eigenvalue $\lambda$")
        axes.set_ylabel(r"squared overlap $m^2$")
        axes.set_ylim(0, None)
        axes.legend(**GROUND)

    sizes: dict[str, Any] = {r"\alpha": result.alpha, "N": result.N}
    title = parameters(result.model, **sizes, draws=str(len(result.draws)))
    return compose(ax, [panel], title, size=(6.4, 3.9), own_legend=False)


def _lowest(copies: int) -> str:
    return "lowest" if copies == 1 else f"{copies} lowest"


@plot.register
def _(result: Density, ax: Axes | None = None) -> Figure:
    def panel(axes: Axes) -> None:
        x, y, error = result.eigenvalue, result.density, result.standard_error
        axes.fill_between(x, y - error, y + error, color=THEORY, alpha=0.25, linewidth=0)
        axes.plot(x, y, color=THEORY)
        axes.set_xlabel(r"eigenvalue $\lambda$")
        axes.set_ylabel(r"density $\rho(\lambda)$")
        axes.set_ylim(0, None)

    title = f"width = {result.width:g},  {result.probes} probes,  {result.steps} steps"
    return compose(ax, [panel], title, size=(6.4, 3.9), own_legend=False)


@plot.register
def _(result: LowestPairs, ax: Axes | None = None) -> Figure:
    """The eigenvalues in their order, each with the bound on its error."""

    def panel(axes: Axes) -> None:
        order = np.arange(1, len(result.eigenvalues) + 1)
        points: Any = {"linestyle": "none", "marker": "o", "markersize": 4, "capsize": 3}
        axes.errorbar(order, result.eigenvalues, result.bounds, color=OUTLIER, **points)
        axes.set_xlabel(f"{result.end} first")
        axes.set_ylabel(r"eigenvalue $\lambda$")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))

    count, size = len(result.eigenvalues), len(result.eigenvectors)
    title = f"{result.method},  {result.end} $k = {count}$ of {size}"
    return compose(ax, [panel], title, size=(6.4, 3.4), own_legend=False)


@plot.register
def _(result: SpectralMeasure, ax: Axes | None = None) -> Figure:
    """The weights at the nodes."""

    def panel(axes: Axes) -> None:
        axes.vlines(result.nodes, 0, result.weights, color=THEORY, linewidth=1)
        axes.plot(result.nodes, result.weights, "o", color=THEORY, markersize=3)
        axes.set_xlabel(r"eigenvalue $\lambda$")
        axes.set_ylabel("weight")
        axes.set_ylim(0, None)

    title = f"spectral measure,  nodes = {len(result.nodes)}"
    return compose(ax, [panel], title, size=(6.4, 3.4), own_legend=False)


@plot.register
def _(result: CostModel, ax: Axes | None = None) -> Figure:
    """Seconds and memory of both routes; the chosen one is filled."""
    table = result.columns()
    fills = [THEORY if chosen else "white" for chosen in table["chosen"]]

    def bars(values: Any, label: str) -> Any:
        def panel(axes: Axes) -> None:
            axes.barh(table["method"], values, color=fills, edgecolor=THEORY, height=0.5)
            axes.set_xlabel(label)
            axes.set_ylabel("method (filled: chosen)")

        return panel

    wanted = [(table["seconds"], "seconds"), (np.divide(table["bytes"], 2**30), "memory in GiB")]
    title = f"$p = {result.p}$,  $N = {result.N}$,  $M = {result.M}$,  $k = {result.k}$"
    panels = list(starmap(bars, wanted))
    return compose(ax, panels, title, size=(7.2, 2.6), own_legend=False)

"""Figure 17 from its data."""

import math

import numpy as np
from matplotlib.figure import Figure

from figures.kit import COLOURS, DASHES, MARKERS, Data, column, panels, points, rows

NAMES = {"below": r"0.75\,\alpha_\mathrm{BBP}", "at": r"\alpha_\mathrm{BBP}"}
NAMES |= {"above": r"1.25\,\alpha_\mathrm{BBP}"}


def plot(data: Data) -> Figure:
    figure, grid = panels(3, 2)
    _edges(data, grid[0][0])
    _overlap(data, grid[0][1])
    _jump(data, grid[0][2])
    _against_size(data, grid[1][0], "m2", "$m^2$ of the outlier")
    _against_size(data, grid[1][1], "gap", "gap to the next eigenvalue")
    _law(data, grid[1][2])
    return figure


def _edges(data: Data, axes) -> None:
    for i, kappa in enumerate(data.parameters["kappas"]):
        found = rows(data.tables["edges"], kappa=kappa)
        power = rf"\kappa = {kappa:g}" if found[0]["kind"] == "smooth" else r"\frac{1}{2}"
        axes.loglog(
            [row["depth"] for row in found],
            [row["rho"] for row in found],
            color=COLOURS[i],
            linestyle=DASHES[i],
            label=rf"$\kappa = {kappa:g}$, {found[0]['kind']}: power ${power}$",
        )
    axes.set(xlabel=r"$\lambda - \lambda_-$", ylabel=r"$\rho$", ylim=(1e-18, 1e10))
    axes.set_title(rf"density at the transition, $\omega = {data.parameters['omega']:g}$")
    axes.legend(loc="upper left")


def _overlap(data: Data, axes) -> None:
    for i, kappa in enumerate(data.parameters["kappas"]):
        curve = {name: column(data.tables["curves"], name, kappa=kappa) for name in ("ratio", "m2")}
        axes.plot(curve["ratio"], curve["m2"], color=COLOURS[i], linestyle=DASHES[i])
        found = rows(data.tables["toy"], kappa=kappa)
        points(axes, found, i, "ratio", label=rf"$\kappa = {kappa:g}$")
        ratios, sampled = ([row[name] for row in found] for name in ("ratio", "sampled"))
        axes.plot(ratios, sampled, "_", color=COLOURS[i], markersize=9, linewidth=0)
    axes.set(xlabel=r"$\alpha/\alpha_\mathrm{BBP}$", ylabel="$m^2$", ylim=(-0.02, 0.85))
    N, draws = data.parameters["N"], data.parameters["draws"]
    axes.set_title(f"points: $N = {N}$, {draws} draws; dashes: by their samples")
    axes.legend(loc="upper left")


def _jump(data: Data, axes) -> None:
    table = data.tables["transitions"]
    for i, omega in enumerate(sorted(set(table["omega"]))):
        found = rows(table, omega=omega)
        kappa = np.linspace(0, 10, 401)
        closed = np.maximum((omega * (kappa - 1) - 2) / (omega * (kappa + 1)), 0)
        axes.plot(kappa, closed, color=COLOURS[i], linestyle=DASHES[i])
        axes.plot(
            [row["kappa"] for row in found],
            [row["m2_jump"] for row in found],
            MARKERS[i],
            color=COLOURS[i],
            markersize=3.5,
            label=rf"$\omega = {omega:g}$, $\kappa_c = {1 + 2 / omega:g}$",
        )
    axes.set(xlabel=r"$\kappa$", ylabel="jump of $m^2$")
    axes.set_title(r"lines: $(\omega(\kappa - 1) - 2)/(\omega(\kappa + 1))$")
    axes.legend(loc="upper left")


def _against_size(data: Data, axes, name: str, label: str) -> None:
    """Median and 5 to 95 % over draws."""
    levels = data.parameters["levels"]
    low, middle, high = (levels.index(level) for level in (0.05, 0.5, 0.95))
    for i, place in enumerate(data.parameters["places"]):
        found = rows(data.tables["law"], source="labels", place=place)
        N, values = [row["N"] for row in found], np.array([row[name] for row in found])
        axes.fill_between(N, values[:, low], values[:, high], color=COLOURS[i + 1], alpha=0.2)
        axes.plot(N, values[:, middle], color=COLOURS[i + 1], label=f"$\\alpha = {NAMES[place]}$")
        found = rows(data.tables["law"], source="simulation", place=place)
        values = np.array([row[name] for row in found])
        axes.errorbar(
            [row["N"] for row in found],
            values[:, middle],
            [values[:, middle] - values[:, low], values[:, high] - values[:, middle]],
            color=COLOURS[i + 1],
            marker=MARKERS[i],
            linestyle="none",
            markersize=3.5,
            capsize=1.5,
        )
    axes.set(xscale="log", xlabel="$N$", ylabel=label)
    axes.set_title(f"$p = p^* = 1$, $a = {data.parameters['a']:g}$: median, 5 to 95 %")
    axes.legend(loc="upper right")


def _law(data: Data, axes) -> None:
    levels = data.parameters["levels"]
    for source, style in (("labels", "-"), ("simulation", ":")):
        found = rows(data.tables["law"], source=source, place="half")
        for row in found:
            i = round(math.log10(row["N"])) - 2
            label = f"$N = {row['N']:,}$".replace(",", r"\,") + ", simulated" * (
                source == "simulation"
            )
            axes.plot(row["m2"], levels, style, color=COLOURS[i], label=label)
    axes.set(xlabel="$m^2$", ylabel="fraction of draws below", xlim=(0, 0.13))
    axes.set_title(r"at $\alpha_{1/2}(N)$: half of the draws have an outlier")
    axes.legend(loc="lower right")

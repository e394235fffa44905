"""Figure 14 from its data."""

import numpy as np
from matplotlib.figure import Figure

from figures.figure14.compute import LEVEL, crossing
from figures.kit import COLOURS, DASHES, MARKERS, Data, column, panels, points, rows


def plot(data: Data) -> Figure:
    given = data.parameters
    figure, ((left, middle, right),) = panels(3)
    theory, simulation = data.tables["theory"], data.tables["simulation"]
    for i, p in enumerate(given["widths"]):
        colour = COLOURS[i + 1]
        beta = column(theory, "beta", p=p)
        left.plot(
            beta,
            column(theory, "alpha_bbp", p=p),
            color=colour,
            linestyle=DASHES[i],
            label=rf"$\alpha_{{\mathrm{{BBP}}}}$, $p = {p}$",
        )
        level = [np.nan if one is None else one for one in column(theory, "alpha_level", p=p)]
        left.plot(beta, level, color=colour, linestyle=DASHES[i], linewidth=0.7)
        left.plot(
            *zip(*reached(data, p), strict=True),
            color=colour,
            marker=MARKERS[i + 1],
            linestyle="none",
            markersize=3.5,
            label=rf"$m^2 = 1/3$, $p = {p}$",
        )
        shown = f"m2_{given['shown']:g}"
        middle.plot(beta, column(theory, shown, p=p), color=colour, linestyle=DASHES[i])
        found = rows(simulation, p=p, alpha=given["shown"])
        points(middle, found, i + 1, x="beta", label=f"$p = {p}$")
    draws = data.tables["draws"]
    middle.plot(
        draws["beta"], draws["finite_size"], "k_", markersize=9, label="theory of the draws"
    )
    about = rf"$\sigma_i \propto i^{{-\beta}}$, $p^* = 1$, $a = {given['a']:g}$, $N = {given['N']}$"
    left.set(xlabel=r"$\beta$", ylabel=r"$\alpha$", ylim=(0, 9))
    left.set_title(about)
    left.legend(ncols=2, loc="upper left")
    middle.set(xlabel=r"$\beta$", ylabel="$m^2$, lowest eigenvectors", ylim=0)
    middle.set_title(rf"the same at $\alpha = {given['shown']:g}$, {given['draws']} draws")
    middle.legend(title="theory (lines), simulation", title_fontsize=7)
    _product(right, data)
    return figure


def reached(data: Data, p: int) -> list[tuple[float, float]]:
    """(β, α) at which the simulated m² rises to the level, where it does on the grid of α."""
    found = []
    for beta in data.parameters["beta"]:
        own = sorted(rows(data.tables["simulation"], p=p, beta=beta), key=lambda row: row["alpha"])
        alpha, m2 = (np.array([row[name] for row in own]) for name in ("alpha", "mean"))
        found.append((beta, crossing(alpha, m2, LEVEL)))
    return found


def _product(axes, data: Data) -> None:
    for i, gamma in enumerate(sorted(set(data.tables["product"]["gamma"]))):
        alpha, m2 = (column(data.tables["product"], key, gamma=gamma) for key in ("alpha", "m2"))
        axes.plot(alpha, m2, color=COLOURS[i + 3], linestyle=DASHES[i])
        found = rows(data.tables["measured"], gamma=gamma)
        shown = [
            {
                "alpha": row["alpha"],
                "mean": row["q_mean"] ** 2 + row["q_std"] ** 2,
                "standard_error": 2 * row["q_mean"] * row["q_std"] / 10**0.5,
            }
            for row in found
        ]
        points(axes, shown, i + 3, label=rf"$\gamma = {gamma:g}$", markersize=2.5)
    axes.set(xlabel=r"$\alpha$", ylabel="$q^2$, $T(y) = 1 - 1/y$", ylim=0)
    axes.set_title("inputs $W_1 W_2$; points: Maillard et al. 2021")
    axes.legend(title="theory (lines), measured", title_fontsize=7, loc="lower right")

"""Figure 8 from its data."""

from matplotlib.figure import Figure

from figures.kit import COLOURS, DASHES, Data, column, panels, points, rows


def plot(data: Data) -> Figure:
    figure, grid = panels(2, 2)
    for axes, (name, case) in zip(grid.ravel(), data.parameters["cases"].items(), strict=True):
        for i, p in enumerate(case["p"]):
            theory = data.tables["theory"]
            axes.plot(
                column(theory, "alpha", activation=name, p=p),
                column(theory, "m2", activation=name, p=p),
                color=COLOURS[i + 1],
                linestyle=DASHES[i],
                label=f"theory, $p = {p}$",
            )
            found = rows(data.tables[name], observable="m2", p=p)
            points(axes, found, i + 1, label=f"$p = {p}$")
            (law,) = rows(data.tables["thresholds"], activation=name, p=p)
            axes.axvline(law["alpha_bbp"], color=COLOURS[i + 1], linewidth=0.8, linestyle=":")
        axes.set(xlabel=r"$\alpha$", ylabel="$m^2$, lowest eigenvector", ylim=0)
        N, draws = data.parameters["N"], data.parameters["draws"]
        axes.set_title(f"{name}, $p^* = 1$, $a = {case['a']:g}$, $N = {N}$, {draws} draws")
    grid[0][0].legend(loc="upper left")
    return figure

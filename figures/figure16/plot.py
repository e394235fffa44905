"""Figure 16 from its data."""

from matplotlib.figure import Figure

from figures.kit import COLOURS, Data, column, panels, rows


def plot(data: Data) -> Figure:
    given = data.parameters
    figure, grid = panels(len(given["cases"]), 2)
    for (upper, lower), (name, case) in zip(grid.T, given["cases"].items(), strict=True):
        table = data.tables["hessian"]
        at = {key: column(table, key, case=name) for key in table}
        style = {
            "color": COLOURS[2],
            "marker": "s",
            "markersize": 3.5,
            "capsize": 1.5,
            "ls": "none",
        }
        upper.plot(at["t"], at["edge"], "k:", label="left edge, theory")
        upper.plot(at["t"], at["outlier"], "k--", label="lowest, theory")
        upper.errorbar(
            at["t"], at["outlier_measured"], at["outlier_error"], label="lowest, measured", **style
        )
        upper.set_title(rf"{name}, $\eta = {case['rate']:g}$, $\alpha = {case['alpha']:g}$")
        line = data.tables["line"]
        t, m2 = (column(line, key, case=name) for key in ("t", "m2"))
        lower.plot(t, m2, color=COLOURS[3], ls=":", label="student, theory")
        found = rows(data.tables["order"], case=name, name="m2")
        lower.errorbar(
            [row["t"] for row in found],
            [row["mean"] for row in found],
            [row["standard_error"] for row in found],
            **{**style, "color": COLOURS[3], "marker": "D"},
            label="student, measured",
        )
        lower.plot(at["t"], at["m2"], "k--", label="lowest eigenvectors, theory")
        lower.errorbar(
            at["t"],
            at["m2_measured"],
            at["m2_error"],
            label="lowest eigenvectors, measured",
            **style,
        )
        lower.set(xlabel="time, steps over $N$", ylim=(0, 1.05))
        for axes in (upper, lower):
            axes.set_xscale("symlog", linthresh=1)
            axes.set_xlim(-0.15, at["t"][-1] * 1.2)
    grid[0][0].set(ylabel="eigenvalue")
    grid[1][0].set(ylabel="$m^2$ with the teacher")
    grid[0][0].legend()
    grid[1][0].legend()
    figure.suptitle(
        f"each sample seen once; the Hessian on independent data, $N = {given['N']}$, "
        f"{given['draws']} draws",
        fontsize=8,
    )
    return figure

"""Figure 13 from its data."""

import numpy as np
from matplotlib.figure import Figure

from figures.kit import COLOURS, Data, column, panels

MISSING = float("nan")


def plot(data: Data) -> Figure:
    given = data.parameters
    figure, grid = panels(2, 2)
    for lines, (name, case) in zip(grid.T, given["cases"].items(), strict=True):
        at = {key: column(data.tables["hessian"], key, case=name) for key in data.tables["hessian"]}
        step = at["step"]
        upper, lower = lines
        for key, i, marker, label in (
            ("lowest", 2, "s", r"$\lambda_1$"),
            ("above", 1, "o", rf"$\lambda_{{{given['p'] + 1}}}$"),
        ):
            style = {"color": COLOURS[i], "marker": marker, "markersize": 3.5, "capsize": 1.5}
            upper.errorbar(step, at[key], at[f"{key}_error"], label=label, **style)
        edge = [MISSING if value is None else value for value in at["theory_edge"]]
        upper.plot(step, edge, "k--", label="left edge, theory")
        upper.set(ylabel="eigenvalue")
        upper.set_title(
            f"{name}: $p = {given['p']}$, $p^* = 1$, $a = {case['a']:g}$, "
            rf"$\alpha = {case['alpha']:g}$"
        )
        style = {"color": COLOURS[2], "marker": "s", "markersize": 3.5, "capsize": 1.5}
        lower.errorbar(step, at["m2"], at["m2_error"], label="lowest eigenvectors", **style)
        theory = np.array([0.0 if value is None else value for value in at["theory_m2"]])
        lower.plot(step, theory, "k--", label="the same, theory at the student's $m^2$")
        lower.plot(step, at["student_m2"], color=COLOURS[3], marker="D", markersize=3, ls=":",
                   label="student")  # fmt: skip
        lower.set(ylabel="$m^2$ with the teacher", ylim=(0, 1.05), xlabel="step of the descent")
        for axes in lines:
            axes.set_xscale("symlog", linthresh=1)
            axes.set_xlim(-0.1, step[-1] * 1.2)
    grid[0][0].legend()
    grid[1][0].legend()
    figure.suptitle(f"$N = {given['N']}$, {given['draws']} draws", fontsize=8)
    return figure

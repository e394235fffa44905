"""The largest m² that gradient descent reaches against α: computed and drawn for figures 9, 10."""

from typing import Any

from matplotlib.figure import Figure

import bbpscape as bb
from figures.kit import DASHES, Data, panels, points, rows, run_study, table_of

SIZES: dict[str, dict[str, Any]] = {
    "smallest": {
        "widths": [1, 2], "draws": 12, "steps": 400, "half_draws": 16,
        "random": {60: [0.8, 4.8, 2]}, "hessian": {60: [0.8, 4.8, 2]},
    },
    "quick": {
        "widths": [1, 2, 4], "draws": 20, "steps": 1000, "half_draws": 50,
        "random": {100: [1.0, 4.5, 6], 200: [1.0, 4.5, 6]}, "hessian": {100: [1.0, 4.5, 6]},
    },
    "full": {
        "widths": [1, 2, 4, 8], "draws": 20, "steps": 2000, "half_draws": 200,
        "random": {500: [0.75, 4.25, 15], 1000: [1.25, 3.75, 6]}, "hessian": {500: [0.75, 3.75, 7]},
    },
}  # fmt: skip


def compute(figure: str, a: float, seed: int, size: str) -> Data:
    s = SIZES[size]
    data = Data(figure, size, {"p_star": 1, "a": a, "seed": seed, **s})
    thresholds = []
    for p in s["widths"]:
        model = bb.TeacherStudent(p, 1, bb.NormalizedSquare(a))
        law = bb.threshold(model)
        for N in s["random"]:
            half = bb.finite.half_alpha(model, N, s["half_draws"], seed, by="labels")
            thresholds.append(
                {
                    "p": p,
                    "N": N,
                    "alpha_bbp": law.alpha_bbp,
                    "alpha_0": law.alpha_0,
                    "alpha_half": half.alpha,
                    "alpha_half_error": half.standard_error,
                }
            )
    data.tables["thresholds"] = table_of(thresholds)
    for start in ("random", "hessian"):
        for N, grid in s[start].items():
            first, last, count = grid
            study = bb.Study(
                bb.TeacherStudent(1, 1, bb.NormalizedSquare(a)),
                {
                    "N": N,
                    "start": start,
                    "steps": s["steps"],
                    "p": s["widths"],
                    "alpha": f"{first}:{last}:{count}",
                },
                ["descent_m2", "recovered"],
                s["draws"],
                seed=seed,
                block=s["draws"],
                theory=False,
                precision="float32",
            )
            # A file for every N and start: each has a table.
            data.tables[f"{start}-{N}"] = run_study(f"{figure}-{start}-{N}-{size}", study)
    return data


def plot(data: Data) -> Figure:
    given = data.parameters
    figure, grid = panels(2, (len(given["widths"]) + 1) // 2)
    names = [f"{start}-{N}" for start in ("random", "hessian") for N in given[start]]
    for axes, p in zip(grid.ravel(), given["widths"], strict=False):
        for i, name in enumerate(names):
            start, N = name.split("-")
            found = rows(data.tables[name], observable="descent_m2", p=p)
            label = f"{start.replace('h', 'H')} start, $N = {N}$"
            points(axes, found, i, label=label, linestyle=DASHES[i], markersize=3)
        law = rows(data.tables["thresholds"], p=p)[-1]
        axes.axvline(law["alpha_bbp"], color="black", label=r"$\alpha_{\mathrm{BBP}}$")
        if law["alpha_0"] < law["alpha_bbp"]:
            half = rf"$\alpha_{{1/2}}$, $N = {law['N']}$"
            axes.axvline(law["alpha_half"], color="0.4", linewidth=1.0, linestyle="--", label=half)
            axes.axvline(law["alpha_0"], color="0.4", linestyle=":", label=r"$\alpha_0$")
        axes.set(
            xlabel=r"$\alpha$", ylabel="largest $m^2$ reached", ylim=(0, 1), title=f"$p = {p}$"
        )
    for axes in grid.ravel()[len(given["widths"]) :]:
        axes.remove()
    figure.legend(*grid[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    figure.suptitle(
        f"gradient descent, $p^* = 1$, $a = {given['a']:g}$, {given['draws']} draws a point, "
        f"{given['steps']} steps at most",
        fontsize=8,
    )
    return figure

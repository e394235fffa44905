"""Figures 2 and 6: α_BBP(a) for several p at one p*, and α_BBP(p) with α₀ at three values of a."""

import math

import numpy as np
from matplotlib.figure import Figure

import bbpscape as bb
from figures.kit import COLOURS, DASHES, Data, column, rows, table_of

WIDTHS = (1, 2, 3, 4, 8, math.inf)
SIZES = {
    "smallest": {"count": 25, "p": [1, 2, 3, 4, 8]},
    "quick": {"count": 49, "p": [1, 2, 3, 4, 6, 8, 16]},
    "full": {"count": 121, "p": [1, 2, 3, 4, 5, 6, 8, 11, 16, 23, 32, 45, 64]},
}


def compute(figure: str, size: str, p_star: int, a: tuple[float, ...]) -> Data:
    s = SIZES[size]
    data = Data(figure, size, {"p_star": p_star, "a": a, **s})
    grid = np.geomspace(1e-3, 10, s["count"])
    over_a, minima = [], []
    for p in WIDTHS:
        for value in grid:
            law = bb.threshold(bb.TeacherStudent(p, p_star, bb.NormalizedSquare(float(value))))
            row = {"p": p, "a": value, "alpha_bbp": law.alpha_bbp, "transition": law.transition}
            over_a.append(row)
        if p < math.inf:
            critical = bb.critical_a(p, p_star)
            law = bb.threshold(bb.TeacherStudent(p, p_star, bb.NormalizedSquare(critical)))
            least = bb.threshold_minimum(p, p_star)
            minima.append(
                {
                    "p": p,
                    "a_critical": critical,
                    "alpha_critical": law.alpha_bbp,
                    "a_minimum": least.a,
                    "alpha_minimum": least.alpha_bbp,
                    "kind": least.kind,
                }
            )
    over_p = []
    for value in a:
        for p in [*s["p"], math.inf]:
            law = bb.threshold(bb.TeacherStudent(p, p_star, bb.NormalizedSquare(value)))
            over_p.append(
                {
                    "a": value,
                    "p": p,
                    "alpha_bbp": law.alpha_bbp,
                    "transition": law.transition,
                    "alpha_0": law.alpha_0,
                }
            )
    data.tables = {
        "over_a": table_of(over_a),
        "minima": table_of(minima),
        "over_p": table_of(over_p),
    }
    return data


def plot(data: Data) -> Figure:
    figure = Figure(figsize=(6.8, 4.2), layout="constrained")
    grid = figure.add_gridspec(3, 2, width_ratios=(1.7, 1))
    _over_a(figure.add_subplot(grid[:, 0]), data)
    for i, a in enumerate(data.parameters["a"]):
        _over_p(figure.add_subplot(grid[i, 1]), data, a, last=i == 2)
    return figure


def _over_a(axes, data: Data) -> None:
    p_star = data.parameters["p_star"]
    for i, p in enumerate([*WIDTHS[:-1], "inf"]):
        table = data.tables["over_a"]
        axes.plot(
            column(table, "a", p=p),
            column(table, "alpha_bbp", p=p),
            color=COLOURS[i],
            linestyle=DASHES[i],
            linewidth=1.3,
            label=r"$p = \infty$: $p^*(a + 1)/2$" if p == "inf" else f"$p = {p}$",
        )
    minima = data.tables["minima"]
    axes.plot(
        minima["a_critical"], minima["alpha_critical"], "o", color="black", markersize=4,
        markerfacecolor="white", label="$a_c(p)$",
    )  # fmt: skip
    top = {1: 4.6, 2: 7.0}[p_star]
    axes.axhline(p_star / 2, color="#7a7a7a", linewidth=0.8, linestyle=":")
    axes.set(xscale="log", xlabel="$a$", ylabel=r"$\alpha_\mathrm{BBP}$", ylim=(0, top))
    axes.set_xlim(1e-3, 10)
    axes.annotate(
        "weak recovery, $p^*/2$", (1.2e-3, p_star / 2), (0, -9), textcoords="offset points"
    )
    axes.set_title(f"$p^* = {p_star}$, theory")
    axes.legend(loc="upper left", ncols=2)


def _over_p(axes, data: Data, a: float, last: bool) -> None:
    table = data.tables["over_p"]
    finite = [row for row in rows(table, a=a) if row["p"] != "inf"]
    for kind, marker, colour, size in (
        ("continuous", "o", COLOURS[1], 4),
        ("discontinuous", "s", COLOURS[2], 3.5),
    ):
        chosen = [row for row in finite if row["transition"] == kind]
        p, alpha = ([row[name] for row in chosen] for name in ("p", "alpha_bbp"))
        axes.plot(p, alpha, marker, color=colour, markersize=size, label=kind)
    crosses = [row for row in finite if row["transition"] == "discontinuous" and row["alpha_0"] > 0]
    axes.plot(
        [row["p"] for row in crosses],
        [row["alpha_0"] for row in crosses],
        "x",
        color="black",
        markersize=4,
        label=r"$\alpha_0$, tangent",
    )
    (limit,) = rows(table, a=a, p="inf")
    axes.axhline(
        limit["alpha_bbp"], color=COLOURS[5], linewidth=1.0, linestyle="-.", label=r"$p = \infty$"
    )
    axes.set_ylabel(r"$\alpha$")
    axes.set_title(f"$a = {a:g}$", pad=3)
    axes.set_xscale("log")
    ticks = [p for p in (1, 2, 4, 8, 16, 32, 64) if p <= max(data.parameters["p"])]
    axes.set_xticks(ticks, [str(p) for p in ticks])
    axes.minorticks_off()
    top = max(row["alpha_bbp"] for row in finite)
    axes.set_ylim(0, 1.15 * top)
    if last:
        axes.set_xlabel("$p$")
        axes.legend(loc="upper center", bbox_to_anchor=(0.45, -0.4), ncols=2, columnspacing=1.0)
    else:
        axes.tick_params(labelbottom=False)

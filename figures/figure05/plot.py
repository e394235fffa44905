"""Figure 5 from its data."""

from matplotlib.figure import Figure

from figures.kit import COLOURS, Data, column, panels, rows


def plot(data: Data) -> Figure:
    figure, grid = panels(2, 2)
    for line, (case, (a, alphas)) in zip(grid, data.parameters["a"].items(), strict=True):
        for axes, alpha in zip(line, alphas, strict=True):
            _panel(axes, data, case, a, alpha)
    grid[0][0].legend(loc="upper left")
    return figure


def _panel(axes, data: Data, case: str, a: float, alpha: float) -> None:
    wanted = {"case": case, "alpha": alpha}
    bins = rows(data.tables["histogram"], **wanted)
    N, draws = data.parameters["N"], data.parameters["draws"]
    axes.stairs(
        [one["rho"] for one in bins],
        [one["left"] for one in bins] + [bins[-1]["right"]],
        fill=True,
        color="#d0d0d0",
        label=f"$N = {N}$, {draws} draws",
    )
    theory = data.tables["theory"]
    theory_x, theory_y = (column(theory, name, **wanted) for name in ("eigenvalue", "rho"))
    axes.plot(theory_x, theory_y, color=COLOURS[1], label=r"theory, $N \to \infty$")
    (state,) = rows(data.tables["states"], **wanted)
    kind = f"{case}, $p = p^* = 1$, $a = {a:g}$, $\\alpha = {alpha:g}$"
    axes.set(xlabel=r"$\lambda$", ylabel=r"$\rho$", title=kind)
    axes.set_xlim(bins[0]["left"], bins[-1]["right"])
    # Not the peak at 0, which is narrow and high.
    top = 1.25 * max(y for x, y in zip(theory_x, theory_y, strict=True) if abs(x) > 0.15)
    axes.set_ylim(0, top)
    axes.plot([state["edge"]] * 2, [0, 0.12 * top], color="black", linewidth=1.0, linestyle=":")
    if state["outlier"] is not None:
        axes.annotate(
            f"outlier, $m^2 = {state['m2']:.2f}$",
            (state["outlier"], 0.01 * top),
            (state["outlier"], 0.35 * top),
            ha="center",
            arrowprops={"arrowstyle": "->", "color": COLOURS[2]},
            color=COLOURS[2],
        )

"""Figure 7 from its data."""

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from figures.kit import COLOURS, DASHES, Data, column, rows


def plot(data: Data) -> Figure:
    figure = Figure(figsize=(4.8, 2.8), layout="constrained")
    axes = figure.subplots()
    table = data.tables["thresholds"]
    for i, a in enumerate(data.parameters["a"]):
        found = rows(table, a=a)
        p_star, alpha = ([row[name] for row in found] for name in ("p_star", "alpha_bbp"))
        axes.plot(p_star, alpha, color=COLOURS[i + 1], linestyle=DASHES[i], linewidth=1.0)
        for kind, filled in (("continuous", False), ("discontinuous", True)):
            chosen = [row for row in found if row["transition"] == kind]
            axes.plot(
                [row["p_star"] for row in chosen],
                [row["alpha_bbp"] for row in chosen],
                "o",
                color=COLOURS[i + 1],
                markersize=3.5,
                markerfacecolor=COLOURS[i + 1] if filled else "white",
            )
        axes.plot([], [], color=COLOURS[i + 1], linestyle=DASHES[i], label=f"$a = {a:g}$")
    axes.plot([], [], "o", color="black", markerfacecolor="white", ms=3.5, label="continuous")
    axes.plot([], [], "o", color="black", ms=3.5, label="discontinuous")
    a = data.parameters["a"][0]
    axes.plot(
        column(table, "p_star", a=a),
        column(table, "weak_recovery", a=a),
        color="#7a7a7a",
        linestyle=":",
        linewidth=1.0,
        label="weak recovery",
    )
    axes.set(xlabel="$p^*$", ylabel=r"$\alpha_\mathrm{BBP}$", yscale="log", title="$p = 1$, theory")
    figure.legend(loc="outside right upper")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure

"""Figure 3 from its data."""

from matplotlib.figure import Figure

from figures.kit import COLOURS, DASHES, Data, mark, panels, points, rows

BBP, ZERO = r"$\alpha_\mathrm{BBP}$", r"$\alpha_0$"


def plot(data: Data) -> Figure:
    figure, ((left, middle, right),) = panels(3)
    for axes, case in ((left, "continuous"), (middle, "discontinuous")):
        _phi(axes, data, case)
    _half(right, data)
    return figure


def _phi(axes, data: Data, case: str) -> None:
    a = data.parameters["a"][case]
    for i, N in enumerate(data.parameters["N"]):
        found = rows(data.tables[case], N=N, observable="phi")
        points(axes, found, i + 1, linestyle=DASHES[i], label=f"$N = {N}$")
    (law,) = rows(data.tables["thresholds"], case=case)
    mark(axes, law["alpha_bbp"], BBP)
    if law["alpha_0"] is not None:
        mark(axes, law["alpha_0"], ZERO, ":")
        (half,) = rows(data.tables["half"], N=1000)
        label = r"$\alpha_{1/2}$, $N = 1000$"
        axes.axvline(half["alpha_half"], color="0.5", linestyle="--", linewidth=1.0, label=label)
    draws = data.parameters["draws"]
    title = f"{case}, $p = p^* = 1$, $a = {a:g}$, {draws} draws"
    axes.set(xlabel=r"$\alpha$", ylabel=r"$\varphi$", ylim=(0, 1.04), title=title)
    axes.legend(loc="upper left" if case == "continuous" else "center right")


def _half(axes, data: Data) -> None:
    half = data.tables["half"]
    found = [row | {"mean": row["alpha_half"]} for row in rows(half)]
    points(axes, found, 1, "N", linestyle="-", label=r"$\alpha_{1/2}$, label-sampled")
    axes.plot(
        half["N"],
        half["truncated"],
        color=COLOURS[2],
        marker="v",
        markersize=3.5,
        linestyle="--",
        label="truncated theory",
    )
    (law,) = rows(data.tables["thresholds"], case="discontinuous")
    axes.axhline(law["alpha_bbp"], color="black", linewidth=1.0, label=BBP)
    axes.axhline(law["alpha_0"], color="black", linewidth=1.0, linestyle=":", label=ZERO)
    a = data.parameters["a"]["discontinuous"]
    axes.set(
        xlabel="$N$",
        ylabel=r"$\alpha$",
        xscale="log",
        ylim=(min(half["alpha_half"]) - 0.2, law["alpha_bbp"] + 0.45),
        title=f"$a = {a:g}$: half of the draws have an outlier",
    )
    axes.legend(loc="upper center", ncols=2)

"""Figure 4 from its data."""

from matplotlib.figure import Figure

from figures.kit import COLOURS, Data, panels, points, rows


def plot(data: Data) -> Figure:
    figure, (line,) = panels(3)
    for axes, a in zip(line, data.parameters["a"], strict=True):
        found = rows(data.tables["onset"], a=a)
        p = [row["p"] for row in found]
        axes.plot(
            p,
            [row["alpha_bbp"] for row in found],
            color="black",
            marker=".",
            linewidth=1.0,
            label=r"$\alpha_\mathrm{BBP}$",
        )
        rest = [row for row in found if row["transition"] == "discontinuous"]
        low, high = ([row[name] for row in rest] for name in ("wide", "narrow"))
        narrow, wide = data.parameters["windows"]
        axes.fill_between(
            [row["p"] for row in rest],
            low,
            high,
            color=COLOURS[5],
            alpha=0.45,
            linewidth=0,
            label=f"$\\alpha_0$, windows {narrow:g} to {wide:g}",
        )
        axes.plot(
            [row["p"] for row in rest],
            [row["tangent"] for row in rest],
            "x-",
            color=COLOURS[2],
            markersize=4,
            linewidth=1.0,
            label=r"$\alpha_0$, tangent",
        )
        half = [row | {"mean": row["alpha_half"]} for row in found]
        label = f"$\\alpha_{{1/2}}$ at $N = {data.parameters['N']}$"
        points(axes, half, 1, "p", label=label)
        axes.set(xscale="log", xlabel="$p$", ylabel=r"$\alpha$", title=f"$p^* = 1$, $a = {a:g}$")
        axes.set_xticks([1, 2, 4, 8, 16, 32], ["1", "2", "4", "8", "16", "32"])
        axes.minorticks_off()
        axes.set_xlim(0.85, max(p) * 1.2)
        axes.set_ylim(0)
    line[0].legend(loc="lower left")
    return figure

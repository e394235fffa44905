"""Figure 4 from its data."""

from matplotlib.figure import Figure

from figures.kit import COLOURS, Data, panels, points, rows


def plot(data: Data) -> Figure:
    figure, (line, below) = panels(3, 2)
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
    cases = dict.fromkeys(data.tables["sizes"]["case"])
    for axes, case in zip(below, cases, strict=False):
        _against_size(data, axes, case)
    # The third place of this line tells its lines apart.
    below[-1].axis("off")
    below[-1].legend(*below[0].get_legend_handles_labels(), loc="center")
    return figure


def _against_size(data: Data, axes, case: str) -> None:
    """α₀ by lines through the m² of label-sampled draws, and α_½, against N."""
    found = rows(data.tables["sizes"], case=case)
    law = found[0]
    label = r"$\alpha_\mathrm{BBP}$"
    axes.axhline(law["alpha_bbp"], color="black", linewidth=1.0, label=label)
    label = r"$\alpha_0$, tangent at $N \to \infty$"
    axes.axhline(law["tangent"], color=COLOURS[2], linewidth=1.0, linestyle="--", label=label)
    half = [row | {"mean": row["alpha_half"]} for row in found]
    points(axes, half, 1, "N", label=r"$\alpha_{1/2}$: half of the draws have an outlier")
    for i, (name, width) in enumerate(
        zip(("narrow", "wide"), data.parameters["windows"], strict=True)
    ):
        line = [row | {"mean": row[name], "standard_error": row[f"{name}_error"]} for row in found]
        label = f"$\\alpha_0$, line through $m^2$ at $N$, window {width:g}"
        points(axes, line, 2 + 3 * i, "N", label=label, linestyle="-")
    axes.set(xscale="log", xlabel="$N$", ylabel=r"$\alpha$", title=f"$p^* = 1$, {case}")
    # A line that says nothing lies far below: it leaves the panel.
    axes.set_ylim(0.8 * law["tangent"], 1.05 * law["alpha_bbp"])

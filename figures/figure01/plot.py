"""Figure 1 from its data."""

import numpy as np
from matplotlib.figure import Figure

from figures.kit import COLOURS, DASHES, Data, column, mark, panels, points, rows


def plot(data: Data) -> Figure:
    figure, ((left, right),) = panels(2)
    for axes, case in ((left, "continuous"), (right, "discontinuous")):
        _panel(axes, data, case)
    # One legend in two halves: lines left, points right.
    half = 1 + len(data.parameters["N"])
    for axes, kept in ((left, slice(half)), (right, slice(half, None))):
        handles, labels = axes.get_legend_handles_labels()
        axes.legend(handles[kept], labels[kept], loc="lower right")
    return figure


def _panel(axes, data: Data, case: str) -> None:
    theory = data.tables["theory"]
    (law,) = rows(data.tables["thresholds"], case=case)
    x, y = (np.array(column(theory, name, case=case)) for name in ("alpha", "m2"))
    if law["m2_jump"]:
        # 0 up to the transition, and no line where m² jumps.
        at = np.searchsorted(x, law["alpha_bbp"])
        x, y = np.insert(x, at, [law["alpha_bbp"]] * 2), np.insert(y, at, [0.0, np.nan])
    axes.plot(x, y, color="black", label=r"theory, $N \to \infty$")
    for i, (N, draws) in enumerate(
        zip(data.parameters["N"], data.parameters["draws"], strict=True), 1
    ):
        sampled = data.tables["label_sampled"]
        axes.plot(
            column(sampled, "alpha", case=case, N=N),
            column(sampled, "m2", case=case, N=N),
            color=COLOURS[i],
            linestyle=DASHES[i],
            linewidth=1.0,
            label=f"sampled labels, $N = {N}$",
        )
        found = rows(data.tables["simulation"], case=case, N=N)
        points(axes, found, i, label=f"$N = {N}$, {draws} draws")
    mark(axes, law["alpha_bbp"], r"$\alpha_\mathrm{BBP}$", ":", high=True)
    a = data.parameters["a"][case]
    axes.set(xlabel=r"$\alpha$", ylabel="$m^2$", ylim=(0, 0.6))
    axes.set_title(f"{case}, $p = 2$, $p^* = 1$, $a = {a:g}$")

"""Figure 12 from its data."""

import numpy as np
from matplotlib.figure import Figure

from figures.kit import COLOURS, DASHES, Data, column, panels, points, rows

# Of the state evolution: column, start, line.
LINES = (
    ("message_passing", "uninformed", "-"),
    ("information_limit", "information limit", (0, (1, 1))),
)


def plot(data: Data) -> Figure:
    given = data.parameters
    figure, ((axes,),) = panels(1)
    figure.set_size_inches(5.2, 4.2)
    for i, name in enumerate(data.tables["methods"]["method"]):
        (law,) = rows(data.tables["methods"], method=name)
        x, y = (column(data.tables["theory"], key, method=name) for key in ("alpha", "m2"))
        axes.plot(x, y, color=COLOURS[i], linestyle=DASHES[i], linewidth=1.0)
        found = rows(data.tables["simulation"], method=name)
        label = f"{name}, from $\\alpha = {law['alpha']:.3f}$"
        points(axes, found, i, label=label)
    for key, start, dash in LINES:
        x, y = (column(data.tables["bayes"], name) for name in ("alpha", key))
        for jump in rows(data.tables["bayes_jumps"], start=start):
            x = np.append(x, [jump["alpha"]] * 2)
            y = np.append(y, [jump["below"], jump["above"]])
        order = np.lexsort((y, x))
        label = f"{key.replace('_', ' ')} (Bayes-optimal)"
        axes.plot(x[order], y[order], color="0.5", linestyle=dash, linewidth=1.6, label=label)
    axes.set(xlabel=r"$\alpha$", ylabel="$m^2$ with the teacher", ylim=(0, 1.05))
    axes.set_title(
        f"$p = {given['p']}$, $p^* = 1$, $a = {given['a']:g}$, $N = {given['N']}$, "
        f"{given['draws']} draws; lines: theory"
    )
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=2)
    return figure

"""Figure 15 from its data."""

from matplotlib.figure import Figure

from figures.kit import COLOURS, DASHES, Data, column, panels, points, rows


def plot(data: Data) -> Figure:
    given = data.parameters
    figure, (line,) = panels(3)
    for axes, (kind, title) in zip(line, given["kinds"].items(), strict=True):
        table = data.tables["theory"]
        for i, (name, label) in enumerate(given["theories"].items()):
            x, y = (column(table, key, kind=kind, theory=name) for key in ("alpha", "m2"))
            (far,) = column(data.tables["distance"], "distance", kind=kind, theory=name)
            axes.plot(
                x,
                y,
                color=COLOURS[(6, 2, 1)[i]],
                linestyle=DASHES[(3, 1, 0)[i]],
                label=f"{label}: off by {far:.3f}",
            )
        points(axes, rows(data.tables["simulation"], kind=kind), 0, label="simulation")
        (law, *_) = rows(data.tables["laws"], kind=kind)
        axes.set(xlabel=r"$\alpha$", ylabel="$m^2$, lowest eigenvectors", ylim=(0, 1.35))
        axes.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1.0])
        axes.set_title(f"{title}, $N = {law['N']}$, $n = {law['n']}$")
        axes.legend(loc="upper left", labelspacing=0.25)
    figure.supxlabel(
        f"$p = {given['p']}$, $p^* = 1$, $a = {given['a']:g}$, {given['draws']} draws, not "
        "whitened; off by: root mean square over the points",
        fontsize=8,
    )
    return figure

"""Figure 12 from its data."""

from matplotlib.figure import Figure

from figures.kit import COLOURS, DASHES, Data, column, panels, points, rows


def plot(data: Data) -> Figure:
    given = data.parameters
    figure, ((axes,),) = panels(1)
    figure.set_size_inches(5.2, 3.4)
    for i, name in enumerate(data.tables["methods"]["method"]):
        (law,) = rows(data.tables["methods"], method=name)
        x, y = (column(data.tables["theory"], key, method=name) for key in ("alpha", "m2"))
        axes.plot(x, y, color=COLOURS[i], linestyle=DASHES[i], linewidth=1.0)
        found = rows(data.tables["simulation"], method=name)
        label = f"{name}, from $\\alpha = {law['alpha']:.3f}$"
        points(axes, found, i, label=label)
    axes.set(xlabel=r"$\alpha$", ylabel="$m^2$ with the teacher", ylim=(0, 1.0))
    axes.set_title(
        f"$p = {given['p']}$, $p^* = 1$, $a = {given['a']:g}$, $N = {given['N']}$, "
        f"{given['draws']} draws; lines: theory"
    )
    axes.legend(loc="upper left")
    return figure

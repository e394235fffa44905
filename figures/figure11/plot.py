"""Figure 11 from its data."""

from matplotlib.figure import Figure

from figures.kit import COLOURS, DASHES, Data, column, panels, points, rows


def plot(data: Data) -> Figure:
    given = data.parameters
    figure, ((left, right),) = panels(2)
    for i, p in enumerate(given["widths"]):
        found = rows(data.tables["thresholds"], p=p)
        style = {"color": COLOURS[i + 1], "linestyle": DASHES[i]}
        x, y = zip(*((row["noise"], row["alpha_bbp"]) for row in found), strict=True)
        left.plot(x, y, **style, label=rf"$\alpha_{{\mathrm{{BBP}}}}$, $p = {p}$")
    weak = data.tables["weak_recovery"]
    left.plot(weak["noise"], weak["alpha"], "k:", label="weak recovery")
    left.set(xlabel=r"label noise, variance $\sigma^2$", ylabel=r"$\alpha$", ylim=0)
    left.set_title(f"thresholds, $p^* = 1$, $a = {given['a']:g}$")
    left.legend(ncols=2, loc="upper left")
    top = max(data.tables["thresholds"]["alpha_bbp"])
    left.set_ylim(0, 1.45 * top)
    for i, noise in enumerate(given["shown"]):
        theory = data.tables["theory"]
        x, y = (column(theory, name, noise=noise) for name in ("alpha", "m2"))
        right.plot(
            x, y, color=COLOURS[i + 1], linestyle=DASHES[i], label=rf"$\sigma^2 = {noise:g}$"
        )
        found = rows(data.tables["simulation"], observable="m2", label_noise=noise)
        points(right, found, i + 1)
    right.set(xlabel=r"$\alpha$", ylabel="$m^2$, lowest eigenvectors", ylim=0)
    right.set_title(f"$p = 2$, $N = {given['N']}$, {given['draws']} draws")
    right.legend(title="theory (lines), simulation", title_fontsize=7)
    return figure

"""m² over one parameter and α, with the thresholds: the panel of a diagram."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import Normal, Stroke
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from bbpscape.plots.style import FAINT, HATCH, OUTLIER, WIDTHS
from bbpscape.theory.diagram import Diagram

FloatArray = NDArray[np.float64]
PERFECT = (0, (5, 3))
# The least distance from the border of a region that is named, of the sides of the picture.
ROOM = 0.08
KINDS: dict[str, Any] = {"continuous": "-", "discontinuous": "--"}


def draw_phases(axes: Axes, result: Diagram) -> Any:
    """m² as colours, α_BBP, α₀ and weak recovery as lines; returns the mesh of the colours."""
    line, x = result.lines["thresholds"], result.x
    m2 = np.ma.masked_where(~(result.fields["m2"] > 0), result.fields["m2"])
    axes.set_facecolor("white")
    top = max(0.1, np.ceil(10 * float(m2.max() or 0.0)) / 10) if m2.count() else 1.0
    mesh = axes.pcolormesh(x, result.y, m2, cmap="YlGnBu", vmin=0, vmax=top, shading="nearest")
    for kind, style in KINDS.items():
        _along(axes, result, _kept(result, kind, "alpha_bbp"), color=OUTLIER, ls=style, lw=2)
    if not _is(result, "continuous").all():
        onset = _kept(result, "discontinuous", "alpha_0")
        below: Any = {"facecolor": "none", "edgecolor": FAINT, "hatch": HATCH, "linewidth": 0}
        axes.fill_between(*path(result, onset), path(result, line["alpha_bbp"])[1], **below)
        _along(axes, result, onset, color="black", ls="-.", lw=1.4)
    if result.standard:
        _along(axes, result, line["weak_recovery"], color="black", ls=":", lw=1.6)
    if _perfect_is_seen(result):
        _along(axes, result, line["perfect_recovery"], color="black", ls=PERFECT, lw=1.2)
    if _sharp_is_seen(result):
        _along(axes, result, line["alpha_sharp"], color=FAINT, lw=1)
    if (corner := _corner(result)) is not None:
        axes.plot(*corner, "D", color="black", markersize=7, clip_on=False)
    for name, inside in _regions(result).items():
        _write(axes, result, name, inside)
    return mesh


def path(result: Diagram, values: NDArray[np.float64]) -> tuple[FloatArray, FloatArray]:
    """A line along x: through the points, or level across each cell of an axis of integers."""
    if result.x_name not in WIDTHS:
        return result.x, values
    return np.repeat(borders(result.x), 2)[1:-1], np.repeat(values, 2)


def borders(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The ends of the cells around ``values``, halfway between them.

    >>> borders(np.array([1.0, 2.0, 4.0])).tolist()
    [0.5, 1.5, 3.0, 5.0]
    """
    if values.size == 1:
        return values[0] + np.array([-0.5, 0.5])
    half = np.diff(values) / 2
    return np.concatenate([values[:1] - half[0], values[:-1] + half, values[-1:] + half[-1]])


def _along(axes: Axes, result: Diagram, values: NDArray[np.float64], **style: Any) -> None:
    axes.plot(*path(result, values), **style)


def _regions(result: Diagram) -> dict[str, NDArray[np.bool_]]:
    """The cells of each phase by its name, shape (y, x)."""
    line, y = result.lines["thresholds"], result.y[:, None]
    onset = np.where(_is(result, "continuous"), line["alpha_bbp"], line["alpha_0"])
    known = result.fields["m2"] > 0
    return {"outlier": known, "no outlier": ~known & (y < onset)}


def _write(axes: Axes, result: Diagram, name: str, inside: NDArray[np.bool_]) -> None:
    """The name of a phase where it is widest, if there is room for it."""
    cell = tuple(1 / count for count in inside.shape)
    depth = distance_transform_edt(np.pad(inside, 1), sampling=cell)[1:-1, 1:-1]
    if depth.max() < ROOM:
        return
    row, column = np.unravel_index(np.argmax(depth), depth.shape)
    place: Any = {"ha": "center", "va": "center", "fontsize": 9, "style": "italic"}
    # Lines may run behind it.
    place["path_effects"] = [Stroke(linewidth=3, foreground="white"), Normal()]
    axes.text(result.x[column], result.y[row], name, **place)


def phases_legend(result: Diagram) -> list[Any]:
    """What is there of the lines that ``draw_phases`` draws."""
    handles: list[Any] = [
        Line2D([], [], color=OUTLIER, linestyle=style, linewidth=2, label=_bbp(kind))
        for kind, style in KINDS.items()
        if _is(result, kind).any()
    ]
    if not _is(result, "continuous").all():
        label = r"$m^2 > 0$ at finite $N$, none at $N \to \infty$"
        handles += [
            Line2D([], [], color="black", linestyle="-.", label=r"$\alpha_0$"),
            Patch(facecolor="none", edgecolor=FAINT, hatch=HATCH, linewidth=0.6, label=label),
        ]
    if result.standard:
        handles.append(Line2D([], [], color="black", linestyle=":", label="weak recovery"))
    if _perfect_is_seen(result):
        label = "message passing: perfect above"
        handles.append(Line2D([], [], color="black", linestyle=PERFECT, label=label))
    if _sharp_is_seen(result):
        handles.append(Line2D([], [], color=FAINT, linewidth=1, label="left edge: sharp above"))
    if _corner(result) is not None:
        diamond: Any = {"color": "black", "marker": "D", "linestyle": "none"}
        handles.append(Line2D([], [], label="tricritical point", **diamond))
    return handles


def _bbp(kind: str) -> str:
    return rf"$\alpha_\mathrm{{BBP}}$, {kind}"


def _is(result: Diagram, kind: str) -> NDArray[np.bool_]:
    continuous = result.lines["thresholds"]["continuous"] == 1
    return continuous if kind == "continuous" else ~continuous


def _kept(result: Diagram, kind: str, name: str) -> NDArray[np.float64]:
    """A line where the transition is of a kind, NaN elsewhere.

    That of the discontinuous ones goes on to the points beside, so that the lines touch.
    """
    chosen = _is(result, kind)
    if kind == "discontinuous" and result.x_name not in WIDTHS:
        wider = chosen.copy()
        wider[:-1] |= chosen[1:]
        wider[1:] |= chosen[:-1]
        chosen = wider
    return np.where(chosen, result.lines["thresholds"][name], np.nan)


def _perfect_is_seen(result: Diagram) -> bool:
    perfect = result.lines["thresholds"].get("perfect_recovery", np.empty(0))
    return bool(((perfect > result.y[0]) & (perfect < result.y[-1])).any())


def _sharp_is_seen(result: Diagram) -> bool:
    sharp = result.lines["thresholds"].get("alpha_sharp", np.empty(0))
    return bool(((sharp > result.y[0]) & (sharp < result.y[-1])).any())


def _corner(result: Diagram) -> tuple[NDArray, NDArray] | None:
    """Where the kind of the transition changes, if that is in the picture."""
    corner = result.lines.get("critical")
    if corner is None or not result.x[0] <= corner[result.x_name][0] <= result.x[-1]:
        return None
    # The first width of the other kind: where its cell begins.
    return corner[result.x_name] - 0.5 * (result.x_name in WIDTHS), corner["alpha"]

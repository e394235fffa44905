"""Where a result is drawn: a figure of its own with all panels, or the main one in given axes."""

import io
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatterSciNotation

from bbpscape.core.checks import InvalidInput
from bbpscape.plots.style import STYLE

Panel = Callable[[Axes], None]
RESOLUTION = 110  # dots an inch, in a notebook
# Of a legend inside axes: lines may run behind it.
GROUND: Any = {"frameon": True, "framealpha": 0.9, "edgecolor": "none"}


class Picture(Figure):
    """A figure that a notebook shows as the last value of a cell, with pyplot or without."""

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.savefig(file, format="png", dpi=RESOLUTION)
        return file.getvalue()


class Plain(LogFormatterSciNotation):
    """Numbers along a logarithmic axis as 0.6 or 200, where there is room for them."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        return f"{x:g}" if super().__call__(x, pos) else ""


def plain(axis: Axis) -> None:
    """Label a logarithmic axis with plain numbers."""
    axis.set_major_formatter(Plain())
    axis.set_minor_formatter(Plain(labelOnlyBase=False))


def compose(
    ax: Axes | None,
    panels: Sequence[Panel],
    title: str,
    *,
    size: tuple[float, float] = (7.2, 3.9),
    legend_columns: int = 2,
    own_legend: bool = True,
    handlelength: float = 2.0,
    **layout: Any,
) -> Figure:
    """The figure of some panels side by side, the first of which is the main one.

    Parameters
    ----------
    ax : Axes, optional
        Where the main panel goes alone, with the title and a legend of its own.
    panels : sequence of functions of axes
    title : str
        The parameters of the figure.
    size : (float, float)
        Width and height of a figure of its own, in inches.
    legend_columns : int
        Of the legend below all panels, which has each label once.
    own_legend : bool
        Whether there is one; panels without it have their own.
    handlelength : float
        Of its lines, in letters.
    **layout
        Options of ``Figure.subplots``.
    """
    if ax is not None:
        return _into(ax, panels[0], title, own_legend)
    with mpl.rc_context(STYLE):
        figure = Picture(figsize=size)
        axes = figure.subplots(1, len(panels), squeeze=False, **layout)[0]
        for draw, one in zip(panels, axes, strict=True):
            draw(one)
        figure.suptitle(title, fontsize=10)
        entries = labelled(axes)
        if own_legend and entries:
            figure.legend(
                entries.values(),
                entries.keys(),
                loc="outside lower center",
                ncols=legend_columns,
                handlelength=handlelength,
            )
    return figure


def _into(ax: Axes, draw: Panel, title: str, own_legend: bool) -> Figure:
    with mpl.rc_context(STYLE):
        draw(check_axes(ax))
        what = ax.get_title(loc="left")
        ax.set_title("", loc="left")
        ax.set_title(f"{title}\n{what}" if what else title, fontsize=9)
        if own_legend and labelled([ax]):
            ax.legend(**GROUND)
    return figure_of(ax)


def check_axes(ax: object) -> Axes:
    """``ax`` if something can be drawn in it."""
    if not isinstance(ax, Axes):
        raise InvalidInput(f"ax must be matplotlib axes, got {type(ax).__name__}")
    return ax


def figure_of(ax: Axes) -> Figure:
    """The figure that axes stand in."""
    figure = ax.get_figure(root=True)
    assert isinstance(figure, Figure)
    return figure


def labelled(axes: Sequence[Axes]) -> dict[str, Any]:
    """What legends show, by label: the first handle of each."""
    entries: dict[str, Any] = {}
    for one in axes:
        for handle, label in zip(*one.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    return entries

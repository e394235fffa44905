"""A photograph beside its recoveries, and the strip of one of them on its way."""

from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bbpscape.experiments.photograph import Photograph
from bbpscape.plots.canvas import Picture, check_axes, figure_of
from bbpscape.plots.dispatch import plot
from bbpscape.plots.style import STYLE


@plot.register
def _(result: Photograph, ax: Axes | None = None) -> Figure:
    """The photograph and its recoveries above, the strip of one of them below.

    Into ``ax`` goes the recovery of the largest m².
    """
    shades = (result.image.min(), result.image.max())
    images = [(result.image, "the photograph,\n$w^*$ of the teacher")]
    images += [
        (one.image, f"{one.name}\n$m^2$: {one.begin_m2:.2g} → {one.m2:.2g}")
        for one in result.recoveries
    ]
    if ax is not None:
        best = max(range(len(result.recoveries)), key=lambda i: result.recoveries[i].m2)
        _images([check_axes(ax)], [images[1 + best]], shades)
        return figure_of(ax)
    with mpl.rc_context({**STYLE, "axes.titlesize": 8}):
        figure = Picture(figsize=(9.0, 5.0))
        halves: Any = figure.subfigures(2, 1, height_ratios=(1.2, 1))
        above, below = halves
        _images(above.subplots(1, len(images)), images, shades)
        frames = [(one.image, f"step {one.step}\n$m^2$ = {one.m2:.2g}") for one in result.strip]
        _images(below.subplots(1, max(len(frames), 2))[: len(frames)], frames, shades)
        above.suptitle(
            f"{result.side} × {result.side} pixels from {result.alpha:.3g} times as many squared"
            f" random projections,  $a = {result.a:g}$",
            fontsize=9,
        )
        chosen = result.recoveries[result.strip_of]
        below.suptitle(f"on the way from the {chosen.name}", fontsize=9)
    return figure


def _images(panels: Any, images: list[tuple[Any, str]], shades: tuple[float, float]) -> None:
    for axes, (image, title) in zip(panels, images, strict=True):
        axes.imshow(image, cmap="gray", vmin=shades[0], vmax=shades[1], interpolation="nearest")
        axes.set_title(title)
        axes.set_axis_off()

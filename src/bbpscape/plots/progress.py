"""How far a study is: its plan, a run of it, and where it stands."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bbpscape.plots.canvas import compose
from bbpscape.plots.dispatch import plot
from bbpscape.plots.style import FAINT, OUTLIER, SIMULATION, THEORY
from bbpscape.study.plan import Plan
from bbpscape.study.runner import RunSummary
from bbpscape.study.status import StudyStatus

COLOURS = {"done": THEORY, "left": SIMULATION, "failed": OUTLIER}
HATCHES = {"failed": "////"}


@plot.register
def _(result: Plan, ax: Axes | None = None) -> Figure:
    """Draws and points of theory: done, and left."""
    done = {"draws": result.draws - result.missing_draws}
    done["theory"] = result.theory - result.missing_theory
    left = {"draws": result.missing_draws, "theory": result.missing_theory}
    return _bars({"done": done, "left": left}, f"cells = {result.cells}", "draws or points", ax)


@plot.register
def _(result: RunSummary, ax: Axes | None = None) -> Figure:
    counts = {"done": result.done, "failed": result.failed, "sent again": result.retried}
    title = f"{result.executor},  {result.seconds:.3g} s,  failed = {result.failed}"
    return _bars({name: {name: one} for name, one in counts.items()}, title, "points", ax)


@plot.register
def _(result: StudyStatus, ax: Axes | None = None) -> Figure:
    """Points of theory and of simulation by their status."""
    parts = {
        status: {source: one.points for source, one in by_source.items()}
        for status, by_source in result.points.items()
    }
    return _bars(parts, f"{result.path.name},  failed = {result.failed}", "points", ax)


def _bars(
    parts: Mapping[str, Mapping[str, int]], title: str, label: str, ax: Axes | None
) -> Figure:
    """A bar for each name within ``parts``, of stretches that the parts are."""

    def panel(axes: Axes) -> None:
        begun: dict[str, int] = {}
        for part, counts in parts.items():
            starts = [begun.get(name, 0) for name in counts]
            style: Any = {"color": COLOURS.get(part, FAINT), "hatch": HATCHES.get(part)}
            axes.barh(list(counts), list(counts.values()), left=starts, label=part, **style)
            begun |= {name: begun.get(name, 0) + count for name, count in counts.items()}
        axes.set_xlabel(label)
        axes.set_ylabel("what")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))

    return compose(ax, [panel], title, size=(6.4, 2.9), legend_columns=4)

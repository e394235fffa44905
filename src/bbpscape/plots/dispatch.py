"""``plot(result)``: the figure of any kind of result that has one."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from matplotlib.figure import Figure

from bbpscape.core.checks import InvalidInput


@singledispatch
def plot(result: object, ax: Any = None, **options: Any) -> Figure:
    """The figure of a result, of its own or with its main panel drawn into ``ax``.

    ``options`` are those of the kind: ``observable`` and ``x`` of a study's results.

    Every kind of result registers its own drawing beside this function, and so can yours:
    ``bb.plots.plot.register``.

    Parameters
    ----------
    result : Result
        Of a kind that has a figure.
    ax : Axes, optional
        Where the main panel is drawn alone.
    **options
        Those of the kind.

    Returns
    -------
    Figure
        Its own, or that of ``ax``.

    Raises
    ------
    InvalidInput
        If there is no figure of ``result``.

    Examples
    --------
    >>> import bbpscape as bb
    >>> figure = bb.plots.plot(bb.overlap_curve(bb.TeacherStudent(1, 1), [1.0, 2.0]))
    >>> len(figure.axes)
    1
    """
    known = sorted({kind.__name__ for kind in plot.registry} - {"object"})
    raise InvalidInput(
        f"there is no figure of a {type(result).__name__}: there is one of {', '.join(known)}"
    )

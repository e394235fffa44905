"""Writing figures: a path is checked before the work, and written whole or not at all."""

from __future__ import annotations

import io
import os
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from bbpscape.core.checks import InvalidInput
from bbpscape.core.files import check_output_path, replacing
from bbpscape.plots.style import STYLE

SUFFIXES = (".pdf", ".png", ".svg")


def check_figure_path(path: str | os.PathLike[str]) -> Path:
    """``path`` as a Path, if a figure can be written there.

    Parameters
    ----------
    path : path
        It ends in .png, .pdf or .svg.

    Returns
    -------
    Path
        The same.

    Raises
    ------
    InvalidInput
        If the ending is another, or the folder is not there.

    Examples
    --------
    >>> import bbpscape as bb
    >>> bb.plots.check_figure_path("curve.pdf").suffix
    '.pdf'
    """
    checked = check_output_path(path)
    if checked.suffix.lower() not in SUFFIXES:
        raise InvalidInput(f"a figure must end in {', '.join(SUFFIXES)}, got {str(path)!r}")
    return checked


def save(figure: Figure, path: str | os.PathLike[str]) -> Path:
    """Write ``figure`` to ``path`` (.png at 200 dpi, .pdf or .svg), replacing a file there.

    Parameters
    ----------
    figure : Figure
        What ``plot`` gave.
    path : path
        It ends in .png, .pdf or .svg.

    Returns
    -------
    Path
        Where it lies.

    Raises
    ------
    InvalidInput
        If the ending is another, or nothing can be written there.

    Examples
    --------
    >>> import bbpscape as bb
    >>> figure = bb.overlap_curve(bb.TeacherStudent(1, 1), [1.0, 2.0]).plot()
    >>> bb.plots.save(figure, "curve.svg").stat().st_size > 1000
    True
    """
    target = check_figure_path(path)
    # In memory: a disk that fills up in the middle of a PDF makes errors of many kinds.
    drawn = io.BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(drawn, dpi=200, format=target.suffix[1:].lower())
    with replacing(target) as temporary:
        temporary.write_bytes(drawn.getvalue())
    return target

"""The theory of an observable along α, on points of its own."""

import functools
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.core.checks import InvalidInput, NoConvergence
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.plots.theory_line import broken_line, theory_line
from bbpscape.study.cells import Cell
from bbpscape.study.observable import Observable
from bbpscape.study.spectrum import limit
from bbpscape.theory.route import route

FloatArray = NDArray[np.float64]

POINTS = 120
# Routes that give the curve of a model fewer points take longer for each than a figure has.
CLOSED = 200
# Either side of a transition, of its α.
BESIDE = 1e-7


def limit_line(
    observable: Observable | None,
    model: TeacherStudent,
    alpha: ArrayLike,
    values: ArrayLike,
    transition: float,
    N: int | None = None,
) -> tuple[FloatArray, FloatArray]:
    """(α, values) of a line of theory through a few points, with a gap where it jumps.

    Along a route with closed forms it is that of a fine grid, up to either side of the
    ``transition``. Elsewhere, or of an ``observable`` that is not known here, it leads straight
    from point to point.
    """
    points = np.asarray(alpha, dtype=float)
    plain = functools.partial(broken_line, points, values, transition)
    ends = float(points.min()), float(points.max())
    if observable is None or observable.theory is None or ends[0] == ends[1]:
        return plain()
    try:
        if route(model, N).curve_points[0] < CLOSED:
            return plain()
        at = _along(observable.theory, model, N)
        x = np.union1d(np.linspace(*ends, POINTS), points)
        beside = [math.nan, math.nan]
        if ends[0] < transition < ends[1]:
            beside = [at(transition * (1 + side)) for side in (-BESIDE, BESIDE)]
        return theory_line(x, [at(one) for one in x.tolist()], transition, *beside)
    except (InvalidInput, NoConvergence):
        return plain()


def limit_points(
    observable: Observable | None,
    cell: Cell,
    alpha: FloatArray,
    values: FloatArray,
    transition: float,
) -> tuple[FloatArray, FloatArray]:
    """``limit_line`` of the model of a cell; from point to point where that takes what is not here.

    A study read from its file alone has no losses or rows of a user's own.
    """
    try:
        model, N = cell.model, cell.dimension
    except InvalidInput:
        return broken_line(alpha, values, transition)
    return limit_line(observable, model, alpha, values, transition, N)


def _along(
    theory: Callable[..., float], model: TeacherStudent, N: int | None
) -> Callable[[float], float]:
    return lambda alpha: float(theory(model, limit(model, alpha, N)))

"""Where the transition changes kind: a_c(p, p*) and p_c(a, p*); and where α_BBP(a) is lowest."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.optimize.elementwise import bracket_root, find_root

from bbpscape.core.checks import positive_integer
from bbpscape.core.result import Result, result
from bbpscape.model.losses import NormalizedSquare
from bbpscape.model.teacher_student import WIDEST, TeacherStudent
from bbpscape.theory.laws.committees import Committees
from bbpscape.theory.roots import EXTREME, NoConvergence
from bbpscape.theory.scalar.many import end_excess, transitions

# α_BBP(a) is searched for its minimum between these, the lower standing for the limit a → 0.
LOWEST_A = 1e-12
GRID = 80
# Of log a_c.
CLOSE = {"xatol": 1e-15, "xrtol": 0.0}
# Widths among which p_c is found, and the number that are tried at once between two of them.
LADDER = np.append(4.0 ** np.arange(15), WIDEST)
TRIED = 64


@result
class ThresholdMinimum(Result):
    """min_a α_BBP(a) of a student and a teacher width: ``alpha_bbp`` at ``a``.

    ``kind`` says where: "critical" at a_c, where the transition changes kind; "continuous" at a
    smaller a, inside the continuous branch; "limit" as a → 0, where ``a`` is 0 and ``alpha_bbp``
    was taken at a = 1e-12.

    Examples
    --------
    >>> import bbpscape as bb
    >>> found = bb.threshold_minimum(1, 1)
    >>> found.kind, found.a == bb.critical_a(1, 1)
    ('critical', True)
    """

    p: int | float
    p_star: int
    a: float
    alpha_bbp: float
    kind: str

    def headline(self) -> str:
        return f"Lowest alpha_bbp over a, p = {self.p:g}, p* = {self.p_star}"


def critical_a(p: float, p_star: int) -> float:
    """a_c(p, p*): T = K at g = −p/2; below it the transition is continuous. 0 at p = ∞.

    Parameters
    ----------
    p : float
        Student width; ∞ has a_c = 0.
    p_star : int
        Teacher width.

    Returns
    -------
    float
        a_c(p, p*).

    Raises
    ------
    InvalidInput
        If a width is not a positive integer.

    Examples
    --------
    >>> round(critical_a(1, 1), 5)
    1.10876
    """
    TeacherStudent(p, p_star)
    if math.isinf(p):
        return 0.0

    (found,) = critical_as(p, p_star)
    if math.isnan(found):
        raise NoConvergence(f"a_c: not found at p = {p:g}, p* = {p_star}; {EXTREME}")
    return float(found)


def critical_as(p: ArrayLike, p_star: ArrayLike) -> NDArray[np.float64]:
    """``critical_a`` of many finite widths, which are broadcast; NaN where it is not found."""
    widths = [one.ravel() for one in np.broadcast_arrays(np.asarray(p, float), p_star)]

    def excess(log_a: NDArray, p: NDArray, p_star: NDArray) -> NDArray:
        return end_excess(Committees.of(p, p_star, np.exp(log_a)))

    start = np.log(widths[1] / widths[0])
    ends = bracket_root(excess, start - 0.5, start + 0.5, args=tuple(widths))
    found = find_root(excess, ends.bracket, args=tuple(widths), tolerances=CLOSE)
    return np.where(found.success, np.exp(found.x), np.nan)


def critical_p(a: float, p_star: int) -> int:
    """p_c(a, p*): the narrowest student whose transition is discontinuous; wider ones' are too.

    Parameters
    ----------
    a : float
        Loss normalization.
    p_star : int
        Teacher width.

    Returns
    -------
    int or None
        p_c(a, p*).

    Raises
    ------
    InvalidInput
        If ``a`` or ``p_star`` is not allowed.
    NoConvergence
        If no student of at most 1e9 neurons has a discontinuous transition.

    Examples
    --------
    >>> critical_p(0.65, 1)  # a_c is 0.69 at p = 3 and 0.60 at p = 4
    4
    """
    a, p_star = NormalizedSquare(a).a, int(positive_integer("p_star", p_star))
    tried = LADDER
    while True:
        jumps = end_excess(Committees.of(tried, p_star, a)) >= 0
        if not jumps.any():
            raise NoConvergence(
                f"p_c: the transition is continuous up to p = {WIDEST:g} at a = {a:g}"
            )
        first = int(np.argmax(jumps))
        if first == 0 or tried[first] - tried[first - 1] == 1:
            return int(tried[first])
        between = np.linspace(tried[first - 1], tried[first], TRIED)
        tried = np.unique(np.round(between))


def threshold_minimum(p: float, p_star: int) -> ThresholdMinimum:
    """min_a α_BBP(a) at given widths.

    Beyond a_c the transition is discontinuous and α_BBP = p*/(2 E⟨1/(a + c r)⟩) rises with a, so
    that the minimum lies at a_c or below it: at a_c itself for p near p*, slightly below it for
    much wider students, and in the limit a → 0 for much narrower ones.

    Parameters
    ----------
    p : float
        Student width.
    p_star : int
        Teacher width.

    Returns
    -------
    ThresholdMinimum
        The least α_BBP, and the a where it is.

    Raises
    ------
    InvalidInput
        If a width is not a positive integer.

    Examples
    --------
    >>> threshold_minimum(math.inf, 1).alpha_bbp
    0.5
    """
    if math.isinf(TeacherStudent(p, p_star).p):
        return ThresholdMinimum(math.inf, p_star, 0.0, p_star / 2, "limit")

    def alpha(log_a: ArrayLike) -> NDArray[np.float64]:
        return transitions(Committees.of(p, p_star, np.exp(log_a))).alpha

    corner = critical_a(p, p_star)
    grid = np.linspace(math.log(LOWEST_A), math.log(corner), GRID)
    values = alpha(grid)
    lowest = int(np.argmin(values))
    if lowest == 0:
        return ThresholdMinimum(p, p_star, 0.0, float(values[0]), "limit")
    bounds = (grid[lowest - 1], grid[min(lowest + 1, GRID - 1)])
    found = minimize_scalar(
        lambda log_a: alpha(log_a)[0], bounds=bounds, method="bounded", options={"xatol": 1e-9}
    )
    if found.fun < values[-1]:
        return ThresholdMinimum(p, p_star, math.exp(found.x), float(found.fun), "continuous")
    return ThresholdMinimum(p, p_star, corner, float(values[-1]), "critical")

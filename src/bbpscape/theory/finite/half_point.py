"""Where half of the draws have an outlier: α_½(N), and its inverse N(α).

Source: theory.md §5.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import positive, positive_integer
from bbpscape.core.report import counted
from bbpscape.core.result import Result, result
from bbpscape.core.seeds import Seed, check_seed
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.finite.crossing import crossing, median_of
from bbpscape.theory.finite.draws import (
    LABELS,
    MOST_SAMPLES,
    check_dimension,
    check_draws,
    check_finite,
    check_sizes,
    drawn_by,
    over_draws,
)
from bbpscape.theory.finite.one_draw import has_limit, near_half, start_of, strength_of_draw

# Where N is sought: from here on, at first by a guess.
SMALLEST, GUESS = 50, 1e4
# In log α, with a limit for N → ∞ near it and without.
STRIDES = {True: 0.1, False: 0.5}


@result
class HalfPoint(Result):
    """Where half of the draws have an outlier: ``alpha`` at ``N``, found for one of the two.

    ``standard_error`` is that of ``alpha``, or of ``N`` if N was sought; None with a single draw.
    ``slope`` is
    d(median strength)/d log of what was sought, ``evaluations`` how often all draws were solved,
    ``by`` whether they are given by "labels" or "coordinates".

    Examples
    --------
    >>> import bbpscape as bb
    >>> model = bb.TeacherStudent(p=1, p_star=1, loss=bb.NormalizedSquare(2.0))
    >>> found = bb.finite.half_alpha(model, N=100, draws=10)
    >>> found.N, found.sought
    (100, 'alpha')
    """

    model: TeacherStudent
    alpha: float
    N: int | float
    standard_error: float | None
    sought: str
    slope: float
    draws: int
    seed: int
    evaluations: int
    by: str = LABELS

    def headline(self) -> str:
        at = f"N = {self.N}" if self.sought == "alpha" else f"alpha = {self.alpha:.6g}"
        return (
            f"The {self.sought} at which half of the draws have an outlier, {self.model.label()}, "
            f"{at}, {counted(self.draws, 'draw')}"
        )


def strengths(
    model: TeacherStudent,
    alpha: float,
    N: int,
    draws: int = 100,
    seed: Seed = 0,
    workers: int | None = None,
    by: str | None = None,
) -> NDArray[np.float64]:
    """α g (m_1^y − m_1) at the left edge of each draw, shape (draws,): above 1 with an outlier.

    Of inputs with structure it is Δ K of theory.md §6.

    Parameters
    ----------
    model : TeacherStudent
    alpha : float
        Samples per dimension, M/N.
    N : int
        Input dimension.
    draws : int
        Independent draws of labels.
    seed : int or numpy Generator
        Draw i depends on (seed, i) alone.
    workers : int, optional
        Threads; as many as there are processors by default.
    by : str, optional
        "labels" or "coordinates"; see ``finite_size_law``.

    Returns
    -------
    array, shape (draws,)
        A draw has an outlier where its strength exceeds 1.

    Raises
    ------
    InvalidInput
        If an argument is not allowed.

    Examples
    --------
    >>> import bbpscape as bb
    >>> model = bb.TeacherStudent(p=1, p_star=1, loss=bb.NormalizedSquare(2.0))
    >>> found = bb.finite.strengths(model, alpha=3.0, N=200, draws=10)
    >>> law = bb.finite.finite_size_law(model, alpha=3.0, N=200, draws=10)
    >>> float(np.mean(found > 1)) == law.probability
    True
    """
    N, M = check_sizes(model, alpha, N)
    draws, seed = check_draws(draws), check_seed(seed)
    by = drawn_by(model, N, M, by)
    start = start_of(model, M / N, by)

    def one(draw: int) -> float:
        return strength_of_draw(model, N, M, seed, draw, start, by)

    return np.array(over_draws(one, draws, M, workers))


def half_alpha(
    model: TeacherStudent,
    N: int,
    draws: int = 100,
    seed: Seed = 0,
    workers: int | None = None,
    by: str | None = None,
) -> HalfPoint:
    """α_½(N): the α at which the median over draws of the strength α g (m_1^y − m_1) is 1.

    A draw has an outlier iff its strength exceeds 1, so that half of the draws have one there. The
    strength varies continuously where the presence of an outlier is a step, and the draws keep
    their labels as α grows: the median is solved for in log α. Its standard error, a quarter of
    the distance between the order statistics n/2 ± √n, over its slope across the first bracket, is
    that of α_½. (A draw need not have a single onset: one more extreme label can take its outlier
    away, and the median jumps a little.)

    Parameters
    ----------
    model : TeacherStudent
    N : int
        Input dimension.
    draws : int
        Independent draws of labels.
    seed : int or numpy Generator
        Draw i depends on (seed, i) alone.
    workers : int, optional
        Threads; as many as there are processors by default.
    by : str, optional
        "labels" or "coordinates"; see ``finite_size_law``.

    Returns
    -------
    HalfPoint
        The α with its standard error.

    Raises
    ------
    InvalidInput
        If an argument is not allowed, or N is too small for half of the draws to have an outlier.

    Examples
    --------
    >>> import bbpscape as bb
    >>> model = bb.TeacherStudent(p=1, p_star=1, loss=bb.NormalizedSquare(2.0))
    >>> found = bb.finite.half_alpha(model, N=100, draws=10)
    >>> np.median(bb.finite.strengths(model, found.alpha, 100, draws=10)).round(1).item()
    1.0
    """
    check_finite(model)
    N = check_dimension(model, N)
    draws, seed = check_draws(draws), check_seed(seed)
    # Near it: where its samples do not fit, those of the search would not.
    near = near_half(model, N)
    # One way for all α that are tried.
    way = drawn_by(model, *check_sizes(model, near, N), by)

    def median(log_alpha: float) -> tuple[float, float]:
        return median_of(strengths(model, math.exp(log_alpha), N, draws, seed, workers, way))

    bounds = (math.log(1 / N), math.log(MOST_SAMPLES / N))
    stride = STRIDES[has_limit(model)]
    root, error, slope, evaluations = crossing(median, math.log(near), stride, bounds, "alpha")
    alpha = math.exp(root)
    known = alpha * error if draws > 1 else None
    return HalfPoint(model, alpha, N, known, "alpha", slope, draws, seed, evaluations, way)


def half_n(
    model: TeacherStudent,
    alpha: float,
    draws: int = 100,
    seed: Seed = 0,
    workers: int | None = None,
    largest: int = 10**7,
    by: str | None = None,
) -> HalfPoint:
    """N(α): the N at which half of the draws have an outlier, and fewer at larger N.

    The inverse of ``half_alpha`` on the side where α_½ grows with N (it has a minimum, below which
    finite N takes outliers away), sought from N = 10⁴ between 50 and ``largest``.

    Parameters
    ----------
    model : TeacherStudent
    alpha : float
        Samples per dimension, M/N.
    draws : int
        Independent draws of labels.
    seed : int or numpy Generator
        Draw i depends on (seed, i) alone.
    workers : int, optional
        Threads; as many as there are processors by default.
    largest : int
        The largest N that is tried.
    by : str, optional
        "labels" or "coordinates"; by default what ``finite_size_law`` has at N = 10⁴.

    Returns
    -------
    HalfPoint
        The N with its standard error.

    Raises
    ------
    InvalidInput
        If an argument is not allowed, or no N in that range answers.

    See Also
    --------
    half_alpha : The α at which half of the draws have an outlier.

    Examples
    --------
    >>> import bbpscape as bb
    >>> model = bb.TeacherStudent(p=1, p_star=1, loss=bb.NormalizedSquare(2.0))
    >>> at = bb.finite.half_alpha(model, N=20_000, draws=4).alpha
    >>> 0.5 < bb.finite.half_n(model, at, draws=4).N / 20_000 < 2
    True
    """
    alpha = positive("alpha", alpha)
    check_finite(model)
    draws, seed = check_draws(draws), check_seed(seed)
    way = drawn_by(model, round(GUESS), alpha * GUESS, by)

    def median(log_n: float) -> tuple[float, float]:
        n = round(math.exp(log_n))
        value, error = median_of(strengths(model, alpha, n, draws, seed, workers, way))
        # Fewer outliers at larger N: mirrored, so that it rises like that of half_alpha.
        return 2 - value, error

    bounds = (
        math.log(max(SMALLEST, model.p_star + 1)),
        math.log(positive_integer("largest", largest)),
    )
    root, error, slope, evaluations = crossing(median, math.log(GUESS), 1.0, bounds, "N")
    n = math.exp(root)
    known = n * error if draws > 1 else None
    return HalfPoint(model, alpha, n, known, "N", -slope, draws, seed, evaluations, way)

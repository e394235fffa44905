"""The labels of draws at finite N, and how all draws are solved: y ~ χ²_{p*}/p*, r ~ χ²_p/p."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput, choice, integer, positive, positive_integer
from bbpscape.model.inputs.law import STANDARD
from bbpscape.model.teacher_student import TeacherStudent

# A worker holds the two label arrays of one draw, 3.2 GB at most.
MOST_SAMPLES = 2 * 10**8
MOST_DRAWS = 10**6
# Neurons of a student whose draws are solved: one draw's law has no symmetry.
WIDEST = 4
# How draws are given, and at which N those of committees with several copies are by coordinates.
LABELS, COORDINATES = "labels", "coordinates"
ROOM, LARGE = 12, 2000
T = TypeVar("T")


def sample_labels(
    model: TeacherStudent, M: int, seed: int, draw: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(r, y) of one draw, each of shape (M,): r ~ χ²_p/p, y ~ χ²_{p*}/p*.

    The labels for a larger M begin with those for a smaller one, at every N.

    Parameters
    ----------
    model : TeacherStudent
    M : int
        Number of samples.
    seed : int or numpy Generator
        Draw i depends on (seed, i) alone.
    draw : int
        Which draw.

    Returns
    -------
    tuple of arrays, shape (M,) each
        Outputs of the student and labels, (r, y).

    Examples
    --------
    >>> import bbpscape as bb
    >>> r, y = bb.finite.sample_labels(bb.TeacherStudent(p=2, p_star=1), M=1000, seed=0, draw=0)
    >>> r.shape, y.shape
    ((1000,), (1000,))
    """
    widths = (model.p_star, int(model.p))
    y, r = (_chi_square(g, w, M) for g, w in zip(generators(seed, draw, 2), widths, strict=True))
    return r, y


def generators(seed: int, draw: int, count: int) -> list[np.random.Generator]:
    """The first streams of a draw: of y, of r, of the inputs' norms, of the teacher's weights."""
    children = np.random.SeedSequence(seed, spawn_key=(draw,)).spawn(count)
    return [np.random.Generator(np.random.SFC64(child)) for child in children]


def over_draws(one: Callable[[int], T], draws: int, M: int, workers: int | None) -> list[T]:
    """one(0), …, one(draws − 1); numpy leaves the interpreter free, so that threads do.

    Without ``workers`` there are as many as processors, if their draws of M samples fit together
    in what one draw may have.
    """
    if workers is None:
        count = max(1, min(os.cpu_count() or 1, MOST_SAMPLES // M))
    else:
        count = int(positive_integer("workers", workers))
    count = min(count, draws)
    if count == 1:
        return [one(draw) for draw in range(draws)]
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(draws)))


def check_sizes(model: TeacherStudent, alpha: float, N: int) -> tuple[int, int]:
    """(N, M), refused where p is infinite, N too small or M below 1 or above MOST_SAMPLES."""
    check_finite(model)
    N = check_dimension(model, N)
    # A float: αN may exceed every integer that is worth naming.
    M = positive("alpha", alpha) * float(N)
    if not (M <= MOST_SAMPLES and round(M) >= 1):
        raise InvalidInput(
            f"alpha N must be from 1 to {MOST_SAMPLES:.0e} samples, got {M:.6g}: change alpha or N"
        )
    return N, round(M)


def check_dimension(model: TeacherStudent, N: object) -> int:
    """``N`` as an int above p*: a teacher has p* independent directions."""
    dimension = integer("N", N)
    if dimension <= model.p_star:
        raise InvalidInput(f"N must be above p_star = {model.p_star}, got {N!r}")
    return dimension


def check_draws(draws: object) -> int:
    """``draws`` as an int from 1 to MOST_DRAWS."""
    return integer("draws", draws, high=MOST_DRAWS)


def with_labels(model: TeacherStudent) -> bool:
    """Whether it is the source's on inputs of any law, whose draws are given by their labels."""
    return model.replace(inputs=STANDARD).is_reference


def check_finite(model: TeacherStudent) -> None:
    """Refuse p = ∞, and what is neither the source's model nor a network whose draws are solved."""
    TeacherStudent.check(model)
    if math.isinf(model.p):
        raise InvalidInput("p must be finite at finite N, got inf")
    if not with_labels(model):
        check_network(model)
    if not model.inputs.preactivations_known:
        raise InvalidInput(
            "metric must be covariance at finite N: on the plain sphere the variance of "
            "preactivations is another in each draw"
        )


def with_coordinates(model: TeacherStudent) -> bool:
    """Whether its draws can be given by coordinates along student and teacher."""
    plain = model.inputs.covariance.isotropic and model.inputs.mean == 0
    return model.p <= WIDEST and plain


def drawn_by(model: TeacherStudent, N: int, M: float, by: str | None = None) -> str:
    """``by``, or else how draws are given: "labels" or "coordinates" along student and teacher.

    Labels alone have the p p* copies of an outlier at one place, and no mixing of them with the
    bulk; both go with N^(−½), and N^(−1) of the mean m². So the rule is coordinates of networks,
    and of committees with p p* > 1 at N from 12 (p + p*) to 2000 with M ≥ N/4, where a draw has a
    bulk; labels of all others.
    """
    labels, coordinates = with_labels(model), with_coordinates(model)
    if by is not None:
        by = choice("by", by, (LABELS, COORDINATES))
        if by == LABELS and not labels:
            raise InvalidInput("labels give draws of the source's model alone: leave by out")
        if by == COORDINATES and not coordinates:
            raise InvalidInput(
                f"coordinates give draws at p up to {WIDEST} on isotropic inputs without a mean: "
                "leave by out"
            )
        return by
    if not labels:
        return COORDINATES
    several = coordinates and model.p * model.p_star > 1
    fits = ROOM * (model.p + model.p_star) <= N <= LARGE and M >= N / 4
    return COORDINATES if several and fits else LABELS


def check_network(model: TeacherStudent) -> None:
    """Refuse a student that is too wide, and inputs with structure."""
    if model.p > WIDEST:
        raise InvalidInput(
            f"p must be at most {WIDEST} at finite N but for the source's model, got {model.p:g}"
        )
    if not (model.inputs.covariance.isotropic and model.inputs.mean == 0):
        raise InvalidInput(
            "finite N needs isotropic inputs without a mean but for the source's model: compare "
            "has the theory of its own draws"
        )


def _chi_square(generator: np.random.Generator, width: int, size: int) -> NDArray[np.float64]:
    """χ²_width/width; at width 1 the square of a normal, three times as fast as a Gamma."""
    if width == 1:
        values = generator.standard_normal(size)
        values *= values
        return values
    values = generator.standard_gamma(width / 2, size)
    values *= 2 / width
    return values

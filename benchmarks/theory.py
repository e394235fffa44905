"""Thresholds, densities and structured inputs, beside plain quadrature and fixed points."""

import math
from functools import partial

import numpy as np

from bbpscape import InputLaw, NormalizedSquare, TeacherStudent, spectrum, threshold
from bbpscape.theory.finite.law import finite_size_law
from bbpscape.theory.laws.committee import CommitteeLaw
from bbpscape.theory.route import route
from benchmarks.frame import Row, Rows, spent
from benchmarks.straightforward import (
    bisected_threshold,
    fixed_point_density,
    fixed_point_structured,
    straightforward_threshold,
)

POINTS = 1000
CASES = ((1, 1, 1e-2), (2, 1, 1e-2), (2, 1, 1.0), (50, 1, 1.0), (math.inf, 1, 1.0))
STRUCTURED = ((1, 1, 0.5), (2, 1, 2.0))
SIZE = 2000  # eigenvalues of a covariance


def model_of(p: float, p_star: int, a: float) -> TeacherStudent:
    return TeacherStudent(p, p_star, NormalizedSquare(a))


def named(case: tuple) -> str:
    return "p = {:g}, p* = {}, a = {:g}".format(*case)


def once(model: TeacherStudent, points: int = 1) -> float:
    """Seconds of one evaluation of the law's moments at so many points: a step at each of them."""
    law = CommitteeLaw(model)
    g = (np.linspace(-0.9, -0.1, points) + 0.1j) / model.curvature_unit
    return spent(lambda: law.moments(g, 1), 21)


def thresholds() -> Rows:
    for case in CASES:
        model, found = model_of(*case), {}

        def slow(case=case, found=found) -> None:
            found["slow"] = straightforward_threshold(case)

        ours, theirs = spent(partial(threshold, model), 31), spent(slow, 1, warm=False)
        apart = abs(threshold(model).alpha_bbp / found["slow"] - 1)
        yield Row(
            f"threshold, {named(case)}",
            ours,
            "dblquad in brentq",
            theirs,
            once(model),
            note=f"apart {apart:.0e}; floor: one evaluation of the moments",
        )


def densities() -> Rows:
    for case in CASES:
        model = model_of(*case)
        alpha, eta = 2 * threshold(model).alpha_bbp, 1e-2 * model.curvature_unit
        ours = spent(partial(spectrum, model, alpha, POINTS), 5)
        found = spectrum(model, alpha, POINTS)

        def slow(case=case, alpha=alpha, grid=found.eigenvalue, eta=eta) -> None:
            fixed_point_density(case, alpha, grid, eta, 40)

        yield Row(
            f"spectrum of {POINTS} points, {named(case)}",
            ours,
            "fixed point, η = 0.01, 40 nodes",
            spent(slow, 1, warm=False),
            once(model, POINTS),
            note="floor: one evaluation of the moments at each point",
        )


def structured() -> Rows:
    for case in STRUCTURED:
        model = model_of(*case).replace(inputs=InputLaw("power:0.5"))
        at, way = threshold(model, SIZE), route(model, SIZE)
        low, high = 0.7 * at.alpha_bbp, 1.4 * at.alpha_bbp
        yield Row(
            f"threshold, {SIZE} variances, {named(case)}",
            spent(partial(threshold, model, SIZE), 7),
            "edge and outliers in bisection",
            spent(partial(bisected_threshold, way, low, high), 1, warm=False),
        )
        alpha, eta = 3 * at.alpha_bbp, 1e-2 * model.curvature_unit
        found = spectrum(model, alpha, POINTS, SIZE)
        some = found.eigenvalue[:: POINTS // 50]
        slow = spent(partial(fixed_point_structured, way, alpha, some, eta), 1, warm=False)
        yield Row(
            f"spectrum of {POINTS} points, {SIZE} variances, {named(case)}",
            spent(partial(spectrum, model, alpha, POINTS, SIZE), 3),
            "fixed point, η = 0.01",
            slow * POINTS / len(some),
            note=f"its time from {len(some)} points",
        )


def finite_size() -> Rows:
    """The label-sampled law at N = 1e5 over 20 draws, one thread."""
    model, N, draws = model_of(1, 1, 2.0), 10**5, 20
    labels = np.random.default_rng(0).chisquare(1, (draws, round(1.7 * N)))
    seconds = spent(partial(finite_size_law, model, 1.7, N, draws=draws, workers=1), 1)
    floor = spent(lambda: np.square(labels).sum(), 3)
    note = "floor: one reading of the labels"
    yield Row(f"label-sampled law, N = {N:g}, {draws} draws", seconds, floor=floor, note=note)


def rows() -> Rows:
    for part in (thresholds, densities, structured, finite_size):
        yield from part()

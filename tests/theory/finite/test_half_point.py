"""Where half of the draws have an outlier: against a trial, its error, its inverse."""

import math

import numpy as np
import pytest

from bbpscape.model.losses import NormalizedSquare
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.finite.half_point import half_alpha, half_n, strengths


def model_of(p, p_star, a):
    return TeacherStudent(p=p, p_star=p_star, loss=NormalizedSquare(a=a))


TRIAL = model_of(1, 1, 2.0)


@pytest.mark.parametrize(
    ("N", "expected", "draws"), [(800, 1.13, 200), (10**4, 1.14, 100), (10**5, 1.2, 24)]
)
def test_half_of_the_draws_have_an_outlier_where_the_trial_found_it(N, expected, draws):
    found = half_alpha(TRIAL, N, draws=draws, seed=1)
    # The trial's values have two digits.
    assert abs(found.alpha - expected) < 3 * found.standard_error + 0.01
    assert found.standard_error < 0.03
    fraction = (strengths(TRIAL, found.alpha, N, draws, seed=1) > 1).mean()
    assert abs(fraction - 0.5) < 2 / math.sqrt(draws)


def test_the_error_of_a_half_point_is_its_spread():
    """Over seeds (α − mean)/s.e. has the width 1; α = 34 here, so that one of log α would not."""
    model, points = model_of(1, 4, 4.0), []
    for seed in range(10):
        points.append(half_alpha(model, 60, draws=20, seed=seed, by="labels"))
        median = np.median(strengths(model, points[-1].alpha, 60, 20, seed, by="labels"))
        # Sought to a tenth of its error.
        error = points[-1].slope * points[-1].standard_error / points[-1].alpha
        assert abs(median - 1) < 0.3 * error
    alphas = np.array([point.alpha for point in points])
    z = (alphas - alphas.mean()) / [point.standard_error for point in points]
    assert 0.5 < z.std(ddof=1) < 1.8


def test_n_of_alpha_is_the_inverse():
    n = half_n(TRIAL, 1.15, draws=40, seed=3)
    alpha = half_alpha(TRIAL, round(n.N), draws=40, seed=3)
    assert abs(alpha.alpha - 1.15) < 0.6 * alpha.standard_error
    # Strengths grow with α and fall with N.
    assert n.slope < 0 < alpha.slope
    below, above = (np.median(strengths(TRIAL, 1.15, round(f * n.N), 40, 3)) for f in (1 / 3, 3))
    assert 0.3 < n.slope / ((above - below) / math.log(9)) < 3

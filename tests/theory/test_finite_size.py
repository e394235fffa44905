"""The finite-N law: the fast path against the generic one, reference values, limits, seeds."""

import json
import math

import numpy as np
import pytest

from bbpscape.core.checks import InvalidInput
from bbpscape.model.losses import NormalizedSquare
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.finite.finite_size import finite_size_law, sample_labels, strengths
from bbpscape.theory.finite.half_point import half_alpha, half_n
from bbpscape.theory.finite.label_sampled import finite_size
from bbpscape.theory.finite.label_solve import LabelSums, finite_size_fast, solve_edge
from bbpscape.theory.finite.scaling import finite_size_scaling
from bbpscape.theory.finite.truncated import truncated_threshold, typical_maximum
from bbpscape.theory.spectrum import spectrum
from bbpscape.theory.threshold import threshold


def model_of(p, p_star, a):
    return TeacherStudent(p=p, p_star=p_star, loss=NormalizedSquare(a=a))


TRIAL = model_of(1, 1, 2.0)
MODELS = [TRIAL, model_of(1, 1, 0.01), model_of(2, 1, 0.01), model_of(3, 2, 1.0)]


def largest_difference(one, other):
    found = 0.0
    for name, value in vars(one).items():
        beside = getattr(other, name)
        assert (value is None) == (beside is None), name
        if value is not None:
            found = max(found, abs(value - beside))
    return found


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("N", "alpha"), [(30, 0.2), (50, 0.5), (100, 1.0), (800, 1.2), (800, 3.0), (9000, 1.7)]
)
def test_the_fast_path_is_the_generic_one(model, N, alpha):
    for draw in range(3):
        r, y = sample_labels(model, round(alpha * N), 5, draw)
        generic = finite_size(model, N, r, y)
        assert largest_difference(finite_size_fast(model, N, r, y), generic) < 1e-10
        # From any start.
        for start in (1e-3, 50.0):
            assert largest_difference(finite_size_fast(model, N, r, y, start), generic) < 1e-10


def test_a_slip_in_one_label_is_seen():
    r, y = sample_labels(TRIAL, 1000, 5, 0)
    generic = finite_size(TRIAL, 500, r, y)
    slipped = np.where(y == y.max(), 0.9 * y, y)
    assert largest_difference(finite_size_fast(TRIAL, 500, r, slipped), generic) > 1e-4


def test_labels_without_a_negative_atom():
    r, y = np.array([2.0, 3.0]), np.array([0.1, 0.2])
    assert solve_edge(LabelSums(TRIAL, 10, r, y)) is None
    assert finite_size_fast(TRIAL, 10, r, y) == finite_size(TRIAL, 10, r, y)


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


def test_n_of_alpha_is_the_inverse():
    n = half_n(TRIAL, 1.15, draws=40, seed=3)
    alpha = half_alpha(TRIAL, round(n.N), draws=40, seed=3)
    assert abs(alpha.alpha - 1.15) < 0.6 * alpha.standard_error


def test_truncated_threshold_follows_and_converges():
    for N in (10**4, 10**5):
        half = half_alpha(TRIAL, N, draws=24)
        assert 0 < truncated_threshold(TRIAL, N).alpha_bbp / half.alpha - 1 < 0.06
    at = threshold(TRIAL).alpha_bbp
    creep = [truncated_threshold(TRIAL, 10**k).alpha_bbp for k in (4, 6, 12, 30, 100)]
    assert (np.diff(creep) > 0).all()
    assert 0.97 * at < creep[-1] < at
    continuous = model_of(2, 1, 0.01)
    exact = threshold(continuous).alpha_bbp
    assert truncated_threshold(continuous, 10**10).alpha_bbp == pytest.approx(exact, rel=1e-7)


def test_the_cut_is_the_median_of_the_maximum():
    maxima = [sample_labels(TRIAL, 500, 2, draw)[1].max() for draw in range(400)]
    below = np.mean(np.array(maxima) < typical_maximum(1, 500))
    assert abs(below - 0.5) < 3 * 0.5 / math.sqrt(400)


def test_the_labels_of_a_larger_draw_begin_with_those_of_a_smaller_one():
    for model in MODELS:
        for short, long in zip(
            sample_labels(model, 100, 7, 3), sample_labels(model, 300, 7, 3), strict=True
        ):
            np.testing.assert_array_equal(short, long[:100])
            assert abs(long.mean() - 1) < 0.5


def test_the_seed_alone_decides():
    one = finite_size_law(TRIAL, 1.2, 3000, draws=12, seed=4, workers=1)
    many = finite_size_law(TRIAL, 1.2, 3000, draws=12, seed=4, workers=3)
    assert one == many
    for name, values in one.samples.items():
        np.testing.assert_array_equal(values, many.samples[name])
    fewer = finite_size_law(TRIAL, 1.2, 3000, draws=5, seed=4)
    np.testing.assert_array_equal(fewer.samples["lowest"], one.samples["lowest"][:5])
    other = finite_size_law(TRIAL, 1.2, 3000, draws=12, seed=5)
    assert other.left_edge != one.left_edge
    assert half_alpha(TRIAL, 500, draws=20, workers=1) == half_alpha(
        TRIAL, 500, draws=20, workers=2
    )


@pytest.mark.parametrize("model", [model_of(2, 1, 0.01), model_of(3, 2, 1.0), TRIAL])
def test_it_converges_to_the_infinite_n_theory(model):
    alpha, N = 2 * threshold(model).alpha_bbp, 10**5
    law = finite_size_law(model, alpha, N, draws=12)
    expected = next(o for o in spectrum(model, law.alpha).outliers if o.direction == "teacher")
    assert law.probability == 1
    for found, value in ((law.outlier, expected.eigenvalue), (law.m2, expected.m2)):
        assert abs(found.mean - value) < 4 * found.standard_error + 1e-4
    # Negative control: a 2 % error in alpha is seen.
    off = next(o for o in spectrum(model, 1.02 * alpha).outliers if o.direction == "teacher")
    assert abs(law.m2.mean - off.m2) > 4 * law.m2.standard_error + 1e-4


def test_the_result_is_json_and_readable():
    law = finite_size_law(TRIAL, 0.3, 100, draws=8)
    assert law.probability_standard_error > 0
    values = json.loads(json.dumps(law.to_dict(), allow_nan=False))
    assert values["outlier"]["count"] == round(8 * law.probability)
    assert "P(outlier)" in repr(law)
    scaling = finite_size_scaling(TRIAL, [100, 200], draws=8)
    assert scaling.alpha == threshold(TRIAL).alpha_bbp
    json.dumps(scaling.to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: finite_size_law(model_of(math.inf, 1, 1.0), 1.0, 100), "p must be finite"),
        (lambda: finite_size_law(TRIAL, 1e-3, 100), "from 1 to"),
        (lambda: finite_size_law(TRIAL, 1.0, 10**9), "from 1 to"),
        (lambda: finite_size_law(TRIAL, 1.0, 100, draws=0), "draws"),
        (lambda: finite_size_law(TRIAL, 1.0, 100, seed=-1), "seed"),
        (lambda: finite_size_law(TRIAL, 1.0, 100, workers=0), "workers"),
        (lambda: finite_size_scaling(TRIAL, []), "N must list"),
        (lambda: half_n(TRIAL, -1.0), "alpha"),
        (lambda: truncated_threshold(model_of(math.inf, 1, 1.0), 100), "p must be finite"),
    ],
)
def test_bad_input_is_one_line(call, message):
    with pytest.raises(InvalidInput, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)

"""Where spectral methods begin: closed forms, weak recovery, rare labels, wide teachers."""

import json
import math

import mpmath
import numpy as np
import pytest
from scipy.special import erfc, gammaincc

from bbpscape.core.checks import InvalidInput
from bbpscape.theory.spectral.channel import QuadraticTeacher
from bbpscape.theory.spectral.families import PREPROCESSINGS, Setting
from bbpscape.theory.spectral.general_channel import GeneralChannel
from bbpscape.theory.spectral.information import information_limit
from bbpscape.theory.spectral.overlap import spectral_overlap
from bbpscape.theory.spectral.preprocessing import (
    Preprocessing,
    mondelli_montanari,
    optimal,
    subset,
    trimming,
)
from bbpscape.theory.spectral.threshold import best_threshold, spectral_threshold

CHANNELS = [(1, 0.0), (1, 0.2), (2, 0.0), (3, 1.0)]


OTHERS = {
    "trimming": trimming(5.0),
    "subset": subset(2.0),
    "tanh": Preprocessing("tanh", np.tanh),
    "rational": Preprocessing("rational", lambda y: y / (1 + abs(y)), (0.0,)),
    "null vector": Preprocessing("null vector", lambda y: np.where(y < 0.3, -1.0, 0.0), (0.3,)),
}


@pytest.mark.parametrize(("p_star", "noise"), CHANNELS)
def test_optimal_preprocessing_reaches_weak_recovery(p_star, noise):
    channel = QuadraticTeacher(p_star, noise)
    limit = information_limit(channel).alpha
    result = spectral_threshold(channel, optimal(channel))
    assert result.alpha == pytest.approx(limit, rel=1e-12)
    assert (result.transition, result.m2_jump) == ("continuous", 0.0)
    assert result.diagnostics.status.ok
    if noise == 0:
        assert result.alpha == pytest.approx(p_star / 2, rel=1e-12)


@pytest.mark.parametrize(("p_star", "noise"), CHANNELS)
@pytest.mark.parametrize("name", OTHERS)
def test_every_other_preprocessing_starts_later(p_star, noise, name):
    channel = QuadraticTeacher(p_star, noise)
    result = spectral_threshold(channel, OTHERS[name])
    assert 1.1 * information_limit(channel).alpha < result.alpha < math.inf
    assert result.diagnostics.status.ok
    json.dumps(result.to_dict(), allow_nan=False)


@pytest.mark.parametrize("t", [0.3, 2.0, 6.0])
def test_subset_in_closed_form(t):
    """With E[y; y > t] − P = 2 √t φ(√t): α = P/(E[y; y > t] − P)², at p* = 1."""
    probability = erfc(math.sqrt(t / 2))
    excess = 2 * math.sqrt(t / (2 * math.pi)) * math.exp(-t / 2)
    result = spectral_threshold(QuadraticTeacher(1), subset(t))
    assert result.alpha == pytest.approx(probability / excess**2, rel=1e-10)
    # A sample covariance of αP N inputs with one direction of variance 1 + excess/P.
    spike, ratio = excess / probability, 2.0 * result.alpha * probability
    found = spectral_overlap(QuadraticTeacher(1), subset(t), 2.0 * result.alpha)
    assert found.edge.value == pytest.approx((1 + math.sqrt(ratio)) ** 2, rel=1e-10)
    assert found.eigenvalue == pytest.approx((1 + spike) * (ratio + 1 / spike), rel=1e-10)
    m2 = (ratio - 1 / spike**2) / (ratio + 1 / spike)
    assert found.m2 == pytest.approx(m2, rel=1e-9)


def test_subset_of_two_is_exponential():
    """p* = 2: P = e^{−t}, E[y; y > t] − P = t e^{−t}, α = e^t/t², least at t = 2."""
    channel = QuadraticTeacher(2)
    assert spectral_threshold(channel, subset(1.0)).alpha == pytest.approx(math.e, rel=1e-10)
    t, best = best_threshold(channel, subset, 0.1, 20.0)
    assert t == pytest.approx(2, rel=1e-3)
    assert best.alpha == pytest.approx(math.exp(2) / 4, rel=1e-7)


@pytest.mark.parametrize("t", [3.0, 7.0])
def test_trimming_against_tanh_sinh(t):
    """E[(u² − 1) q] = E[q²] for q = g T/(1 − g T), p* = 1, with tanh–sinh quadrature in u."""
    with mpmath.workdps(20):

        def mean(function):
            density = lambda u: 2 * mpmath.npdf(u) * function(u * u)  # noqa: E731
            return mpmath.quad(density, [0, mpmath.sqrt(t) / 2, mpmath.sqrt(t)])

        def strengths(g):
            q = lambda y: g * y / (1 - g * y)  # noqa: E731
            return mean(lambda y: (y - 1) * q(y)), mean(lambda y: q(y) ** 2)

        g = mpmath.findroot(
            lambda x: strengths(x)[0] / strengths(x)[1] - 1,
            (0.01 / t, 0.95 / t),
            solver="anderson",
            tol=1e-12,
        )
        alpha = 1 / strengths(g)[1]
    assert spectral_threshold(QuadraticTeacher(1), trimming(t)).alpha == pytest.approx(
        float(alpha), rel=1e-9
    )


@pytest.mark.parametrize(("p_star", "noise"), CHANNELS)
@pytest.mark.parametrize("name", [*OTHERS, "optimal"])
def test_no_outlier_below_and_a_small_overlap_above(p_star, noise, name):
    channel = QuadraticTeacher(p_star, noise)
    preprocessing = OTHERS.get(name) or optimal(channel)
    result = spectral_threshold(channel, preprocessing)
    below = spectral_overlap(channel, preprocessing, result.alpha * (1 - 1e-5))
    above = spectral_overlap(channel, preprocessing, result.alpha * (1 + 1e-5))
    assert (below.eigenvalue, below.m2) == (None, 0.0)
    assert 0 < above.m2 < 1e-3
    assert above.eigenvalue > above.edge.value
    assert above.eigenvalue == pytest.approx(result.eigenvalue, rel=1e-3, abs=1e-3)


def test_no_threshold_where_there_is_none():
    for channel, preprocessing in (
        (QuadraticTeacher(1), Preprocessing("identity", lambda y: y)),
        (QuadraticTeacher(1), Preprocessing("small labels", lambda y: 1.0 * (y < 1), (1.0,))),
    ):
        result = spectral_threshold(channel, preprocessing)
        assert math.isinf(result.alpha)
        assert (result.transition, result.to_dict()["alpha"]) == ("none", "inf")


@pytest.mark.parametrize("p_star", [100, 1000, 10**6, 10**8])
def test_wide_teachers(p_star):
    """P = Q(ν, νt) and E[y; y > t] = Q(ν + 1, νt), ν = p*/2: the best t of a subset among them."""
    nu, channel = p_star / 2, QuadraticTeacher(p_star)

    def alpha(t):
        probability = gammaincc(nu, nu * t)
        return probability / (gammaincc(nu + 1, nu * t) - probability) ** 2

    family = PREPROCESSINGS["subset"]
    best = family.choose(Setting(channel))
    grid = np.linspace(1, 1 + 4 * math.sqrt(2 / p_star), 4001)
    accuracy = 1e-10 + 1e-14 * p_star
    assert best.threshold.alpha == pytest.approx(alpha(grid).min(), rel=1e-6 + accuracy)
    assert best.threshold.alpha == pytest.approx(alpha(best.threshold.t), rel=accuracy)
    expected = pytest.approx(grid[alpha(grid).argmin()], abs=5e-3 * math.sqrt(2 / p_star))
    assert best.threshold.t == best.preprocessing.t == expected
    assert information_limit(channel).alpha == pytest.approx(p_star / 2, rel=accuracy)


def test_a_subset_of_very_rare_labels():
    """P(y > 100) = 1.5e-23 beside 1 is nothing, and yet it is what the method sees."""
    probability = erfc(math.sqrt(50))
    excess = 2 * math.sqrt(100 / (2 * math.pi)) * math.exp(-50)
    result = spectral_threshold(QuadraticTeacher(1), subset(100.0))
    assert result.alpha == pytest.approx(probability / excess**2, rel=1e-9)
    assert result.transition == "continuous"


@pytest.mark.parametrize("method", [spectral_threshold, lambda c, T: spectral_overlap(c, T, 2.0)])
def test_a_step_where_there_are_no_labels_is_refused(method):
    """P(y > 1000) = e^-500: no answer is better than "never" or an error of 1e200."""
    with pytest.raises(InvalidInput, match="subset, t = 1000: T is 0 for every label"):
        method(QuadraticTeacher(1), subset(1000.0))
    with pytest.raises(InvalidInput, match="T is 1 for every label"):
        method(QuadraticTeacher(1), subset(-1.0))


def test_best_threshold_where_only_some_t_work():
    """Of t from 1e-6 to 1e3 most tell nothing: the best is found among the others."""
    t, best = best_threshold(QuadraticTeacher(1), subset, 1e-6, 1e3)
    assert best.alpha == pytest.approx(0.868668, rel=1e-5)
    assert t == pytest.approx(2.686, rel=1e-2)
    with pytest.raises(InvalidInput, match="from a lower to a higher"):
        best_threshold(QuadraticTeacher(1), subset, 2.0, 1.0)


def test_a_narrow_density_is_said_to_cost_digits():
    """Noise of 0.1 in u² is narrow for panels of 0.25 in |u|: errors stay below their estimates."""

    def density(y, t):
        return np.exp(-((y - t) ** 2) / 0.02) / math.sqrt(0.02 * math.pi)

    channel = GeneralChannel(1, density, second_range=(0, math.inf))
    exact = QuadraticTeacher(1, 0.01)
    for found, expected in (
        (information_limit(channel), information_limit(exact)),
        (spectral_threshold(channel, trimming(5.0)), spectral_threshold(exact, trimming(5.0))),
    ):
        error = found.diagnostics.quadrature_error
        assert 1e-10 < error < 1e-6
        assert abs(found.alpha / expected.alpha - 1) < error
        assert not found.status.ok
        assert expected.status.ok
        assert f"note: {found.status}" in " ".join(found.summary().split())


def test_one_bit_labels():
    """y = 1(|u| > θ): T = y is the subset method, and nothing does better: w has two values."""
    channel = GeneralChannel(
        1,
        lambda y, t: np.where(t > 2, y, 1 - y),
        outcomes=(0.0, 1.0),
        signal_breaks=(math.sqrt(2),),
    )
    probability, limit = erfc(1.0), information_limit(channel).alpha
    excess = 2 * math.sqrt(2 / (2 * math.pi)) * math.exp(-1)
    assert limit == pytest.approx(probability * (1 - probability) / excess**2, rel=1e-10)
    assert spectral_threshold(channel, optimal(channel)).alpha == pytest.approx(limit, rel=1e-9)
    bit = spectral_threshold(channel, Preprocessing("bit", lambda y: y))
    assert bit.alpha == pytest.approx(probability / excess**2, rel=1e-10)


def test_general_channel_gives_the_same_as_the_closed_posterior():
    def density(y, t):
        return np.exp(-((y - t) ** 2) / 0.2) / math.sqrt(0.2 * math.pi)

    general, special = (
        GeneralChannel(1, density, second_range=(0, math.inf)),
        QuadraticTeacher(1, 0.1),
    )
    for build in (optimal, lambda c: mondelli_montanari(c, 2.0), lambda c: OTHERS["trimming"]):
        result, expected = (spectral_threshold(c, build(c)) for c in (general, special))
        assert result.alpha == pytest.approx(expected.alpha, rel=1e-9)
        assert result.transition == expected.transition
    with pytest.raises(InvalidInput, match="second_range must be given"):
        optimal(GeneralChannel(1, density))

"""Means and errors against numpy's and against what random draws do."""

import math

import numpy as np
import pytest
from scipy import stats

from bbpscape.core.statistics import Estimate, Fraction, mean_and_error


def test_mean_and_error_are_those_of_scipy():
    values = np.random.default_rng(1).normal(size=(3, 7, 2))
    mean, error = mean_and_error(values, axis=1)
    np.testing.assert_allclose(mean, values.mean(axis=1), rtol=1e-15)
    np.testing.assert_allclose(error, stats.sem(values, axis=1), rtol=1e-14)


def test_the_error_of_one_draw_is_missing():
    assert math.isnan(mean_and_error([2.0])[1])
    assert Estimate.of([2.0]) == Estimate(2.0, None, 1)
    assert Estimate.of([]) == Estimate(None, None, 0)
    assert Estimate.of([2.0]).z(1.0) is None
    assert str(Estimate.of([])) == ""


def test_z_of_normal_draws_is_standard():
    """The spread of z is Student's, √(9/7); an error that is √n or (n − 1)/n off is not."""
    generator = np.random.default_rng(2)
    z = [Estimate.of(generator.normal(5.0, 3.0, 10)).z(5.0) for _ in range(20_000)]
    assert np.std(z) == pytest.approx(math.sqrt(9 / 7), rel=0.02)
    assert stats.kstest(z, stats.t(9).cdf).pvalue > 0.01
    assert stats.kstest(np.array(z) * math.sqrt(10 / 9), stats.t(9).cdf).pvalue < 0.01


def test_wilson_is_that_of_scipy():
    level = stats.norm.cdf(1) - stats.norm.cdf(-1)
    for count, of in ((0, 15), (3, 15), (15, 15), (1, 1)):
        found = stats.binomtest(count, of).proportion_ci(level, method="wilson")
        assert Fraction(count, of).interval == pytest.approx((found.low, found.high), abs=1e-12)


def test_a_fraction_of_all_has_an_error():
    assert Fraction(20, 20).standard_error == pytest.approx(math.sqrt(21 / 22 / 22 / 20))
    assert str(Fraction(3, 4)) == "3/4"

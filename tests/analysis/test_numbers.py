"""The numbers of an analysis by other means: polyfit, quantiles and χ² of the same draws."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import chi2
from tests.analysis import synthetic

import bbpscape as bb
from bbpscape.analysis.crossings import crossings
from bbpscape.analysis.curves import theory_of
from bbpscape.analysis.extrapolation import extrapolate
from bbpscape.analysis.onset import onsets

SIZES = (250, 1000, 4000)


def rising(N, seed, spread=0.1, draws=40):
    """m² = 0.5 (α − 1.1) from there on, with the draws' spread."""
    means = np.maximum(0.0, 0.5 * (synthetic.ALPHAS - 1.1))
    return synthetic.curve(N, means, draws, seed, spread)


@pytest.mark.parametrize(("start", "width"), [(1.2, 0.4), (1.2, 0.9), (1.0, 0.8)])
def test_an_onset_is_that_of_polyfit(start, width):
    curve = rising(400, 1)
    means = curve.resampled(np.random.default_rng(2), 300)
    ((size,),) = [onsets([curve], [means], start, [width])]
    (found,) = size.windows
    last = start * (1 + width)
    inside = (curve.alphas > start - 1e-6) & (curve.alphas < last + 1e-6)
    alphas, mean = curve.alphas[inside], curve.mean[inside]
    assert found.points == inside.sum() >= 3
    slope, constant = np.polyfit(alphas, mean, 1)
    assert found.alpha == pytest.approx(-constant / slope)
    residual = (mean - slope * alphas - constant) / np.sqrt(curve.variance[inside])
    expected = chi2.sf(residual @ residual, inside.sum() - 2)
    assert found.p_value == pytest.approx(expected, rel=1e-6)
    lines = np.polyfit(alphas, means[:, inside].T, 1)
    zeros = (-lines[1] / lines[0])[lines[0] > 0]
    low, high = np.quantile(zeros, [0.8413, 0.1587])
    assert found.standard_error == pytest.approx((low - high) / 2, rel=1e-9)
    assert found.found == pytest.approx(len(zeros) / 300)


def test_two_points_are_no_line():
    curve = rising(400, 1)
    means = curve.resampled(np.random.default_rng(2), 20)
    (size,) = onsets([curve], [means], 1.2, [0.1, 0.2, 0.4])
    assert [one.points for one in size.windows] == [1, 2, 3]
    assert [one.alpha is None for one in size.windows] == [True, True, False]
    assert size.spread is None


def test_a_crossing_is_that_of_polyfit():
    curves = synthetic.sigmoids(SIZES[:2], 1.55, 400, 5)
    again = synthetic.resampled(curves)
    (found,) = crossings(curves, again)
    low, high = curves
    difference, variance = high.mean - low.mean, high.variance + low.variance
    fit = np.polyfit(low.alphas, difference, found.degree, w=1 / np.sqrt(variance))
    roots = np.roots(fit)
    real = roots[abs(roots.imag) < 1e-9].real
    assert min(abs(real - found.alpha)) < 1e-9
    residual = (difference - np.polyval(fit, low.alphas)) / np.sqrt(variance)
    expected = chi2.sf(residual @ residual, len(low.alphas) - found.degree - 1)
    assert found.p_value == pytest.approx(expected, rel=1e-6)
    samples = found.samples[~np.isnan(found.samples)]
    assert found.standard_error == pytest.approx(samples.std(ddof=1))
    assert found.interval == pytest.approx(tuple(np.quantile(samples, [0.025, 0.975])))
    assert found.found == len(samples) / len(again[0])


def test_crossings_of_neighbours_share_a_curve():
    """Their extrapolation weighs them by the covariance of the resampled crossings."""
    curves = synthetic.sigmoids(SIZES, 1.55, 400, 3)
    found = bb.analyse(synthetic.study(curves), resamples=200, label_draws=0)
    clear = found.crossings[:2]
    assert [one.status for one in clear] == ["crossing"] * 2
    table = np.array([one.samples for one in clear])
    covariance = np.cov(table[:, np.isfinite(table).all(axis=0)])
    sizes = [np.sqrt(np.prod(one.sizes)) for one in clear]
    expected = extrapolate("crossing", sizes, [one.alpha for one in clear], covariance)
    (made,) = [one for one in found.extrapolations if one.what == "crossing"]
    assert made.power.standard_error == pytest.approx(expected.power.standard_error, rel=1e-9)
    assert made.power.limit == pytest.approx(expected.power.limit, rel=1e-9)
    apart = extrapolate("x", sizes, [one.alpha for one in clear], np.diag(covariance))
    assert apart.power.standard_error != pytest.approx(made.power.standard_error, rel=0.02)


def test_an_onset_that_resampled_draws_lack_is_not_extrapolated():
    flat = [rising(n, 3, spread=4.0, draws=30) for n in (100, 400, 1600)]
    steep = [rising(n, 3, spread=0.05) for n in (100, 400, 1600)]
    for curves, sure in ((flat, False), (steep, True)):
        options = {"start": 1.2, "windows": (0.4,), "resamples": 200, "label_draws": 0}
        found = bb.analyse(synthetic.study(curves, "m2"), **options)
        kept = [size.windows[0].found >= 0.95 for size in found.onsets]
        assert (sum(kept) > 1) == sure
        assert any(one.alpha is not None for one in (size.windows[0] for size in found.onsets))
        assert any(one.what.startswith("onset") for one in found.extrapolations) == sure


def test_the_limit_is_that_of_the_largest_n():
    """Theory is evaluated at M/N, which is nearest to α at the largest N, wherever that stands."""

    def row(alpha, N, mean):
        cell = SimpleNamespace(alpha=alpha, parameters={"N": N}, dimension=None)
        return SimpleNamespace(observable="m2", source="theory", cell=cell, mean=mean)

    rows = [row(1.0, 100, 0.1), row(1.0, 400, 0.4), row(1.0, 200, 0.2), row(2.0, 100, 0.7)]
    assert theory_of(SimpleNamespace(rows=rows), "m2") == {1.0: 0.4, 2.0: 0.7}

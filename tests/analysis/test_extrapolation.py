"""Extrapolations of made-up values in N^(−2/3) and 1/log N, whose limits are known."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bbpscape as bb
from bbpscape.analysis.extrapolation import extrapolate

MANY = [100, 300, 1000, 3000, 10_000, 100_000]


@pytest.mark.parametrize("form", ["N^(-2/3)", "1/log N"])
def test_the_form_of_the_data_is_preferred_and_its_limit_found(form):
    generator, sizes = np.random.default_rng(5), np.array(MANY)
    scale = sizes ** (-2 / 3) if form == "N^(-2/3)" else 1 / np.log(sizes)
    slope = 8.0 if form == "N^(-2/3)" else 1.5
    preferred, pulls = [], []
    for _ in range(100):
        values = 1.7 + slope * scale + 0.01 * generator.standard_normal(6)
        found = extrapolate("x", MANY, values, np.full(6, 1e-4))
        fit = found.power if form == "N^(-2/3)" else found.logarithm
        preferred.append(found.preferred)
        pulls.append((fit.limit - 1.7) / fit.standard_error)
    assert preferred.count(form) > 90
    other = {"N^(-2/3)", "1/log N"} - {form}
    assert preferred.count(*other) <= 2
    assert np.std(pulls) == pytest.approx(1, abs=0.25)
    assert abs(np.mean(pulls)) < 0.3


def test_noise_two_sizes_and_another_law_are_not_decided():
    generator = np.random.default_rng(6)
    flat = [
        extrapolate("x", MANY, 1.7 + 0.01 * generator.standard_normal(6), np.full(6, 1e-4))
        for _ in range(100)
    ]
    assert sum(one.preferred == "undecided" for one in flat) > 85
    two = extrapolate("x", [100, 1000], [1.0, 2.0], [1e-8, 1e-8])
    assert (two.preferred, two.power.p_value, two.power.dof) == ("undecided", None, 0)
    assert two.power.limit != pytest.approx(two.logarithm.limit, abs=0.1)
    values = 1.0 + np.sin(np.log(MANY) * 2)
    assert extrapolate("x", MANY, values, np.full(6, 1e-6)).preferred == "neither"


def test_the_fit_is_that_of_the_normal_equations():
    sizes, values = np.array([50.0, 200.0, 800.0]), np.array([1.3, 1.1, 1.05])
    covariance = np.array([[4.0, 1.0, 0.0], [1.0, 3.0, 0.5], [0.0, 0.5, 2.0]]) * 1e-3
    fit = extrapolate("x", sizes, values, covariance).power
    design = np.column_stack([np.ones(3), sizes ** (-2 / 3)])
    weight = np.linalg.inv(covariance)
    normal = np.linalg.inv(design.T @ weight @ design)
    solution = normal @ design.T @ weight @ values
    residual = values - design @ solution
    assert (fit.limit, fit.slope) == pytest.approx(solution, rel=1e-9)
    assert fit.standard_error == pytest.approx(math.sqrt(normal[0, 0]), rel=1e-9)
    assert fit.chi2 == pytest.approx(residual @ weight @ residual, rel=1e-7)
    assert fit(800.0) == pytest.approx(solution @ [1, 800 ** (-2 / 3)], rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(1.5, 1e6), min_size=2, max_size=6, unique_by=lambda n: round(n, 1)),
    st.integers(0, 2**32),
)
def test_both_fits_go_through_what_they_describe(sizes, seed):
    limit, slope = np.random.default_rng(seed).standard_normal(2)
    values = [limit + slope / math.log(n) for n in sizes]
    found = extrapolate("x", sizes, values, np.ones(len(sizes)))
    assert found.logarithm.limit == pytest.approx(limit, abs=1e-5)
    assert found.logarithm.chi2 < 1e-8
    assert found.power.weight + found.logarithm.weight == pytest.approx(1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([10], [1.0], [1.0]), "two different N"),
        (([10, 10], [1.0, 2.0], [1.0, 1.0]), "two different N"),
        (([1, 10], [1.0, 2.0], [1.0, 1.0]), "above 1"),
        (([10, 20], [1.0, 2.0], [1.0]), "shapes"),
        (([10, 20], [1.0, 2.0], [1.0, 0.0]), "positive definite"),
        (([10, 20], [1.0, math.nan], [1.0, 1.0]), "finite"),
    ],
)
def test_what_cannot_be_extrapolated(arguments, message):
    with pytest.raises(bb.InvalidInput, match=message):
        extrapolate("x", *arguments)

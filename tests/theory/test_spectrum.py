"""The spectrum of the committee: its arrays, its functions and what they count."""

import json

import numpy as np
import pytest
from tests.theory.direct import model_of
from tests.theory.followed import trace

import bbpscape as bb
from bbpscape.core.checks import InvalidInput
from bbpscape.theory.law import TEACHER
from bbpscape.theory.laws.committee import CommitteeLaw
from bbpscape.theory.spectrum import spectrum


def test_spectrum_arrays_agree_with_its_functions():
    result = spectrum(model_of(2, 1, 1.0), 1.3, points=120)
    assert result.eigenvalue.shape == result.rho.shape == result.cumulative.shape == (120,)
    np.testing.assert_allclose(result.density(result.eigenvalue), result.rho, atol=1e-12)
    below = result.fraction_below(result.eigenvalue)
    np.testing.assert_allclose(below, result.cumulative, atol=1e-9)
    assert (np.diff(result.cumulative) >= 0).all()
    assert result.cumulative[-1] >= 0.999
    json.dumps(result.to_dict(), allow_nan=False)


@pytest.mark.parametrize("eigenvalues", [-5.0, [-5.0], [], [[-9.0, -8.0]]])
def test_nothing_lies_left_of_the_bulk(eigenvalues):
    result = spectrum(model_of(2, 1, 1.0), 1.3, points=10)
    for function in (result.density, result.fraction_below):
        values = function(eigenvalues)
        assert values.shape == np.shape(eigenvalues)
        assert not values.any()


@pytest.mark.parametrize(("p", "p_star", "a", "alpha"), [(2, 1, 0.01, 3.0), (3, 2, 2.0, 6.0)])
def test_spectral_shift_counts_outliers_at_the_left_and_nothing_far_right(p, p_star, a, alpha):
    """What left the bulk on the left lies below all of it; nothing lies above an unbounded one."""
    result = spectrum(model_of(p, p_star, a), alpha)
    left = [o for o in result.outliers if o.eigenvalue < result.left_edge.value]
    assert [o.direction for o in left] == [TEACHER]
    width = abs(result.left_edge.value)
    assert result.spectral_shift(result.left_edge.value + 1e-9 * width) == pytest.approx(
        p * p_star, abs=1e-2
    )
    curve = trace(CommitteeLaw(result.model), alpha)[0]
    far = curve.spectral_shift(curve.eigenvalue[-1])
    assert far == pytest.approx(0, abs=1e-2)


def test_spectral_shift_without_outliers_starts_at_zero():
    result = spectrum(model_of(2, 1, 1.0), 0.7)
    assert not [o for o in result.outliers if o.eigenvalue < result.left_edge.value]
    assert result.spectral_shift(result.left_edge.value + 1e-3) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize(
    ("alpha", "points", "message"),
    [(0.0, 10, "alpha"), (-1, 10, "alpha"), (1.0, 1, "points"), (1.0, True, "points")],
)
def test_refusals(alpha, points, message):
    with pytest.raises(InvalidInput, match=message):
        spectrum(model_of(2, 1, 1.0), alpha, points=points)


def test_wide_committees_are_refused():
    with pytest.raises(InvalidInput, match="p of at most 10000, or inf, got 20000"):
        spectrum(model_of(20_000, 1, 1.0), 1.0)


def test_an_atom_at_zero_is_no_density():
    """A relu student leaves 0.818 of the eigenvalues at 0, where a hard edge begins."""
    found = bb.spectrum(bb.TeacherStudent(1, 1, "huber", "relu"), 0.5)
    assert found.left_edge.kind == "hard"
    assert found.rho.max() < 1
    assert found.cumulative[0] == pytest.approx(found.atom, abs=1e-5)
    assert np.trapezoid(found.rho, found.eigenvalue) == pytest.approx(1 - found.atom, abs=1e-3)

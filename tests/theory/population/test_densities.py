"""Densities of inputs with structure have all their mass."""

import numpy as np
import pytest
from tests.theory.population.models import model_of

import bbpscape as bb
from bbpscape.theory.route import route


@pytest.mark.parametrize(
    ("covariance", "radial", "alpha"),
    [
        ("power:0.5", "gaussian", 6.0),
        ("1,4", "gaussian", 4.0),
        ("product:0.5", "gaussian", 3.0),
        ("isotropic", "atoms:0.4@0.5,1.6@0.5", 3.0),
    ],
)
def test_densities_have_all_the_mass(covariance, radial, alpha):
    found = bb.spectrum(model_of(2, 1, 0.5, covariance, radial), alpha, N=400)
    mass = np.trapezoid(found.rho, found.eigenvalue)
    assert mass + found.atom == pytest.approx(1, abs=3e-3)
    assert found.cumulative[-1] == pytest.approx(1, abs=3e-3)
    # The mean of H is α E f, whatever Σ; of the quadratic committee E f has no closed form.
    law = route(replace_inputs(found.model)).law
    if radial == "gaussian":
        first = alpha * law.moments(0.0, 1)[0, 0]
        tail = 1 - found.cumulative[-1]
        mean = np.trapezoid(found.rho * found.eigenvalue, found.eigenvalue)
        assert mean + tail * found.eigenvalue[-1] == pytest.approx(first, rel=0.03)


@pytest.mark.parametrize(
    ("covariance", "radial", "alpha", "N"),
    [
        ("power:3", "gaussian", 4.0, 300),
        ("power:10", "gaussian", 4.0, 2),
        ("product:1", "gaussian", 4.0, None),
        ("1,3", "gaussian", 1.0, None),
        ("1,3", "gaussian", 1e6, None),
        ("isotropic", "1,3", 1.0, None),
        ("1,1e-3,1e-6", "gaussian", 4.0, None),
    ],
)
def test_a_bulk_of_many_scales_is_resolved(covariance, radial, alpha, N):
    """Its mass by ρ = −Im g/π, which is solved point by point, and by the potential ∫ g dz."""
    found = bb.spectrum(model_of(1, 1, 0.5, covariance, radial), alpha, points=800, N=N)
    mass = np.trapezoid(found.rho, found.eigenvalue)
    assert mass + found.atom == pytest.approx(1, abs=3e-3)
    assert 0.999 - 1e-6 <= found.cumulative[-1] <= 1
    assert np.diff(found.cumulative).min() >= 0
    middle = np.searchsorted(found.cumulative, 0.7 + 0.3 * found.atom)
    below = np.trapezoid(found.rho[:middle], found.eigenvalue[:middle])
    assert below + found.atom == pytest.approx(found.cumulative[middle - 1], abs=3e-3)


def test_all_components_leave_no_atom():
    """1/100 a hundred times is not 1."""
    assert bb.spectrum(model_of(1, 1, 0.5, "power:0.5"), 4.0, points=2, N=100).atom == 0


def replace_inputs(model):
    return model.replace(inputs=bb.InputLaw())


@pytest.mark.parametrize("N", [100, 200, 700])
def test_shares_that_sum_to_one_but_for_rounding_leave_no_atom(N):
    way = route(model_of(2, 1, 0.5, "power:0.5"), N).fine
    assert way.atom(4.0) == way.atom(1.0) == 0.0
    assert way.atom(0.25) == pytest.approx(0.75, rel=1e-12)

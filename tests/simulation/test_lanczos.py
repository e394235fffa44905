"""Spectral measures and densities against full diagonalization, and bounds on atoms."""

import numpy as np
import pytest
from scipy.stats import norm

from bbpscape.core.checks import InvalidInput
from bbpscape.model.losses import NormalizedSquare
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.simulation.data.instance import draw
from bbpscape.simulation.eigen.lanczos import spectral_density, spectral_measures
from bbpscape.simulation.hessian import Hessian


@pytest.fixture(scope="module")
def problem():
    model = TeacherStudent(p=2, p_star=1, loss=NormalizedSquare(a=1.0))
    instance = draw(model, 2.0, 150, np.random.default_rng(0))
    hessian = instance.hessian
    values, vectors = np.linalg.eigh(hessian.dense())
    return hessian, values, vectors


def test_moments_are_exact(problem):
    hessian, values, vectors = problem
    directions = np.random.default_rng(1).standard_normal((3, 300))
    steps = 6
    for direction, measure in zip(
        directions, spectral_measures(hessian, directions, steps), strict=True
    ):
        weights = (vectors.T @ direction) ** 2 / (direction @ direction)
        scale = abs(values).max()
        for degree in range(2 * steps):
            exact = (weights * (values / scale) ** degree).sum()
            quadrature = (measure.weights * (measure.nodes / scale) ** degree).sum()
            assert quadrature == pytest.approx(exact, abs=1e-12)
        # Control: the degree 2n is beyond Gauss quadrature.
        exact = (weights * (values / scale) ** (2 * steps)).sum()
        assert abs((measure.weights * (measure.nodes / scale) ** (2 * steps)).sum() - exact) > 1e-9


def test_a_complete_krylov_space_ends():
    hessian = Hessian(np.eye(4), np.array([1.0, 1.0, 2.0, 5.0]).reshape(4, 1, 1))
    (measure,) = spectral_measures(hessian, np.ones((1, 4)), 4)
    np.testing.assert_allclose(measure.nodes, [1, 2, 5], atol=1e-12)
    np.testing.assert_allclose(measure.weights, [0.5, 0.25, 0.25], atol=1e-12)


@pytest.mark.parametrize("steps", [5, 20, 60])
def test_no_atom_exceeds_its_bound(problem, steps):
    hessian, values, vectors = problem
    direction = np.random.default_rng(2).standard_normal(300) + 20 * vectors[:, 0]
    (measure,) = spectral_measures(hessian, direction[None], steps)
    weights = (vectors.T @ direction) ** 2 / (direction @ direction)
    bound = measure.largest_atom(values)
    assert (bound >= weights - 1e-12).all()
    if steps == 60:
        assert bound[0] == pytest.approx(weights[0], rel=0.01)  # and it is tight at an atom


def test_density_is_within_its_errors(problem):
    hessian, values, _ = problem
    points = np.linspace(values[0] - 0.3, values[-1] + 0.3, 60)
    width = 0.3
    exact = norm.pdf((points[:, None] - values) / width).mean(axis=1) / width
    result = spectral_density(hessian, points, width, probes=40, steps=80, seed=3)
    z = (result.density - exact) / result.standard_error
    assert abs(z).max() < 4.5
    assert 0.4 < np.sqrt((z**2).mean()) < 2.0
    # Control: the density of the wrong Hessian is far outside.
    shifted = norm.pdf((points[:, None] - 0.5 - values) / width).mean(axis=1) / width
    assert (abs(result.density - shifted) / result.standard_error).max() > 8
    # 1/√probes
    fewer = spectral_density(hessian, points, width, probes=10, steps=80, seed=4)
    ratio = np.median(fewer.standard_error / result.standard_error)
    assert ratio == pytest.approx(2, rel=0.4)


def test_refusals(problem):
    hessian = problem[0]
    with pytest.raises(InvalidInput, match="directions must not be zero"):
        spectral_measures(hessian, np.zeros((1, 300)), 3)
    with pytest.raises(InvalidInput, match="probes must be at least 2, got 1"):
        spectral_density(hessian, [0.0], 0.1, probes=1)
    with pytest.raises(InvalidInput, match="width must be finite and greater than 0"):
        spectral_density(hessian, [0.0], 0.0)
    many = np.broadcast_to(0.0, 10**9)
    with pytest.raises(InvalidInput, match=r"points = 1000000000 needs .* GiB of memory"):
        spectral_density(hessian, many, 0.1)


def test_the_standard_error_is_the_spread_of_the_estimate(problem):
    hessian, values, _ = problem
    points = np.quantile(values, (0.1, 0.5, 0.9))
    found = [spectral_density(hessian, points, 0.3, probes=10, steps=40, seed=s) for s in range(30)]
    spread = np.std([one.density for one in found], axis=0, ddof=1)
    claimed = np.sqrt(np.mean([one.standard_error**2 for one in found], axis=0))
    np.testing.assert_allclose(claimed / spread, 1.0, atol=0.4)

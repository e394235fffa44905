"""Parts of the theory of structured inputs, each by explicit vectors, samples or Σ = 1."""

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.model.radius import at_radius
from bbpscape.theory.law import BULK, MEAN, STUDENT_TRACE, TEACHER
from bbpscape.theory.population.population import Population
from bbpscape.theory.population.scalar import PopulationLevel
from bbpscape.theory.route import route
from bbpscape.theory.scalar.route import ScalarRoute
from bbpscape.theory.spectral.channel import QuadraticTeacher
from bbpscape.theory.spectral.preprocessing import Preprocessing
from bbpscape.theory.spectral.structured import spectral_level


@pytest.mark.parametrize("direction", [TEACHER, STUDENT_TRACE, MEAN])
def test_kernels_are_those_of_explicit_vectors(direction):
    """ŵ along the direction, v the unit vector of Σ^½ ŵ: K = vᵀΣ^½RΣ^½v, L = ŵᵀRΣ^½v."""
    population = Population.of(bb.InputLaw("power:0.6", profile="source:0.8"), 50)
    z, s = -1.3, 0.4
    c = population.teacher if direction == TEACHER else np.ones(50)
    w = np.sqrt(c / c.sum())
    root = np.ones(50) if direction == MEAN else np.sqrt(population.sigma)
    v = root * w / np.linalg.norm(root * w)
    resolvent = np.diag(1 / (z - s * population.sigma))
    found = population.kernel(direction, z, s)
    assert found.value == pytest.approx(v @ (root * (resolvent @ (root * v))), rel=1e-12)
    assert found.along == pytest.approx(w @ resolvent @ (root * v), rel=1e-12)
    assert population.own(direction, z, s) == pytest.approx(w @ resolvent @ w, rel=1e-12)
    step = 1e-6
    by_z = population.kernel(direction, z + step, s).value - found.value
    by_s = population.kernel(direction, z, s + step).value - found.value
    assert found.slope_z == pytest.approx(by_z / step, rel=1e-4)
    assert found.slope_s == pytest.approx(by_s / step, rel=1e-4)


def test_profiles_and_shifts_of_equal_eigenvalues_are_those_of_isotropic_inputs():
    model = bb.TeacherStudent(
        2, 1, bb.NormalizedSquare(0.5), inputs=bb.InputLaw(radial="0.5,1.5", mean=2.0)
    )
    law, alpha = route(model).fine.law, 3.0
    ones = np.ones(4)
    level = PopulationLevel(law, Population(ones, ones / 4, ones), 2)
    for z in (0.3 + 0.05j, 2.0 + 0.5j):
        expected = ScalarRoute(law).states(alpha)
        state = expected.newton(alpha, z, np.array([0.3 - 0.3j]))
        states = level.states(alpha)
        other = states.newton(alpha, z, np.array([0.3 - 0.3j, 0.0, z]))
        assert states.stieltjes(other) == pytest.approx(expected.stieltjes(state), rel=1e-8)
        found = states.special(alpha, z, other)
        assert found == pytest.approx(expected.special(alpha, z, state), rel=1e-8)


def test_the_measure_along_the_teacher_has_mass_one():
    """∫ρ_u + m² of the teacher's outlier = 1, under a covariance and a profile."""
    inputs = bb.InputLaw("power:0.4", profile="source:0.5")
    model = bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.5), inputs=inputs)
    found = bb.spectrum(model, 5.0, 2000, N=200)
    (outlier,) = [one for one in found.outliers if one.direction == TEACHER]
    mass = np.trapezoid(found.profile * found.rho, found.eigenvalue)
    assert mass + outlier.m2 == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("tau", [0.3, 2.0])
@pytest.mark.parametrize("activation", ["quadratic", "tanh"])
def test_noise_of_labels_at_a_norm(tau, activation):
    labels = bb.Labels(noise=0.4, flip=0.1)
    model = bb.TeacherStudent(2, 1, "huber", activation, labels)
    _, same = at_radius(model, tau)
    u = np.random.default_rng(0).standard_normal((50, 1))
    # One stream of noise: the labels of the one are those of the other, in their units.
    y = model.labels.apply(model.teacher_output(tau**0.5 * u), np.random.default_rng(1))
    other = same.labels.apply(same.teacher_output(u), np.random.default_rng(1))
    unit = tau if activation == "quadratic" else 1.0
    assert unit * other == pytest.approx(y, rel=1e-12)


def test_the_law_of_a_spectral_method_is_that_of_samples():
    """E of τT/(1 − gτT) with w = u², over drawn norms, teachers and noise."""
    inputs, noise = bb.InputLaw(radial="0.3,1.7"), 0.5
    method = Preprocessing("bounded", lambda y: y / (1 + y**2))
    level = spectral_level(QuadraticTeacher(1, noise), method, inputs, None)
    rng, g = np.random.default_rng(0), -0.4
    tau = rng.choice([0.3, 1.7], 1_000_000)
    u = rng.standard_normal(tau.size)
    y = tau * u**2 + noise**0.5 * rng.standard_normal(tau.size)
    f = -tau * method(y)
    values = f / (1 - g * f)
    moments = level.law.moments(g, 1, (BULK, TEACHER))[:, 0]
    for found, samples in zip(moments, (values, u**2 * values), strict=True):
        error = samples.std() / tau.size**0.5
        assert abs(samples.mean() - found) < 4 * error

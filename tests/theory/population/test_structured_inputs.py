"""Covariance, norms and mean: measurements by diagonalization, published forms, exact limits."""

import math

import numpy as np
import pytest
from tests.theory.population.measured import TABLE
from tests.theory.population.models import model_of

import bbpscape as bb
from bbpscape.theory.law import INPUT, MEAN, TEACHER
from bbpscape.theory.laws.committee import CommitteeLaw
from bbpscape.theory.laws.discrete import DiscreteLaw
from bbpscape.theory.laws.mixture import MixtureLaw, Part
from bbpscape.theory.population.population import Population
from bbpscape.theory.population.route import StructuredRoute
from bbpscape.theory.population.scalar import PopulationLevel, Side
from bbpscape.theory.population.transition import search, solve
from bbpscape.theory.route import route
from bbpscape.theory.scalar.route import ScalarRoute


def teacher_outlier(model, alpha, N=None):
    found = route(model, N).outliers(alpha)
    return next(one for one in found if one.direction == TEACHER)


@pytest.mark.parametrize("row", TABLE)
def test_theory_is_what_diagonalization_measures(row):
    p, p_star, a, alpha, N, covariance, radial, eigenvalue, m2 = row[:9]
    found = teacher_outlier(model_of(p, p_star, a, covariance, radial), alpha, N)
    assert found.eigenvalue == pytest.approx(eigenvalue, abs=1e-4)
    assert found.m2 == pytest.approx(m2, abs=1e-4)
    measured, error, measured_m2, error_m2 = row[9:]
    assert abs(found.eigenvalue - measured) < 4 * error
    assert abs(found.m2 - measured_m2) < 4 * error_m2


def test_norms_need_not_be_of_mean_one_to_be_a_mixture():
    """The row of THEORY whose τ have the mean 0.99: parts of a mixture as they are given."""
    given = (0.3, 0.3), (1.0, 0.5), (2.0, 0.2)
    parts = tuple(
        Part(weight, tau, tau, CommitteeLaw(model_of(2, 1, 0.5 / tau))) for tau, weight in given
    )
    population = Population.of(bb.InputLaw("power:0.5"), 400)
    found = Side(MixtureLaw(parts, 2), population, 2, 5.0).outlier(TEACHER)
    assert found.eigenvalue == pytest.approx(-1.2093, abs=1e-4)
    assert found.m2 == pytest.approx(0.5284, abs=1e-4)


@pytest.mark.parametrize("rho", [0.5, 1.5, 4.0])
def test_a_mean_gives_the_published_spike(rho):
    """Liao and Mahoney (2021), Corollary 1: H = (1/M) Σ x xᵀ/4 of x ~ N(μ, 1), |μ|² = ρ."""
    c = 0.6
    law = MixtureLaw((Part(1.0, 1.0, 1.0, DiscreteLaw([0.25])),), 1, math.sqrt(rho))
    edge, found = ScalarRoute(law).right(1 / c)
    assert c * edge.value == pytest.approx(0.25 * (1 + math.sqrt(c)) ** 2, rel=1e-12)
    if rho <= math.sqrt(c):
        assert not found
        return
    (one,) = found
    assert one.direction == MEAN
    assert c * one.eigenvalue == pytest.approx(0.25 * (1 + rho + c * (rho + 1) / rho), rel=1e-12)
    assert one.m2 == pytest.approx((rho**2 - c) / (rho**2 + c * rho), rel=1e-12)


def test_equal_eigenvalues_are_isotropic():
    """Σ = 1 as a covariance of equal eigenvalues, with norms and a mean, by the other equations."""
    radial = "atoms:0.5@0.5,1.5@0.5"
    plain = model_of(2, 1, 0.5, radial=radial, mean=3.0)
    law = route(plain).fine.law
    ones = np.full(7, 1 / 7)
    level = PopulationLevel(law, Population(np.ones(7), ones, np.ones(7)), 2)
    scalar = ScalarRoute(law)
    for alpha in (0.8, 3.0, 6.0):
        (edge, found), (other, expected) = level.left(alpha), scalar.left(alpha)
        assert edge.value == pytest.approx(other.value, rel=1e-11)
        assert edge.g == pytest.approx(other.g, rel=1e-7)
        if other.kind == "sharp":
            assert edge.z2 == pytest.approx(other.z2, rel=1e-6)
        assert [one.direction for one in found] == [one.direction for one in expected]
        for one, two in zip(found, expected, strict=True):
            assert one.eigenvalue == pytest.approx(two.eigenvalue, rel=1e-10)
            assert one.m2 == pytest.approx(two.m2, rel=1e-9)
    at, expected = solve(level, search(level))[0], scalar.transition()
    assert at.kind == expected.kind
    assert at.alpha == pytest.approx(expected.alpha, rel=1e-10)
    assert at.eigenvalue == pytest.approx(expected.eigenvalue, rel=1e-8)


@pytest.mark.parametrize(("a", "kind"), [(0.5, "continuous"), (2.0, "discontinuous")])
def test_the_threshold_is_where_the_outlier_begins(a, kind):
    model = model_of(2, 1, a, "power:0.3")
    found = bb.threshold(model, N=300)
    assert found.transition == kind
    assert found.status.ok
    way = StructuredRoute(model, 300)
    below = way.fine.side(found.alpha_bbp * (1 - 1e-6)).outlier(TEACHER)
    above = way.fine.side(found.alpha_bbp * (1 + 1e-6)).outlier(TEACHER)
    assert below is None
    assert above.eigenvalue == pytest.approx(found.eigenvalue, rel=1e-4)
    assert above.m2 == pytest.approx(found.m2_jump, abs=1e-4)
    m2 = [way.fine.side(found.alpha_bbp * (1 + step)).outlier(TEACHER).m2 for step in (1e-5, 2e-5)]
    if kind == "discontinuous":
        slope = (m2[1] - m2[0]) / (1e-5 * found.alpha_bbp)
        onset = found.alpha_bbp - found.m2_jump / slope
        assert found.alpha_0 == pytest.approx(onset, rel=1e-3)


def test_m2_is_the_slope_of_the_outlier_in_the_teachers_strength():
    """dz/d(strength) = v²-weighted: z moves with a rank-one field along w* by exactly m²."""
    model = model_of(1, 1, 0.5, "power:0.5", profile="source:0.7")
    way = StructuredRoute(model, 200)
    side = way.fine.side(6.0)
    found = side.outlier(TEACHER)
    population, law = side.whole, side.law

    def moved(field):
        """The eigenvalue with field·ŵŵᵀ added to H, from the 2 × 2 determinant of both fields."""

        def determinant(log_gamma):
            gamma = -math.exp(log_gamma)
            bulk, along = law.moments(gamma, 1, ("bulk", TEACHER))[:, 0]
            s = 6.0 * bulk
            z = population.inverse(gamma, s)
            kernel = population.kernel(TEACHER, z, s)
            strength = 6.0 * (along - bulk)
            own = population.own(TEACHER, z, s)
            matrix = np.array([[strength * kernel.value, strength * kernel.along],
                               [field * kernel.along, field * own]]).real  # fmt: skip
            return np.linalg.det(np.eye(2) - matrix), z

        low, high = side.end - 3, side.end - 1e-9
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if determinant(middle)[0] > 0 else (low, middle)
        return determinant(low)[1]

    step = 1e-5
    slope = (moved(step) - moved(-step)) / (2 * step)
    assert found.m2 == pytest.approx(slope, rel=1e-4)


def test_large_components_are_outliers_of_the_inputs():
    """Of H = Σ x xᵀ alone, by the formula of spiked covariances (Baik and Silverstein 2006)."""
    N, alpha, spike = 400, 4.0, 9.0
    sigma = np.append(spike, np.ones(N - 1))
    population = Population(sigma, np.full(N, 1 / N), np.ones(N), True)
    law = DiscreteLaw([1.0], directions={TEACHER: 1}, along={TEACHER: np.array([1.0])})
    _, found = PopulationLevel(law, population, 1).right(alpha)
    (one,) = [outlier for outlier in found if outlier.direction == INPUT]
    c = 1 / alpha
    assert one.eigenvalue / alpha == pytest.approx(spike * (1 + c / (spike - 1)), rel=2e-2 * 9 / N)
    expected = (1 - c / (spike - 1) ** 2) / (1 + c / (spike - 1))
    assert one.m2 == pytest.approx(expected, rel=1e-2)


def test_the_bend_of_a_sharp_edge():
    """d²z/dg² by differences of z and g along the branch."""
    side = StructuredRoute(model_of(2, 1, 0.05, "power:0.7"), 200).fine.side(3.0)
    assert side.edge.kind == "sharp"
    step = 1e-4 * side.point.gamma
    near = [side.branch.at(side.point.gamma + k * step) for k in (-1, 1)]
    g = [side.branch.population.stieltjes(one.z, one.s).real for one in near]
    slope = (g[1] - g[0]) / (2 * step)
    bend = (near[0].z + near[1].z - 2 * side.point.z) / step**2 / slope**2
    assert side.edge.z2 == pytest.approx(bend, rel=1e-4)
    assert side.branch.g_slope(side.point) == pytest.approx(slope, rel=1e-6)


def test_the_root_of_gamma_settles_at_rounding():
    """Of eigenvalues four decades apart, where Newton's last steps go back and forth."""
    sigma = np.arange(100.0, 0, -1) ** 2
    weights = np.full(100, 0.01)
    population = Population(sigma / sigma.mean(), weights, np.ones(100))
    rng = np.random.default_rng(0)
    for gamma, s in zip(-rng.uniform(0.1, 1, 500), rng.uniform(0.5, 4, 500), strict=True):
        z = population.inverse(gamma, s)
        assert population.gamma(z, s)[0].real == pytest.approx(gamma, rel=1e-9)


def test_what_has_no_left_edge_says_why():
    with pytest.raises(bb.InvalidInput, match=r"norms, chi2:3, have no upper bound"):
        bb.threshold(model_of(2, 1, 0.5, radial="chi2:3"))


def test_norms_without_a_bound_leave_no_edge():
    """The spectrum has all its mass, and the fractions of 40 diagonalized draws."""
    model = model_of(1, 1, 0.5, "power:0.8", "chi2:6")
    found = bb.spectrum(model, 4.0, N=300)
    assert found.left_edge.kind == found.right_edge.kind == "unbounded"
    assert not found.outliers
    assert found.cumulative[-1] == pytest.approx(1, abs=1e-3)
    assert found.no_left_edge is not None
    measured = {0.1: 0.0571, 1.0: 0.1676, 3.0: 0.3452, 10.0: 0.5998}
    for level, fraction in measured.items():
        # 300 eigenvalues are rigid; 1/√(αN) of the draws' norms and labels is not.
        assert float(found.fraction_below(level)) == pytest.approx(fraction, abs=4e-3)


def test_a_component_of_hardly_any_share_is_inverted():
    """The least σ of a product has a share of 1e-6: its distance has fewer digits than others."""
    edge, found = route(model_of(1, 1, 0.2, "product:0.6")).fine.left(5.0)
    # Three draws at N = 600 have their lowest at 2.39, 2.39 and 2.26, and no overlap.
    assert edge.value == pytest.approx(2.0198, abs=1e-4)
    assert not found


def test_a_power_law_needs_its_dimension():
    with pytest.raises(bb.InvalidInput, match="N must be given"):
        bb.threshold(model_of(2, 1, 0.5, "power:0.5"))


def test_a_general_network_has_structured_inputs_too():
    """Radial atoms at one norm are the model of scaled activation; a covariance of ones is none."""
    inputs = bb.InputLaw("1,1,1", "atoms:1@1")
    model = bb.TeacherStudent(1, 1, "huber", "x**2/(1+x**2)", inputs=inputs)
    plain = model.replace(inputs=bb.InputLaw())
    found, expected = bb.threshold(model), bb.threshold(plain)
    assert found.alpha_bbp == pytest.approx(expected.alpha_bbp, rel=1e-8)
    assert found.m2_jump == pytest.approx(expected.m2_jump, abs=1e-8)


def test_a_component_apart_is_no_outlier_of_a_direction():
    """Of this bounded network five components lie right of the bulk, and nothing of the teacher's:
    the eigenvalues of 40 draws are 7.16 ± 0.34, 4.32, 3.23, 2.62, 2.26 and then the bulk's."""
    model = bb.TeacherStudent(1, 1, "huber", "x**2/(1+x**2)", inputs=bb.InputLaw("power:1"))
    _, found = route(model, 300).fine.right(3.0)
    assert {one.direction for one in found} == {INPUT}
    eigenvalues = sorted((one.eigenvalue for one in found), reverse=True)
    assert eigenvalues[:4] == pytest.approx([7.16, 4.32, 3.23, 2.62], rel=0.08)

"""The p × p route on structured inputs: the scalar route, published forms, sums and limits."""

import dataclasses
import math

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.theory.law import INPUT, MEAN
from bbpscape.theory.laws.network.lowest_curvature import LowestCurvature
from bbpscape.theory.laws.network.matrix_law import all_numbers, matrix_law
from bbpscape.theory.laws.network.nodes import MOST_NUMBERS
from bbpscape.theory.matrix.branch import branch_point
from bbpscape.theory.matrix.edges import left_matrix_edge
from bbpscape.theory.matrix.frame import Frame
from bbpscape.theory.matrix.level import MatrixLevel
from bbpscape.theory.matrix.outliers import left_matrix_outliers
from bbpscape.theory.matrix.route import MatrixRoute
from bbpscape.theory.matrix.transition import search_transition
from bbpscape.theory.population.population import Population
from bbpscape.theory.population.resolvents import Resolvents
from bbpscape.theory.route import route

RADIAL = "atoms:0.4@0.5,1.6@0.5"
RELU = bb.TeacherStudent(2, 1, bb.losses.Huber(1.0), "relu", overlap=0.3)
TANH = bb.TeacherStudent(2, 1, bb.losses.Square(), "tanh")


def committee(a, covariance="isotropic", radial="gaussian", **others):
    inputs = bb.InputLaw(covariance, radial, **others)
    return bb.TeacherStudent(2, 1, bb.NormalizedSquare(a), inputs=inputs)


@pytest.mark.parametrize(
    ("model", "alpha"),
    [
        (committee(0.5, radial=RADIAL), 3.0),
        (committee(0.5, "power:0.5", "atoms:0.3@0.3,1@0.5,2@0.2"), 5.0),
        (committee(2.0, "power:1", mean=3.0, profile="source:0.5"), 2.0),
        (committee(2.0, "1.5,0.5"), 2.0),
    ],
)
def test_a_scalar_model_by_the_matrix_route(model, alpha):
    scalar, matrix = route(model, 400), MatrixRoute(model, 400)
    for one, other in zip(scalar.edges(alpha), matrix.edges(alpha), strict=True):
        assert one.kind == other.kind
        assert other.value == pytest.approx(one.value, rel=1e-9)
        assert other.g == pytest.approx(one.g, rel=1e-7)
        if one.kind == "sharp":
            assert other.z2 == pytest.approx(one.z2, rel=2e-3)
    pairs = list(zip(scalar.outliers(alpha), matrix.outliers(alpha), strict=True))
    assert pairs
    for one, other in pairs:
        assert (other.direction, other.multiplicity) == (one.direction, one.multiplicity)
        assert other.eigenvalue == pytest.approx(one.eigenvalue, rel=1e-9)
        assert other.m2 == pytest.approx(one.m2, rel=1e-8)
    at, found = scalar.transition(), matrix.transition()
    assert found.kind == at.kind
    assert found.alpha == pytest.approx(at.alpha, rel=1e-9)
    assert found.eigenvalue == pytest.approx(at.eigenvalue, rel=1e-9)
    assert found.m2_jump == pytest.approx(at.m2_jump, abs=1e-8)
    assert found.alpha_0 == pytest.approx(at.alpha_0, rel=1e-5)


@pytest.mark.parametrize("model", [TANH, RELU.replace(mean=2.0, radial=RADIAL)])
def test_equal_eigenvalues_are_isotropic(model):
    """Σ = 1 as a covariance of equal eigenvalues, by the other equations."""
    ones = Population(np.ones(3), np.full(3, 1 / 3), np.ones(3))
    for sign in (1.0, -1.0):
        law = matrix_law(model, 0.4, sign)
        other = matrix_law(model, 0.4, sign, lowest=law.lowest, population=ones)
        edges = left_matrix_edge(law, 12.0), left_matrix_edge(other, 12.0)
        assert edges[0].edge.value == pytest.approx(edges[1].edge.value, rel=1e-10)
        assert edges[0].edge.g == pytest.approx(edges[1].edge.g, rel=1e-10)
        assert edges[0].edge.z2 == pytest.approx(edges[1].edge.z2, rel=1e-6)
        found = [
            left_matrix_outliers(one, 12.0, edge)
            for one, edge in zip((law, other), edges, strict=True)
        ]
        for one, two in zip(*found, strict=True):
            assert one.direction == two.direction
            assert one.eigenvalue == pytest.approx(two.eigenvalue, rel=1e-10)
            assert one.m2 == pytest.approx(two.m2, rel=1e-9)
    point = branch_point(law, 12.0, 0.1)
    M = [Frame(one).matrix(12.0, point.z, point.A, point.S) for one in (law, other)]
    np.testing.assert_allclose(*M, atol=1e-10 * abs(M[0]).max())
    if model is TANH:
        laws = matrix_law(model, 0.4), matrix_law(model, 0.4, population=ones)
        at = [search_transition(one) for one in laws]
        assert at[0].alpha == pytest.approx(at[1].alpha, rel=1e-9)


@pytest.mark.parametrize("rho", [0.6, 1.5])
def test_a_mean_gives_the_published_spike(rho):
    """Liao and Mahoney (2021), Corollary 1, by a linear neuron, whose F is 1."""
    c, inputs = 0.5, bb.InputLaw(mean=math.sqrt(rho))
    model = bb.TeacherStudent(1, 1, bb.losses.Square(), "x", inputs=inputs)
    edge, found = MatrixRoute(model).level(0.6).right(1 / c)
    assert c * edge.value == pytest.approx((1 + math.sqrt(c)) ** 2, rel=1e-9)
    if rho <= math.sqrt(c):
        assert not found
        return
    (one,) = found
    assert (one.direction, one.multiplicity) == (MEAN, 1)
    assert c * one.eigenvalue == pytest.approx(1 + rho + c * (rho + 1) / rho, rel=1e-10)
    assert one.m2 == pytest.approx((rho**2 - c) / (rho**2 + c * rho), rel=1e-10)


def test_sums_over_the_components():
    rng = np.random.default_rng(0)
    sigma, f = np.sort(rng.random(6))[::-1] + 0.1, rng.random(6)
    population = Population(sigma, np.full(6, 1 / 6), np.ones(6))
    S, dS = (B + B.T for B in rng.standard_normal((2, 3, 3)))
    one = np.eye(3)
    for z, at in ((-9.0, S), (-2.0 + 0.5j, S + 0.3j * dS)):
        expected = sum(a * np.linalg.inv(z * one - s * at) for a, s in zip(f, sigma, strict=True))
        np.testing.assert_allclose(Resolvents(population, z, at).sum(f), expected, atol=1e-12)
        h = 1e-5
        ahead, behind = (
            Resolvents(population, z + h * k, at + 2 * h * k * dS).sum(f) for k in (1, -1)
        )
        change = Resolvents(population, z, at).change(f, 1.0, 2 * dS)
        np.testing.assert_allclose(change, (ahead - behind) / (2 * h), atol=1e-7)


def test_m2_is_the_slope_of_an_outlier_in_a_field_along_the_teacher():
    """λ of H + h ŵ ŵᵀ moves by m²: 1 = h Ŵᵀ R Ŵ there, so that Ŵᵀ R Ŵ ≈ m²/(z − λ) next to λ."""
    model = RELU.replace(covariance="power:0.5", radial=RADIAL, profile="source:0.4")
    level = MatrixRoute(model, 150).level(0.4)
    edge = left_matrix_edge(level.law, 20.0)
    one = left_matrix_outliers(level.law, 20.0, edge)[0]
    frame, point = (
        Frame(level.law),
        branch_point(level.law, 20.0, 0.99 * edge.point.tau, edge.point),
    )
    while point.z > one.eigenvalue + 1e-6 * abs(one.eigenvalue):
        step = 0.5 * (one.eigenvalue * (1 + 1e-7) - point.z) / point.z_slope
        step = max(step, -0.05 * point.tau)
        point = branch_point(level.law, 20.0, point.tau + step, point)
    M = frame.matrix(20.0, point.z, point.A, point.S)
    pole = frame.trace("teacher", M, point.z, point.S).real * (point.z - one.eigenvalue)
    assert one.m2 == pytest.approx(pole, rel=1e-3)
    assert one.m2 > 0.05


@pytest.mark.parametrize("inputs", [bb.InputLaw("power:0.4"), bb.InputLaw("3,0", mean=2)])
def test_the_density_of_a_network_has_all_the_mass(inputs):
    """Both edges of tanh are finite: ∫ρ = 1 − atom, and ∫ρ λ = α E Tr F̃/p but for components."""
    model = TANH.replace(inputs=inputs)
    way = MatrixRoute(model, 100)
    level = MatrixLevel(model, 0.3, 0, way._lowest, way.population)
    way.__dict__.update(coarse=level, fine=level, level=lambda refinement, seed=0: level)
    bulk = way.density(4.0, 400)
    x, rho = bulk.eigenvalue, bulk.rho
    apart = max(level._side(4.0, sign)[0].apart for sign in (1.0, -1.0)) / 100
    atom = 0.0 if inputs.mean == 0 else 0.5
    assert way.atom(4.0) == pytest.approx(atom, abs=1e-12)
    assert np.trapezoid(rho, x) + atom + apart == pytest.approx(1, abs=5e-3)
    first, _ = level.states(4.0).moments()
    assert np.trapezoid(rho * x, x) == pytest.approx(4 * first, abs=0.02)


def test_the_largest_component_has_its_own_eigenvalue():
    """z = σ_1 s_j, at the branch of the others: known nothing of the teacher, and no edge."""
    model = TANH.replace(covariance="power:1")
    level = MatrixRoute(model, 150).level(0.4)
    edge, found = level.left(15.0)
    inputs = [one for one in found if one.direction == INPUT]
    assert len(inputs) >= 5
    assert inputs[0].eigenvalue < 2 * edge.value
    law = level.law.without(level._side(15.0, 1.0)[0].apart)
    one, point = inputs[0], branch_point(law, 15.0, 1e-3)
    while point.z < one.eigenvalue * (1 + 1e-9):
        last, point = point, branch_point(law, 15.0, 1.02 * point.tau, point)
    sigma = law.population.sigma[0]
    s = [np.linalg.eigvalsh(at.S)[0] for at in (last, point)]
    crossing = [at.z - sigma * low for at, low in zip((last, point), s, strict=True)]
    assert crossing[0] < 0 < crossing[1]
    share = crossing[0] / (crossing[0] - crossing[1])
    assert last.z + share * (point.z - last.z) == pytest.approx(one.eigenvalue, rel=1e-3)
    assert one.m2 > 0.9


def test_the_longest_sample_has_the_lowest_curvature():
    """τ F(√τ λ; ·): all values of λ and y are taken at any τ, so that the infimum is τ times it."""
    one, norms = LowestCurvature(TANH), LowestCurvature(TANH.replace(radial=RADIAL))
    A = np.array([[1.0, 0.3], [0.3, 0.5]])
    assert norms.reach(A) == pytest.approx(1.6 * one.reach(A), rel=1e-9)
    law = matrix_law(TANH.replace(radial=RADIAL), 0.6)
    values = [np.linalg.eigvalsh(part.curvature).min() for part in law.parts]
    assert -norms.reach(np.eye(2)) <= min(values) < 0.9 * max(values)
    assert min(values) == pytest.approx(-norms.reach(np.eye(2)), rel=0.02)


def test_many_norms_hold_no_more_numbers_than_one():
    for p in (2, 3, 5):
        one = dataclasses.replace(TANH, p=p)
        many = one.replace(radial="chi2:6")
        most = max(MOST_NUMBERS, all_numbers(one))
        assert all_numbers(one) <= all_numbers(many) * (1 + 1e-9) <= most * (1 + 2e-9)
        if p < 5:
            law = matrix_law(many, 0.2)
            held = sum(part.curvature[..., 0, 0].size for part in law.parts) * (2 * p * p + p)
            assert held < all_numbers(many)


def test_norms_without_an_upper_bound():
    unbounded = TANH.replace(radial="chi2:6")
    assert "chi2:6, have no upper bound" in str(MatrixRoute(unbounded).no_left_edge)
    with pytest.raises(bb.InvalidInput, match="no left edge"):
        bb.threshold(unbounded)
    # F ≥ 0 has an edge whatever the norms: that of lognormal norms of vanishing width.
    convex = bb.TeacherStudent(1, 1, bb.NormalizedSquare(0.3), "relu")
    way = MatrixRoute(convex.replace(radial="lognormal:1e-4"))
    assert way.no_left_edge is None
    (edge, found), (other, expected) = (
        one.level(1.0).left(20.0) for one in (way, MatrixRoute(convex))
    )
    assert edge.value == pytest.approx(other.value, rel=1e-5)
    assert [one.direction for one in found] == [one.direction for one in expected]
    assert found
    assert found[0].m2 == pytest.approx(expected[0].m2, rel=1e-4)

"""Every route asked the same questions of a model that all of them can answer."""

import math

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.theory.law import TEACHER
from bbpscape.theory.laws.network.scalar_law import scalar_law
from bbpscape.theory.matrix.route import MatrixRoute
from bbpscape.theory.route import route
from bbpscape.theory.sampled import walk
from bbpscape.theory.scalar.route import CommitteeRoute, ScalarRoute, SymmetricRoute

DISCONTINUOUS = bb.TeacherStudent(2, 1, bb.NormalizedSquare(1.0))
CONTINUOUS = bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.3))
LOG_COSH = bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.3), bb.activation("log-cosh"))
ROUTES = {
    "law": lambda model: ScalarRoute(CommitteeRoute(model).law),
    "symmetric network": SymmetricRoute,
    "network": MatrixRoute,
}
ALPHA = 3.0


@pytest.fixture(params=ROUTES, ids=ROUTES.keys(), scope="module")
def ways(request):
    """The route in closed form and another one, for each kind of transition."""
    make = ROUTES[request.param]
    return [(CommitteeRoute(model), make(model)) for model in (CONTINUOUS, DISCONTINUOUS)]


def test_the_dispatch():
    second = bb.TeacherStudent(2, 1, bb.NormalizedSquare(1.0), second_layer=(0.8, 0.2))
    tanh = bb.TeacherStudent(2, 1, bb.losses.Square(), bb.activation("tanh"))
    flipped = bb.TeacherStudent(
        1, 1, bb.losses.AbsoluteNormalizedSquare(1.0), labels=bb.Labels(flip=0.1)
    )
    for model, kind in (
        (DISCONTINUOUS, CommitteeRoute),
        (bb.TeacherStudent(math.inf, 1), CommitteeRoute),
        (LOG_COSH, SymmetricRoute),
        (flipped, SymmetricRoute),
        (second, MatrixRoute),
        (tanh, MatrixRoute),
    ):
        way = route(model)
        assert type(way) is kind
        assert way.model is model
    assert type(route(CommitteeRoute(CONTINUOUS).law)) is ScalarRoute


def test_edges_and_the_atom(ways):
    for exact, way in ways:
        (left, right), (other, beyond) = exact.edges(ALPHA), way.edges(ALPHA)
        assert (left.kind, right.kind) == (other.kind, beyond.kind)
        assert other.value == pytest.approx(left.value, rel=1e-8)
        assert other.g == pytest.approx(left.g, rel=1e-4)
        assert other.z2 == pytest.approx(left.z2, rel=2e-3)
        assert beyond.value == right.value == math.inf
        assert way.atom(ALPHA) == exact.atom(ALPHA) == 0.0
        assert way.atom(0.4) == pytest.approx(exact.atom(0.4)) == pytest.approx(0.6)
        assert way.no_left_edge is None
        assert way.eigenvalue_unit == exact.eigenvalue_unit == "1"


def test_outliers(ways):
    for exact, way in ways:
        (one,) = [o for o in exact.outliers(ALPHA) if o.eigenvalue < 0]
        (other,) = [o for o in way.outliers(ALPHA) if o.eigenvalue < 0]
        assert (other.direction, other.multiplicity) == (TEACHER, 2)
        assert other.eigenvalue == pytest.approx(one.eigenvalue, rel=1e-8)
        assert other.m2 == pytest.approx(one.m2, rel=1e-7)
        assert not [o for o in way.outliers(0.5) if o.eigenvalue < 0]


def test_transitions(ways):
    for exact, way in ways:
        one, other = exact.transition(), way.transition()
        assert other.kind == one.kind
        for name in ("alpha", "g", "eigenvalue"):
            assert getattr(other, name) == pytest.approx(getattr(one, name), rel=1e-7), name
        assert other.m2_jump == pytest.approx(one.m2_jump, rel=1e-6, abs=1e-15)
        assert other.alpha_0 == pytest.approx(one.alpha_0, rel=1e-4)
        assert other.diagnostics.status.ok
    assert [exact.transition().kind for exact, _ in ways] == ["continuous", "discontinuous"]


def test_overlap_curves(ways):
    for exact, way in ways:
        alphas = exact.transition().alpha * np.array([0.5, 0.97, 1.03, 2.0])
        (m2, eigenvalue), (other, where) = exact.overlaps(alphas), way.overlaps(alphas)
        np.testing.assert_allclose(other, m2, rtol=1e-6)
        np.testing.assert_allclose(where, eigenvalue, rtol=1e-7)
        assert (m2[:2] == 0).all()
        assert (m2[2:] > 0).all()


@pytest.mark.parametrize("name", ["symmetric network", "network"])
def test_densities(name):
    exact = CommitteeRoute(DISCONTINUOUS)
    way = ROUTES[name](DISCONTINUOUS)
    bulk, curve = way.density(ALPHA, 300), exact.density(ALPHA, 300).curve
    x = np.linspace(-0.6, 5, 30)
    np.testing.assert_allclose(bulk.curve.density(x), curve.density(x), atol=2e-3)
    np.testing.assert_allclose(bulk.curve.fraction_below(x), curve.fraction_below(x), atol=5e-4)
    np.testing.assert_allclose(
        bulk.curve.overlap_profile(x[2:]), curve.overlap_profile(x[2:]), rtol=0.02
    )
    assert bulk.eigenvalue.shape == bulk.rho.shape == bulk.sampled.shift.shape == (300,)


@pytest.mark.parametrize("name", ["symmetric network", "network"])
def test_the_spectral_shift_counts_eigenvalues(name):
    """Against the closed form in the bulk, and the outliers left of it at its left edge."""
    exact, level = CommitteeRoute(DISCONTINUOUS), ROUTES[name](DISCONTINUOUS).level(0.7)
    points = np.array([exact.edges(ALPHA)[0].value + 0.02, 0.5, 2.0])
    shifts = [
        level.states(ALPHA).special(ALPHA, complex(x), state)[1]
        for x, state in zip(points, walk(level.states(ALPHA), ALPHA, points, 1.0), strict=True)
    ]
    curve = exact.density(ALPHA, 2).curve
    expected = [curve.spectral_shift(x) for x in points]
    assert shifts == pytest.approx(expected, abs=2e-3)
    assert max(map(abs, expected)) > 0.5
    assert expected[0] > 1.5


@pytest.mark.parametrize("alpha", [8.0, 60.0])
def test_both_routes_of_a_network_agree_on_both_sides(alpha):
    """A bounded even activation: edges and outliers left and right, in sectors or as they come."""
    model = bb.TeacherStudent(2, 1, bb.losses.Square(), bb.activation("cos(x)"))
    scalar, matrix = SymmetricRoute(model).level(0.6), MatrixRoute(model).level(0.6)
    for side in ("left", "right"):
        (edge, found), (other, same) = (getattr(one, side)(alpha) for one in (scalar, matrix))
        assert other.kind == edge.kind == "sharp"
        assert other.value == pytest.approx(edge.value, rel=1e-6)
        assert len(found) == len(same) >= 1
        for one, two in zip(found, same, strict=True):
            assert two.eigenvalue == pytest.approx(one.eigenvalue, rel=1e-6)
            assert two.m2 == pytest.approx(one.m2, rel=1e-5)
            assert two.multiplicity == one.multiplicity
            assert two.direction == one.direction.split(" ")[0]
            outside = one.eigenvalue < edge.value if side == "left" else one.eigenvalue > edge.value
            assert outside
        values = [one.eigenvalue for one in found]
        assert values == sorted(values)
    assert len(scalar.right(alpha)[1]) == 2
    assert len(scalar.left(alpha)[1]) == (2 if alpha == 60.0 else 1)


@pytest.mark.parametrize("name", ["symmetric network", "network"])
def test_a_density_with_an_atom_and_two_teachers(name):
    """Fractions below on both sides of the atom, and the profile per teacher direction."""
    model, alpha = bb.TeacherStudent(1, 2, bb.NormalizedSquare(1.0)), 0.6
    curve, bulk = (make(model).density(alpha, 300).curve for make in (CommitteeRoute, ROUTES[name]))
    x = np.array([-0.5, -0.2, 0.3, 1.0, 4.0])
    below = curve.fraction_below(x)
    # At α < 1 ρ diverges next to the atom, and a network's is interpolated there.
    np.testing.assert_allclose(bulk.fraction_below(x), below, atol=1.5e-2)
    assert below[2] - below[1] > 0.4
    np.testing.assert_allclose(bulk.overlap_profile(x), curve.overlap_profile(x), rtol=0.05)


def test_the_law_of_a_network_without_negative_curvature():
    """What a search leaves of an infimum 0 is rounding."""
    model = bb.TeacherStudent(1, 1, bb.losses.Square(), bb.activation("abs(x)"))
    law = scalar_law(model, (-1e-14, 1.0))
    assert law.support() == (0.0, 1.0)
    assert scalar_law(model, (-1e-3, 1.0)).support() == (-1e-3, 1.0)

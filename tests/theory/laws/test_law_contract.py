"""One contract for every law: moments are each other's derivatives, and sums rule their density."""

import itertools
import math

import numpy as np
import pytest
from scipy.integrate import quad

import bbpscape as bb
from bbpscape.theory.law import BULK, TEACHER, Law
from bbpscape.theory.laws.committee import CommitteeLaw
from bbpscape.theory.laws.discrete import DiscreteLaw
from bbpscape.theory.laws.mirrored import Mirrored
from bbpscape.theory.laws.network.scalar_law import curvature_range, scalar_law
from bbpscape.theory.route import route
from bbpscape.theory.spectral.channel import QuadraticTeacher
from bbpscape.theory.spectral.law import preprocessing_law
from bbpscape.theory.spectral.preprocessing import trimming

INF = math.inf
LOG_COSH = bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.3), bb.activation("log-cosh"))
HUBER = bb.TeacherStudent(2, 1, bb.losses.Huber(1.0))


def committee(p, p_star, a):
    return CommitteeLaw(bb.TeacherStudent(p, p_star, bb.NormalizedSquare(a)))


def network(model):
    return scalar_law(model, curvature_range(model)[:2], 0.6)


LAWS = {
    "committee": lambda: committee(2, 1, 0.5),
    "wide committee": lambda: committee(40, 3, 2.0),
    "infinite committee": lambda: committee(INF, 2, 1.0),
    "atoms": lambda: DiscreteLaw(
        [-1.0, 0.0, 0.5, 2.0],
        [0.1, 0.3, 0.4, 0.2],
        {TEACHER: np.array([3.0, 0.5, 0.5, 1.75])},
        {TEACHER: 2},
    ),
    "spectral method": lambda: preprocessing_law(QuadraticTeacher(2, 0.1), trimming(3.0)),
    "smooth network": lambda: network(LOG_COSH),
    "network with kinks": lambda: network(HUBER),
    "mirrored committee": lambda: Mirrored(committee(INF, 1, 0.5)),
    "mirrored atoms": lambda: Mirrored(DiscreteLaw([-1.0, 0.0, 2.0])),
}


@pytest.fixture(params=LAWS, ids=LAWS.keys(), scope="module")
def law(request):
    return LAWS[request.param]()


def inside(law):
    """Real g on both sides of 0 where the moments are finite, and complex ones."""
    ends = [law.support(name) for name in (BULK, *law.directions)]
    lower, upper = min(low for low, _ in ends), max(high for _, high in ends)
    left = 1 / lower if -INF < lower < 0 else -2.0
    points = [0.6 * left - 0.2j * abs(left), abs(left) * (0.3 - 0.5j)]
    if 0 < upper < INF:
        points += [0.05 / upper, 0.5 / upper]
    if lower > -INF:
        points += [0.9 * left, 0.5 * left, 0.05 * left]
    return points


def derivative(function, x):
    """Central differences of fourth order; along the real axis."""
    h = 2e-4 * abs(x)
    near, far = (function(x + k * h) - function(x - k * h) for k in (1, 2))
    return (8 * near - far) / (12 * h)


def test_it_is_a_law(law):
    assert isinstance(law, Law)
    assert not isinstance(object(), Law)
    assert 0 <= law.zero_mass <= 1
    assert BULK not in law.directions
    low, high = law.support()
    assert low < high


def test_each_moment_is_the_derivative_of_the_one_before(law):
    names = (BULK, *law.directions)
    for g in inside(law):
        moments = law.moments(g, 4, names)
        slopes = derivative(lambda x: law.moments(x, 3, names), g)
        for k in range(1, 4):
            np.testing.assert_allclose(
                slopes[:, k - 1], k * moments[:, k], rtol=2e-8, atol=1e-9 * abs(moments).max()
            )


def test_the_first_moment_is_minus_the_slope_of_the_logarithm(law):
    for g in inside(law):
        slope = derivative(law.log_moment, g)
        assert slope == pytest.approx(-complex(law.moments(g, 1)[0, 0]), rel=2e-8, abs=1e-9)
    assert complex(law.log_moment(0.0)) == pytest.approx(0, abs=1e-9)


def test_arrays_are_points_one_by_one(law):
    points = np.array(inside(law)[:2])
    names = (BULK, *law.directions)
    together = law.moments(points.reshape(2, 1), 2, names)
    assert together.shape == (len(names), 2, 2, 1)
    for i, g in enumerate(points):
        np.testing.assert_allclose(together[..., i, 0], law.moments(g, 2, names), rtol=1e-9)
    one, other = (complex(law.log_moment(g)) for g in points)
    np.testing.assert_allclose(law.log_moment(points), [one, other], rtol=1e-9, atol=1e-12)


def test_the_lower_half_plane_stays_in_it(law):
    """E f/(1 − g f) maps Im g ≤ 0 to itself, and so it is for every weight w ≥ 0."""
    names = (BULK, *law.directions)
    for g in inside(law)[:2]:
        assert (law.moments(g, 1, names).imag < 0).all()


def test_weights_are_of_mean_one(law):
    """−g m_1^w → E[w; f ≠ 0] as g → −i∞: all of E w = 1 but for what lies at f = 0."""
    names = (BULK, *law.directions)
    g = -1e7j
    limits = (-g * law.moments(g, 1, names)[:, 0]).real
    assert limits[0] == pytest.approx(1 - law.zero_mass, rel=2e-3)
    if law.zero_mass == 0:
        np.testing.assert_allclose(limits, 1, rtol=2e-3)
    else:
        assert (limits < 1).all()


@pytest.mark.parametrize("name", ["committee", "infinite committee", "wide committee"])
@pytest.mark.parametrize("alpha", [0.7, 2.5])
def test_the_sum_rules_of_a_density(name, alpha):
    """∫ρ + atom = 1, ∫λρ = α E f, ∫λ²ρ = α E f² + (α E f)²; up to the last 1e-3 of a tail."""
    law = LAWS[name]()
    way = route(law)
    left, right = way.edges(alpha)
    curve = way.density(alpha, 2).curve
    end = right.value if math.isfinite(right.value) else float(curve.eigenvalue[-1])
    pieces = np.linspace(left.value, end, 9)
    if left.value < 0 < end:
        pieces = np.sort([*pieces, 0.0])

    def integral(function):
        parts = [
            quad(lambda x: function(x) * curve.density([x])[0], a, b, limit=60, epsabs=1e-7)[0]
            for a, b in itertools.pairwise(pieces)
        ]
        return sum(parts)

    missing = 1.1e-3 if math.isinf(right.value) else 1e-5
    assert integral(lambda x: 1.0) + way.atom(alpha) == pytest.approx(1, abs=missing)
    if math.isfinite(right.value):
        first, second = law.moments(0.0, 2)[0]
        assert integral(lambda x: x) == pytest.approx(alpha * first, abs=1e-4)
        square = alpha * second + (alpha * first) ** 2
        assert integral(lambda x: x**2) == pytest.approx(square, rel=1e-4)

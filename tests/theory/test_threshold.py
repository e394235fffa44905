"""The BBP threshold against tables, closed forms, limits and two independent quadratures."""

import dataclasses
import json
import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.theory import direct
from tests.theory.direct import model_of

import bbpscape as bb
from bbpscape.core.status import Diagnostics
from bbpscape.theory.law import BULK, TEACHER
from bbpscape.theory.laws.committee import CommitteeLaw
from bbpscape.theory.overlap_curve import OverlapCurve
from bbpscape.theory.scalar.edges import left_edge
from bbpscape.theory.scalar.outliers import left_outlier
from bbpscape.theory.spectral.limit import limit_of
from bbpscape.theory.threshold import threshold

TABLE = [
    (1, 0.01, 2.850752, "continuous", 0.0),
    (2, 0.01, 1.439986, "continuous", 0.0),
    (4, 0.01, 0.960569, "continuous", 0.0),
    (1, 1.0, 1.134854, "continuous", 0.0),
    (2, 1.0, 1.018382, "discontinuous", 0.0310),
    (1, 2.0, 1.690417, "discontinuous", 0.1138),
]
CRITICAL = [(1, 1.10876), (2, 0.83039), (3, 0.69364), (4, 0.60331)]
# p, p*, a: both kinds, both ends of a, narrow and wide.
INDEPENDENT = [
    (1, 1, 1e-3),
    (1, 1, 100.0),
    (1, 5, 1.0),
    (2, 1, 1.0),
    (2, 2, 0.01),
    (3, 1, 0.69),
    (6, 3, 0.1),
    (200, 1, 1e-3),
    (200, 5, 100.0),
    (math.inf, 1, 0.01),
    (math.inf, 5, 0.3),
]


@pytest.mark.parametrize(("p", "a", "alpha", "kind", "jump"), TABLE)
def test_reference_values(p, a, alpha, kind, jump):
    result = threshold(model_of(p, 1, a))
    assert result.alpha_bbp == pytest.approx(alpha, abs=5.1e-7)
    assert result.transition == kind
    assert result.m2_jump == pytest.approx(jump, abs=5.1e-5)
    assert result.eigenvalue_unit == "1"
    json.dumps(result.to_dict(), allow_nan=False)


@pytest.mark.parametrize(("p", "a"), CRITICAL)
def test_critical_a_reference_values(p, a):
    assert threshold(model_of(p, 1, 1.0)).a_critical == pytest.approx(a, abs=5.1e-6)


@pytest.mark.parametrize(("p", "p_star", "a"), INDEPENDENT)
def test_against_the_defining_expectations(p, p_star, a):
    model = model_of(p, p_star, a)
    result = threshold(model)
    alpha, kind, eigenvalue, jump = direct.threshold(model)
    assert result.transition == kind
    assert result.alpha_bbp == pytest.approx(alpha, rel=1e-9)
    assert result.eigenvalue == pytest.approx(eigenvalue, rel=1e-9)
    assert result.m2_jump == pytest.approx(jump, rel=1e-9)


@pytest.mark.parametrize(("p", "p_star", "a"), [(1, 1, 2.0), (2, 1, 1.0), (200, 5, 0.5), (7, 2, 9)])
def test_end_of_the_branch_to_thirty_digits(p, p_star, a):
    """α_BBP = p*/(2 E[((p − 1)/p)/(a + r) + (1/p)/(a + 3r)]), λ and m² there, by tanh–sinh.

    At g = −p/2, f/(1 − g f) = (2/p)(c r − y)/(a + c r), a polynomial in y.
    """
    result = threshold(model_of(p, p_star, a))
    assert result.transition == "discontinuous"
    y2, y3 = 1 + mpmath.mpf(2) / p_star, (1 + mpmath.mpf(2) / p_star) * (1 + mpmath.mpf(4) / p_star)
    with mpmath.workdps(30):
        half = mpmath.mpf(p) / 2
        norm = 2 * half**half / mpmath.gamma(half)

        def mean(function):
            """E⟨function(r, c)⟩ with r = v², smooth at v = 0 also for p = 1."""
            width = mpmath.sqrt(1 / mpmath.mpf(p))
            points = [0] + [1 + k * width for k in (-6, -3, -1, 0, 1, 3, 6, 12) if k * width > -1]
            total = mpmath.mpf(0)
            for c, share in ((1, 1 - 1 / mpmath.mpf(p)), (3, 1 / mpmath.mpf(p))):
                if share:
                    total += share * mpmath.quad(
                        lambda v, c=c: (
                            function(v * v, c) * norm * v ** (p - 1) * mpmath.exp(-half * v * v)
                        ),
                        points,
                    )
            return total

        assert mpmath.almosteq(mean(lambda r, c: mpmath.mpf(1)), 1, 1e-20)
        alpha = p_star / (2 * mean(lambda r, c: 1 / (a + c * r)))
        eigenvalue = -1 / half + alpha * mean(lambda r, c: (c * r - 1) / (a + c * r)) / half
        bulk = alpha * mean(lambda r, c: ((c * r) ** 2 - 2 * c * r + y2) / (a + c * r) ** 2)
        along = alpha * mean(lambda r, c: ((c * r) ** 2 - 2 * c * r * y2 + y3) / (a + c * r) ** 2)
        m2 = (1 - bulk) / (1 - bulk + along)
    assert result.alpha_bbp == pytest.approx(float(alpha), rel=1e-12)
    assert result.eigenvalue == pytest.approx(float(eigenvalue), rel=1e-12)
    assert result.m2_jump == pytest.approx(float(m2), rel=1e-10)


@pytest.mark.parametrize("p_star", [1, 2, 5])
@pytest.mark.parametrize("a", [1e-3, 0.01, 1.0, 100.0])
def test_infinite_width_in_closed_form(p_star, a):
    result = threshold(model_of(math.inf, p_star, a))
    assert result.transition == "discontinuous"
    assert result.alpha_bbp == pytest.approx(p_star * (a + 1) / 2, rel=1e-12)
    assert result.m2_jump == pytest.approx(a / (a + 1 + 4 / p_star), rel=1e-12)
    assert result.eigenvalue == pytest.approx(-1.0, rel=1e-12)  # E(1 − y) = 0 leaves 1/g
    assert result.eigenvalue_unit == "2/p"
    assert result.a_critical == 0.0


@pytest.mark.parametrize(("p_star", "a"), [(1, 2.0), (3, 0.05)])
@pytest.mark.parametrize("name", ["alpha_bbp", "m2_jump", "alpha_0"])
def test_infinite_width_is_the_limit_with_an_error_of_order_1_over_p(name, p_star, a):
    limit, wide, wider = (
        getattr(threshold(model_of(p, p_star, a)), name) for p in (math.inf, 2000, 4000)
    )
    assert wider == pytest.approx(limit, rel=0.04)
    assert (wide - limit) / (wider - limit) == pytest.approx(2, rel=0.02)


widths = st.one_of(st.integers(1, 200), st.just(math.inf))
normalizations = st.floats(math.log(1e-3), math.log(100)).map(math.exp)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(p=widths, p_star=st.integers(1, 5), a=normalizations)
def test_properties(p, p_star, a):
    result = threshold(model_of(p, p_star, a))
    assert result.status.ok
    assert result.alpha_weak_recovery == p_star / 2
    assert result.alpha_bbp >= p_star / 2
    assert 0 <= result.m2_jump < 1
    assert result.alpha_0 <= result.alpha_bbp
    discontinuous = a > result.a_critical
    assert result.transition == ("discontinuous" if discontinuous else "continuous")
    assert (result.m2_jump > 0) == discontinuous
    assert (result.alpha_0 < result.alpha_bbp) == discontinuous


@pytest.mark.parametrize("p_star", [1, 3])
@pytest.mark.parametrize("p", [1, 2, 6, 40])
def test_critical_a_separates_the_kinds_without_a_break(p, p_star):
    a_critical = threshold(model_of(p, p_star, 1.0)).a_critical
    below, above = (threshold(model_of(p, p_star, a_critical * x)) for x in (1 - 1e-6, 1 + 1e-6))
    assert (below.transition, above.transition) == ("continuous", "discontinuous")
    assert above.alpha_bbp == pytest.approx(below.alpha_bbp, rel=1e-5)
    assert above.eigenvalue == pytest.approx(below.eigenvalue, rel=1e-5)
    assert above.alpha_0 == pytest.approx(above.alpha_bbp, rel=1e-5)
    assert 0 < above.m2_jump < 1e-5


@pytest.mark.parametrize("p_star", [1, 3])
@pytest.mark.parametrize("p", [1, 2, 6, 40])
def test_edge_turns_sharp_where_the_outlier_leaves_at_critical_a(p, p_star):
    """T = K at g = −p/2: both conditions give the same α there."""
    model = model_of(p, p_star, threshold(model_of(p, p_star, 1.0)).a_critical)
    strength = direct.outlier_strength(model, -p / 2)
    assert strength == pytest.approx(direct.edge_excess(model, -p / 2), rel=1e-9)


def overlap_at(model, alpha):
    law = CommitteeLaw(model)
    return left_outlier(law, alpha, left_edge(law, alpha), TEACHER).m2


@pytest.mark.parametrize(
    ("p", "p_star", "a"), [(1, 1, 2.0), (2, 1, 1.0), (3, 2, 4.0), (20, 1, 0.5), (math.inf, 1, 0.3)]
)
def test_tangent_onset_against_the_overlap_above_threshold(p, p_star, a):
    model = model_of(p, p_star, a)
    result = threshold(model)
    # One-sided difference of third order; the first point is just inside.
    h = 1e-4 * result.alpha_bbp
    m2 = [overlap_at(model, result.alpha_bbp * (1 + 1e-12) + i * h) for i in range(4)]
    assert m2[0] == pytest.approx(result.m2_jump, rel=1e-6)
    slope = (-11 * m2[0] + 18 * m2[1] - 9 * m2[2] + 2 * m2[3]) / (6 * h)
    onset = result.alpha_bbp - result.m2_jump / slope
    assert result.alpha_0 == pytest.approx(onset, rel=1e-5)


@pytest.mark.parametrize(
    ("p", "p_star", "a"), [(1, 1, 0.01), (2, 3, 0.3), (1, 1, 2.0), (5, 2, 3.0)]
)
def test_outlier_exists_above_threshold_alone(p, p_star, a):
    model = model_of(p, p_star, a)
    law, alpha = CommitteeLaw(model), threshold(model).alpha_bbp
    for factor, exists in ((1 - 1e-5, False), (1 + 1e-5, True)):
        edge = left_edge(law, alpha * factor)
        outlier = left_outlier(law, alpha * factor, edge, TEACHER)
        assert (outlier is not None) == exists
        if exists:
            assert outlier.eigenvalue <= edge.value


def test_reported_quadrature_error_covers_a_finer_quadrature():
    model = model_of(3, 2, 0.2)
    result = threshold(model)
    alpha = direct.threshold(model)[0]
    assert abs(result.alpha_bbp / alpha - 1) < max(10 * result.diagnostics.quadrature_error, 1e-12)
    assert result.diagnostics.iterations > 0
    # By another quadrature, whose last digits differ.
    assert 0 < threshold(model_of(1, 1, 2.0)).diagnostics.quadrature_error < 1e-11


def test_transition_does_not_depend_on_the_student_directions():
    """At the threshold the student's own directions have not left on the left."""
    model = model_of(2, 1, 0.01)
    law, alpha = CommitteeLaw(model), threshold(model).alpha_bbp
    edge = left_edge(law, alpha * 1.01)
    left = [d for d in law.directions if left_outlier(law, alpha * 1.01, edge, d) is not None]
    assert left == [TEACHER]
    assert BULK not in law.directions


def test_what_falls_short_is_a_note_and_no_wide_table():
    found = dataclasses.replace(
        threshold(model_of(1, 1, 1.0)), diagnostics=Diagnostics(1, 0.0, 2e-3, 1e-4)
    )
    curve = OverlapCurve(found, np.array([2.0]), np.array([0.1]), np.array([0.2]))
    for told in (found.summary(), curve.summary()):
        assert max(map(len, told.splitlines())) <= 80
        assert "note: quadrature error 0.002, above 0.0001: trust no more" in told


@pytest.mark.parametrize(
    ("teacher", "labels", "alpha"),
    [
        ("sign(u1*u2)", {}, math.pi**2 / 4),
        ("sign(u1*u2)", {"flip": 0.2}, math.pi**2 / 4 / 0.36),
        ("u1*u2 + u1", {}, 0.0),
        ("u1*u2*u3*u4", {"noise": 0.1}, None),
    ],
)
def test_weak_recovery_of_any_teacher_beside_the_threshold(teacher, labels, alpha):
    model = bb.TeacherStudent(1, 4, "square", teacher=teacher, labels=bb.Labels(**labels))
    found = limit_of(model)
    assert (found and found.alpha) == (alpha and pytest.approx(alpha, abs=1e-7))
    assert limit_of(model.replace(inputs=bb.InputLaw("power:0.5"))) is None


def test_the_threshold_tells_the_information_limit_of_its_teacher():
    model = bb.TeacherStudent(1, 2, "absolute-normalized-square", teacher="u1*u2")
    found = bb.threshold(model)
    assert found.alpha_weak_recovery == pytest.approx(0.5937511, abs=1e-7)
    assert "alpha_weak_recovery" in found.summary()

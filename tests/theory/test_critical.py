"""p_c, a_c and the minimum of α_BBP(a), each against the transition itself on both sides."""

import json
import math

import numpy as np
import pytest

from bbpscape import InvalidInput, NoConvergence, NormalizedSquare, TeacherStudent, threshold
from bbpscape.theory.critical import ThresholdMinimum, critical_a, critical_p, threshold_minimum


def kind(p, p_star, a):
    return threshold(TeacherStudent(p, p_star, NormalizedSquare(a))).transition


@pytest.mark.parametrize("p_star", [1, 2, 5])
@pytest.mark.parametrize("a", [0.01, 0.1, 0.5, 3.0])
def test_critical_p_is_the_first_discontinuous_student(a, p_star):
    p = critical_p(a, p_star)
    assert kind(p, p_star, a) == "discontinuous"
    assert p == 1 or kind(p - 1, p_star, a) == "continuous"
    assert critical_a(p, p_star) <= a
    assert p == 1 or critical_a(p - 1, p_star) > a


def test_no_student_is_wide_enough_for_a_tiny_loss_normalization():
    """p_c a tends to a constant: at a = 1e-11 it is beyond the widest student there is."""
    with pytest.raises(NoConvergence, match="continuous up to p = 1e.09 at a = 1e-11"):
        critical_p(1e-11, 1)


def test_critical_p_grows_as_one_over_a():
    values = [critical_p(a, 1) * a for a in (1e-3, 1e-4, 1e-5)]
    assert np.ptp(values) < 0.01 * values[0]


@pytest.mark.parametrize(
    ("p", "p_star", "found"),
    [(1, 1, "critical"), (4, 1, "critical"), (50, 1, "continuous"), (1, 5, "limit")],
)
def test_minimum_against_a_scan(p, p_star, found):
    minimum = threshold_minimum(p, p_star)
    scan = [
        threshold(TeacherStudent(p, p_star, NormalizedSquare(a))).alpha_bbp
        for a in np.geomspace(1e-6, 100, 300)
    ]
    assert minimum.kind == found
    # The scan can come near, but not below.
    assert minimum.alpha_bbp <= min(scan) * (1 + 1e-12)
    assert minimum.alpha_bbp == pytest.approx(min(scan), rel=5e-3)
    if found == "continuous":
        # A smooth minimum, below a_c: flat on both sides.
        sides = [
            threshold(TeacherStudent(p, p_star, NormalizedSquare(minimum.a * f))).alpha_bbp
            for f in (0.99, 1.01)
        ]
        assert minimum.a < critical_a(p, p_star)
        assert min(sides) > minimum.alpha_bbp
        assert max(sides) < minimum.alpha_bbp * (1 + 1e-5)


def test_minimum_at_infinite_width_is_weak_recovery():
    minimum = threshold_minimum(math.inf, 3)
    assert (minimum.a, minimum.alpha_bbp) == (0.0, 1.5)
    assert minimum.to_dict()["p"] == "inf"


@pytest.mark.parametrize("p", [4, math.inf])
def test_the_record_of_a_minimum_is_exact(p):
    minimum = threshold_minimum(p, 1)
    text = json.dumps(minimum.to_dict(), allow_nan=False)
    assert json.dumps(ThresholdMinimum.from_dict(json.loads(text)).to_dict()) == text
    assert minimum.summary().startswith(f"Lowest alpha_bbp over a, p = {p:g}, p* = 1")
    assert f"{minimum.alpha_bbp:.10g}" in minimum.summary()


@pytest.mark.parametrize("call", [lambda: critical_p(-1, 1), lambda: critical_p(1, 0.5)])
def test_bad_arguments(call):
    with pytest.raises(InvalidInput, match="a must be|p_star must be"):
        call()

"""A law of the user's own, defined here alone, through every question; and in closed form.

Of M samples a fraction q is selected (f = 1, the others f = 0), with squared components along the
teacher of mean ℓ among them: (1/N) Σ is a Wishart matrix of α q N samples with one direction of
variance ℓ (Marchenko and Pastur 1967; Baik, Ben Arous, Péché 2005).
"""

import json
import math

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.core.checks import InvalidInput
from bbpscape.theory.law import BULK, TEACHER

SHARE, SPIKE = 0.5, 0.2


class Selected:
    """f ∈ {0, 1}."""

    def __init__(self, share=SHARE, spike=SPIKE, sign=1.0):
        self.share, self.spike, self.sign = share, spike, sign
        self.zero_mass = 1 - share
        self.directions = {TEACHER: 2}

    def support(self, direction=BULK):
        return self.sign, self.sign

    def moments(self, g, order, directions=(BULK,)):
        g = np.asarray(g)
        ratio = self.sign / (1 - self.sign * g)
        weights = {BULK: self.share, TEACHER: self.share * self.spike}
        return np.array([[weights[d] * ratio**k for k in range(1, order + 1)] for d in directions])

    def log_moment(self, g):
        return self.share * np.log(1 - self.sign * np.asarray(g) + 0j)


def outlier(alpha, spike=SPIKE, share=SHARE):
    """(eigenvalue, m²) of a spike ℓ < 1 − 1/√(αq)."""
    ratio = alpha * share
    gap = 1 / ratio / (spike - 1)
    return ratio * spike * (1 + gap), (1 - gap / (spike - 1)) / (1 + gap)


def density(x, alpha):
    low, high = (1 - math.sqrt(alpha * SHARE)) ** 2, (1 + math.sqrt(alpha * SHARE)) ** 2
    return np.sqrt((high - x) * (x - low)) / (2 * np.pi * x)


def test_its_threshold():
    found = bb.threshold(Selected())
    assert found.alpha_bbp == pytest.approx(1 / (SHARE * (1 - SPIKE) ** 2), rel=1e-12)
    assert (found.transition, found.m2_jump) == ("continuous", 0.0)
    assert found.alpha_0 == found.alpha_bbp
    edge = (1 - 1 / (1 - SPIKE)) ** 2
    assert found.eigenvalue == pytest.approx(edge, rel=1e-12)
    assert (found.model, found.a_critical, found.alpha_weak_recovery) == (None, None, None)
    assert (found.eigenvalue_unit, found.status.ok) == ("1", True)
    assert found.diagnostics.quadrature_error is None
    assert "a law" in found.summary()
    assert "relative error" not in found.summary()


@pytest.mark.parametrize("alpha", [1.2, 5.0])
def test_its_spectrum(alpha):
    result = bb.spectrum(Selected(), alpha, points=300)
    root = math.sqrt(alpha * SHARE)
    assert result.left_edge.value == pytest.approx((1 - root) ** 2, rel=1e-9)
    assert result.right_edge.value == pytest.approx((1 + root) ** 2, rel=1e-9)
    assert (result.left_edge.kind, result.right_edge.kind) == ("sharp", "sharp")
    assert result.atom == pytest.approx(max(0.0, 1 - alpha * SHARE))
    x = np.linspace(result.left_edge.value, result.right_edge.value, 22)[1:-1]
    np.testing.assert_allclose(result.density(x), density(x, alpha), rtol=1e-9)
    if alpha == 5.0:
        (one,) = result.outliers
        assert (one.eigenvalue, one.m2) == pytest.approx(outlier(alpha), rel=1e-9)
        assert (one.direction, one.multiplicity) == (TEACHER, 2)
        near_edge = result.left_edge.value * (1 + 1e-9)
        assert result.spectral_shift(near_edge) == pytest.approx(2, abs=1e-3)
    else:
        assert result.outliers == ()
    assert result.status.ok


def test_its_overlap_curve():
    alphas = np.array([1.0, 3.0, 3.2, 4.0, 20.0])
    result = bb.overlap_curve(Selected(), alphas)
    edges = (1 - np.sqrt(alphas[:2] * SHARE)) ** 2
    np.testing.assert_allclose(result.eigenvalue[:2], edges, rtol=1e-9)
    assert (result.m2[:2] == 0).all()
    expected = np.array([outlier(alpha) for alpha in alphas[2:]])
    np.testing.assert_allclose(result.eigenvalue[2:], expected[:, 0], rtol=1e-9)
    np.testing.assert_allclose(result.m2[2:], expected[:, 1], rtol=1e-7)
    default = bb.overlap_curve(Selected())
    assert default.alpha.size == 202
    assert (default.m2[default.alpha > default.threshold.alpha_bbp] > 0).all()


def test_it_is_plotted_and_recorded(tmp_path):
    spectrum, curve = bb.spectrum(Selected(), 5.0, points=400), bb.overlap_curve(Selected(), [4.0])
    for result in (spectrum, curve, curve.threshold):
        record = json.loads(json.dumps(result.to_dict(), allow_nan=False))
        again = type(result).from_dict(record)
        assert json.dumps(again.to_dict()) == json.dumps(record)
        assert again.summary() == result.summary()
        assert result.to_dataframe().shape[0] >= 1
    for result in (spectrum, curve):
        assert result.plot().axes
    # No record holds the law: between its points a spectrum read back is interpolated.
    again = type(spectrum).from_dict(spectrum.to_dict())
    x = np.linspace(1.0, 6.0, 7)
    np.testing.assert_allclose(again.density(x), spectrum.density(x), rtol=1e-3)
    np.testing.assert_allclose(again.fraction_below(x), spectrum.fraction_below(x), rtol=1e-3)
    np.testing.assert_allclose(again.overlap_profile(x), spectrum.overlap_profile(x), rtol=1e-3)
    assert again.spectral_shift(2.0) == pytest.approx(spectrum.spectral_shift(2.0), abs=1e-3)
    assert abs(spectrum.spectral_shift(2.0)) > 0.1


def test_a_teacher_without_any_signal_in_what_is_selected_is_a_null_direction():
    """ℓ = 0: an eigenvalue 0 at any α, apart from the bulk once that has no atom, at α q = 1."""
    found = bb.threshold(Selected(spike=0.0))
    assert found.alpha_bbp == pytest.approx(1 / SHARE, rel=1e-12)
    assert found.transition == "continuous"
    assert found.eigenvalue == pytest.approx(0.0, abs=1e-12)


def test_a_mirrored_one_has_its_outlier_on_the_right():
    result = bb.spectrum(Selected(sign=-1.0), 5.0, points=20)
    (one,) = result.outliers
    eigenvalue, m2 = outlier(5.0)
    assert (one.eigenvalue, one.m2) == pytest.approx((-eigenvalue, m2), rel=1e-9)
    assert one.eigenvalue > result.right_edge.value
    assert (bb.overlap_curve(Selected(spike=3.0, sign=-1.0), [5.0]).m2 > 0).all()


def test_what_it_lacks_is_said():
    law = Selected()
    law.directions = {}
    assert np.isnan(bb.spectrum(law, 5.0, points=20).profile).all()
    for question in (bb.threshold, lambda law: bb.overlap_curve(law, [1.0])):
        with pytest.raises(InvalidInput, match="directions must name 'teacher'"):
            question(law)
    law = Selected()
    law.support = lambda direction=BULK: (-math.inf, 1.0)
    with pytest.raises(InvalidInput, match="no left edge: its curvature has no lower bound"):
        bb.threshold(law)
    with pytest.raises(bb.NoConvergence, match="no outlier along the teacher"):
        bb.threshold(Selected(spike=1.0))
    for question in (bb.threshold, bb.overlap_curve, lambda law: bb.spectrum(law, 1.0)):
        with pytest.raises(InvalidInput, match="model must be a TeacherStudent, or a Law"):
            question(object())

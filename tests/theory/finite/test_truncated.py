"""The truncated theory: its cut, its nodes, its limits."""

import math

import numpy as np
import pytest
from scipy.special import erf

from bbpscape.model.losses import NormalizedSquare
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.finite import truncated as truncated_module
from bbpscape.theory.finite.draws import sample_labels
from bbpscape.theory.finite.half_point import half_alpha
from bbpscape.theory.finite.truncated import truncated_threshold, typical_maximum
from bbpscape.theory.threshold import threshold


def model_of(p, p_star, a):
    return TeacherStudent(p=p, p_star=p_star, loss=NormalizedSquare(a=a))


TRIAL = model_of(1, 1, 2.0)


def test_truncated_threshold_follows_and_converges():
    for N in (10**4, 10**5):
        half = half_alpha(TRIAL, N, draws=24)
        assert 0 < truncated_threshold(TRIAL, N).alpha_bbp / half.alpha - 1 < 0.06
    at = threshold(TRIAL).alpha_bbp
    creep = [truncated_threshold(TRIAL, 10**k).alpha_bbp for k in (4, 6, 12, 30, 100)]
    assert (np.diff(creep) > 0).all()
    assert 0.97 * at < creep[-1] < at
    continuous = model_of(2, 1, 0.01)
    exact = threshold(continuous).alpha_bbp
    found = truncated_threshold(continuous, 10**10)
    assert found.alpha_bbp == pytest.approx(exact, rel=1e-7)
    assert found.eigenvalue == pytest.approx(threshold(continuous).eigenvalue, rel=1e-5)


@pytest.mark.parametrize("model", [TRIAL, model_of(3, 2, 1.0)])
def test_twice_as_many_nodes_change_the_truncated_threshold_by_nothing(monkeypatch, model):
    found = truncated_threshold(model, 1000)
    monkeypatch.setattr(truncated_module, "R_STEP", 0.12)
    monkeypatch.setattr(truncated_module, "Y_STEP", 1 / 32)
    finer = truncated_threshold(model, 1000)
    assert found.alpha_bbp == pytest.approx(finer.alpha_bbp, rel=1e-9)
    assert found.eigenvalue == pytest.approx(finer.eigenvalue, rel=1e-9)


def test_the_cut_of_the_truncated_threshold_is_that_of_its_own_samples():
    found = truncated_threshold(model_of(2, 1, 0.01), 300)
    M = found.alpha_bbp * 300
    assert 1 - erf(math.sqrt(found.cut / 2)) == pytest.approx(1 - 0.5 ** (1 / M), rel=1e-9)


def test_the_cut_is_the_median_of_the_maximum():
    maxima = [sample_labels(TRIAL, 500, 2, draw)[1].max() for draw in range(400)]
    below = np.mean(np.array(maxima) < typical_maximum(1, 500))
    assert abs(below - 0.5) < 3 * 0.5 / math.sqrt(400)


def test_wide_students_are_as_wide_ones():
    """p = 10⁷ is p = 10⁹ to 1e-6, in as little time: r is 1 in both."""
    wide, wider = (truncated_threshold(model_of(p, 1, 1.0), 1000) for p in (10**7, 10**9))
    assert wide.alpha_bbp == pytest.approx(wider.alpha_bbp, rel=1e-6)

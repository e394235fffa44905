"""Outliers against a spiked covariance and the resolvent along the teacher."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq
from tests.theory import direct
from tests.theory.direct import model_of
from tests.theory.followed import INF

from bbpscape.theory.law import STUDENT_TRACE, TEACHER
from bbpscape.theory.laws.committee import CommitteeLaw
from bbpscape.theory.laws.discrete import DiscreteLaw
from bbpscape.theory.scalar.edges import (
    left_edge,
)
from bbpscape.theory.scalar.outliers import left_outlier
from bbpscape.theory.spectrum import spectrum


def test_marchenko_pastur_spike():
    """f = 1 with weight ℓ along a direction: a spiked covariance (Baik, Ben Arous, Péché 2005).

    (1/M) Σ x xᵀ, of dimensions in the ratio c = 1/α to samples, has its outlier at
    ℓ (1 + c/(ℓ − 1)) where |ℓ − 1| > √c, with overlap (1 − c/(ℓ − 1)²)/(1 + c/(ℓ − 1)).
    """
    alpha, spike = 4.0, 0.2  # below 1 − 1/√α = 0.5
    law = DiscreteLaw([1.0], along={TEACHER: np.array([spike])}, directions={TEACHER: 1})
    outlier = left_outlier(law, alpha, left_edge(law, alpha), TEACHER)
    assert outlier.eigenvalue == pytest.approx(alpha * spike * (1 + 1 / alpha / (spike - 1)))
    squared = (1 - 1 / alpha / (spike - 1) ** 2) / (1 + 1 / alpha / (spike - 1))
    assert outlier.m2 == pytest.approx(squared)
    for weight, exists in ((0.499, True), (0.501, False)):
        law = DiscreteLaw([1.0], along={TEACHER: np.array([weight])}, directions={TEACHER: 1})
        assert (left_outlier(law, alpha, left_edge(law, alpha), TEACHER) is not None) == exists


OUTLIERS = [
    (1, 1, 0.01, 3.5),
    (2, 1, 0.01, 2.0),
    (1, 1, 2.0, 2.2),
    (3, 2, 1.0, 3.0),
    (6, 5, 0.3, 7.0),
    (50, 1, 0.5, 1.2),
    (INF, 2, 1.0, 4.0),
]


def teacher_outlier(p, p_star, a, alpha):
    law = CommitteeLaw(model_of(p, p_star, a))
    return left_outlier(law, alpha, left_edge(law, alpha), TEACHER)


@pytest.mark.parametrize(("p", "p_star", "a", "alpha"), OUTLIERS)
def test_outlier_against_the_resolvent_along_the_teacher(p, p_star, a, alpha):
    """λ = Σ_u(λ) and m² = 1/(1 − dΣ_u/dz), g(z) and Σ_u from two-dimensional sums."""
    model, outlier = model_of(p, p_star, a), teacher_outlier(p, p_star, a, alpha)
    assert outlier.multiplicity == p * p_star
    left = left_edge(CommitteeLaw(model), alpha)
    assert outlier.eigenvalue < left.value

    def sigma(z):
        g = brentq(
            lambda g: direct.stieltjes_inverse(model, alpha, g) - z,
            left.g * (1 - 1e-12),
            left.g * 1e-4,
            xtol=1e-300,
            rtol=1e-14,
        )
        return alpha * direct.moment(model, g, 1, direct.along_teacher)

    assert sigma(outlier.eigenvalue) == pytest.approx(outlier.eigenvalue, rel=1e-9)
    h = 0.02 * (left.value - outlier.eigenvalue)
    below2, below, above, above2 = (sigma(outlier.eigenvalue + k * h) for k in (-2, -1, 1, 2))
    slope = (8 * (above - below) - (above2 - below2)) / (12 * h)
    assert outlier.m2 == pytest.approx(1 / (1 - slope), rel=1e-5)
    assert outlier.m2 == pytest.approx(direct.overlap(model, alpha, outlier.g), rel=1e-9)


def test_overlap_grows_from_the_threshold_to_one():
    m2 = [teacher_outlier(2, 1, 0.01, alpha).m2 for alpha in (1.45, 1.6, 2, 4, 20, 2000)]
    assert np.diff([0, *m2]).min() > 0
    assert m2[0] < 0.05
    assert m2[-1] > 0.99


def test_student_outliers_of_both_sides_are_labelled():
    result = spectrum(model_of(INF, 1, 0.5), 4.0)
    names = {outlier.direction for outlier in result.outliers}
    assert "student (trace)" in names
    for outlier in result.outliers:
        outside = outlier.eigenvalue < result.left_edge.value
        outside |= outlier.eigenvalue > result.right_edge.value
        assert outside
        assert 0 < outlier.m2 <= 1


@pytest.mark.parametrize(("a", "alpha"), [(1.0, 0.05), (0.5, 0.2), (1.0, 4.0)])
def test_the_student_at_infinite_width_against_its_own_integrals(a, alpha):
    """Along itself f = (3 − y)/(a + y), which reaches 3/a where the bulk ends at 1/a: g < a/3.

    1/g = α E[f₃/(1 − g f₃) − f₁/(1 − g f₁)] and z = 1/g + α E[f₁/(1 − g f₁)], y = u².
    """

    def mean(c, g, power=1):
        def integrand(u):
            f = (c - u * u) / (a + u * u)
            return 2 * math.exp(-u * u / 2) / math.sqrt(2 * math.pi) * (f / (1 - g * f)) ** power

        return quad(integrand, 0, 12, epsabs=1e-13, epsrel=1e-12, limit=200)[0]

    found = spectrum(model_of(INF, 1, a), alpha, points=4).outliers
    (one,) = [outlier for outlier in found if outlier.direction == STUDENT_TRACE]
    assert 0 < one.g < a / 3
    assert alpha * one.g * (mean(3, one.g) - mean(1, one.g)) == pytest.approx(1, rel=1e-8)
    assert one.eigenvalue == pytest.approx(1 / one.g + alpha * mean(1, one.g), rel=1e-9)
    bulk, along = (alpha * one.g**2 * mean(c, one.g, 2) for c in (1, 3))
    assert one.m2 == pytest.approx((1 - bulk) / (1 - bulk + along), rel=1e-7)

"""The values of the theory: the scale of a sharp edge, and how they are mirrored."""

import math

import numpy as np
import pytest
from scipy.special import airy

from bbpscape.core.checks import InvalidInput
from bbpscape.theory.laws.discrete import DiscreteLaw
from bbpscape.theory.scalar.edges import left_edge, right_edge
from bbpscape.theory.solution import (
    Edge,
    Interpolated,
    Outlier,
    Sampled,
    check_left_edge,
    lowest_informed,
)

SHARP = Edge(-1.0, "sharp", -2.0, 3.0, 7, 1e-16)


def tracy_widom_mean():
    """∫ s dF_1(s), F_1(s) = det(1 − V_s), V_s(x, y) = ½ Ai((x + y)/2 + s) on (0, ∞).

    Sources: Ferrari and Spohn (2005) for the kernel, Bornemann (2010) for the determinant by
    Gauss–Legendre quadrature.
    """
    nodes, weights = np.polynomial.legendre.leggauss(60)
    x, w = 12 * (1 + nodes), 12 * weights
    root = np.sqrt(w)

    def law(s):
        kernel = airy((x[:, None] + x) / 2 + s)[0] / 2
        return np.linalg.det(np.eye(60) - root[:, None] * kernel * root)

    # ∫ s dF = high − ∫ F up to high, where F is 1.
    low, high = -10.0, 14.0
    s, ds = np.polynomial.legendre.leggauss(80)
    s, ds = (high + low) / 2 + (high - low) / 2 * s, (high - low) / 2 * ds
    return high - sum(weight * law(point) for point, weight in zip(s, ds, strict=True))


def test_the_mean_of_the_tracy_widom_law():
    mean = tracy_widom_mean()
    assert mean == pytest.approx(-1.2065335745820, abs=1e-9)
    assert Edge(0.0, "sharp", -1.0, 2.0 * 50**2).tracy_widom_shift(50) == pytest.approx(-mean)


@pytest.mark.parametrize("alpha", [2.0, 4.0])
@pytest.mark.parametrize("side", [1, -1])
def test_the_scale_of_a_sharp_edge(alpha, side):
    """Of a Wishart matrix of M = αN samples: σ = (√M ∓ √N) |1/√N ∓ 1/√M|^{1/3}/N.

    Source: Johnstone (2001) for the largest eigenvalue, Ma (2012) for the smallest.
    """
    N = 400
    M = alpha * N
    sign = -side
    scale = (math.sqrt(M) + sign * math.sqrt(N)) / N
    scale *= (1 / math.sqrt(N) + sign / math.sqrt(M)) ** (1 / 3)
    law = DiscreteLaw([1.0])
    edge = left_edge(law, alpha) if side > 0 else right_edge(law, alpha)
    assert edge.tracy_widom_shift(N) == pytest.approx(1.2065335745820 * scale, rel=1e-6)


def test_mirrored_values():
    edge = SHARP.mirrored()
    assert (edge.value, edge.kind, edge.g, edge.z2) == (1.0, "sharp", 2.0, -3.0)
    assert edge.mirrored() == SHARP
    assert (edge.iterations, edge.residual) == (7, 1e-16)
    one = Outlier(-3.0, 2.0, 0.5, "teacher", -1.0, 4, 0.0)
    assert (one.mirrored().eigenvalue, one.mirrored().g, one.mirrored().m2) == (3.0, 1.0, 0.5)
    assert one.mirrored().mirrored() == one
    kinds = {"sharp": True, "smooth": True, "hard": False, "unbounded": False}
    assert {kind: Edge(0.0, kind, 0.0, 0.0).bounded for kind in kinds} == kinds


def test_the_most_informed_outlier():
    student = Outlier(-5.0, 1.0, 0.9, "student", -0.1, 1, 0.0)
    mixed = Outlier(-4.0, 1.0, 0.3, "student and teacher", -0.2, 1, 0.0)
    teacher = Outlier(-3.0, 1.0, 0.2, "teacher", -0.3, 1, 0.0)
    assert (student.teacher_m2, mixed.teacher_m2, teacher.teacher_m2) == (0.0, 0.3, 0.2)
    assert lowest_informed(SHARP, [student, teacher, mixed]) == (0.3, -4.0)
    assert lowest_informed(SHARP, [student]) == lowest_informed(SHARP, []) == (0.0, -1.0)


def test_between_points_a_bulk_is_interpolated():
    x = np.array([0.0, 1.0, 3.0])
    sampled = Sampled(np.array([4.0, 2.0, 2.0]), np.array([1.0, 0.0, -1.0]))
    bulk = Interpolated(x, np.array([0.0, 0.4, 0.0]), np.array([0.1, 0.5, 0.9]), sampled)
    points = [-1.0, 0.5, 2.0, 4.0]
    np.testing.assert_allclose(bulk.density(points), [0, 0.2, 0.2, 0])
    np.testing.assert_allclose(bulk.fraction_below(points), [0, 0.3, 0.7, 1])
    np.testing.assert_allclose(bulk.overlap_profile(points), [np.nan, 3, 2, np.nan])
    assert bulk.spectral_shift(2.0) == -0.5


def test_a_reason_is_given():
    check_left_edge(None)
    with pytest.raises(InvalidInput, match="no left edge: it falls"):
        check_left_edge("it falls")

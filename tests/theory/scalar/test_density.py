"""The density against the Marchenko–Pastur law, sum rules and independent solutions."""

import math

import numpy as np
import pytest
from tests.theory import direct
from tests.theory.direct import model_of
from tests.theory.followed import CASES, CASES_ARGS, INF, bulk_nodes, followed, trace

from bbpscape.core.codec import encode
from bbpscape.theory.law import TEACHER
from bbpscape.theory.laws.committee import CommitteeLaw
from bbpscape.theory.laws.discrete import DiscreteLaw
from bbpscape.theory.laws.mirrored import Mirrored
from bbpscape.theory.roots import NoConvergence
from bbpscape.theory.scalar.density import trace_bulk
from bbpscape.theory.scalar.edges import (
    inverse_stieltjes,
    left_edge,
    right_edge,
    zero_atom,
)
from bbpscape.theory.scalar.outliers import left_outlier
from bbpscape.theory.spectrum import spectrum


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("alpha", [0.3, 1.01, 3.0])
def test_marchenko_pastur(alpha, sign):
    law = DiscreteLaw([1.0])
    lower, upper = (1 - math.sqrt(alpha)) ** 2, (1 + math.sqrt(alpha)) ** 2
    if sign > 0:
        left, right = left_edge(law, alpha), right_edge(law, alpha)
    else:
        law = DiscreteLaw([-1.0])
        left, right = left_edge(law, alpha), right_edge(law, alpha)
        lower, upper = -upper, -lower
    assert (left.kind, right.kind) == ("sharp", "sharp")
    assert left.value == pytest.approx(lower, rel=1e-9)
    assert right.value == pytest.approx(upper, rel=1e-9)
    atom = zero_atom(law, alpha)
    assert atom == pytest.approx(max(0, 1 - alpha))

    curve = trace_bulk(law, alpha, left, right, 1 - 1e-12)
    inside = lower + (upper - lower) * np.linspace(0.001, 0.999, 57)
    expected = np.sqrt((upper - inside) * (inside - lower)) / (2 * np.pi * abs(inside))
    np.testing.assert_allclose(curve.density(inside), expected, rtol=1e-9)
    outside = [lower - 0.1, lower - 1e-9, upper + 1e-9, upper + 1]
    assert curve.density(outside).tolist() == [0.0] * 4

    nodes, rho = bulk_nodes(curve)
    assert rho.sum() == pytest.approx(1 - atom, abs=1e-7)
    assert rho @ nodes == pytest.approx(sign * alpha, rel=1e-9)
    assert rho @ nodes**2 == pytest.approx(alpha + alpha**2, rel=1e-9)
    # The cumulative law against its own integral, up to the middle of the bulk.
    end = curve.eigenvalue[curve.eigenvalue.size // 2]
    below = rho[nodes < end].sum() + (atom if end > 0 else 0.0)
    assert curve.fraction_below([end])[0] == pytest.approx(below, abs=1e-9)


def test_marchenko_pastur_with_one_sample_per_input_starts_at_a_hard_edge():
    edge = left_edge(DiscreteLaw([1.0]), 1.0)
    assert (edge.value, edge.kind) == (0.0, "hard")
    with pytest.raises(NoConvergence, match="hard edge"):
        trace_bulk(DiscreteLaw([1.0]), 1.0, edge, right_edge(DiscreteLaw([1.0]), 1.0), 0.9)


@CASES_ARGS
def test_mass_is_one_and_the_cumulative_law_its_integral(case):
    curve, _, atom, nodes, rho = followed(case)
    end = curve.fraction_below(curve.eigenvalue[-1:])[0]
    assert atom == pytest.approx(max(0.0, 1 - case[-1]))
    assert rho.min() > -1e-15
    assert rho.sum() + atom == pytest.approx(1, abs=1e-8)
    assert end == pytest.approx(1, abs=1e-9)
    # And in the middle: at the traced points a third and two thirds along.
    for point in curve.eigenvalue[[curve.eigenvalue.size // 3, 2 * curve.eigenvalue.size // 3]]:
        below = rho[nodes < point].sum() + (atom if point > 0 else 0)
        assert curve.fraction_below([point])[0] == pytest.approx(below, abs=1e-8)


@CASES_ARGS
def test_first_two_moments_are_traces(case):
    """(1/pN) Tr H = α E⟨f⟩ and (1/pN) Tr H² = α E⟨f²⟩ + (α E⟨f⟩)²."""
    *arguments, alpha = case
    model = model_of(*arguments)
    _, _, _, nodes, rho = followed(case)
    first = alpha * direct.expectation(model, lambda r, y, f: f)
    second = alpha * direct.expectation(model, lambda r, y, f: f**2) + first**2
    scale = math.sqrt(second)
    assert rho @ nodes == pytest.approx(first, abs=2e-7 * scale)
    assert rho @ nodes**2 == pytest.approx(second, rel=2e-7)


@CASES_ARGS
def test_stieltjes_transform_solves_the_equation_of_the_bulk(case):
    """g = ∫ρ/(z − λ) + atom/z gives z back, z(g) = 1/g + α E⟨f/(1 − g f)⟩ summed over (r, y).

    Left of the bulk, and in the upper half plane, where z(g) is one to one for Im g < 0.
    """
    *arguments, alpha = case
    model = model_of(*arguments)
    _, left, atom, nodes, rho = followed(case)
    span = abs(left.value)
    for z in (left.value - span, left.value - 0.1 * span, left.value + 0.3j * span, 1j * span):
        g = (rho / (z - nodes)).sum() + atom / z
        if z.imag > 0:
            assert g.imag < 0
        else:
            assert left.g < g < 0
        assert direct.stieltjes_inverse(model, alpha, g) == pytest.approx(z, abs=1e-7 * span)


@CASES_ARGS
def test_g_decreases_left_of_the_bulk(case):
    *arguments, alpha = case
    law = CommitteeLaw(model_of(*arguments))
    left = left_edge(law, alpha)
    g = left.g * np.geomspace(1e-4, 1 - 1e-6, 200)
    z, slope = inverse_stieltjes(law, alpha, g, order=1)
    assert (slope < 0).all()
    assert (np.diff(z) > 0).all()  # from far left up to the edge
    assert z[-1] <= left.value


@pytest.mark.parametrize(
    ("p", "p_star", "a"), [(1, 1, 0.5), (2, 1, 1.0), (6, 3, 0.1), (50, 1, 2.0), (INF, 2, 0.3)]
)
def test_edge_is_sharp_beyond_alpha_k_equal_to_one(p, p_star, a):
    """The left edge turns from smooth to sharp at α g² E⟨(f/(1 − g f))²⟩ = 1, g = −p/2."""
    model = model_of(p, p_star, a)
    law, end = CommitteeLaw(model), -1 / model.curvature_unit
    turn = 1 / direct.edge_excess(model, end)
    smooth, sharp = left_edge(law, turn * (1 - 1e-6)), left_edge(law, turn * (1 + 1e-6))
    assert (smooth.kind, sharp.kind) == ("smooth", "sharp")
    assert smooth.g == end
    assert sharp.g == pytest.approx(end, rel=1e-2)
    assert sharp.value == pytest.approx(smooth.value, rel=1e-5)
    for alpha in (0.5 * turn, 2 * turn):
        edge = left_edge(law, alpha)
        assert edge.kind == ("smooth" if alpha < turn else "sharp")
        assert edge.value == pytest.approx(direct.stieltjes_inverse(model, alpha, edge.g))
        excess = alpha * direct.edge_excess(model, edge.g)
        assert excess < 1 if edge.kind == "smooth" else excess == pytest.approx(1, rel=1e-9)


@pytest.mark.parametrize(
    ("p", "p_star", "a", "alpha"),
    [(1, 1, 2.0, 0.2), (2, 1, 1.0, 0.2), (6, 2, 2.0, 0.4), (INF, 2, 1.0, 0.4)],
)
def test_density_at_a_smooth_edge_vanishes_exponentially(p, p_star, a, alpha):
    """−log ρ = A/(λ − λ₋) + O(log), A = (p p* a/4)|dz/dg|; (p*(a + 1)/2)|dz/dg| at p = ∞."""
    law = CommitteeLaw(model_of(p, p_star, a))
    curve, left, _, _ = trace(law, alpha, missing=0.5)
    slope = inverse_stieltjes(law, alpha, left.g, order=1)[1]
    expected = abs(slope) * (p_star * (a + 1) / 2 if p == INF else p * p_star * a / 4)
    # −log ρ = A/δ + B log δ + C + Dδ + O(δ²), at A/δ from 12 to 24.
    inverse = np.array([12.0, 16.0, 20.0, 24.0]) / expected
    log_rho = np.log(curve.density(left.value + 1 / inverse))
    matrix = np.stack([inverse, np.log(inverse), np.ones(4), 1 / inverse], axis=1)
    measured = -np.linalg.solve(matrix, log_rho)[0]
    assert measured == pytest.approx(expected, rel=0.1)
    reported = spectrum(law.model, alpha, points=2).left_edge
    assert reported.rate == pytest.approx(expected)
    assert encode(reported)["rate"] == reported.rate


def test_density_at_a_sharp_edge_is_a_square_root():
    law = CommitteeLaw(model_of(1, 1, 0.01))
    curve, left, _, _ = trace(law, 3.0, missing=0.5)
    gap = 1e-6
    expected = math.sqrt(2 * gap / abs(left.z2)) / math.pi
    assert curve.density(left.value + gap) == pytest.approx(expected, rel=1e-2)


@pytest.mark.parametrize("alpha", [0.4, 1.0, 3.0, 30.0])
def test_right_edge_mirrors_the_left_one(alpha):
    law = CommitteeLaw(model_of(INF, 1, 0.5))
    left, right = left_edge(Mirrored(law), alpha), right_edge(law, alpha)
    assert (right.value, right.g, right.kind) == (-left.value, -left.g, left.kind)
    assert inverse_stieltjes(law, alpha, right.g)[0] == pytest.approx(right.value)
    assert right_edge(CommitteeLaw(model_of(3, 1, 0.5)), alpha).kind == "unbounded"


@CASES_ARGS
def test_spectral_measure_along_the_teacher_has_mass_one_and_mean_alpha_e_yf(case):
    """∫ρ_u + m² + atom = 1 and ∫λρ_u + λ* m² = α E[y f], with the outlier's m² and λ*."""
    curve, left, atom, nodes, rho = followed(case)
    law, alpha = curve.law, case[-1]
    outlier = left_outlier(law, alpha, left, TEACHER)
    m2, eigenvalue = (0.0, 0.0) if outlier is None else (outlier.m2, outlier.eigenvalue)
    profile = curve.overlap_profile(nodes)
    seen = np.isfinite(profile)
    assert rho[~seen].sum() < 1e-9
    weights = np.where(seen, rho * np.where(seen, profile, 0), 0)
    assert weights.min() > -1e-12
    # The nodes were chosen for ρ: ρ_u has resonances that it has not.
    assert weights.sum() + m2 + atom == pytest.approx(1, abs=2e-4)
    mean = weights @ nodes + m2 * eigenvalue
    expected = alpha * law.moments(-1e-9, 1, (TEACHER,))[0, 0]
    # The tail beyond the last node, 1e-10 of the mass, and E[y f] at g = 0.
    assert mean == pytest.approx(expected, rel=2e-3)
    # The bulk's own mean is not that of ρ_u.
    assert abs(alpha * law.moments(-1e-9, 1)[0, 0] / expected - 1) > 0.1


def test_overlap_profile_ends_where_the_density_has_no_digits():
    curve, left, *_ = followed(CASES["as many samples as inputs"])
    assert np.isnan(curve.overlap_profile([left.value - 1, left.value + 1e-3])).all()
    assert curve.density_along([left.value - 1])[0] == 0


def test_no_profile_is_made_of_rounding():
    """In the tail ρ has an error of 1e-16: the profile keeps three digits or is NaN."""
    curve, left, *_ = followed(CASES["six neurons"])
    assert left.kind == "smooth"
    x = left.value + np.geomspace(1e-3, 0.3, 200) * abs(left.value)
    profile, rho = curve.overlap_profile(x), curve.density(x)
    known = np.isfinite(profile)
    assert (rho[known] > 1e-12).all()
    assert 20 < known.sum() < 200


@pytest.mark.parametrize("f", [1.0, -2.0])
def test_the_logarithm_beyond_an_atom_is_the_limit_from_below(f):
    law, g = DiscreteLaw([f]), 3.0 / f
    limit = complex(law.log_moment(complex(g, -1e-12)))
    assert limit == pytest.approx(np.log(2) + np.sign(f) * np.pi * 1j, abs=1e-9)
    assert complex(law.log_moment(g)) == pytest.approx(limit, abs=1e-9)

"""The committee's curvature law against two-dimensional sums, direct averages and identities."""

import math

import numpy as np
import pytest
from tests.theory import direct
from tests.theory.direct import model_of

from bbpscape.model.curvature import curvature, teacher_label
from bbpscape.theory.law import BULK, TEACHER
from bbpscape.theory.laws.committee import (
    STUDENT_ANTISYMMETRIC,
    STUDENT_SYMMETRIC,
    STUDENT_TRACE,
    CommitteeLaw,
)

INF = math.inf
MODELS = [
    (1, 1, 1e-3),
    (1, 3, 2.0),
    (2, 1, 1.0),
    (3, 2, 0.3),
    (6, 1, 10.0),
    (40, 5, 0.05),
    (200, 1, 100.0),
    (INF, 1, 0.3),
    (INF, 4, 2.0),
]
MODEL_ARGS = pytest.mark.parametrize(("p", "p_star", "a"), MODELS)
# g in units of p/2; the end of the real branch first, then values below the real axis.
REAL = [-1.0, -0.9, -0.3, -1e-3]
COMPLEX = [-0.5 - 0.5j, -1.5 - 1.2j, 0.3 - 0.4j, -0.2 - 1.5j]
VALUES = REAL + COMPLEX


def sectors(p):
    """For each direction: (weight of f₀, weight of f₁, function of (r, y)), as E[w φ(f)] has them.

    With φ(F) = φ(f₀)(1 − P) + φ(f₁) P and P = λλᵀ/|λ|², E[λλᵀ ⊗ φ(F)] is E[r φ(f₁)] on the
    trace and E[r φ(f₀)] on antisymmetric matrices; on the traceless symmetric ones f₀ and f₁
    share it as p : 2. The test against sampled matrices checks this.
    """
    bulk = (1 - 1 / p, 1 / p)
    result = {
        BULK: (*bulk, lambda r, y: 1.0),
        TEACHER: (*bulk, lambda r, y: y),
        STUDENT_TRACE: (0.0, 1.0, lambda r, y: r),
    }
    if p >= 2:
        result[STUDENT_SYMMETRIC] = (1 / (1 + 2 / p), 2 / (p + 2), lambda r, y: r)
        result[STUDENT_ANTISYMMETRIC] = (1.0, 0.0, lambda r, y: r)
    return result


def direct_moments(model, direction, g, order):
    """(E[w (f/(1 − g f))^k], E|w (f/(1 − g f))^k|) for k = 1 … order by a sum over (r, y)."""
    *shares, weight = sectors(model.p)[direction]
    step = 0.08 if np.iscomplexobj(g) else 0.1
    r, r_weights = direct.chi_square(model.p, step)
    y, y_weights = direct.chi_square(model.p_star, step)
    values, sizes = np.zeros(order, dtype=complex), np.zeros(order)
    # w is a product of powers of r and y: taken into the weights of the sums.
    r_weights, y_weights = r_weights * weight(r, 1), y_weights * weight(1, y)
    for factor, share in zip((1, 3), shares, strict=True):
        if share:
            f = model.curvature_unit * (factor * r[:, None] - y) / (model.loss.a + y)
            ratio = f / (1 - g * f)
            power = np.ones_like(ratio)
            for k in range(order):
                power *= ratio
                values[k] += share * (r_weights @ power @ y_weights)
                sizes[k] += share * (r_weights @ abs(power) @ y_weights)
    return values, sizes


@pytest.mark.parametrize("scaled", VALUES)
@MODEL_ARGS
def test_moments(p, p_star, a, scaled):
    """E[w (f/(1 − g f))^k], k = 1 … 3, in every direction."""
    model = model_of(p, p_star, a)
    law, g = CommitteeLaw(model), scaled / model.curvature_unit
    names = list(sectors(p))
    moments = law.moments(g, 3, names)
    assert np.iscomplexobj(moments) == np.iscomplexobj(np.asarray(g))
    for name, row in zip(names, moments, strict=True):
        expected, size = direct_moments(model, name, g, 3)
        assert (abs(row - expected) < 1e-10 * size).all()


@pytest.mark.parametrize("scaled", VALUES)
@MODEL_ARGS
def test_log_moment(p, p_star, a, scaled):
    """E⟨log(1 − g f)⟩, whose principal value is the continuous one for Im g ≤ 0."""
    model = model_of(p, p_star, a)
    g = scaled / model.curvature_unit
    step = 0.08 if np.iscomplexobj(g) else 0.1
    expected = direct.expectation(model, lambda r, y, f: np.log(1 - g * f), step)
    value = CommitteeLaw(model).log_moment(g)
    assert value == pytest.approx(expected, rel=1e-10, abs=1e-11)


@pytest.mark.parametrize("scaled", [-0.9, -0.3, -0.5 - 0.5j, 0.3 - 0.4j, 4 - 0.05j])
@MODEL_ARGS
def test_derivatives(p, p_star, a, scaled):
    """d m_k/dg = k m_{k+1} and d E log(1 − g f)/dg = −m_1, by differences."""
    model = model_of(p, p_star, a)
    law, g = CommitteeLaw(model), scaled / model.curvature_unit
    names = list(sectors(p))
    h = 1e-3 * abs(g)
    if p == INF:  # near the end of the support at 1/a the singularity is close
        h *= min(1.0, abs(1 / (model.loss.a * g.real) - 1) + abs(g.imag) if g.real > 0 else 1.0)

    def difference(function):
        below2, below, above, above2 = (function(g + i * h) for i in (-2, -1, 1, 2))
        return (8 * (above - below) - (above2 - below2)) / (12 * h)

    exact = law.moments(g, 4, names)
    slopes = difference(lambda g: law.moments(g, 3, names))
    factors = np.array([1, 2, 3])
    np.testing.assert_allclose(
        slopes, factors * exact[:, 1:], rtol=1e-6, atol=1e-7 * abs(exact).max()
    )
    slope = difference(law.log_moment)
    assert slope == pytest.approx(-exact[0, 0], rel=1e-6)


@pytest.mark.parametrize(
    ("scaled", "tolerance"), [*((g, 1e-11) for g in VALUES), (4 - 0.05j, 1e-11), (30 - 0.01j, 1e-8)]
)
@MODEL_ARGS
def test_refinement_changes_nothing(p, p_star, a, scaled, tolerance):
    model = model_of(p, p_star, a)
    g = scaled / model.curvature_unit
    names = list(sectors(p))
    coarse, fine = CommitteeLaw(model), CommitteeLaw(model, refinement=1.7)
    first, second = coarse.moments(g, 2, names), fine.moments(g, 2, names)
    scale = abs(second).max(axis=0)
    assert (abs(first - second) < tolerance * scale).all()
    assert coarse.log_moment(g) == pytest.approx(fine.log_moment(g), rel=tolerance, abs=tolerance)


@MODEL_ARGS
def test_arrays_of_g_in_any_shape(p, p_star, a):
    """Many at once are what they are one at a time, whatever their number."""
    model = model_of(p, p_star, a)
    law = CommitteeLaw(model)
    g = np.linspace(-0.9, -0.1, 150).reshape(3, 50) / model.curvature_unit
    for values in (g, g - 0.2j * abs(g)):
        together = law.moments(values, 2, (BULK, TEACHER))
        logs = law.log_moment(values)
        assert together.shape == (2, 2, 3, 50)
        assert logs.shape == (3, 50)
        for index in ((0, 0), (2, 49), (1, 20)):
            alone = law.moments(values[index], 2, (BULK, TEACHER))
            np.testing.assert_allclose(together[..., *index], alone, rtol=1e-8)
            np.testing.assert_allclose(logs[index], law.log_moment(values[index]), rtol=1e-8)
    empty = np.empty(0)
    assert law.moments(empty, 2).shape == (1, 2, 0)
    assert law.log_moment(empty + 0j).shape == (0,)


@MODEL_ARGS
def test_support_and_multiplicities(p, p_star, a):
    law = CommitteeLaw(model_of(p, p_star, a))
    lower, upper = law.support()
    assert lower == -law.unit
    assert upper == (INF if p < INF else 1 / a)
    directions = law.directions
    assert directions[TEACHER] == p * p_star
    if 2 <= p < INF:
        # The sectors of the p × p matrices, which the student's own weights span.
        student = sum(directions.values()) - directions[TEACHER]
        assert student == p**2
    with pytest.raises(KeyError):
        law.moments(-0.1, 1, ("nowhere",))


@pytest.mark.parametrize("scaled", [-0.8, -0.4, -0.5 - 0.5j])
@pytest.mark.parametrize(("p", "p_star", "a"), [(1, 1, 1.0), (2, 1, 1.0), (3, 2, 0.5), (4, 1, 2.0)])
def test_student_sectors_against_sampled_matrices(p, p_star, a, scaled):
    """E[λλᵀ ⊗ F(1 − gF)⁻¹] on R^p ⊗ R^p, with F as the simulation builds it.

    A weight perturbation Σ_kl B_kl (neuron k along w_l) is acted on by it, l through λλᵀ and k
    through F: on B ∝ I, on symmetric traceless and on antisymmetric B it is a number each.
    """
    model, rng = model_of(p, p_star, a), np.random.default_rng(p)
    g, M = scaled / model.curvature_unit, 200_000
    preactivations = rng.standard_normal((M, p))
    F = curvature(model, preactivations, teacher_label(rng.standard_normal((M, p_star))))
    resolvent = F @ np.linalg.inv(np.eye(p) - g * F)
    law = CommitteeLaw(model)

    def samples(B):
        """Tr[Bᵀ F(1 − gF)⁻¹ B λλᵀ] of each sample, for B of Frobenius norm one."""
        moved = preactivations @ B.T
        return np.einsum("mk,mkl,ml->m", moved, resolvent, moved)

    def in_sector(B, name):
        values = samples(B / np.linalg.norm(B))
        expected = law.moments(g, 1, (name,))[0, 0]
        for part in (np.real, np.imag) if np.iscomplexobj(values) else (np.real,):
            error = part(values).std() / math.sqrt(M)
            assert abs(part(values.mean()) - part(expected)) < 4.5 * error
            assert error < 0.02 * abs(expected)

    in_sector(np.eye(p), STUDENT_TRACE)
    if p >= 2:
        B = rng.standard_normal((p, p))
        symmetric = B + B.T - 2 * np.trace(B) / p * np.eye(p)
        in_sector(symmetric, STUDENT_SYMMETRIC)
        in_sector(B - B.T, STUDENT_ANTISYMMETRIC)
        # A control: the sectors are told apart at this precision.
        values = law.moments(g, 1, (STUDENT_TRACE, STUDENT_SYMMETRIC, STUDENT_ANTISYMMETRIC))[:, 0]
        assert min(abs(values[0] - values[1]), abs(values[1] - values[2])) > 0.1 * abs(values[0])


def test_student_weights_resolve_the_identity():
    """The sectors, by multiplicity, make up the trace: E[|λ|²/p · Tr φ(F)] of both factors."""
    for p in (2, 3, 10):
        law, g = CommitteeLaw(model_of(p, 1, 0.7)), -0.2 * p
        names = [name for name in law.directions if name != TEACHER]
        parts = sum(law.directions[n] * law.moments(g, 1, (n,))[0, 0] for n in names)
        model = law.model
        whole = direct.moment(model, g, 1, lambda r, y: r)
        assert parts == pytest.approx(p**2 * whole, rel=1e-10)

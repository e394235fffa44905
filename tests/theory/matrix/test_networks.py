"""The general routes against closed forms, brute-force integrals and themselves at more nodes."""

import dataclasses
import itertools
import math

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.theory.laws.committee import CommitteeLaw
from bbpscape.theory.laws.network import matrix_moments
from bbpscape.theory.laws.network.matrix_law import matrix_law
from bbpscape.theory.laws.network.node_law import NodeLaw
from bbpscape.theory.laws.network.phase import phase
from bbpscape.theory.laws.network.scalar_law import curvature_range, scalar_law
from bbpscape.theory.matrix.edges import left_matrix_edge
from bbpscape.theory.matrix.outliers import left_matrix_outliers
from bbpscape.theory.matrix.route import MatrixRoute
from bbpscape.theory.scalar.edges import left_edge
from bbpscape.theory.scalar.outliers import left_outliers
from bbpscape.theory.scalar.route import SymmetricRoute

TANH = bb.TeacherStudent(2, 1, bb.NormalizedSquare(50.0), bb.activation("tanh"))
LOG_COSH = bb.TeacherStudent(2, 1, bb.NormalizedSquare(0.3), bb.activation("log-cosh"))
REFERENCES = [
    (1, 1, 0.01),
    (1, 1, 2.0),
    (2, 1, 1.0),
    (2, 2, 0.3),
    (3, 1, 0.1),
    (4, 3, 1.0),
    (300, 1, 0.5),
]


@pytest.mark.parametrize("case", REFERENCES)
def test_the_scalar_route_meets_the_closed_form(case):
    p, p_star, a = case
    model = bb.TeacherStudent(p, p_star, bb.NormalizedSquare(a))
    low, high, reason = curvature_range(model)
    assert low == pytest.approx(-2 / p, abs=1e-10)
    assert (high, reason) == (math.inf, None)
    closed, law = CommitteeLaw(model), scalar_law(model, (low, high))
    names = ("bulk", *closed.directions)
    for g in (-0.9 * p / 2, -0.3 * p / 2, -0.05 * p):
        ours, exact = law.moments(g, 2, names), closed.moments(g, 2, names)
        np.testing.assert_allclose(ours, exact, rtol=1e-8)
    found = SymmetricRoute(model).transition()
    expected = bb.threshold(model)
    assert found.alpha == pytest.approx(expected.alpha_bbp, rel=1e-8)
    assert found.kind == expected.transition
    assert found.m2_jump == pytest.approx(expected.m2_jump, abs=1e-8)
    assert found.alpha_0 == pytest.approx(expected.alpha_0, rel=1e-7)


@pytest.mark.parametrize("case", [(2, 1, 0.1, 3.0), (2, 1, 1.0, 1.3), (2, 2, 0.3, 12.0)])
def test_the_matrix_route_meets_the_closed_form(case):
    p, p_star, a, alpha = case
    model = bb.TeacherStudent(p, p_star, bb.NormalizedSquare(a))
    law, closed = matrix_law(model), CommitteeLaw(model)
    edge, expected = left_matrix_edge(law, alpha), left_edge(closed, alpha)
    assert edge.edge.value == pytest.approx(expected.value, rel=1e-8)
    assert edge.edge.kind == expected.kind
    found = left_matrix_outliers(law, alpha, edge)
    exact = [one for one in bb.spectrum(model, alpha).outliers if one.eigenvalue < expected.value]
    assert [(one.direction, one.multiplicity) for one in found] == [("teacher", p * p_star)]
    assert found[0].eigenvalue == pytest.approx(exact[0].eigenvalue, rel=1e-8)
    assert found[0].m2 == pytest.approx(exact[0].m2, rel=1e-7)


def test_symmetry_changes_nothing():
    """A second layer just off uniform has no symmetry: its law is solved for all of G."""
    shifted = dataclasses.replace(TANH, second_layer=(0.5 + 1e-9, 0.5 - 1e-9))
    laws = matrix_law(TANH), matrix_law(shifted)
    assert (len(laws[0].basis), len(laws[1].basis)) == (2, 3)
    edges = [left_matrix_edge(law, 6.0) for law in laws]
    assert edges[0].edge.value == pytest.approx(edges[1].edge.value, rel=1e-7)
    found = [left_matrix_outliers(law, 6.0, e) for law, e in zip(laws, edges, strict=True)]
    assert [one.eigenvalue for one in found[0]] == pytest.approx(
        [one.eigenvalue for one in found[1]], rel=1e-7
    )


def test_outliers_are_in_order_on_both_sides():
    level = MatrixRoute(TANH).level(0.5)
    (left, found), (right, beyond) = level.left(100.0), level.right(100.0)
    values = [one.eigenvalue for one in found + beyond]
    assert len(values) == 3
    assert values == sorted(values)
    assert [value < left.value for value in values] == [True, True, False]
    assert right.value < values[-1]
    assert [one.g < 0 for one in found + beyond] == [True, True, False]


def test_log_cosh_reference():
    """The double outlier at −1.0228 in units with F scaled by p, by both routes."""
    low, high, _ = curvature_range(LOG_COSH)
    assert low == pytest.approx(-0.5, abs=1e-9)
    law = scalar_law(LOG_COSH, (low, high))
    edge = left_edge(law, 6.0)
    (one,) = left_outliers(law, 6.0, edge)
    assert (one.direction, one.multiplicity) == ("teacher", 2)
    assert 2 * one.eigenvalue == pytest.approx(-1.0228, abs=5e-5)
    matrix = matrix_law(LOG_COSH)
    (other,) = left_matrix_outliers(matrix, 6.0, left_matrix_edge(matrix, 6.0))
    assert other.eigenvalue == pytest.approx(one.eigenvalue, rel=1e-8)
    assert other.m2 == pytest.approx(one.m2, rel=1e-8)


def test_log_cosh_outlier_by_brute_force():
    """1/g = α E[(u² − 1) Tr T]/p on a plain grid of 160³ points, no symmetry used."""
    x = np.linspace(-7, 7, 161)
    w = np.exp(-(x**2) / 2)
    w /= w.sum()
    half = x.size // 2
    u, wu = x[half:], np.where(x[half:] == 0, 1.0, 2.0) * w[half:]
    s, t, logcosh = np.tanh(x), 1 / np.cosh(x) ** 2, np.log(np.cosh(x))
    y = np.log(np.cosh(u))
    output = (logcosh[:, None] + logcosh[None, :]) / 2

    def excess(g):
        total, value = 0.0, 0.0
        for label, weight, signal in zip(y, wu, u**2, strict=True):
            first, second = (output - label) / (0.3 + label), 1 / (0.3 + label)
            f00 = second * s[:, None] ** 2 / 4 + first * t[:, None] / 2
            f11 = second * s[None, :] ** 2 / 4 + first * t[None, :] / 2
            f01 = second * s[:, None] * s[None, :] / 4
            det = f00 * f11 - f01**2
            trace = (f00 + f11 - 2 * g * det) / (1 - g * (f00 + f11) + g * g * det)
            mean = weight * (w @ trace @ w) / 2
            total += (signal - 1) * mean
            value += mean
        return 6.0 * g * total - 1, 1 / g + 6.0 * value

    law = scalar_law(LOG_COSH, curvature_range(LOG_COSH)[:2])
    edge = left_edge(law, 6.0)
    one = left_outliers(law, 6.0, edge)[0]
    residual, z = excess(one.g)
    assert residual == pytest.approx(0, abs=1e-6)
    assert z == pytest.approx(one.eigenvalue, abs=1e-6)


@pytest.mark.parametrize("cancelling", [0.0, matrix_moments.CANCELLING])
@pytest.mark.parametrize("p", [1, 2, 3, 5])
def test_the_resolvent_of_every_node_and_its_means(p, cancelling, monkeypatch):
    """By polynomials and by updates, compiled, against numpy."""
    monkeypatch.setattr(matrix_moments, "CANCELLING", cancelling)
    law = matrix_law(dataclasses.replace(TANH, p=p), 0.3)
    rng = np.random.default_rng(p)
    A = rng.standard_normal((p, p))
    A = 0.3 * (A @ A.T)
    rows, columns = np.triu_indices(p)
    (part,) = law.parts
    F = part.curvature.reshape(-1, p, p)
    for one in (A, A + 0.2j * np.eye(p) + 0.1j * A):
        T = np.linalg.solve(np.eye(p) + F @ one, F.astype(one.dtype))
        np.testing.assert_allclose(part.resolvent(one), T[:, rows, columns].T, atol=1e-14)
        w = part.shares
        plain, plain_square = super(NodeLaw, part).moments(one)
        np.testing.assert_allclose(plain, np.einsum("n,nij->ij", w, T), atol=1e-14)
        expected = np.einsum("n,nij,nkl->ijkl", w, T, T)
        np.testing.assert_allclose(plain_square, expected, atol=1e-14)
    inner, across = np.full((p, p), 1.0), np.eye(p)
    for one in (0.4 * across + 0.1 * inner, (0.3 + 0.2j) * across + (0.1j - 0.05) * inner):
        T = np.linalg.solve(np.eye(p) + F @ one, F.astype(one.dtype))
        mean, square = part.moments(one)
        for B in (inner, across):
            expected = np.einsum("n,nij,ij->", w, T, B)
            assert np.einsum("ij,ij->", mean, B) == pytest.approx(expected, abs=1e-13)
            for C in (inner, across):
                expected = np.einsum("n,nij,jk,nkl,li->", w, T, B, T, C)
                found = np.einsum("ijkl,jk,li->", square, B, C)
                assert found == pytest.approx(expected, abs=1e-13)
    signs = np.diag((-1.0) ** np.arange(p))
    for one in (A + 0.2j * np.eye(p), 0.01j * np.eye(p) - 3 * A, 0.01j * np.eye(p) + 9 * signs):
        inverse = -np.linalg.inv(one)
        expected = w @ phase(inverse - F) - float(phase(inverse))
        assert part.phase(one) == pytest.approx(expected, abs=1e-12)
    step = 1e-5
    difference = (law.signal(A + step * A) - law.signal(A - step * A)) / (2 * step)
    np.testing.assert_allclose(law.signal_slope(A, A), difference, atol=1e-10)


@pytest.mark.parametrize(
    "change",
    [
        {"p": 3},
        {"p": 4, "p_star": 2, "overlap": 0.2},
        {"second_layer": (0.7, 0.3), "p_star": 2},
        {"teacher": "u1 + u1**2", "inputs": bb.InputLaw(mean=0.4)},
        {"loss": bb.losses.Square(), "teacher": "u1", "overlap": 0.3, "second_layer": (0.7, 0.3)},
    ],
)
def test_the_signal_at_every_node(change):
    """E[v vᵀ ⊗ T], compiled, against numpy, with what the law's symmetries leave of it."""
    model = dataclasses.replace(TANH, **change)
    (part,) = matrix_law(model, 0.3).parts
    nodes, p, p_star, q = part.nodes, int(model.p), model.p_star, len(part.directions)
    A = 0.3 * np.eye(p) + 0.1
    for one in (A, A + 0.2j * np.eye(p)):
        T = np.linalg.solve(np.eye(p) + part.curvature @ one, part.curvature.astype(one.dtype))
        n, m = nodes.shape
        v, square = np.zeros((n, m, q)), np.zeros((n, m, q, q))
        v[..., :p] = nodes.coordinates[:, None]
        v[..., p : p + p_star] = nodes.first
        v[..., p + p_star :] = part.mean
        square[:] = v[..., :, None] * v[..., None, :]
        square[..., p : p + p_star, p : p + p_star] = nodes.second
        whole = np.eye(q)
        whole[: p + p_star, : p + p_star] = nodes.whitening
        square = whole @ square @ whole.T
        expected = np.einsum("nm,nmab,nmij->abij", nodes.weights, square, T)
        orders = itertools.permutations(range(p)) if model.second_layer is None else [range(p)]
        places = [np.array([*order, *range(p, q)]) for order in orders]
        expected = np.mean([expected[np.ix_(o, o, o[:p], o[:p])] for o in places], axis=0)
        expected = expected.transpose(0, 2, 1, 3).reshape(q * p, q * p)
        np.testing.assert_allclose(part.signal(one), expected, atol=1e-13)


def test_the_density_of_the_reference_model():
    model = bb.TeacherStudent(2, 1, bb.NormalizedSquare(1.0))
    route = SymmetricRoute(model)
    ours, exact = route.density(3.0, 400).curve, bb.spectrum(model, 3.0)
    x = np.linspace(-0.5, 6, 40)
    np.testing.assert_allclose(ours.density(x), exact.density(x), atol=1.5e-3)
    np.testing.assert_allclose(ours.fraction_below(x), exact.fraction_below(x), atol=3e-4)
    assert ours.spectral_shift(1.0) == pytest.approx(exact.spectral_shift(1.0), abs=1e-3)
    assert route.quadrature_error(3.0) < 1e-8


def test_the_sum_rules_of_a_matrix_density():
    result = bb.spectrum(TANH, 4.0)
    first, second = MatrixRoute(TANH).level(1.0).states(4.0).moments()
    x, rho = result.eigenvalue, result.rho
    assert np.trapezoid(rho, x) == pytest.approx(1, abs=2e-3)
    assert np.trapezoid(rho * x, x) == pytest.approx(4 * first, rel=5e-3)
    assert np.trapezoid(rho * x**2, x) == pytest.approx(4 * second + 16 * _square(), rel=5e-3)


def _square():
    """Tr(E F)²/p, of the free term in the second moment of the bulk."""
    law = matrix_law(TANH)
    mean = law.first
    mean = (mean + mean[::-1, ::-1]) / 2
    return float(np.trace(mean @ mean)) / 2


def test_a_density_is_the_slope_of_its_fractions():
    """Another root with the trace's sign lay here, at some α alone: fractions went down along λ."""
    sketch = MatrixRoute(TANH).sketch()
    for alpha in (3.5, 3.53):
        bulk = sketch.density(alpha, 200)
        between = np.diff(bulk.eigenvalue) * (bulk.rho[1:] + bulk.rho[:-1]) / 2
        assert np.cumsum(between) == pytest.approx(
            bulk.cumulative[1:] - bulk.cumulative[0], abs=5e-3
        )

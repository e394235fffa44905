"""Weak recovery by the matrix formula: published values, samples, closed forms, refusals."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import k0, k1

import bbpscape as bb
from bbpscape.core.checks import InvalidInput
from bbpscape.theory.spectral.matrix.information import modes, symmetric_basis
from bbpscape.theory.spectral.matrix.law_of import label_law
from bbpscape.theory.spectral.matrix.levels import Levels
from bbpscape.theory.spectral.matrix.method import optimal_matrix, right_side
from bbpscape.theory.spectral.matrix.moments import LabelNodes, Moments, conditional, no_atoms
from bbpscape.theory.spectral.matrix.rays import degree
from bbpscape.theory.spectral.matrix.recovery import MatrixRecovery, matrix_recovery


def model(teacher, p_star=2, **labels):
    return bb.TeacherStudent(1, p_star, "square", teacher=teacher, labels=bb.Labels(**labels))


class _Two:
    """y = 0 with probability 0.99, y = 1 with C_y = 10 otherwise, of which ``nodes`` leaves out."""

    p_star, atoms = 1, np.zeros(0)

    def nodes(self):
        return np.array([0.0]), np.array([0.99])

    def continuous(self, y):
        inside = (1 - 0.01 * 10) / 0.99
        return Moments(np.ones(1), np.zeros((1, 1)), np.full((1, 1, 1), inside))

    def mass(self):
        return no_atoms(1)


def test_labels_left_out_are_missed_by_what_they_add():
    assert LabelNodes.of(_Two()).missing == pytest.approx(0.01 * 10**2, rel=1e-9)


# Defilippis, Dandi, Mergny, Krzakala, Loureiro (2025), and closed forms; (alpha, accuracy).
PUBLISHED = [
    (model("u1*u2"), 0.5937511, 1e-7),
    (model("u1**2 - u2**2"), 0.5937511, 1e-7),
    (model("sign(u1*u2)"), math.pi**2 / 4, 1e-8),
    (model("u1/u2"), 1.0, 1e-8),
    (model("quadratic", 1), 0.5, 1e-8),
    (model("quadratic", 2), 1.0, 1e-8),
    (model("quadratic", 3), 1.5, 1e-8),
    (model("quadratic", 1, poisson=True), 0.75, 1e-8),
    # E[(E[u₁² | y] − 1)²] in integrals of K₀.
    (model("u1*u2*u3", 3), 2.565180402, 1e-6),
    (model("abs(u1)", 1), 0.5, 1e-8),
    (model("u1**2", 3), 0.5, 1e-8),
    (model("sign(u1*u2)", flip=0.2), math.pi**2 / 4 / 0.36, 1e-8),
    # (1 − 2f)² of a symmetric law, and none of an even one.
    (model("abs(u1)", 1, flip=0.5), 0.5, 1e-8),
    (model("quadratic", 1, noise=0.1), 0.518066, 1e-6),
    (model("quadratic", 2, noise=0.1), 1.081286, 1e-6),
]


@pytest.mark.parametrize(("given", "alpha", "accuracy"), PUBLISHED)
def test_published_and_closed_thresholds(given, alpha, accuracy):
    found = matrix_recovery(given)
    assert found.limit.alpha == pytest.approx(alpha, abs=accuracy)
    assert found.limit.alpha == found.limit.alpha_spectral == found.alphas[0]
    assert found.status.ok


def test_the_product_in_bessel_functions():
    """P(y) = K₀(|y|)/π, E[u₁² | y] = |y| K₁/K₀, E[u₁u₂ | y] = y."""
    y = np.array([-3.0, -0.2, 0.01, 1.0, 5.0])
    law = label_law(model("u1*u2"))
    np.testing.assert_allclose(law.continuous(y).density, k0(abs(y)) / math.pi, rtol=1e-6)
    first, second = conditional(law, y)
    np.testing.assert_allclose(second[:, 0, 0], abs(y) * k1(abs(y)) / k0(abs(y)), rtol=1e-6)
    np.testing.assert_allclose(second[:, 0, 1], y, rtol=1e-6)
    assert abs(first).max() < 1e-9


# Of no degree and with a kink or an atom: their level sets are summed over lines that kinks cross.
KINKED = ("max(u1*u2 + u1, 0)",)


@pytest.mark.parametrize(
    "given",
    [
        model("max(u1, u2)"),
        model("u1**2 + 2*u2**2"),
        model("abs(u1)*u2"),
        model("u1*u2", noise=0.3),
        model("u1*u2", flip=0.3),
        model("max(u1*u2, 0)"),
        model("u1/u2"),
        model("u1 + 2*u2"),
        model("sign(u1 - u2) + 0*u1"),
        model("relu", 1),
        model("u1**2*u2**2", poisson=True),
        model("u1**3 - 3*u1", 1),
        model("exp(-u1**2-u2**2)"),
        model("sign(u1*u2*u3)", 3),
        model("u1*u2*u3", 3, noise=0.1),
        model("u1**2*u2**2 + u3**2", 3, poisson=True),
        model("sqrt(u1**2+u2**2+u3**2+u4**2)", 4, noise=0.1),
        *(pytest.param(model(text), id=text) for text in KINKED),
    ],
    ids=lambda one: one.label(),
)
def test_sums_over_labels_are_those_of_samples(given):
    """E[φ(y) u uᵀ] and E[φ(y) u] for bounded φ, in nodes and in samples of u; E C_y = 1."""
    nodes = LabelNodes.of(label_law(given))
    accuracy = 3e-4 if given.teacher.name in KINKED else 3e-5 if given.p_star == 3 else 1e-6
    assert nodes.missing < accuracy
    p = given.p_star
    whole = np.einsum("n,nij->ij", nodes.weights, nodes.second)
    np.testing.assert_allclose(whole, np.eye(p), atol=10 * accuracy)
    generator = np.random.default_rng(5)
    u = generator.standard_normal((200_000, p))
    y = given.labels.apply(given.teacher_output(u), generator)
    for function in (
        np.tanh,
        np.cos,
        lambda x: 1 / (1 + x**2),
        lambda x: np.exp(-(abs(x - 0.5) ** 2)),
    ):
        for outer, sampled in (
            (nodes.second.reshape(-1, p * p), (u[:, :, None] * u[:, None, :]).reshape(-1, p * p)),
            (nodes.first, u),
        ):
            found = (nodes.weights * function(nodes.y)) @ outer
            each = function(y)[:, None] * sampled
            error = each.std(axis=0) / math.sqrt(len(u)) + 1e-9
            assert (abs(found - each.mean(axis=0)) < 4.5 * error).all()


def _gauss(x):
    return math.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)


def test_a_teacher_of_no_degree_by_an_integral():
    """y = u₁ (u₂ + 1): given u₁, u₂ = y/u₁ − 1 with the density 1/|u₁|; E[u₁ | y] is not 0."""
    y = np.array([-3.0, -0.4, 0.3, 1.0, 2.5])
    found = label_law(model("u1*u2 + u1")).continuous(y)

    def integral(label, weight):
        def along(u):
            other = label / u - 1
            return weight(u, other) * _gauss(u) * _gauss(other) / abs(u)

        return sum(quad(along, a, b, epsabs=1e-12)[0] for a, b in ((-9, 0), (0, 9)))

    for k, label in enumerate(y.tolist()):
        for mine, weight in (
            (found.density[k], lambda u, v: 1.0),
            (found.first[k, 0], lambda u, v: u),
            (found.first[k, 1], lambda u, v: v),
            (found.second[k, 0, 1], lambda u, v: u * v),
            (found.second[k, 1, 1], lambda u, v: v * v),
        ):
            assert mine == pytest.approx(integral(label, weight), abs=2e-7)
    whole = matrix_recovery(model("u1*u2 + u1"))
    assert whole.limit.alpha == 0
    assert whole.linear == pytest.approx(0.8087079, abs=1e-6)
    assert whole.alphas[0] == pytest.approx(0.9377557, abs=1e-6)


def test_three_directions_of_no_degree_by_a_convolution():
    """y = u₁u₂ + u₃: the law of the product, K₀/π, with a Gaussian."""
    y = np.array([-2.0, 0.2, 1.1])
    found = label_law(model("u1*u2 + u3", 3)).continuous(y)
    for k, label in enumerate(y.tolist()):
        for mine, weight in (
            (found.density[k], lambda z, rest: 1.0),
            (found.first[k, 2], lambda z, rest: rest),
            (found.second[k, 0, 1], lambda z, rest: z),
            (found.second[k, 2, 2], lambda z, rest: rest**2),
        ):
            expected = sum(
                quad(
                    lambda z, of=weight: (
                        of(z, label - z) * k0(abs(z)) / math.pi * _gauss(label - z)  # noqa: B023
                    ),
                    *ends,
                    epsabs=1e-11,
                )[0]
                for ends in ((-20, 0), (0, 20))
            )
            assert mine == pytest.approx(expected, abs=1e-6)


def test_level_sets_agree_with_rays():
    """The way of teachers without a degree, for one that has one."""
    product = model("u1*u2").teacher
    nodes = LabelNodes.of(Levels("u1*u2", product, product.kinks, 2))
    assert 1 / modes(nodes)[0][0] == pytest.approx(0.5937511, abs=3e-7)


@pytest.mark.parametrize("alpha", [1.05, 1.5, 1.9])
def test_a_singular_covariance_is_a_constraint(alpha):
    """u is along (y, 1): αN constraints on 2N numbers; m² = α − 1."""
    (found,) = matrix_recovery(model("u1/u2"), alpha).overlaps
    assert found.eigenvalue == pytest.approx(1, abs=1e-6)
    assert found.m2 == pytest.approx(alpha - 1, abs=1e-6)


def test_constraints_that_leave_the_teacher_alone():
    """From α = 2 on D has the eigenvalue α E[u₁² + u₂²]/4 = α/2 at the teacher itself."""
    (found,) = matrix_recovery(model("u1/u2"), 3.0).overlaps
    assert found.eigenvalue == pytest.approx(1.5, abs=1e-3)
    assert found.m2 == pytest.approx(1, abs=1e-4)


def test_modes_are_those_of_the_formula():
    nodes = LabelNodes.of(label_law(model("u1**2 + 2*u2**2")))
    values, matrices = modes(nodes)
    G = nodes.second - np.eye(2)
    for value, S in zip(values, matrices, strict=True):
        moved = np.einsum("n,nij,jk,nkl->il", nodes.weights, G, S, G)
        np.testing.assert_allclose(moved, value * S, atol=1e-12)
    assert np.allclose(np.einsum("rij,sij->rs", *[symmetric_basis(3)] * 2), np.eye(6))


@pytest.mark.parametrize(
    "given",
    [
        model("u1*u2"),
        model("sign(u1*u2)"),
        model("quadratic", 2),
        model("quadratic", 1, poisson=True),
        model("u1*u2", noise=0.1),
        model("abs(u1) + abs(u2)"),
        model("max(u1, u2)"),
    ],
    ids=lambda one: one.label(),
)
def test_the_optimal_matrix_begins_at_the_limit_with_eigenvalue_one(given):
    found = matrix_recovery(given)
    limit = found.alphas[0]
    assert matrix_recovery(given, 0.97 * limit).overlaps == ()
    last = 0.0
    for factor in (1.03, 1.5, 2.5):
        at = matrix_recovery(given, factor * limit)
        assert at.overlaps[0].eigenvalue == pytest.approx(1, abs=1e-6)
        assert at.edge.value < 1
        assert at.overlaps[0].m2 > last
        last = at.overlaps[0].m2
        assert at.overlaps[0].directions.sum() == pytest.approx(at.overlaps[0].m2, abs=1e-12)
        if at.overlaps[0].multiplicity == 1:
            assert (at.overlaps[0].matrix ** 2).sum() == pytest.approx(last, abs=1e-9)


def test_one_direction_is_the_scalar_method():
    channel = bb.spectral.QuadraticTeacher(1)
    for alpha in (0.6, 1.5, 4.0):
        expected = bb.spectral.spectral_overlap(channel, bb.spectral.optimal(channel), alpha)
        (found,) = matrix_recovery(model("u1**2", 1), alpha).overlaps
        assert found.m2 == pytest.approx(expected.m2, abs=1e-7)


def test_a_worse_matrix_shows_less():
    nodes = LabelNodes.of(label_law(model("u1*u2")))
    alpha = 1.5
    best = right_side(nodes, optimal_matrix(nodes.second), alpha)[1][0].m2
    for ridge in (0.3, 2.0):
        other = right_side(nodes, optimal_matrix(nodes.second, ridge), alpha)[1]
        assert all(one.m2 < best for one in other)


@pytest.mark.parametrize(
    ("given", "alpha", "N"),
    [
        (model("u1*u2"), 1.5, 160),
        (model("u1**2 + 2*u2**2"), 1.85, 160),
        (model("sign(u1*u2)"), 6.0, 120),
        (model("max(u1, u2)"), 3.0, 120),
        (model("u1/u2"), 1.5, 120),
        (model("u1*u2", noise=0.2, flip=0.1), 2.5, 80),
    ],
    ids=lambda one: one.label() if hasattr(one, "label") else str(one),
)
def test_outliers_and_overlaps_by_diagonalization(given, alpha, N):
    """The first outlier, its m² and the shares of its directions, within 4 errors; no other's."""
    law = label_law(given)
    theory = matrix_recovery(given, alpha)
    first = theory.overlaps[0]
    values, m2, shares = [], [], []
    for draw in range(10):
        instance = bb.draw(given, alpha, N, 7, draw)
        T = optimal_matrix(conditional(law, instance.labels)[1], theory.ridge)
        D = np.einsum("mij,ma,mb->iajb", T, instance.inputs, instance.inputs, optimize=True)
        found, vectors = np.linalg.eigh(D.reshape(2 * N, 2 * N))
        top = vectors[:, -first.multiplicity :].reshape(2, N, -1)
        along = np.einsum("la,kar->klr", instance.teacher / math.sqrt(N), top)
        values.append(found[-first.multiplicity :].mean())
        m2.append((along**2).sum((0, 1)).mean())
        shares.append((along**2).sum(0).mean(-1))
    for measured, expected in (
        (values, first.eigenvalue), (m2, first.m2), (np.array(shares).T[0], first.directions[0]),
    ):  # fmt: skip
        error = np.std(measured, ddof=1) / math.sqrt(len(measured))
        # Finite N moves the largest eigenvalue by 1/N of what the tail of T allows.
        assert abs(np.mean(measured) - expected) < 4 * error + 2 / N
    error = np.std(m2, ddof=1) / math.sqrt(len(m2))
    assert abs(np.mean(m2) - matrix_recovery(given, 2 * alpha).overlaps[0].m2) > 4 * error


@pytest.mark.parametrize("teacher", ["max(u1, u2)", "u1 + 2*u2", "abs(u1)*u2"])
def test_a_linear_statistic_suffices(teacher):
    found = matrix_recovery(model(teacher))
    assert found.limit.alpha == 0
    assert 0 < found.limit.alpha_spectral < math.inf
    assert "a linear statistic suffices" in " ".join(found.summary().split())


def test_degrees_of_teachers():
    cases = {
        "u1*u2": 2,
        "u1/u2": 0,
        "max(u1,u2)": 1,
        "u1/u2**2": -1,
        "u1*u2+1": None,
        "tanh(u1)": None,
    }
    for text, expected in cases.items():
        assert degree(model(text).teacher, 2) == expected


def test_a_teacher_with_its_law():
    """The product with its Bessel functions, given in a script."""

    def law(y):
        size = abs(y)
        C = np.empty((y.size, 2, 2))
        C[:, 0, 0] = C[:, 1, 1] = size * k1(size) / np.maximum(k0(size), 1e-300)
        C[:, 0, 1] = C[:, 1, 0] = y
        C[size > 600] = np.eye(2)
        return k0(size) / math.pi, np.zeros((y.size, 2)), C

    own = bb.Teacher("my product", lambda u: u[..., 0] * u[..., 1], 2, law=law)
    found = matrix_recovery(bb.TeacherStudent(1, 2, "square", teacher=own))
    assert found.limit.alpha == pytest.approx(0.5937511, abs=1e-6)


def test_the_question_and_its_record():
    found = bb.weak_recovery(2, alpha=1.2, teacher="u1*u2")
    assert found.channel is None
    assert found.information_limit.alpha == pytest.approx(0.5937511, abs=1e-7)
    again = type(found).from_dict(found.to_dict())
    assert again.to_dict() == found.to_dict()
    assert isinstance(again.matrix, MatrixRecovery)
    text = found.summary()
    for word in ("0.5937511", "never", "overlap matrix", "right edge", "of u1", "of u2"):
        assert word in text


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: bb.weak_recovery(4, teacher="u1*u2*u3*u4"), "at most 3 directions"),
        (lambda: bb.weak_recovery(1, teacher="u1*u2"), "p_star must be at least 2, got 1"),
        (lambda: bb.weak_recovery(2, teacher="u1*u2", subset_t=1.0), "are of the quadratic"),
        (lambda: bb.weak_recovery(2, 0.1, teacher="u1*u2", poisson=True), "nowhere negative"),
        (lambda: bb.weak_recovery(2, teacher="u1*("), "not an expression in u1"),
        (lambda: bb.weak_recovery(2, flip=2.0), "flip must be from 0 to 1"),
        (lambda: bb.weak_recovery(2, 1e-14, teacher="u1*u2"), "is too small beside the labels"),
        (lambda: bb.weak_recovery(2, 1e-4, teacher="u1*u2"), "is too small beside the labels"),
        (lambda: bb.weak_recovery(2, alpha=1e30, teacher="u1*u2"), "alpha must be between"),
        (lambda: bb.weak_recovery(4, 0.1, teacher="u1*u2*u3*u4"), "at most 3 directions"),
        (lambda: bb.weak_recovery(model("u1*u2"), teacher="u1/u2"), "leave them out"),
    ],
)
def test_what_is_not_known_is_one_line(call, match):
    with pytest.raises(InvalidInput, match=match):
        call()

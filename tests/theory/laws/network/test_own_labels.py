"""Labels of any teacher: moments against closed forms and against quadrature in other variables."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import special
from scipy.integrate import quad

import bbpscape as bb
from bbpscape.core.checks import InvalidInput
from bbpscape.theory.laws.network.label_law import label_nodes
from bbpscape.theory.laws.network.own_labels import own_label_nodes, own_teacher_nodes
from bbpscape.theory.laws.network.rules import gaussian_rule


def model_of(text, p_star, **labels):
    return bb.TeacherStudent(1, p_star, "square", "tanh", bb.Labels(**labels), teacher=text)


def law(text, p_star, **labels):
    return own_label_nodes(model_of(text, p_star, **labels), 1.0)


def means(nodes, f):
    """E f, E[f u] and E[f u uᵀ]."""
    weighted = nodes.weights * f(nodes.y)
    return (
        weighted.sum(),
        weighted @ nodes.first,
        np.tensordot(weighted, nodes.second, 1),
    )


def bell(y):
    return np.exp(-(y**2) / 8)


def cauchy(y):
    return 1 / (1 + (y - 0.7) ** 2)


def integral(function, low, high):
    points = np.array([low, -1.0, 0.0, 1.0, high])
    inside = np.unique(np.clip(points, low, high))
    return sum(
        quad(function, a, b, epsabs=1e-14, epsrel=1e-13, limit=400)[0] for a, b in pairwise(inside)
    )


@pytest.mark.parametrize("f", [bell, cauchy])
def test_a_product(f):
    # P(y) = K₀(|y|)/π, E[u₁² | y] = |y| K₁(|y|)/K₀(|y|), E[u₁u₂ | y] = y.
    total, first, second = means(law("u1*u2", 2), f)
    own = integral(lambda y: f(y) * special.k0(abs(y)) / math.pi, -40, 40)
    along = integral(lambda y: f(y) * abs(y) * special.k1(abs(y)) / math.pi if y else 0, -40, 40)
    across = integral(lambda y: f(y) * y * special.k0(abs(y)) / math.pi, -40, 40)
    assert total == pytest.approx(own, abs=1e-9)
    assert second == pytest.approx(np.array([[along, across], [across, along]]), abs=1e-8)
    assert abs(first).max() < 1e-12


def test_a_sign():
    nodes = law("sign(u1*u2)", 2, flip=0.1)
    assert nodes.y.tolist() == [-1.0, 1.0]
    assert nodes.weights == pytest.approx(np.array([0.5, 0.5]), abs=1e-12)
    across = 0.8 * 2 / math.pi
    for y, second in zip(nodes.y, nodes.second, strict=True):
        assert second == pytest.approx(np.array([[1, across * y], [across * y, 1]]), abs=1e-11)


@pytest.mark.parametrize("f", [bell, cauchy])
def test_a_ratio(f):
    # u₁/u₂ = tan θ with s independent of θ and E s² = 2.
    total, _, second = means(law("u1/u2", 2), f)
    angles = (np.arange(400_000) + 0.5) * math.pi / 400_000
    weights = f(np.tan(angles)) / angles.size
    u = np.stack([np.sin(angles), np.cos(angles)])
    assert total == pytest.approx(weights.sum(), abs=1e-9)
    assert second == pytest.approx(2 * (weights * u) @ u.T, abs=1e-8)


@pytest.mark.parametrize("f", [bell, cauchy])
def test_a_maximum(f):
    # P(y) = 2φ(y)Φ(y); the other one is Gaussian below y, of mean −φ/Φ.
    total, first, second = means(law("max(u1, u2)", 2), f)

    def density(y):
        return 2 * math.exp(-y * y / 2) / math.sqrt(2 * math.pi) * special.ndtr(y)

    def ratio(y):
        return math.exp(-y * y / 2 - special.log_ndtr(y)) / math.sqrt(2 * math.pi)

    def mean(g):
        return integral(lambda y: f(y) * density(y) * g(y), -9, 9)

    assert total == pytest.approx(mean(lambda y: 1), abs=1e-9)
    assert first == pytest.approx(mean(lambda y: (y - ratio(y)) / 2) * np.ones(2), abs=1e-9)
    along = mean(lambda y: (y * y + 1 - y * ratio(y)) / 2)
    across = mean(lambda y: -y * ratio(y))
    assert second == pytest.approx(np.array([[along, across], [across, along]]), abs=1e-9)


def test_unequal_squares():
    # E exp(−t(u₁² + 2u₂²)) = ((1 + 2t)(1 + 4t))^{−½}, and one more power with u_l².
    t = 0.3
    total, _, second = means(law("u1**2 + 2*u2**2", 2), lambda y: np.exp(-t * y))
    expected = ((1 + 2 * t) * (1 + 4 * t)) ** -0.5
    assert total == pytest.approx(expected, abs=1e-10)
    diagonal = expected / np.array([1 + 2 * t, 1 + 4 * t])
    assert second == pytest.approx(np.diag(diagonal), abs=1e-10)


def test_a_kink_along_a_circle():
    # y = |s² − 1| s cos θ, in polar coordinates.
    total, _, second = means(law("abs(u1**2 + u2**2 - 1)*u1", 2), cauchy)
    edges = np.array([0.0, 1.0, 2.0, 3.5, 6.0, 10.0])
    x, w = np.polynomial.legendre.leggauss(150)
    half = np.diff(edges)[:, None] / 2
    s = (half * x + (edges[1:] + edges[:-1])[:, None] / 2).ravel()
    theta = np.arange(3000) * 2 * math.pi / 3000
    mass = ((half * w).ravel() * s * np.exp(-(s**2) / 2))[:, None] / theta.size
    weights = mass * cauchy(np.outer(abs(s**2 - 1) * s, np.cos(theta)))
    assert total == pytest.approx(weights.sum(), abs=1e-7)
    assert second[0, 0] == pytest.approx(
        (weights * np.outer(s, np.cos(theta)) ** 2).sum(), abs=1e-7
    )
    assert second[1, 1] == pytest.approx(
        (weights * np.outer(s, np.sin(theta)) ** 2).sum(), abs=1e-7
    )


@pytest.mark.parametrize(
    ("text", "breaks"), [("exp(u1)", []), ("u1**3 - 3*u1", []), ("abs(u1 - 0.4)", [0.4])]
)
def test_one_preactivation(text, breaks):
    nodes = law(text, 1)
    teacher = bb.teacher(text)

    def mean(k):
        def integrand(u):
            density = math.exp(-u * u / 2) / math.sqrt(2 * math.pi)
            return u**k * cauchy(float(teacher(np.array([u])))) * density

        edges = sorted([*np.linspace(-9, 9, 37), *breaks])
        return sum(quad(integrand, a, b, epsabs=1e-13)[0] for a, b in pairwise(edges))

    total, first, second = means(nodes, cauchy)
    assert total == pytest.approx(mean(0), abs=1e-8)
    assert first[0] == pytest.approx(mean(1), abs=1e-8)
    assert second[0, 0] == pytest.approx(mean(2), abs=1e-7)


def test_three_signs_and_an_unread_preactivation():
    nodes = law("sign(u1*u2*u3)", 3)
    assert nodes.y.tolist() == [-1.0, 1.0]
    assert nodes.second == pytest.approx(np.stack([np.eye(3)] * 2), abs=1e-11)
    padded = law("u1*u2", 3)
    assert padded.second[:, 2, 2] == pytest.approx(np.ones(padded.y.size), abs=1e-9)
    assert abs(padded.second[:, 2, :2]).max() < 1e-12


def test_counts():
    # P(k) = (2k − 1)!!/(k! 3^{k+½}) and E[u² | k] = (2k + 1)/3 of Poisson(u²).
    model = bb.TeacherStudent(1, 1, "square", labels=bb.Labels(poisson=True))
    nodes = label_nodes(model, 1.0)
    k = nodes.y
    log = special.gammaln(2 * k + 1) - k * math.log(2) - 2 * special.gammaln(k + 1)
    probability = np.exp(log - (k + 0.5) * math.log(3))
    seen = probability > 1e-12
    assert nodes.weights[seen] == pytest.approx(probability[seen], abs=1e-11)
    assert nodes.second[seen, 0, 0] == pytest.approx((2 * k[seen] + 1) / 3, rel=1e-6)
    recovery = 1 / (nodes.weights @ (nodes.second[:, 0, 0] - 1) ** 2)
    assert recovery == pytest.approx(0.75, abs=1e-10)
    with pytest.raises(InvalidInput, match="counts up to"):
        label_nodes(bb.TeacherStudent(1, 1, "square", labels=model.labels, teacher="exp(3*u1)"), 1)


def test_noise_and_flips():
    # E cos ty = exp(−t²σ²/2)/√(1 + t²) of u₁u₂ with noise; flips take E sin ty to 1 − 2 flip of it.
    t, noise, flip = 0.9, 0.3, 0.2
    total = means(law("u1*u2", 2, noise=noise), lambda y: np.cos(t * y))[0]
    assert total == pytest.approx(math.exp(-(t**2) * noise / 2) / math.hypot(1, t), abs=1e-9)
    plain = means(law("max(u1, u2)", 2), lambda y: np.sin(t * y))
    other = means(law("max(u1, u2)", 2, noise=noise, flip=flip), lambda y: np.sin(t * y))
    kept = (1 - 2 * flip) * math.exp(-(t**2) * noise / 2)
    for one, same in zip(plain, other, strict=True):
        assert kept * one == pytest.approx(same, abs=1e-9)


@pytest.mark.parametrize(
    ("p_star", "text", "overlap"),
    [(1, "tanh(u1)", 0.3), (2, "(tanh(u1) + tanh(u2))/2", 0.0)],
)
def test_an_expression_is_the_committee_that_it_says(p_star, text, overlap):
    edges = [
        bb.spectrum(
            bb.TeacherStudent(1, p_star, "square", "tanh", overlap=overlap, teacher=one),
            3.0,
            points=3,
        )
        for one in (None, text)
    ]
    assert edges[0].left_edge.value == pytest.approx(edges[1].left_edge.value, rel=1e-8)
    assert [one.eigenvalue for one in edges[0].outliers] == pytest.approx(
        [one.eigenvalue for one in edges[1].outliers], rel=1e-8
    )


def test_a_rotation_invariant_teacher_goes_the_way_of_the_source():
    models = [
        bb.TeacherStudent(4, 2, "normalized-square", teacher=one)
        for one in (None, "(u1**2 + u2**2)/2")
    ]
    found = [bb.threshold(one) for one in models]
    assert models[1].own_teacher
    assert found[0].alpha_bbp == pytest.approx(found[1].alpha_bbp, rel=1e-7)


def test_all_u_and_those_of_one_sign_say_the_same():
    for text in ("u1*u2", "u1/u2", "abs(u1*u2 - 1)"):
        model = model_of(text, 2)
        whole, half = (own_teacher_nodes(model, 1.0, full=one) for one in (True, False))
        for one, other in zip(means(whole, bell)[::2], means(half, bell)[::2], strict=True):
            assert one == pytest.approx(other, abs=1e-8)


def test_a_line_with_breaks():
    x, w = gaussian_rule((), [-6.0, -0.2, -0.19, 3.0], 1.0)
    for low in (-6.0, -0.2, -0.19, 3.0):
        assert w[x > low].sum() == pytest.approx(special.ndtr(-low), abs=1e-10)
        assert w[x > low] @ x[x > low] ** 2 == pytest.approx(
            special.ndtr(-low) + low * math.exp(-low * low / 2) / math.sqrt(2 * math.pi), abs=1e-10
        )
    # An integrable singularity.
    x, w = gaussian_rule((), [0.0], 1.0)
    assert w @ np.log(abs(x)) == pytest.approx(-(np.euler_gamma + math.log(2)) / 2, abs=1e-10)


def test_too_many_nodes_are_refused():
    with pytest.raises(InvalidInput, match="more than 3e\\+06 nodes"):
        law("u1*u2*u3*u4*u5*u6*u7 + u1", 7)

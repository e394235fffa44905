"""dQ/dt and dm/dt of one-pass SGD, against closed forms, identities and paths with a known end."""

import math

import numpy as np
import pytest

import bbpscape as bb
from bbpscape.theory.online.path import follow
from bbpscape.theory.online.rates import Rates, fresh_nodes

MODEL, SQUARE = bb.TeacherStudent, bb.losses.Square()
# σ of Saad and Solla.
SOLLA = bb.activation("erf(x/sqrt(2))")
GRAM, OVERLAP = np.array([[1.1, 0.2], [0.2, 0.7]]), np.array([[0.4, 0.1], [0.05, 0.3]])


def rates(model, rate, sphere=False, nodes=None):
    return Rates(model, rate, sphere, fresh_nodes(model) if nodes is None else nodes)


def solla(Q, m, eta):
    """(dQ, dm) of erf(x/√2), ŷ = Σσ(λ_k)/p, y = Σσ(u_l)/p*, exact labels: their closed form."""
    p, p_star = len(Q), len(m)
    C = np.block([[Q, m.T], [m, np.eye(p_star)]])
    c = np.concatenate([np.full(p, 1 / p), np.full(p_star, -1 / p_star)])

    def three(i, j, k):
        """E[σ′(i) j σ(k)]."""
        L = (1 + C[i, i]) * (1 + C[k, k]) - C[i, k] ** 2
        top = C[j, k] * (1 + C[i, i]) - C[i, j] * C[i, k]
        return 2 / math.pi * top / ((1 + C[i, i]) * math.sqrt(L))

    def four(i, j, k, n):
        """E[σ′(i) σ′(j) σ(k) σ(n)]."""
        L4 = (1 + C[i, i]) * (1 + C[j, j]) - C[i, j] ** 2

        def part(k, n):
            return (
                L4 * C[k, n]
                - C[j, k] * C[j, n] * (1 + C[i, i])
                - C[i, k] * C[i, n] * (1 + C[j, j])
                + C[i, j] * (C[i, k] * C[j, n] + C[i, n] * C[j, k])
            )

        sine = part(k, n) / math.sqrt((L4 + part(k, k)) * (L4 + part(n, n)))
        return 4 / math.pi**2 * math.asin(sine) / math.sqrt(L4)

    every, size = range(p + p_star), range(p)

    def drift(k, j):
        """E[δ_k x_j] with ℓ′ = Σ c_i σ_i."""
        return sum(c[i] * three(k, j, i) for i in every) / p

    dm = np.array([[-eta * drift(k, p + n) for k in size] for n in range(p_star)])
    dQ = np.array([[-eta * (drift(k, j) + drift(j, k)) for j in size] for k in size])
    for k in size:
        for j in size:
            both = sum(c[a] * c[b] * four(k, j, a, b) for a in every for b in every)
            dQ[k, j] += eta**2 * both / p**2
    return dQ, dm


@pytest.mark.parametrize("p_star", [1, 2])
def test_the_closed_form_of_saad_and_solla(p_star):
    model = MODEL(2, p_star, SQUARE, SOLLA)
    overlap = OVERLAP[:p_star]
    found, known = rates(model, 0.7)(GRAM, overlap), solla(GRAM, overlap, 0.7)
    for one, other in zip(found, known, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=1e-5)


def test_the_closed_form_of_many_neurons():
    """Where a product of rules has too few nodes a neuron for σ: 4e-3 wrong with 7."""
    gram = np.array([[1.1, 0.2, 0.0], [0.2, 0.7, 0.1], [0.0, 0.1, 0.9]])
    overlap = np.array([[0.3, 0.1, 0.2], [0.0, 0.3, -0.2], [0.1, -0.1, 0.3]])
    found = rates(MODEL(3, 3, SQUARE, SOLLA), 0.7)(gram, overlap)
    for one, other in zip(found, solla(gram, overlap, 0.7), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_a_kink_of_the_loss_is_seen():
    """ℓ′ of huber on a plain grid of (λ, u): ten nodes a neuron would be 1e-2 wrong."""
    q, r, eta = 0.8, 0.3, 0.5
    x = np.linspace(-7, 7, 2001)
    u, zeta = np.meshgrid(x, x, indexing="ij")
    weights = np.exp(-(u**2 + zeta**2) / 2)
    weights /= weights.sum()
    field = r * u + math.sqrt(q - r**2) * zeta
    delta = np.clip(field**2 - u**2, -0.5, 0.5) * 2 * field
    dQ = -2 * eta * (weights * delta * field).sum() + eta**2 * (weights * delta**2).sum()
    dm = -eta * (weights * delta * u).sum()
    model = MODEL(1, 1, bb.loss("huber", delta=0.5))
    found = rates(model, eta)(np.array([[q]]), np.array([[r]]))
    assert [float(one[0, 0]) for one in found] == pytest.approx([dQ, dm], abs=5e-4)


def test_a_quadratic_neuron_in_closed_form():
    """p = p* = 1, y = u²: with R = u² the moments are those of Gaussian variables."""
    Q, m, eta = np.array([[0.8]]), np.array([[0.3]]), 0.1
    dQ, dm = rates(MODEL(1, 1, SQUARE, "quadratic"), eta)(Q, m)
    q, r = 0.8, 0.3
    # δ = 2 λ (λ² − u²).
    assert dm[0, 0] == pytest.approx(-eta * 2 * (3 * q * r - 3 * r), rel=1e-12)
    drift = 2 * (3 * q**2 - (q + 2 * r**2))
    square = 4 * (15 * q**3 - 2 * (3 * q**2 + 12 * q * r**2) + 3 * q + 12 * r**2)
    assert dQ[0, 0] == pytest.approx(-2 * eta * drift + eta**2 * square, rel=1e-12)


def test_all_that_labels_do_not_say_enters_as_their_noise():
    """With noise σ² the square loss gains η² σ² E[c² σ′σ′ᵀ] in dQ, and dm does not change."""
    clean, noisy = (MODEL(2, 1, SQUARE, "tanh", bb.Labels(s)) for s in (0.0, 0.3))
    (dQ, dm), (dQ_noisy, dm_noisy) = (rates(one, 0.5)(GRAM, OVERLAP[:1]) for one in (clean, noisy))
    np.testing.assert_allclose(dm_noisy, dm, atol=1e-4)
    nodes = fresh_nodes(clean)
    fields = rates(clean, 0.5).fields(GRAM, OVERLAP[:1])
    slopes = clean.activation.first(fields) / 2
    gained = 0.25 * 0.3 * slopes.T @ (nodes.weights[:, None] * slopes)
    np.testing.assert_allclose(dQ_noisy - dQ, gained, atol=2e-4)


def test_on_the_sphere_norms_stay():
    model = MODEL(2, 1, SQUARE, "tanh")
    dQ, _ = rates(model, 0.7, sphere=True)(GRAM, OVERLAP[:1])
    np.testing.assert_allclose(np.diagonal(dQ), 0, atol=1e-15)
    path = follow(model.replace(overlap=0.2), 1.0, np.array([0.0, 5.0]), sphere=True)
    np.testing.assert_allclose(np.diagonal(path.gram[-1]), 1, atol=1e-6)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_both_kinds_of_nodes_are_of_one_law(activation):
    """Moments of ζ and of labels; a kink has Sobol points, of less accuracy."""
    model = MODEL(2, 1, SQUARE, activation, bb.Labels(0.1, 0.2))
    nodes = fresh_nodes(model)
    assert nodes.exact == (activation == "tanh")
    second = nodes.zeta.T @ (nodes.weights[:, None] * nodes.zeta)
    np.testing.assert_allclose(second, np.eye(2), atol=1e-6)
    u = nodes.u[:, 0]
    known = {"relu": (0.6 * 0.5, 0.5 + 0.1), "tanh": (0.6 * 0.605706, 0.394294 + 0.1)}[activation]
    # E[u y] = (1 − 2 flip) E[u σ(u)], E[y²] = E[σ²] + noise.
    assert nodes.weights @ (u * nodes.y) == pytest.approx(known[0], abs=5e-4)
    assert nodes.weights @ nodes.y**2 == pytest.approx(known[1], abs=2e-3)


def test_a_path_learns_its_teacher():
    """Exact labels and a student that can be the teacher: Q, m → 1, and the loss to 0."""
    model = MODEL(1, 1, SQUARE, "tanh", overlap=0.1)
    path = follow(model, 1.0, np.array([0.0, 100.0]))
    np.testing.assert_allclose([path.gram[-1, 0, 0], path.overlap[-1, 0, 0]], 1, atol=1e-4)
    assert path.loss[-1] < 1e-7
    assert path.stopped is None
    assert path.error < 1e-3


def test_a_rate_that_is_too_large_stops_with_its_time():
    path = follow(MODEL(1, 1, SQUARE, overlap=0.1), 1.0, np.array([0.0, 1.0, 10.0]))
    assert 0 < path.stopped < 1
    assert len(path.gram) == len(path.times) == 1


def test_an_even_activation_never_leaves_no_overlap():
    path = follow(MODEL(2, 1, bb.NormalizedSquare(2.0)), 0.3, np.array([0.0, 20.0]))
    assert not path.overlap[-1].any()


@pytest.mark.parametrize(("p", "p_star", "accuracy"), [(1, 1, 2e-6), (2, 1, 1e-5), (2, 2, 4e-3)])
def test_counts_move_the_gram_matrix_by_their_variance(p, p_star, accuracy):
    """E[y | u] = φ(u), and Var(y | u) = φ(u): dm as of exact labels, dQ + η² E[φ c² σ′ σ′]."""
    gram, overlap, eta = GRAM[:p, :p], OVERLAP[:p_star, :p], 0.7
    plain = MODEL(p, p_star, SQUARE, "tanh", teacher="u1**2" if p_star == 1 else "abs(u1)*u2**2")
    counts = plain.replace(labels=bb.Labels(poisson=True))
    exact, found = rates(plain, eta), rates(counts, eta)(gram, overlap)
    dQ, dm = exact(gram, overlap)
    slopes = exact.model.output_weights * exact.model.activation.first(exact.fields(gram, overlap))
    mine = exact.nodes.weights * exact.nodes.y
    np.testing.assert_allclose(found[1], dm, atol=accuracy)
    unit = SQUARE.derivatives(np.ones(1), np.ones(1))[1].item()
    more = (eta * unit) ** 2 * (slopes.T * mine) @ slopes
    assert more.max() > 10 * accuracy
    np.testing.assert_allclose(found[0], dQ + more, atol=accuracy)

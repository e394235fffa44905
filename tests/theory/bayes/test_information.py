"""E[g_out²] of every kind of labels: closed forms, plain sums, samples."""

import math

import numpy as np
import pytest
from scipy.stats import norm
from tests.theory.bayes.samples import Q, sampled_information

import bbpscape as bb
from bbpscape.theory.bayes.exact import ExactLabels
from bbpscape.theory.bayes.labels import labels_of
from bbpscape.theory.bayes.pieces import monotone_pieces, preimages
from bbpscape.theory.bayes.radial import ExactLength, LengthLikelihood

VS = (0.999, 0.5, 0.1, 1e-2, 1e-4)


def model(teacher="quadratic", p_star=1, **labels):
    return bb.TeacherStudent(1, p_star, "square", teacher=teacher, labels=bb.Labels(**labels))


def square(V):
    """u tanh(uω/V)/V − ω/V, on a fine plain grid."""
    q = 1 - V
    u = np.concatenate([np.linspace(0, 12 * math.sqrt(V), 4001), np.linspace(0, 8, 8001)])
    u = np.unique(u)[:, None]
    z = np.linspace(-8, 8, 321)
    omega = q * u + math.sqrt(q * V) * z
    g = (u * np.tanh(u * omega / V) - omega) / V
    inner = (g**2) @ norm.pdf(z) * (z[1] - z[0])
    return 2 * np.trapezoid(inner * norm.pdf(u.ravel()), u.ravel())


@pytest.mark.parametrize("V", VS)
def test_the_square_by_plain_sums(V):
    exact = ExactLabels("square", np.square, lambda u: ())
    assert exact.information(1 - V, V) == pytest.approx(square(V), rel=2e-5)


@pytest.mark.parametrize("V", VS)
def test_linear_labels_are_gaussian(V):
    """V g² = 1 without noise, 1/(V + noise) with it."""
    assert labels_of(model("u1")).information(1 - V, V) == pytest.approx(1 / V, rel=1e-9)
    noisy = labels_of(model("u1", noise=0.3)).information(1 - V, V)
    assert noisy == pytest.approx(1 / (V + 0.3), rel=1e-7)


@pytest.mark.parametrize("V", [0.9, 0.3, 0.01])
def test_a_sign_tells_a_side(V):
    """E[φ²/(Φ(1 − Φ))]/V at ω/√V, and with flips."""
    q, flip = 1 - V, 0.2
    omega = np.linspace(-7, 7, 200_001)[:, None] * math.sqrt(V)
    P, slope = norm.cdf(omega / math.sqrt(V)), norm.pdf(omega / math.sqrt(V)) / math.sqrt(V)
    for share in (0.0, flip):
        up = (1 - share) * P + share * (1 - P)
        g = (1 - 2 * share) * slope
        term = (g**2 / (up * (1 - up)) * norm.pdf(omega, scale=math.sqrt(q))).ravel()
        expected = np.trapezoid(term, omega.ravel())
        found = labels_of(model("sign(u1)", flip=share)).information(q, V)
        assert found == pytest.approx(expected, rel=1e-6)


CASES = {
    "cubic": ({"teacher": "u1**3 - 3*u1"}, lambda u, g: u**3 - 3 * u),
    "relu": ({"teacher": "relu"}, lambda u, g: np.maximum(u, 0)),
    "reciprocal": ({"teacher": "1/(u1**2+1)"}, lambda u, g: 1 / (u**2 + 1)),
    "step and slope": ({"teacher": "sign(u1) + u1"}, lambda u, g: np.sign(u) + u),
    "flipped": (
        {"teacher": "u1**2 - 1", "flip": 0.3},
        lambda u, g: (u**2 - 1) * np.where(g.random(u.size) < 0.3, -1, 1),
    ),
    "noisy": (
        {"noise": 0.1},
        lambda u, g: u**2 + math.sqrt(0.1) * g.standard_normal(u.size),
    ),
    "noisy sign, flipped": (
        {"teacher": "sign(u1)", "noise": 0.2, "flip": 0.1},
        lambda u, g: (
            np.sign(u) * np.where(g.random(u.size) < 0.1, -1, 1)
            + math.sqrt(0.2) * g.standard_normal(u.size)
        ),
    ),
    "counts": ({"poisson": True}, lambda u, g: g.poisson(u**2).astype(float)),
}


@pytest.mark.parametrize("name", CASES)
def test_samples_of_every_kind_of_labels(name):
    """The quadrature, and Nishimori's E[g²] = −E[∂g], within 4 errors; another's is not."""
    given, apply = CASES[name]
    labels = labels_of(model(**given))
    count = 4000 if "noisy" in name or name == "counts" else 40_000
    mean, error, difference, spread = sampled_information(labels, apply, 1, count)
    expected = labels.information(Q, 1 - Q)
    assert abs(mean - expected) < 4 * error
    assert abs(difference) < 4 * spread
    other = Q + 0.15
    assert abs(mean - labels.information(other, 1 - other)) > 4 * error


def test_one_direction_is_a_length():
    """p* = 1 by the formulas of p* > 1."""
    for V in (0.7, 0.05):
        line = labels_of(model()).information(1 - V, V)
        assert ExactLength(1).information(1 - V, V) == pytest.approx(line, rel=1e-6)
    noisy = labels_of(model(noise=0.2))
    wide = labels_of(model(p_star=2, noise=0.2))
    assert isinstance(wide, LengthLikelihood)
    half = labels_of(bb.TeacherStudent(1, 1, "square", labels=bb.Labels(0.2)))
    assert noisy.information(0.5, 0.5) == half.information(0.5, 0.5)


@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_lengths_by_the_posterior_on_a_circle(noise):
    """p* = 2: E|g|²/p* from sampled ω, the posterior mean by plain sums over the plane."""
    generator, V = np.random.default_rng(3), 0.6
    count, q = 1000, 0.4
    u = generator.standard_normal((count, 2))
    omega = q * u + math.sqrt(q * V) * generator.standard_normal((count, 2))
    y = (u**2).mean(axis=1) + math.sqrt(noise) * generator.standard_normal(count)
    angle = np.linspace(0, 2 * np.pi, 181)[:-1]
    around = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    r = np.linspace(0.01, 5, 120)
    mean = np.empty((count, 2))
    for i in range(count):
        lengths = np.array([np.linalg.norm(u[i])]) if noise == 0 else r
        weight = np.ones(1) if noise == 0 else r * np.exp(-((y[i] - r**2 / 2) ** 2) / (2 * noise))
        places = lengths[:, None, None] * around
        mass = weight[:, None] * np.exp(-((places - omega[i]) ** 2).sum(-1) / (2 * V))
        mean[i] = (mass[..., None] * places).sum((0, 1)) / mass.sum()
    g = (((mean - omega) / V) ** 2).sum(axis=1) / 2
    found = labels_of(model(p_star=2, noise=noise)).information(q, V)
    assert abs(g.mean() - found) < 4 * g.std() / math.sqrt(count)
    assert abs(g.mean() - 0.6 * found) > 4 * g.std() / math.sqrt(count)


def test_pieces_end_at_kinks_and_extrema():
    pieces = monotone_pieces("cubic", lambda u: u**3 - 3 * u, lambda u: ())
    assert [one.high for one in pieces[:-1]] == [-1.0, 1.0]
    y = np.array([-1.5, 0.0, 3.0])
    found = np.stack([preimages(lambda u: u**3 - 3 * u, one, y) for one in pieces])
    for i, one in enumerate(y):
        roots = sorted(x.real for x in np.roots([1, 0, -3, -one]) if abs(x.imag) < 1e-9)
        assert found[:, i][np.isfinite(found[:, i])] == pytest.approx(roots, abs=1e-12)


@pytest.mark.parametrize("value", [lambda u: u**4 - 3 * u**2, lambda u: np.cos(2 * u)])
def test_what_opposite_places_say_cancels(value):
    """Beside an extremum, too, where places are known to 1e-8 alone."""
    labels = ExactLabels("even", value, lambda u: ())
    pieces = labels.pieces
    assert [one.low for one in pieces] == [-one.high for one in reversed(pieces)]
    assert labels.information(1e-12, 1.0) < 1e-11
    # Each label has an image at the u that it came from: all of I as V → 0.
    assert 1e-11 * labels.information(1 - 1e-11, 1e-11) == pytest.approx(1, rel=1e-3)
    places, logs = labels.inverse(value(np.array([0.3, 1.22474483, 1.224744871, math.pi / 2])))
    assert (places == -places[::-1]).all()
    assert (logs == logs[::-1]).all()


def test_the_sign_of_an_odd_teacher_is_lost_in_flips():
    labels = ExactLabels("odd", lambda u: u**3 - 3 * u, lambda u: (), flip=0.5)
    assert labels.information(1e-12, 1.0) < 1e-11
    assert ExactLabels("odd", lambda u: u**3 - 3 * u, lambda u: ()).information(1e-12, 1.0) > 0.5


def test_flat_pieces_about_0_are_one():
    pieces = monotone_pieces(
        "dead zone", lambda u: np.sign(u) * np.maximum(abs(u) - 1, 0), lambda u: (abs(u) - 1,)
    )
    assert [(one.low, one.high, one.flat) for one in pieces[1:2]] == [(-1.0, 1.0, True)]
    assert len(pieces) == 3

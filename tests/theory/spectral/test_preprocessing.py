"""Spectral methods against closed forms, the weak-recovery bound and diagonalization."""

import json
import math
from functools import cache

import mpmath
import numpy as np
import pytest
from scipy.linalg import eigh
from scipy.special import erfc, gammaincc

from bbpscape.core.checks import InvalidInput
from bbpscape.theory.law import BULK, TEACHER
from bbpscape.theory.scalar.edges import left_edge, right_edge
from bbpscape.theory.spectral.channel import QuadraticTeacher
from bbpscape.theory.spectral.families import PREPROCESSINGS, Setting
from bbpscape.theory.spectral.general_channel import GeneralChannel
from bbpscape.theory.spectral.information import information_limit
from bbpscape.theory.spectral.law import preprocessing_law
from bbpscape.theory.spectral.overlap import spectral_overlap
from bbpscape.theory.spectral.preprocessing import (
    Preprocessing,
    mondelli_montanari,
    optimal,
    subset,
    trimming,
)
from bbpscape.theory.spectral.threshold import best_threshold, spectral_threshold

CHANNELS = [(1, 0.0), (1, 0.2), (2, 0.0), (3, 1.0)]
OTHERS = {
    "trimming": trimming(5.0),
    "subset": subset(2.0),
    "tanh": Preprocessing("tanh", np.tanh),
    "rational": Preprocessing("rational", lambda y: y / (1 + abs(y)), (0.0,)),
    "null vector": Preprocessing("null vector", lambda y: np.where(y < 0.3, -1.0, 0.0), (0.3,)),
}


@pytest.mark.parametrize(("p_star", "noise"), CHANNELS)
def test_optimal_preprocessing_reaches_weak_recovery(p_star, noise):
    channel = QuadraticTeacher(p_star, noise)
    limit = information_limit(channel).alpha
    result = spectral_threshold(channel, optimal(channel))
    assert result.alpha == pytest.approx(limit, rel=1e-12)
    assert (result.transition, result.m2_jump) == ("continuous", 0.0)
    assert result.diagnostics.status.ok
    if noise == 0:
        assert result.alpha == pytest.approx(p_star / 2, rel=1e-12)


@pytest.mark.parametrize(("p_star", "noise"), CHANNELS)
@pytest.mark.parametrize("name", OTHERS)
def test_every_other_preprocessing_starts_later(p_star, noise, name):
    channel = QuadraticTeacher(p_star, noise)
    result = spectral_threshold(channel, OTHERS[name])
    assert 1.1 * information_limit(channel).alpha < result.alpha < math.inf
    assert result.diagnostics.status.ok
    json.dumps(result.to_dict(), allow_nan=False)


@pytest.mark.parametrize("t", [0.3, 2.0, 6.0])
def test_subset_in_closed_form(t):
    """With E[y; y > t] − P = 2 √t φ(√t): α = P/(E[y; y > t] − P)², at p* = 1."""
    probability = erfc(math.sqrt(t / 2))
    excess = 2 * math.sqrt(t / (2 * math.pi)) * math.exp(-t / 2)
    result = spectral_threshold(QuadraticTeacher(1), subset(t))
    assert result.alpha == pytest.approx(probability / excess**2, rel=1e-10)
    # A sample covariance of αP N inputs with one direction of variance 1 + excess/P.
    spike, ratio = excess / probability, 2.0 * result.alpha * probability
    found = spectral_overlap(QuadraticTeacher(1), subset(t), 2.0 * result.alpha)
    assert found.edge.value == pytest.approx((1 + math.sqrt(ratio)) ** 2, rel=1e-10)
    assert found.eigenvalue == pytest.approx((1 + spike) * (ratio + 1 / spike), rel=1e-10)
    m2 = (ratio - 1 / spike**2) / (ratio + 1 / spike)
    assert found.m2 == pytest.approx(m2, rel=1e-9)


def test_subset_of_two_is_exponential():
    """p* = 2: P = e^{−t}, E[y; y > t] − P = t e^{−t}, α = e^t/t², least at t = 2."""
    channel = QuadraticTeacher(2)
    assert spectral_threshold(channel, subset(1.0)).alpha == pytest.approx(math.e, rel=1e-10)
    t, best = best_threshold(channel, subset, 0.1, 20.0)
    assert t == pytest.approx(2, rel=1e-3)
    assert best.alpha == pytest.approx(math.exp(2) / 4, rel=1e-7)


@pytest.mark.parametrize("t", [3.0, 7.0])
def test_trimming_against_tanh_sinh(t):
    """E[(u² − 1) q] = E[q²] for q = g T/(1 − g T), p* = 1, with tanh–sinh quadrature in u."""
    with mpmath.workdps(20):

        def mean(function):
            density = lambda u: 2 * mpmath.npdf(u) * function(u * u)  # noqa: E731
            return mpmath.quad(density, [0, mpmath.sqrt(t) / 2, mpmath.sqrt(t)])

        def strengths(g):
            q = lambda y: g * y / (1 - g * y)  # noqa: E731
            return mean(lambda y: (y - 1) * q(y)), mean(lambda y: q(y) ** 2)

        g = mpmath.findroot(
            lambda x: strengths(x)[0] / strengths(x)[1] - 1,
            (0.01 / t, 0.95 / t),
            solver="anderson",
            tol=1e-12,
        )
        alpha = 1 / strengths(g)[1]
    assert spectral_threshold(QuadraticTeacher(1), trimming(t)).alpha == pytest.approx(
        float(alpha), rel=1e-9
    )


@pytest.mark.parametrize(("p_star", "noise"), CHANNELS)
@pytest.mark.parametrize("name", [*OTHERS, "optimal"])
def test_no_outlier_below_and_a_small_overlap_above(p_star, noise, name):
    channel = QuadraticTeacher(p_star, noise)
    preprocessing = OTHERS.get(name) or optimal(channel)
    result = spectral_threshold(channel, preprocessing)
    below = spectral_overlap(channel, preprocessing, result.alpha * (1 - 1e-5))
    above = spectral_overlap(channel, preprocessing, result.alpha * (1 + 1e-5))
    assert (below.eigenvalue, below.m2) == (None, 0.0)
    assert 0 < above.m2 < 1e-3
    assert above.eigenvalue > above.edge.value
    assert above.eigenvalue == pytest.approx(result.eigenvalue, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize(("p_star", "noise"), CHANNELS)
def test_mondelli_montanari_is_tuned_to_one_alpha(p_star, noise):
    channel = QuadraticTeacher(p_star, noise)
    limit = information_limit(channel).alpha
    # Its transition at fixed c = √(α/α_wr) jumps at c α_wr, below its own α: it works there.
    tuned = mondelli_montanari(channel, 4 * limit)
    result = spectral_threshold(channel, tuned)
    assert result.alpha == pytest.approx(2 * limit, rel=1e-10)
    assert result.transition == "discontinuous"
    just_above = spectral_overlap(channel, tuned, result.alpha * (1 + 1e-6))
    assert just_above.edge.kind == "smooth"
    assert just_above.m2 == pytest.approx(result.m2_jump, rel=1e-4)
    assert spectral_overlap(channel, tuned, result.alpha * (1 - 1e-6)).m2 == 0
    # At α_wr it is the optimal form; above, the optimal form overlaps more.
    same = mondelli_montanari(channel, limit)
    y = np.array([0.4, 1.7])
    assert same(y) == pytest.approx(optimal(channel)(y), rel=1e-9)
    best = spectral_overlap(channel, optimal(channel), 4 * limit)
    assert best.m2 > spectral_overlap(channel, tuned, 4 * limit).m2 > 0


@pytest.mark.parametrize(("p_star", "noise"), CHANNELS)
def test_optimal_outlier_sits_at_one_and_overlaps_most(p_star, noise):
    """T/(1 − g T) = (w − 1)/((1 − g) w + g), so (1 − g) m_1^w + g m_1 = E[w − 1] = 0.

    With α g (m_1^w − m_1) = 1 this leaves α m_1^w = 1, which is z, at every α.
    """
    channel = QuadraticTeacher(p_star, noise)
    alpha = 3 * information_limit(channel).alpha
    best = spectral_overlap(channel, optimal(channel), alpha)
    assert best.eigenvalue == pytest.approx(1.0, abs=1e-10)
    for other in OTHERS.values():
        assert spectral_overlap(channel, other, alpha).m2 < best.m2


def test_supremum_approached_at_infinity_is_no_atom():
    law = preprocessing_law(QuadraticTeacher(1), optimal(QuadraticTeacher(1)))
    assert law.support() == (-math.inf, 1.0)
    assert law.nodes.atoms.max() < 1.0
    assert law.zero_mass == 0.0
    edge = right_edge(law, 0.4)
    assert (edge.kind, edge.g) == ("smooth", 1.0)
    assert edge.value == pytest.approx(1.0, abs=1e-12)  # E(w − 1) = 0
    assert right_edge(law, 0.6).kind == "sharp"
    assert left_edge(law, 0.6).kind == "unbounded"


def test_suprema_found_without_bounds():
    channel = QuadraticTeacher(1, 0.1)
    for function, support in (
        (lambda y: y / (1 + abs(y)), (-1.0, 1.0)),
        (lambda y: y, (-math.inf, math.inf)),
        (lambda y: -y * y, (-math.inf, 0.0)),
    ):
        low, high = preprocessing_law(channel, Preprocessing("T", function, (0.0,))).support()
        assert (low, high) == pytest.approx(support, abs=1e-6)


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_atoms_of_trimming_and_subset(noise):
    channel = QuadraticTeacher(2, noise)
    labels = channel.labels((1.5,))
    share = float(labels.weights[labels.y > 1.5].sum())
    if noise == 0:
        assert share == pytest.approx(math.exp(-1.5), rel=1e-12)
    trimmed = preprocessing_law(channel, trimming(1.5))
    assert trimmed.zero_mass == pytest.approx(share, rel=1e-12)
    assert trimmed.nodes.atoms.max() < trimmed.support()[1]
    assert trimmed.support()[1] == pytest.approx(1.5, rel=1e-15)
    chosen = preprocessing_law(channel, subset(1.5))
    assert chosen.nodes.atoms.tolist() == [0.0, 1.0]
    assert chosen.zero_mass == pytest.approx(1 - share, rel=1e-12)
    assert chosen.nodes.weights[-1] == pytest.approx(share, rel=1e-12)
    assert right_edge(chosen, 1e-3).kind == "sharp"


@pytest.mark.parametrize("g", [0.1, -0.7, 0.2 - 0.3j])
def test_moments_are_the_expectations(g):
    def mean(power, u_power):
        def integrand(u):
            return 2 * mpmath.npdf(u) * u**u_power * (u * u / (1 - g * u * u)) ** power

        return complex(mpmath.quad(integrand, [0, 1, 2]))

    law = preprocessing_law(QuadraticTeacher(1), trimming(4.0))
    (b1, b2), (w1, w2) = law.moments(g, 2, (BULK, TEACHER))
    expected = [mean(1, 0), mean(2, 0), mean(1, 2), mean(2, 2)]
    assert [complex(m) for m in (b1, b2, w1, w2)] == pytest.approx(expected, rel=1e-10)


def test_no_threshold_where_there_is_none():
    for channel, preprocessing in (
        (QuadraticTeacher(1), Preprocessing("identity", lambda y: y)),
        (QuadraticTeacher(1), Preprocessing("small labels", lambda y: 1.0 * (y < 1), (1.0,))),
    ):
        result = spectral_threshold(channel, preprocessing)
        assert math.isinf(result.alpha)
        assert (result.transition, result.to_dict()["alpha"]) == ("none", "inf")


@pytest.mark.parametrize("p_star", [100, 1000, 10**6, 10**8])
def test_wide_teachers(p_star):
    """P = Q(ν, νt) and E[y; y > t] = Q(ν + 1, νt), ν = p*/2: the best t of a subset among them."""
    nu, channel = p_star / 2, QuadraticTeacher(p_star)

    def alpha(t):
        probability = gammaincc(nu, nu * t)
        return probability / (gammaincc(nu + 1, nu * t) - probability) ** 2

    family = PREPROCESSINGS["subset"]
    best = family.choose(Setting(channel))
    grid = np.linspace(1, 1 + 4 * math.sqrt(2 / p_star), 4001)
    accuracy = 1e-10 + 1e-14 * p_star
    assert best.threshold.alpha == pytest.approx(alpha(grid).min(), rel=1e-6 + accuracy)
    assert best.threshold.alpha == pytest.approx(alpha(best.threshold.t), rel=accuracy)
    expected = pytest.approx(grid[alpha(grid).argmin()], abs=5e-3 * math.sqrt(2 / p_star))
    assert best.threshold.t == best.preprocessing.t == expected
    assert information_limit(channel).alpha == pytest.approx(p_star / 2, rel=accuracy)


def test_a_subset_of_very_rare_labels():
    """P(y > 100) = 1.5e-23 beside 1 is nothing, and yet it is what the method sees."""
    probability = erfc(math.sqrt(50))
    excess = 2 * math.sqrt(100 / (2 * math.pi)) * math.exp(-50)
    result = spectral_threshold(QuadraticTeacher(1), subset(100.0))
    assert result.alpha == pytest.approx(probability / excess**2, rel=1e-9)
    assert result.transition == "continuous"


@pytest.mark.parametrize("method", [spectral_threshold, lambda c, T: spectral_overlap(c, T, 2.0)])
def test_a_step_where_there_are_no_labels_is_refused(method):
    """P(y > 1000) = e^-500: no answer is better than "never" or an error of 1e200."""
    with pytest.raises(InvalidInput, match="subset, t = 1000: T is 0 for every label"):
        method(QuadraticTeacher(1), subset(1000.0))
    with pytest.raises(InvalidInput, match="T is 1 for every label"):
        method(QuadraticTeacher(1), subset(-1.0))


def test_best_threshold_where_only_some_t_work():
    """Of t from 1e-6 to 1e3 most tell nothing: the best is found among the others."""
    t, best = best_threshold(QuadraticTeacher(1), subset, 1e-6, 1e3)
    assert best.alpha == pytest.approx(0.868668, rel=1e-5)
    assert t == pytest.approx(2.686, rel=1e-2)
    with pytest.raises(InvalidInput, match="from a lower to a higher"):
        best_threshold(QuadraticTeacher(1), subset, 2.0, 1.0)


def test_the_edge_of_a_preprocessing_whose_supremum_is_at_a_break():
    """α E[q²] = 1 at g, q = g u²/(1 − g u²) nearly singular at u² = t: by mpmath, graded there."""
    t, alpha = 5.0, 1e-3
    edge = spectral_overlap(QuadraticTeacher(1), trimming(t), alpha).edge
    with mpmath.workdps(25):
        root, g = mpmath.sqrt(t), mpmath.mpf(edge.g)
        ends = [0, *(root * (1 - mpmath.mpf(2) ** -k) for k in range(1, 60)), root]

        def integrand(u):
            return 2 * mpmath.npdf(u) * (g * u * u / (1 - g * u * u)) ** 2

        assert float(alpha * mpmath.quad(integrand, ends)) == pytest.approx(1, rel=1e-9)
        mean = mpmath.quad(lambda u: 2 * mpmath.npdf(u) * u * u / (1 - g * u * u), ends)
        assert edge.value == pytest.approx(float(1 / g + alpha * mean), rel=1e-12)


def test_a_supremum_on_the_far_side_of_a_break():
    """T falls from 1 right of y = 2, where no node is: the limit is seen, not the nodes."""
    law = preprocessing_law(
        QuadraticTeacher(1), Preprocessing("T", lambda y: np.where(y > 2, np.exp(2 - y), 0.0), (2,))
    )
    assert law.support() == (0.0, pytest.approx(1.0, abs=1e-14))
    assert law.nodes.atoms.max() < 1 - 1e-14


def test_at_their_own_t():
    """Strictly below, strictly above: it matters for labels of finitely many values."""
    assert trimming(2.0)([1.9, 2.0]).tolist() == [1.9, 0.0]
    assert subset(2.0)([2.0, 2.1]).tolist() == [0.0, 1.0]
    assert (trimming(2.0).t, subset(-2.0).t) == (2.0, -2.0)


def test_a_narrow_density_is_said_to_cost_digits():
    """Noise of 0.1 in u² is narrow for panels of 0.25 in |u|: errors stay below their estimates."""

    def density(y, t):
        return np.exp(-((y - t) ** 2) / 0.02) / math.sqrt(0.02 * math.pi)

    channel = GeneralChannel(1, density, second_range=(0, math.inf))
    exact = QuadraticTeacher(1, 0.01)
    for found, expected in (
        (information_limit(channel), information_limit(exact)),
        (spectral_threshold(channel, trimming(5.0)), spectral_threshold(exact, trimming(5.0))),
    ):
        error = found.diagnostics.quadrature_error
        assert 1e-10 < error < 1e-6
        assert abs(found.alpha / expected.alpha - 1) < error
        assert not found.status.ok
        assert expected.status.ok
        assert f"note: {found.status}" in found.summary()


def test_one_bit_labels():
    """y = 1(|u| > θ): T = y is the subset method, and nothing does better: w has two values."""
    channel = GeneralChannel(
        1,
        lambda y, t: np.where(t > 2, y, 1 - y),
        outcomes=(0.0, 1.0),
        signal_breaks=(math.sqrt(2),),
    )
    probability, limit = erfc(1.0), information_limit(channel).alpha
    excess = 2 * math.sqrt(2 / (2 * math.pi)) * math.exp(-1)
    assert limit == pytest.approx(probability * (1 - probability) / excess**2, rel=1e-10)
    assert spectral_threshold(channel, optimal(channel)).alpha == pytest.approx(limit, rel=1e-9)
    bit = spectral_threshold(channel, Preprocessing("bit", lambda y: y))
    assert bit.alpha == pytest.approx(probability / excess**2, rel=1e-10)


def test_general_channel_gives_the_same_as_the_closed_posterior():
    def density(y, t):
        return np.exp(-((y - t) ** 2) / 0.2) / math.sqrt(0.2 * math.pi)

    general, special = (
        GeneralChannel(1, density, second_range=(0, math.inf)),
        QuadraticTeacher(1, 0.1),
    )
    for build in (optimal, lambda c: mondelli_montanari(c, 2.0), lambda c: OTHERS["trimming"]):
        result, expected = (spectral_threshold(c, build(c)) for c in (general, special))
        assert result.alpha == pytest.approx(expected.alpha, rel=1e-9)
        assert result.transition == expected.transition
    with pytest.raises(InvalidInput, match="second_range must be given"):
        optimal(GeneralChannel(1, density))


@cache
def diagonalized(name, p_star, noise, alpha, size=600, draws=12):
    """Top eigenvalue of D and the overlap of the top p* eigenvectors: means and s.e. over draws."""
    channel = QuadraticTeacher(p_star, noise)
    preprocessing = OTHERS.get(name) or optimal(channel)
    rows = []
    for seed in np.random.SeedSequence(11).spawn(draws):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((round(alpha * size), size))
        y = (x[:, :p_star] ** 2).mean(axis=1) + math.sqrt(noise) * rng.standard_normal(len(x))
        values = np.clip(preprocessing(y), -1e6, None)
        matrix = (x.T * values) @ x / size
        top, vectors = eigh(matrix, subset_by_index=[size - p_star, size - 1])
        rows.append((top.mean(), (vectors[:p_star] ** 2).sum() / p_star))
    return np.mean(rows, axis=0), np.std(rows, axis=0, ddof=1) / math.sqrt(draws)


AGREEMENT = [
    ("optimal", 1, 0.0, 1.5),
    ("optimal", 1, 0.2, 2.5),
    ("subset", 1, 0.2, 3.5),
    ("trimming", 1, 0.0, 5.0),
    ("rational", 1, 0.2, 3.5),
    ("subset", 2, 0.0, 4.0),
]


@pytest.mark.parametrize("case", AGREEMENT, ids=lambda case: f"{case[0]}-{case[1]}-{case[2]}")
def test_diagonalization_agrees(case):
    name, p_star, noise, alpha = case
    channel = QuadraticTeacher(p_star, noise)
    preprocessing = OTHERS.get(name) or optimal(channel)
    predicted = spectral_overlap(channel, preprocessing, alpha)
    mean, error = diagonalized(*case)
    scores = (mean - [predicted.eigenvalue, predicted.m2]) / error
    assert abs(scores).max() < 4


def test_diagonalization_refuses_an_overlap_without_the_signal_weight():
    """1/(1 + α g² m_2/(1 − α g² m_2)) with the bulk's m_2 in place of m_2^w is far off."""
    name, p_star, noise, alpha = case = AGREEMENT[2]
    channel = QuadraticTeacher(p_star, noise)
    law = preprocessing_law(channel, OTHERS[name])
    predicted = spectral_overlap(channel, OTHERS[name], alpha)
    (atoms, weights), target = (law.nodes.atoms, law.nodes.weights), predicted.eigenvalue
    grid = np.linspace(0.01, right_edge(law, alpha).g, 4000)
    z = 1 / grid + alpha * np.array([weights @ (atoms / (1 - g * atoms)) for g in grid])
    g = grid[np.argmin(abs(z - target))]
    noise_strength = alpha * g**2 * float(law.moments(g, 2)[0, 1])
    unweighted = 1 - noise_strength
    mean, error = diagonalized(*case)
    assert abs(unweighted - mean[1]) / error[1] > 8


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: trimming(-1.0), "t must"),
        (lambda: subset(math.inf), "t must"),
        (lambda: Preprocessing("T", 3.0), "function"),
        (lambda: Preprocessing("T", np.tanh, (math.nan,)), "breaks"),
        (lambda: Preprocessing("T", np.tanh, bounds=(1, 0)), "bounds"),
        (lambda: mondelli_montanari(QuadraticTeacher(1), 0.4), "weak-recovery threshold"),
        (lambda: spectral_overlap(QuadraticTeacher(1), subset(1.0), 0.0), "alpha"),
        (
            lambda: spectral_threshold(
                QuadraticTeacher(1), Preprocessing("T", np.tanh, bounds=(0, 0.5))
            ),
            "bounds must hold all of T",
        ),
        (
            lambda: spectral_threshold(QuadraticTeacher(1), Preprocessing("T", lambda y: 1.0)),
            "one finite number",
        ),
    ],
)
def test_refusals(build, message):
    with pytest.raises(InvalidInput, match=message):
        build()

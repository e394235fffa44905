"""Preprocessings, their laws and their edges, against closed forms and expectations."""

import math

import mpmath
import numpy as np
import pytest

from bbpscape.core.checks import InvalidInput
from bbpscape.theory.law import BULK, TEACHER
from bbpscape.theory.scalar.edges import left_edge, right_edge
from bbpscape.theory.spectral.channel import QuadraticTeacher
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
from bbpscape.theory.spectral.threshold import spectral_threshold

CHANNELS = [(1, 0.0), (1, 0.2), (2, 0.0), (3, 1.0)]


OTHERS = {
    "trimming": trimming(5.0),
    "subset": subset(2.0),
    "tanh": Preprocessing("tanh", np.tanh),
    "rational": Preprocessing("rational", lambda y: y / (1 + abs(y)), (0.0,)),
    "null vector": Preprocessing("null vector", lambda y: np.where(y < 0.3, -1.0, 0.0), (0.3,)),
}


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

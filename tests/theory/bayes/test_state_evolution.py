"""Fixed points, thresholds and jumps of the state evolution: iterated, closed, published."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import poisson

import bbpscape as bb
from bbpscape.core.checks import InvalidInput
from bbpscape.theory.bayes.curve import Branch, Curve
from bbpscape.theory.bayes.labels import labels_of
from bbpscape.theory.bayes.state_evolution import StateEvolution, state_evolution
from bbpscape.theory.bayes.transitions import jumps
from bbpscape.theory.spectral.channel import QuadraticTeacher
from bbpscape.theory.spectral.information import information_limit

SQUARE = bb.TeacherStudent(1, 1)
# Mean squared errors 1 − q from an uninformed and an informed start, real phase retrieval:
# Maillard, Loureiro, Krzakala, Zdeborova, Phase retrieval in high dimensions (2020), their data.
PUBLISHED = """
0.1 0.999994 0.999994
0.404 0.999895 0.999895
0.49 0.999021 0.999019
0.52 0.990855 0.990853
0.5425 0.980385 0.980384
0.565 0.968586 0.968586
0.61 0.941696 0.941696
0.655 0.910727 0.910727
0.7 0.875801 0.8758
0.745 0.836894 0.836893
0.79 0.793864 0.793864
0.835 0.746438 0.746437
0.88 0.694157 0.694157
0.925 0.636291 0.636291
0.97 0.571619 0.571619
0.9925 0.536098 0.536098
1.0465 0.438643 9.42705e-10
1.069 0.390368 1.44928e-10
1.0915 0.333968 1.0929e-10
1.114 0.260300 8.77193e-11
1.1275 0.178837 7.8431e-11
1.132 2.5537e-09 7.5757e-11
1.1500 6.66666e-11 6.66666e-11
"""


def model(teacher="quadratic", p_star=1, **labels):
    return bb.TeacherStudent(1, p_star, "square", teacher=teacher, labels=bb.Labels(**labels))


def test_both_starts_of_phase_retrieval_as_published():
    rows = np.array([line.split() for line in PUBLISHED.strip().splitlines()], float)
    alpha, uninformed, informed = rows.T
    found = state_evolution(SQUARE, alpha)
    # At 1.1275 the slope of q is 13: 1e-4 in alpha is all that the table resolves.
    near = abs(alpha - 1.1275) < 1e-3
    assert abs(1 - found.uninformed - uninformed)[~near] == pytest.approx(0, abs=1e-3)
    assert abs(1 - found.uninformed - uninformed)[near] == pytest.approx(0, abs=3e-3)
    assert abs(1 - found.informed - informed) == pytest.approx(0, abs=1e-3)


def test_who_is_right_about_weak_recovery():
    """Next to α = ½, by a sum that shares no code; the published numbers have I(q) + 4.8e-5."""
    x, w = np.polynomial.hermite_e.hermegauss(120)
    w = w / w.sum()

    def information(q):
        omega = math.sqrt(q) * x[:, None]
        u = omega + math.sqrt(1 - q) * x
        g = (u * np.tanh(u * omega / (1 - q)) - omega) / (1 - q)
        return float(w @ g**2 @ w)

    def fixed_point(alpha, more):
        return brentq(
            lambda q: q / (1 - q) - alpha * (information(q) + more), 1e-7, 0.5, xtol=1e-15
        )

    published = {
        0.482: 0.999386,
        0.494: 0.998679,
        0.502: 0.997307,
        0.506: 0.996187,
        0.518: 0.991698,
    }
    found = state_evolution(SQUARE, list(published)).uninformed
    for (alpha, error), q in zip(published.items(), found.tolist(), strict=True):
        assert q == pytest.approx(fixed_point(alpha, 0.0) if alpha > 0.5 else 0.0, abs=1e-9)
        assert 1 - fixed_point(alpha, 4.8e-5) == pytest.approx(error, abs=5e-5)
    assert abs(1 - found - list(published.values())).max() > 1.3e-3


def test_jumps_of_phase_retrieval():
    """To 1e-4: weak recovery, perfect recovery by message passing, and by anything."""
    found = state_evolution(SQUARE, [1.0])
    assert found.weak_recovery == found.weak_information == pytest.approx(0.5, abs=1e-8)
    assert found.perfect_information == pytest.approx(1.0, abs=1e-10)
    assert found.perfect_amp == pytest.approx(1.12847, abs=2e-5)
    assert [one.start for one in found.jumps] == ["uninformed", "informed", "information limit"]
    # The highest alpha that has a fixed point, on a plain grid; q there and just below alpha = 1.
    labels = labels_of(SQUARE)
    q = np.linspace(0.84, 0.853, 14)
    alpha = np.array([one / ((1 - one) * labels.information(one, 1 - one)) for one in q.tolist()])
    assert alpha.max() == pytest.approx(found.perfect_amp, abs=2e-6)
    assert found.jumps[0].q_below == pytest.approx(q[alpha.argmax()], abs=1e-3)
    assert found.jumps[1].q_below == pytest.approx(found.uninformed[0], abs=1e-6)


@pytest.mark.parametrize(
    ("given", "alpha"),
    [
        ({"noise": 0.1}, 1.2),
        ({"teacher": "u1**3 - 3*u1"}, 0.7),
        ({"teacher": "sign(u1)", "flip": 0.1}, 2.0),
        ({"teacher": "relu"}, 1.3),
        ({"p_star": 3}, 2.2),
        ({"poisson": True}, 1.1),
    ],
)
def test_fixed_points_of_the_map(given, alpha):
    labels = labels_of(model(**given))
    found = state_evolution(model(**given), alpha)

    def step(q):
        hat = alpha * labels.information(q, 1 - q)
        return hat / (1 + hat)

    low, high = found.uninformed[0], found.informed[0]
    for q in (low, high):
        assert step(q) == pytest.approx(q, abs=1e-5)
        assert q - 0.01 < step(q - 0.01)
        assert step(q + 0.01) < q + 0.01
    # Nothing stops the two starts on their way.
    assert all(step(q) > q for q in np.linspace(1e-3, low - 1e-3, 8))
    assert all(step(q) < q for q in np.linspace(high + 1e-3, 0.999, 8))


def test_linear_labels_in_closed_form():
    """q = α without noise; with it (1 − q)(α + 1 − q + Δ) = …, and the free entropy is a log."""
    exact = state_evolution(model("u1"), [0.3, 0.8, 1.5])
    assert exact.uninformed == pytest.approx([0.3, 0.8, 1.0], abs=1e-6)
    assert (exact.weak_recovery, exact.perfect_amp, exact.jumps) == (0.0, pytest.approx(1), ())
    noise, alpha = 0.3, np.array([0.3, 1.0, 2.0])
    noisy = state_evolution(model("u1", noise=noise), alpha).uninformed
    V = 1 - noisy
    assert pytest.approx((V + noise) / (V + noise + alpha), abs=1e-6) == V
    curve = Curve.of(labels_of(model("u1", noise=noise)), 2.0)
    for q in (0.1, 0.5, 0.8):
        expected = math.log((1 + noise) / (1 - q + noise)) / 2 * 1.7 + (q + math.log(1 - q)) / 2
        assert curve.free_entropy(q, 1.7) == pytest.approx(expected, abs=1e-7)


def test_weak_recovery_is_that_of_the_channel():
    for noise in (0.1, 1.0):
        expected = information_limit(QuadraticTeacher(1, noise)).alpha
        found = state_evolution(model(noise=noise), [1.0]).weak_recovery
        assert found == pytest.approx(expected, rel=1e-6)
    counts = bb.spectral.GeneralChannel(
        1, poisson.pmf, outcomes=tuple(range(150)), second_range=(1 / 3, math.inf)
    )
    for source in (counts, model(poisson=True)):
        assert state_evolution(source, [1.0]).weak_recovery == pytest.approx(0.75, abs=1e-8)
    assert state_evolution(model(p_star=3), [1.0]).weak_recovery == pytest.approx(1.5, abs=1e-8)


@pytest.mark.parametrize("text", ["cos(2*u1)", "u1**4 - 3*u1**2"])
def test_extrema_of_an_even_teacher_tell_no_sign(text):
    """Weak recovery at 1/E[(E[u² | y] − 1)²], over the inverse images of y on a plain grid."""
    if text.startswith("cos"):
        theta = (np.arange(4000) + 0.5) * math.pi / 4000
        u = np.array([k * math.pi + s * theta / 2 for k in range(5) for s in (1, -1)])
        mass = np.where(u > 0, np.exp(-(u**2) / 2), 0.0)
        weights = mass.sum(axis=0)
    else:
        first = (np.arange(400_000) + 0.5) * 2e-5
        weights = np.exp(-(first**2) / 2)
        # u² is either root of v² − 3v = y.
        u = np.array([first, np.sqrt(np.maximum(3 - first**2, 0.0))])
        mass = np.exp(-(u**2) / 2) * (u > 0) / np.maximum(abs(4 * u**3 - 6 * u), 1e-9)
    excess = (mass * u**2).sum(axis=0) / mass.sum(axis=0) - 1
    expected = weights.sum() / (weights @ excess**2)
    found = state_evolution(model(text), [0.5])
    assert found.weak_recovery == pytest.approx(expected, rel=5e-6)
    assert found.uninformed[0] == 0


def test_only_the_branch_from_0_goes_on_to_0():
    """Below the α of the first panel another branch has its own q, beyond the last panel."""
    curve = Curve.of(labels_of(SQUARE), 2.0)
    beyond = Branch(25.5, math.inf, math.log(0.4), 0.0)
    assert curve.q(beyond, 0.45) == pytest.approx(1, abs=1e-10)
    first = curve.branches[0]
    assert curve.q(first, 0.45) is None
    assert 0 < curve.q(first, 0.50001) < 1e-4


def test_a_first_order_transition_is_ordered():
    """Noise small enough: the three starts jump at three α, the information limit in between."""
    curve = Curve.of(labels_of(model(noise=1e-3)), 1.2)
    by = {one.start: one for one in jumps(curve)}
    assert len(by) == 3
    informed, limit, uninformed = (
        by[x].alpha for x in ("informed", "information limit", "uninformed")
    )
    assert informed < limit < uninformed
    # Equal areas: the free entropies of the two sides agree there.
    below, above = (
        curve.free_entropy(q, limit)
        for q in (by["information limit"].q_below, by["information limit"].q_above)
    )
    assert below == pytest.approx(above, abs=1e-7)


def test_results_are_read_back_to_the_last_bit():
    found = state_evolution(SQUARE, [0.4, 1.05])
    again = StateEvolution.from_dict(found.to_dict())
    assert again.to_dict() == found.to_dict()
    assert again.jumps == found.jumps


@pytest.mark.parametrize(
    ("source", "match"),
    [
        (model("u1*u2", p_star=2), "needs a teacher of |u| alone"),
        (model(p_star=2, flip=0.1), "needs a teacher of |u| alone"),
        # Of the length of what it reads alone.
        (model("u1**2", p_star=2), "needs a teacher of |u| alone"),
        (model("u1**2 + u2**2", p_star=3), "needs a teacher of |u| alone"),
        (bb.TeacherStudent(1, 1, overlap=0.2), "needs no overlap"),
        (
            bb.TeacherStudent(1, 1, inputs=bb.InputLaw(radial="lognormal:0.5")),
            "needs standard Gaussian inputs",
        ),
        (model(noise=1e-12), "is too small beside the labels of 'quadratic'"),
        (model("quadratic", poisson=True, noise=0.1), "needs counts without noise"),
        (model(p_star=100), "needs p_star of at most 60, got 100"),
        (model("sin(40*u1)"), "must have at most 20 pieces"),
        (3, "needs a TeacherStudent"),
    ],
)
def test_what_it_is_not_for_is_refused(source, match):
    with pytest.raises(InvalidInput, match=match.replace("|", r"\|")):
        state_evolution(source, [1.0])


@pytest.mark.parametrize("alpha", [[], [[1.0]], ["1"], [0.0], [math.nan], [1e9]])
def test_alphas_are_checked(alpha):
    with pytest.raises(InvalidInput, match="alpha must be"):
        state_evolution(SQUARE, alpha)

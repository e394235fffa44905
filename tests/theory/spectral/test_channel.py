"""The law of labels and the weak-recovery threshold against closed forms and Monte Carlo."""

import json
import math

import mpmath
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import pbdv

from bbpscape.core.checks import InvalidInput
from bbpscape.theory.roots import NoConvergence
from bbpscape.theory.spectral.channel import QuadraticTeacher
from bbpscape.theory.spectral.general_channel import GeneralChannel
from bbpscape.theory.spectral.information import InformationLimit, information_limit
from bbpscape.theory.threshold import noiseless_weak_recovery as noiseless_threshold


def gaussian(variance):
    def density(y, v):
        return np.exp(-((y - v) ** 2) / (2 * variance)) / math.sqrt(2 * math.pi * variance)

    return density


@pytest.mark.parametrize("p_star", [1, 2, 3, 7, 30])
def test_noiseless_quadratic_teacher_is_at_half_its_width(p_star):
    result = information_limit(QuadraticTeacher(p_star))
    assert result.alpha == pytest.approx(p_star / 2, rel=1e-12)
    assert result.alpha == pytest.approx(noiseless_threshold(p_star), rel=1e-12)
    assert result.diagnostics.status.ok
    json.dumps(result.to_dict(), allow_nan=False)


@pytest.mark.parametrize("p_star", [1, 2, 5, 199, 200, 10**5])
@pytest.mark.parametrize("noise", [0.0, 1e-300, 1e-16, 1e-8, 0.01, 0.3, 4.0])
def test_moments_of_the_labels(p_star, noise):
    """E y = 1, Var y = 2/p* + σ², E w = 1, E[(y − 1) w] = 2/p*: with Cov(ξ, v) = 0."""
    labels = QuadraticTeacher(p_star, noise).labels()
    mean, y, w = labels.weights, labels.y, labels.second
    assert mean @ y == pytest.approx(1, rel=1e-11)
    assert mean @ (y - 1) ** 2 == pytest.approx(2 / p_star + noise, rel=1e-11)
    assert mean @ w == pytest.approx(1, rel=1e-11)
    assert mean @ ((y - 1) * (w - 1)) == pytest.approx(2 / p_star, rel=1e-11, abs=1e-15)


@pytest.mark.parametrize(("p_star", "noise"), [(1, 0.1), (2, 1.0), (5, 0.02)])
def test_posterior_is_a_ratio_of_parabolic_cylinder_functions(p_star, noise):
    nu, sigma = p_star / 2, math.sqrt(noise)
    y = np.linspace(-4 * sigma, 1 + 3 * sigma, 9)
    x = (nu * noise - y) / sigma
    expected = [sigma * nu * pbdv(-nu - 1, value)[0] / pbdv(-nu, value)[0] for value in x]
    assert QuadraticTeacher(p_star, noise).second_moment(y) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(
    ("p_star", "noise"), [(1, 0.1), (1, 1e-6), (2, 1.0), (5, 100.0), (30, 0.1), (1000, 1e4)]
)
def test_posterior_to_twelve_digits(p_star, noise):
    """The same ratio by mpmath, from far below 0 to far above the labels that there are."""
    sigma, width = math.sqrt(noise), math.sqrt(2 / p_star + noise)
    labels = [-9 * sigma, -3 * sigma, 0.0, 7 * sigma, 10 * sigma, 1.0, 1 + 10 * width]
    found = QuadraticTeacher(p_star, noise).second_moment(labels)
    with mpmath.workdps(30):
        nu, scale = mpmath.mpf(p_star) / 2, mpmath.sqrt(noise)
        for y, w in zip(labels, found, strict=True):
            x = (nu * noise - y) / scale
            expected = scale * nu * mpmath.pcfd(-nu - 1, x) / mpmath.pcfd(-nu, x)
            assert w == pytest.approx(float(expected), rel=1e-12)


def test_far_labels_keep_their_digits():
    """w → y − p*σ²/2 + (p*/2 − 1) σ²/y at y → ∞, p*σ²/(2|y|) at y → −∞."""
    high, low = QuadraticTeacher(4, 0.5).second_moment([1e6, -1e6])
    assert high == pytest.approx(1e6 - 1, rel=1e-11)
    assert low == pytest.approx(4 * 0.5 / 2 / 1e6, rel=1e-5)


@pytest.mark.parametrize(("p_star", "noise"), [(1, 0.1), (3, 0.5)])
def test_posterior_by_monte_carlo(p_star, noise):
    """The mean of |u|²/p* in bins of y within 4 s.e.; y itself, which forgets the noise, fails."""
    rng = np.random.default_rng(7)
    v = (rng.standard_normal((100_000, p_star)) ** 2).mean(axis=1)
    y = v + math.sqrt(noise) * rng.standard_normal(v.size)
    worst, worst_without_noise = 0.0, 0.0
    channel = QuadraticTeacher(p_star, noise)
    for low, high in ((-0.5, 0.0), (0.0, 0.2), (0.2, 1.0), (1.0, 2.0), (2.0, 4.0)):
        inside = (y > low) & (y < high)
        error = v[inside].std() / math.sqrt(inside.sum())
        mean = channel.second_moment(y[inside]).mean()
        worst = max(worst, abs(v[inside].mean() - mean) / error)
        worst_without_noise = max(
            worst_without_noise, abs(v[inside].mean() - y[inside].mean()) / error
        )
    assert worst < 4
    assert worst_without_noise > 10


@pytest.mark.parametrize("noise", [0.05, 1.0])
def test_threshold_with_noise_against_nested_integration(noise):
    def moments(y):
        points = [math.sqrt(max(y, 0))]
        mass, second = (
            2
            * quad(
                lambda u, k=k: u**k * gaussian(noise)(y, u * u) * gaussian(1.0)(u, 0),
                0,
                12,
                points=points,
                epsabs=1e-14,
                limit=200,
            )[0]
            for k in (0, 2)
        )
        return mass, second

    def integrand(y):
        mass, second = moments(y)
        return (second - mass) ** 2 / mass if mass > 0 else 0.0

    low, high = -7 * math.sqrt(noise), 45
    value = quad(integrand, low, high, points=[0, 1, 4, 12], epsrel=1e-8, limit=100)[0]
    assert information_limit(QuadraticTeacher(1, noise)).alpha == pytest.approx(1 / value, rel=1e-6)


def test_noise_raises_the_threshold():
    alphas = [information_limit(QuadraticTeacher(2, s)).alpha for s in (0, 1e-6, 0.01, 0.1, 1, 10)]
    assert alphas == sorted(alphas)
    assert alphas[1] == pytest.approx(1, abs=2e-6)


@pytest.mark.parametrize(("p_star", "noise"), [(1, 0.1), (3, 0.5)])
def test_general_channel_gives_the_same_as_the_closed_posterior(p_star, noise):
    law = gaussian(noise)
    general = GeneralChannel(p_star, lambda y, t: law(y, t / p_star))
    special = QuadraticTeacher(p_star, noise)
    assert information_limit(general).alpha == pytest.approx(
        information_limit(special).alpha, rel=1e-9
    )
    y = np.array([-0.3, 0.4, 2.0])
    assert general.second_moment(y) == pytest.approx(special.second_moment(y), rel=1e-9)


def test_poisson_labels():
    """P(y | t) = Poisson(κt): y is negative binomial, w = (2y + 1)/(2κ + 1), Var y = κ + 2κ².

    With u² ~ Gamma(½, rate ½), the posterior is Gamma(½ + y, ½ + κ).
    """
    kappa = 0.7
    log_factorial = np.array([math.lgamma(k + 1) for k in range(200)])

    def density(y, t):
        return np.exp(y * np.log(kappa * t) - kappa * t - log_factorial[y.astype(int)])

    channel = GeneralChannel(1, density, outcomes=tuple(range(200)))
    assert channel.labels().second[:5] == pytest.approx(
        (2 * np.arange(5) + 1) / (2 * kappa + 1), rel=1e-12
    )
    variance = 4 * (kappa + 2 * kappa**2) / (2 * kappa + 1) ** 2
    assert information_limit(channel).alpha == pytest.approx(1 / variance, rel=1e-9)


def test_a_density_that_is_infinite_at_an_end():
    """y = u² z², z another Gaussian: P(y | t) = e^{−y/2t}/√(2π y t), and moments in closed form."""
    channel = GeneralChannel(
        1,
        lambda y, t: np.exp(-y / (2 * t)) / np.sqrt(2 * math.pi * y * t),
        label_range=(0, math.inf),
    )
    labels = channel.labels()
    mean, y, w = labels.weights, labels.y, labels.second
    assert mean @ y == pytest.approx(1, rel=1e-11)
    assert mean @ w == pytest.approx(1, rel=1e-11)
    assert mean @ (y * w) == pytest.approx(3, rel=1e-11)
    assert mean @ np.sqrt(y) == pytest.approx(2 / math.pi, rel=1e-11)


def test_a_channel_that_tells_the_sign_needs_no_spectrum():
    linear = GeneralChannel(1, gaussian(0.5), signed=True)
    result = information_limit(linear)
    # u | y is Gaussian with mean y/1.5 and variance 1/3: E[(w − 1)²] = Var(y²)/1.5⁴ = 2/1.5².
    assert result.alpha == 0
    assert result.alpha_spectral == pytest.approx(1.5**2 / 2, rel=1e-9)
    even = GeneralChannel(1, lambda y, u: gaussian(0.5)(y, u * u), signed=True)
    expected = information_limit(QuadraticTeacher(1, 0.5)).alpha
    assert information_limit(even).alpha == pytest.approx(expected, rel=1e-9)


def test_labels_that_say_nothing():
    result = information_limit(GeneralChannel(2, lambda y, t: gaussian(1.0)(y, 0 * t)))
    assert math.isinf(result.alpha)
    assert result.to_dict()["alpha"] == "inf"
    assert InformationLimit.from_dict(result.to_dict()).to_dict() == result.to_dict()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: QuadraticTeacher(0), "p_star"),
        (lambda: QuadraticTeacher(1, -0.1), "label_noise .* from 0 to 1e"),
        (lambda: QuadraticTeacher(1, math.nan), "label_noise"),
        (lambda: GeneralChannel(2, gaussian(1.0), signed=True), "signed"),
        (lambda: GeneralChannel(1, gaussian(1.0), label_range=(1, 0)), "label_range"),
        (lambda: GeneralChannel(1, gaussian(1.0), outcomes=()), "outcomes"),
        (lambda: GeneralChannel(1, 3.0), "density"),
    ],
)
def test_refusals(build, message):
    with pytest.raises(InvalidInput, match=message):
        build()


def test_a_density_that_does_not_sum_to_one_is_refused():
    with pytest.raises(NoConvergence, match="sums to 2"):
        GeneralChannel(1, lambda y, t: 2 * gaussian(1.0)(y, t)).labels()

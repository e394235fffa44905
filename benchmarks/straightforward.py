"""The theory as one would write it down first: what the benchmarks hold it against."""

import math

import numpy as np
from scipy.integrate import dblquad, quad
from scipy.optimize import brentq
from scipy.special import gammaln, roots_genlaguerre
from scipy.stats import chi

from bbpscape.theory.law import TEACHER

ASKED = 1e-10


def straightforward_means(case, s, tolerance=ASKED):
    """(T, K) at g = −s p/2 by scipy's dblquad over x = √(p r), v = √(p* y), chi distributed.

    The tails beyond probability 1e-18 are cut, as quad over (0, ∞) misses narrow densities.
    """
    p, p_star, a = case
    norm_y = (1 - p_star / 2) * math.log(2) - gammaln(p_star / 2)
    y_limits = chi.ppf(1e-18, p_star), chi.isf(1e-18, p_star)
    options = {"epsabs": tolerance, "epsrel": tolerance}

    def density(x, width, norm):
        return math.exp(norm + (width - 1) * math.log(x) - x * x / 2)

    def at(r, y, share, power):
        total = 0.0
        for c, weight in ((1.0, 1 - share), (3.0, share)):
            h = (c * r - y) / (a + y)
            total += weight * (h / (1 + s * h)) ** power
        return total

    if math.isinf(p):

        def mean(function):
            def integrand(v):
                return density(v, p_star, norm_y) * function(1.0, v * v / p_star, 0.0)

            return quad(integrand, *y_limits, limit=200, **options)[0]
    else:
        norm_r = (1 - p / 2) * math.log(2) - gammaln(p / 2)

        def mean(function):
            def integrand(x, v):
                weight = density(x, p, norm_r) * density(v, p_star, norm_y)
                return weight * function(x * x / p, v * v / p_star, 1 / p)

            r_limits = chi.ppf(1e-18, p), chi.isf(1e-18, p)
            return dblquad(integrand, *y_limits, *r_limits, **options)[0]

    strength = s * mean(lambda r, y, share: (1 - y) * at(r, y, share, 1))
    return strength, s**2 * mean(lambda r, y, share: at(r, y, share, 2))


def straightforward_threshold(case):
    """α_BBP: T = K by brentq in s, or s = 1 where T > K at the end."""
    strength, flatness = straightforward_means(case, 1.0)
    if strength >= flatness:
        return 1 / strength

    def difference(s):
        strength, flatness = straightforward_means(case, s)
        return strength / flatness - 1

    s = brentq(difference, 0.01, 1.0, xtol=ASKED, rtol=ASKED)
    return 1 / straightforward_means(case, s)[0]


def fixed_point_density(case, alpha, eigenvalues, eta, nodes, steps=3000, tolerance=1e-8):
    """ρ by g ← 1/(z − α E⟨f/(1 − g f)⟩) at z = λ + iη, on a Gauss–Laguerre grid in r and y.

    All points at once, each until g moves by less than ``tolerance``; with the number that do not.
    """
    p, p_star, a = case

    def rule(width):
        x, w = roots_genlaguerre(nodes, width / 2 - 1)
        return 2 * x / width, w / w.sum()

    y, y_weights = rule(p_star)
    unit, share = (1.0, 0.0) if math.isinf(p) else (2 / p, 1 / p)
    r, r_weights = (np.ones(1), np.ones(1)) if math.isinf(p) else rule(p)
    f, weights = [], []
    for c, weight in ((1, 1 - share), (3, share)):
        if weight:
            f.append(unit * ((c * r[:, None] - y) / (a + y)).ravel())
            weights.append(weight * (r_weights[:, None] * y_weights).ravel())
    f, weights = np.concatenate(f), np.concatenate(weights)
    f, weights = f[weights > 1e-16], weights[weights > 1e-16]
    z = eigenvalues + 1j * eta
    g, active = 1 / z, np.arange(z.size)
    for _ in range(steps):
        kernel = g[active, None] * f
        np.subtract(1, kernel, out=kernel)
        np.divide(f, kernel, out=kernel)
        new = 1 / (z[active] - alpha * (kernel @ weights))
        moved = abs(new - g[active]) > tolerance * abs(new)
        g[active] = new
        active = active[moved]
        if not active.size:
            break
    return -g.imag / np.pi, active.size


def fixed_point_structured(way, alpha, eigenvalues, eta, steps=2000, tolerance=1e-8):
    """ρ by Γ ← Σ w_i σ_i/(z − σ_i α m_1(Γ)) at z = λ + iη, all points at once."""
    law, population = way.fine.law, way.population
    sigma, weights, z = population.sigma, population.weights, eigenvalues + 1j * eta
    gamma, s = 1 / z, np.zeros(z.size, dtype=complex)
    active = np.arange(z.size)
    for _ in range(steps):
        s[active] = alpha * law.moments(gamma[active], 1)[0, 0]
        pole = 1 / (z[active, None] - s[active, None] * sigma)
        new = (gamma[active] + pole @ (weights * sigma)) / 2
        moved = abs(new - gamma[active]) > tolerance * abs(new)
        gamma[active] = new
        active = active[moved]
        if not active.size:
            break
    g = (1 / (z[:, None] - s[:, None] * sigma)) @ weights
    return -g.imag / np.pi, active.size


def bisected_threshold(way, low, high, accuracy=1e-10):
    """α_BBP by bisection: the edge and the outliers of each α, anew."""
    while high / low - 1 > accuracy:
        middle = math.sqrt(low * high)
        known = any(one.direction == TEACHER for one in way.level(1.4).left(middle)[1])
        low, high = (low, middle) if known else (middle, high)
    return high

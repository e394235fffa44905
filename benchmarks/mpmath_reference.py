"""α_BBP, edges and outliers of the quadratic committee to 30 digits, from its equations as written.

With g = −s p/2 and h = (c r − y)/(a + y), c = 1 (p − 1 times) and c = 3 (once), the equations ask
for E[w h/(1 + s h)] and E[w (h/(1 + s h))²], w = 1 or y, over r ~ χ²_p/p and y ~ χ²_{p*}/p*. As
h/(1 + s h) = (1 − q)/s with q = (a + y)/(s c (r + C)), C = (a + (1 − s) y)/(s c), the mean over r
is the closed form E[1/(r + C)] = ν e^X E_ν(X), ν = p/2, X = ν C, with E_ν the exponential integral,
and its derivative in C. The mean over y is a sum over y itself; nothing is a Laplace integral, and
no code is shared with the package. ``two_dimensional`` sums over r too, as a check.
"""

import math
from dataclasses import dataclass

import mpmath
from mpmath import mp, mpf

DIGITS = 30
GUARD = 20
ROUGH = 12


@dataclass(frozen=True)
class Means:
    """E[w φ^k], φ = ⟨h/(1 + s h)⟩, at one s: first and second, w = 1 and w = y."""

    s: mpf
    first: mpf
    first_y: mpf
    second: mpf
    second_y: mpf

    @property
    def strength(self) -> mpf:
        """T = g E[(y − 1) φ]: an outlier sits at α T = 1."""
        return -self.s * (self.first_y - self.first)

    @property
    def flatness(self) -> mpf:
        """K = g² E[φ²]: dz/dg = 0 at α K = 1."""
        return self.s**2 * self.second

    def values(self) -> tuple[mpf, ...]:
        return self.first, self.first_y, self.second, self.second_y


@dataclass(frozen=True)
class Reference:
    """One model: p may be ``math.inf``, in eigenvalues of (p/2) H."""

    p: float
    p_star: int
    a: float

    @property
    def unit(self) -> mpf:
        return mpf(1) if math.isinf(self.p) else mpf(2) / int(self.p)

    def means(self, s: mpf, digits: int = DIGITS, two_dimensional: bool = False) -> Means:
        """The four means at s in (0, 1], good to about ``digits`` digits."""
        with mp.workdps(digits + GUARD):
            a, totals = mpf(self.a), [mpf(0)] * 4
            shares = [(1, mpf(1))]
            if math.isfinite(self.p):
                shares = [(1, 1 - mpf(1) / int(self.p)), (3, mpf(1) / int(self.p))]
            r_rule = None
            if two_dimensional and math.isfinite(self.p):
                r_rule = gamma_rule(mpf(int(self.p)) / 2, min(a, 1) / 3, digits)
            for y, weight in gamma_rule(mpf(self.p_star) / 2, min(a, 1), digits):
                for c, share in shares:
                    if share:
                        pole = (a + (1 - s) * y) / (s * c)
                        one, two = inverse_powers(self.p, pole, r_rule)
                        q, q2 = (a + y) * one / (s * c), ((a + y) / (s * c)) ** 2 * two
                        first, second = (1 - q) / s, (1 - 2 * q + q2) / s**2
                        for i, value in enumerate((first, y * first, second, y * second)):
                            totals[i] += share * weight * value
            return Means(s, *totals)

    def solve(self, excess, high: mpf) -> Means:
        """The means at the root in (0, high) of ``excess``(means), negative for small s."""

        def at(s: mpf, digits: int) -> mpf:
            return excess(self.means(s, digits))

        with mp.workdps(ROUGH + GUARD):
            low = high / 2
            while at(low, ROUGH) > 0:
                low /= 2
            s = mpmath.findroot(
                lambda s: at(s, ROUGH), (low, 2 * low), solver="anderson", tol=1e-22, verify=False
            )
        with mp.workdps(DIGITS + GUARD):
            old, s = s, s * (1 - mpf(10) ** -10)
            f_old, f = at(old, DIGITS), at(s, DIGITS)
            for _ in range(8):
                change = f * (s - old) / (f - f_old)
                old, f_old, s = s, f, s - change
                if abs(change) < mpf(10) ** -(DIGITS - 2) * s:
                    return self.means(s)
                f = at(s, DIGITS)
        raise ArithmeticError(f"no root to {DIGITS} digits for {self}")

    def transition(self) -> tuple[mpf, Means]:
        """(α_BBP, the means there); s = 1 where the transition is discontinuous."""
        with mp.workdps(DIGITS + GUARD):
            end = self.means(mpf(1))
            if end.strength < end.flatness:
                end = self.solve(lambda at: 1 - at.strength / at.flatness, mpf(1))
            return 1 / end.strength, end

    def edge(self, alpha: float) -> Means:
        """The means where dz/dg = 0, or at s = 1 where it is not."""
        end = self.means(mpf(1))
        if alpha * end.flatness <= 1:
            return end
        return self.solve(lambda at: alpha * at.flatness - 1, mpf(1))

    def outlier(self, alpha: float, edge: Means) -> Means:
        """The means at the outlier, left of ``edge``."""
        if alpha * edge.strength <= 1:
            raise ArithmeticError(f"no outlier at alpha = {alpha} for {self}")
        return self.solve(lambda at: alpha * at.strength - 1, edge.s)

    def eigenvalue(self, alpha: float, at: Means) -> mpf:
        """z = 1/g + α E⟨f/(1 − g f)⟩."""
        with mp.workdps(DIGITS + GUARD):
            return self.unit * (alpha * at.first - 1 / at.s)

    def m2(self, alpha: float, at: Means) -> mpf:
        """1/(1 − dΣ_u/dz), dΣ_u/dz = (dΣ_u/dg)/(dz/dg)."""
        with mp.workdps(DIGITS + GUARD):
            slope = alpha * at.second - 1 / at.s**2
            return 1 / (1 - alpha * at.second_y / slope)

    def disagreement(self, at: Means) -> float:
        """The worst difference of the means from other digits, and from the sum over r and y.

        Relative, or to the root of E[φ²] where E[φ] nearly vanishes.
        """
        others = (self.means(at.s, DIGITS + 8), self.means(at.s, 22, two_dimensional=True))
        worst = 0.0
        with mp.workdps(DIGITS + GUARD):
            scale = mp.sqrt(at.second)
            for means in others:
                for value, other in zip(at.values(), means.values(), strict=True):
                    worst = max(worst, float(abs(other - value) / max(abs(value), scale)))
        return worst


def inverse_powers(p: float, pole: mpf, r_rule: list[tuple[mpf, mpf]] | None) -> tuple[mpf, mpf]:
    """(E[1/(r + C)], E[1/(r + C)²]) for r ~ χ²_p/p; r = 1 at p = ∞."""
    if math.isinf(p):
        return 1 / (1 + pole), 1 / (1 + pole) ** 2
    if r_rule is not None:
        one = two = mpf(0)
        for r, weight in r_rule:
            inverse = 1 / (r + pole)
            part = weight * inverse
            one, two = one + part, two + part * inverse
        return one, two
    nu = mpf(int(p)) / 2
    x = nu * pole
    value = scaled_exponential_integral(nu, x)
    slope = value - (1 - (nu - 1) * value) / x
    return nu * value, -(nu**2) * slope


def scaled_exponential_integral(nu: mpf, x: mpf) -> mpf:
    """F_ν = e^x E_ν(x): by ν F_{ν+1} = 1 − x F_ν from ν ≤ 1, or for large x its continued fraction.

    DLMF 8.19.12 and 8.19.17, the fraction by Lentz's method. mpmath's own E_ν loses all digits
    where ν and x are both in the hundreds.
    """
    if x < 10:
        order = nu - mp.ceil(nu) + 1
        value = mp.exp(x) * mp.expint(order, x)
        while order < nu:
            value = (1 - x * value) / order
            order += 1
        return value
    b = x + nu
    value = d = 1 / b
    c = mp.inf
    for n in range(1, 1000):
        a = -n * (nu + n - 1)
        b += 2
        d = 1 / (b + a * d)
        c = b + a / c
        value *= c * d
        if abs(c * d - 1) < mp.eps:
            return value
    raise ArithmeticError(f"E_{nu}({x}) did not converge")


def gamma_rule(shape: mpf, unit: mpf, digits: int) -> list[tuple[mpf, mpf]]:
    """Nodes and weights of v ~ Gamma(shape), of mean 1: equal steps in x, v = unit e^{x − e^−x}.

    In log v the poles of the integrands lie at ±iπ and e^{−shape v} stops decaying at ±iπ/2,
    whatever ``unit``, their scale.
    """
    size = (digits + 4) * math.log(10)
    step = mpf(trapezoid_step(float(shape), size))
    low = -math.log(size / float(shape) + 1) - 1
    high = math.log((size / float(shape) + 8) / float(unit)) + 1
    normal = shape * mp.log(shape) - mp.loggamma(shape)
    rule, least = [], mpf(10) ** -(digits + 10)
    for i in range(math.ceil((high - low) / float(step))):
        x = mpf(low) + i * step
        fall = mp.exp(-x)
        log_v = mp.log(unit) + x - fall
        v = mp.exp(log_v)
        weight = step * (1 + fall) * mp.exp(normal + shape * (log_v - v))
        if weight > least:
            rule.append((v, weight))
    return rule


def trapezoid_step(shape: float, size: float) -> float:
    """The step at which the error e^{−2πθ/step} cos^{−shape} θ falls to e^{−size} at some θ.

    v^shape e^{−shape v} grows by cos^{−shape} θ at the angle θ of v, which is up to 1.5 times that
    of x.
    """
    angles = [math.pi / 2 * i / 200 for i in range(1, 200)]
    return max(
        2 * math.pi * angle / 1.5 / (size - shape * math.log(math.cos(angle))) for angle in angles
    )

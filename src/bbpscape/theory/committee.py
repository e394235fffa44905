"""The curvature law of the quadratic committee with the normalized square loss.

With f = u h, u = 2/p and g = −s/u, the two curvature eigenvalues are h_c = (c r − y)/(a + y) with
c = 1 (p − 1 times) and c = 3 (once), and

    h/(1 + s h) = (c r − y)/D,    D = a + s c r + (1 − s) y.

Since D is linear in r ~ χ²_p/p and y ~ χ²_{p*}/p*, every moment is one integral over the Laplace
variable t of 1/D^k = ∫ t^{k−1} e^{−tD} dt/Γ(k): under the weight e^{−tD} both variables stay
Gamma distributed, with means 1/(1 + 2sct/p) and 1/(1 + 2(1−s)t/p*).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.law import BULK, TEACHER

STUDENT_TRACE = "student (trace)"
STUDENT_SYMMETRIC = "student (traceless symmetric)"
STUDENT_ANTISYMMETRIC = "student (antisymmetric)"

# The trapezoid rule in log t converges like exp(−2π · strip/step); the strip is π/2 on the real
# axis and at least π/4 off it, so that both steps leave errors below 1e-17.
REAL_STEP = 0.25
COMPLEX_STEP = 0.125
BRANCHES = (1.0, 3.0)
RISE = math.exp(5)
# Where e^{−tD} does not decay (the upper end of the support at p = ∞) the integrals are algebraic.
SLOWEST = 1e-60


@dataclass(frozen=True)
class CommitteeLaw:
    """E[w (f/(1 − g f))^k] for f = (2/p)(c r − y)/(a + y), r ~ χ²_p/p, y ~ χ²_{p*}/p*.

    At p = ∞, r = 1 and f is in units of 2/p. ``refinement`` divides the quadrature step: two values
    of it give an error estimate. Source: THEORY.md §1; Laplace form derived here.
    """

    model: TeacherStudent
    refinement: float = 1.0

    @property
    def unit(self) -> float:
        return self.model.curvature_unit

    def support(self, direction: str = BULK) -> tuple[float, float]:
        """(−2/p, ∞) at finite p: y → ∞ and r → ∞; (−1, c/a) at p = ∞, c = 3 for the trace."""
        if math.isfinite(self.model.p):
            return -self.unit, math.inf
        return -self.unit, (3.0 if direction == STUDENT_TRACE else 1.0) / self.model.loss.a

    @property
    def zero_mass(self) -> float:
        return 0.0

    @property
    def directions(self) -> Mapping[str, float]:
        p = self.model.p
        sectors = {TEACHER: p * self.model.p_star, STUDENT_TRACE: 1}
        if p >= 2:
            sectors[STUDENT_SYMMETRIC] = p * (p + 1) / 2 - 1
            sectors[STUDENT_ANTISYMMETRIC] = p * (p - 1) / 2
        return sectors

    def _direction(self, name: str) -> tuple[tuple[float, float], int, int]:
        """(weights of the branches c = 1 and 3, power of r, power of y) of E[w φ]."""
        p = self.model.p
        bulk = (1 - 1 / p, 1 / p)
        if name == BULK:
            return bulk, 0, 0
        if name == TEACHER:
            return bulk, 0, 1
        if name == STUDENT_TRACE:
            return (0.0, 1.0), 1, 0
        if name == STUDENT_SYMMETRIC:
            return (1 / (1 + 2 / p), 2 / (p + 2)), 1, 0
        if name == STUDENT_ANTISYMMETRIC:
            return (1.0, 0.0), 1, 0
        raise KeyError(name)

    def _nodes(self, s: NDArray) -> tuple[NDArray, float]:
        """Nodes t of the Laplace integrals, shape (*s.shape, n), and their step in log t.

        Off the real axis they lie on a ray, and the step is set by its distance to the nearest
        angle that is not allowed: see ``_angles``.
        """
        a, at_infinity = self.model.loss.a, math.isinf(self.model.p)
        if np.iscomplexobj(s):
            low, high = self._angles(s)
            angle, strip = (low + high) / 2, float((high - low).min(initial=np.pi) / 2)
            rate = (a + s if at_infinity else a) * np.exp(1j * angle)
            phase, rate = np.exp(1j * angle)[..., None], np.maximum(rate.real, SLOWEST)
            step = min(COMPLEX_STEP, 2 * np.pi * strip / 37)
        else:
            phase, step = 1.0, REAL_STEP
            rate = np.maximum(a + s if at_infinity else a, SLOWEST)
        step /= self.refinement
        first = -40.0 - math.log1p(a + 4 * float(abs(s).max(initial=0)))
        last = math.log(745.0 / float(np.min(rate, initial=a)))
        return phase * np.exp(np.arange(first, last + step, step)), step

    def _angles(self, s: NDArray) -> tuple[NDArray, NDArray]:
        """Lowest and highest angle of a ray of t on which the Laplace integrals can be taken.

        Turning the ray back to 0 at real s must cross no branch point, −p/(2sc) or −p*/(2(1−s));
        e^{−at} must decay, or e^{−(a+s)t} at p = ∞; and the integrand must not rise on the ray,
        before it decays, by so much that digits are lost, as it would for large widths.
        """
        a, p, p_star = self.model.loss.a, self.model.p, self.model.p_star
        around_zero, around_one = _argument(s.imag, s.real), _argument(s.imag, 1 - s.real)
        around_a = _argument(s.imag, a + s.real)
        around_top = _argument(s.imag, a + 1 - s.real)
        low = np.minimum(around_one - _widest(p_star), around_top - np.pi / 2)
        low = np.maximum(low, around_one - np.pi)
        if math.isinf(p):
            return np.maximum(low, -np.pi / 2 - around_a), np.pi / 2 - around_a
        high = np.maximum(_widest(p) - around_zero, np.pi / 2 - around_a)
        high = np.minimum(high, np.pi - around_zero)
        return np.maximum(low, -np.pi / 2), np.minimum(high, np.pi / 2)

    def moments(
        self, g: ArrayLike, order: int, directions: Sequence[str] = (BULK,)
    ) -> NDArray[np.inexact]:
        s = -np.asarray(g) * self.unit
        t, step = self._nodes(s)
        y_log, y_mean = _tilted((1 - s)[..., None] * t, self.model.p_star)
        result = np.zeros((len(directions), order, *s.shape), dtype=t.dtype)
        specs = [self._direction(name) for name in directions]
        for i, c in enumerate(BRANCHES):
            if not any(spec[0][i] for spec in specs):
                continue
            r_log, r_mean = self._branch(c, s, t)
            kernel = step * np.exp(r_log + y_log)
            for k in range(1, order + 1):
                kernel = kernel * (t / max(k - 1, 1))
                for d, (weights, r_extra, y_extra) in enumerate(specs):
                    if weights[i]:
                        mean = self._power_mean(c * r_mean, y_mean, k, r_extra, y_extra)
                        result[d, k - 1] += weights[i] / c**r_extra * (kernel * mean).sum(axis=-1)
        return result * (self.unit ** np.arange(1, order + 1)).reshape(-1, *[1] * s.ndim)

    def log_moment(self, g: ArrayLike) -> NDArray[np.inexact]:
        s = -np.asarray(g) * self.unit
        t, step = self._nodes(s)
        # E log D − E log(a + y), each as ∫ (e^{−|t|} − E e^{−tD}) d log t − i φ on its own ray.
        size = abs(t)
        total = np.exp(_tilted(size, self.model.p_star)[0] - self.model.loss.a * size)
        y_log, _ = _tilted((1 - s)[..., None] * t, self.model.p_star)
        for c, weight in zip(BRANCHES, self._direction(BULK)[0], strict=True):
            if weight:
                total = total - weight * np.exp(self._branch(c, s, t)[0] + y_log)
        return step * total.sum(axis=-1) - (1j * np.angle(t[..., 0]) if np.iscomplexobj(t) else 0)

    def _branch(self, c: float, s: NDArray, t: NDArray) -> tuple[NDArray, NDArray]:
        """log E[e^{−t(a + s c r)}], and the mean of r under that weight."""
        if math.isinf(self.model.p):
            rate = self.model.loss.a + s * c
            # At the very end of the support rounding alone decides the sign.
            rate = np.where(abs(rate) < 1e-12 * self.model.loss.a, 0, rate)
            return -rate[..., None] * t, np.ones(1)
        r_log, r_mean = _tilted(c * s[..., None] * t, self.model.p)
        return r_log - self.model.loss.a * t, r_mean

    def _power_mean(self, r: NDArray, y: NDArray, k: int, r_extra: int, y_extra: int) -> NDArray:
        """E[(r − y)^k r^{r_extra} y^{y_extra}] for Gamma variables of means r and y."""
        terms = (
            math.comb(k, j)
            * (-1) ** (k - j)
            * _rising(self.model.p, j + r_extra)
            * _rising(self.model.p_star, k - j + y_extra)
            * r ** (j + r_extra)
            * y ** (k - j + y_extra)
            for j in range(k + 1)
        )
        return sum(terms)


def _tilted(rate: NDArray, width: float) -> tuple[NDArray, NDArray]:
    """log E[e^{−rate v}] for v ~ χ²_width/width, and the mean of v under that weight."""
    log_mean = -np.log1p(2 * rate / width)
    return width / 2 * log_mean, np.exp(log_mean)


def _widest(width: float) -> float:
    """The angle θ of v at which |1 + v|^{−width/2} rises to RISE along a ray, before it decays."""
    return math.pi - math.asin(RISE ** (-2 / width))


def _argument(imag: NDArray, real: NDArray) -> NDArray:
    """arg(real + i imag), continued through the negative axis so that a slip below it is small."""
    angle = np.arctan2(imag, real)
    return np.where(angle < -np.pi / 2, angle + 2 * np.pi, angle)


def _rising(width: float, j: int) -> float:
    """E[v^j]/E[v]^j for v ~ χ²_width: Π_{i<j} (1 + 2i/width)."""
    return math.prod(1 + 2 * i / width for i in range(j))

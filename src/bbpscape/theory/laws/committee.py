"""The curvature law of the quadratic committee with the normalized square loss.

With f = u h, u = 2/p and g = −s/u, the two curvature eigenvalues are h_c = (c r − y)/(a + y) with
c = q (p − 1 times) and c = 3q (once), q the squared norm of the student's neurons over N, and

    h/(1 + s h) = (c r − y)/D,    D = a + s c r + (1 − s) y.

Since D is linear in r ~ χ²_p/p and y ~ χ²_{p*}/p*, every moment is one integral over the Laplace
variable t of 1/D^k = ∫ t^{k−1} e^{−tD} dt/Γ(k): under the weight e^{−tD} both variables stay
Gamma distributed, with means 1/(1 + 2sct/p) and 1/(1 + 2(1−s)t/p*).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.model.reference import check_reference
from bbpscape.model.teacher_student import TeacherStudent
from bbpscape.theory.law import (
    BULK,
    STUDENT_ANTISYMMETRIC,
    STUDENT_SYMMETRIC,
    STUDENT_TRACE,
    TEACHER,
)

# The trapezoid rule converges like exp(−c · strip/step), the strip being the angle by which t can
# be turned: π/2 on the real axis. Both leave relative errors below 1e-11 where the g of a bulk
# lies (see the tests).
STEP = 0.16
STRIP_STEP = 0.1
# t/unit = exp(x − e^{−x}) from here on.
FIRST = -3.75
RISE = math.exp(5)
# So many values of g at once keep the arrays over t in cache.
CHUNK = 64
# Where e^{−tD} does not decay (the upper end of the support at p = ∞) the integrals are algebraic.
SLOWEST = 1e-60


@dataclass(frozen=True)
class CommitteeLaw:
    """E[w (f/(1 − g f))^k] for f = (2/p)(c r − y)/(a + y), r ~ χ²_p/p, y ~ χ²_{p*}/p*.

    c is q or 3q, of a student with w_k·w_k'/N = q δ_kk'. At p = ∞, r = 1 and f is in units of 2/p.
    ``refinement`` divides the quadrature step: two values of it give an error estimate.
    Source: theory.md §1; Laplace form derived here.

    Examples
    --------
    >>> import bbpscape as bb
    >>> law = bb.laws.CommitteeLaw(bb.TeacherStudent(p=2, p_star=3))
    >>> law.support()[0], law.directions["teacher"]  # −2/p and p p*
    (-1.0, 6)
    """

    model: TeacherStudent
    refinement: float = 1.0

    def __post_init__(self) -> None:
        check_reference(self.model, "the closed form of the committee", any_norm=True)

    @property
    def _branches(self) -> tuple[float, float]:
        """c of both curvature eigenvalues."""
        q = self.model.student_norm or 1.0
        return q, 3.0 * q

    @property
    def unit(self) -> float:
        return self.model.curvature_unit

    def support(self, direction: str = BULK) -> tuple[float, float]:
        """(−2/p, ∞) at finite p: y → ∞ and r → ∞; (−1, c/a) at p = ∞, c = 3q for the trace."""
        if math.isfinite(self.model.p):
            return -self.unit, math.inf
        c = self._branches[direction == STUDENT_TRACE]
        return -self.unit, c / self.model.normalization

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

    def smooth_edge_rate(self, slope: float) -> float:
        """A in ρ ~ exp(−A/(λ − λ₋)) at a smooth left edge.

        A = (p p* a/4) |dz/dg|, or (p* (a + q)/2) |dz/dg| at p = ∞: the pole of f/(1 − gf) sits at
        y = (a + q r)/δ with δ = −1 − 2g/p, in the tail e^{−p* y/2}.

        Parameters
        ----------
        slope : float
            dz/dg at the edge.

        Returns
        -------
        float
            A, in units of the eigenvalue.

        References
        ----------
        theory.md §2.

        Examples
        --------
        >>> import bbpscape as bb
        >>> model = bb.TeacherStudent(p=2, p_star=1, loss=bb.NormalizedSquare(1.0))
        >>> bb.laws.CommitteeLaw(model).smooth_edge_rate(-3.0)
        1.5
        """
        p, p_star, a = self.model.p, self.model.p_star, self.model.normalization
        return abs(slope) * p_star * ((a + self._branches[0]) / 2 if math.isinf(p) else p * a / 4)

    def _direction(self, name: str) -> tuple[tuple[float, float], int, int]:
        """(weights of the branches c = q and 3q, power of r, power of y) of E[w φ]."""
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

    def _nodes(self, s: NDArray) -> tuple[NDArray, NDArray]:
        """Nodes t of the Laplace integrals, shape (*s.shape, n), and weights w with ∫ dt/t ≈ Σ w.

        t = exp(x − e^{−x}) in units well below 1/|D|, with equal steps in x; off the real axis on a
        ray, where the step is set by the distance to the nearest forbidden angle (``_angles``).
        """
        a, at_infinity = self.model.normalization, math.isinf(self.model.p)
        c, largest = self._branches
        if np.iscomplexobj(s):
            low, high = self._angles(s)
            angle = (low + high) / 2
            rate = ((a + c * s if at_infinity else a) * np.exp(1j * angle)).real
            phase = np.exp(1j * angle)[..., None]
            step = min(STEP, STRIP_STEP * float((high - low).min(initial=np.pi)) / 2)
        else:
            phase, step = 1.0, STEP
            # At p = ∞ the branch c = 3q decays the slowest where s < 0.
            rate = a + np.minimum(c * s, largest * s) if at_infinity else np.full(1, a)
        step /= self.refinement
        unit = 0.1 / (1 + a + largest * float(abs(s).max(initial=0)))
        slowest = float(np.maximum(rate, SLOWEST).min(initial=a))
        x = np.arange(FIRST, math.log(745 / (slowest * unit)) + step, step)
        t, w = laplace_nodes(x, step)
        return phase * (unit * t), w

    def _angles(self, s: NDArray) -> tuple[NDArray, NDArray]:
        """Lowest and highest angle of a ray of t on which the Laplace integrals can be taken.

        Turning the ray back to 0 at real s must cross no branch point, −p/(2sc) or −p*/(2(1−s));
        e^{−at} must decay, or e^{−(a+s)t} at p = ∞; and the integrand must not rise on the ray,
        before it decays, by so much that digits are lost, as it would for large widths.
        """
        a, p, p_star = self.model.normalization, self.model.p, self.model.p_star
        c, largest = self._branches
        around_zero, around_one = _argument(s.imag, s.real), _argument(s.imag, 1 - s.real)
        around_a = _argument(c * s.imag, a + c * s.real)
        around_top = _argument(s.imag, a + 1 - s.real)
        low = np.minimum(around_one - _widest(p_star), around_top - np.pi / 2)
        low = np.maximum(low, around_one - np.pi)
        if math.isinf(p):
            return np.maximum(low, -np.pi / 2 - around_a), np.pi / 2 - around_a
        around_a = _argument(largest * s.imag, a + largest * s.real)
        high = np.maximum(_widest(p) - around_zero, np.pi / 2 - around_a)
        high = np.minimum(high, np.pi - around_zero)
        return np.maximum(low, -np.pi / 2), np.minimum(high, np.pi / 2)

    def moments(
        self, g: ArrayLike, order: int, directions: Sequence[str] = (BULK,)
    ) -> NDArray[np.inexact]:
        g = np.asarray(g)
        if g.size > CHUNK:
            parts = [self.moments(part, order, directions) for part in _chunks(g)]
            return np.concatenate(parts, axis=-1).reshape(len(directions), order, *g.shape)
        s = -g * self.unit
        t, w = self._nodes(s)
        specs = [self._direction(name) for name in directions]
        y_weight, y_mean = _tilted((1 - s)[..., None] * t, self.model.p_star)
        y_weight = w * t * y_weight
        result = np.zeros((len(directions), order, *s.shape), dtype=t.dtype)
        for i, c in enumerate(self._branches):
            if not any(spec[0][i] for spec in specs):
                continue
            r_weight, r_mean = self._branch(c, s, t)
            kernel = r_weight * y_weight
            for k in range(1, order + 1):
                for d, (weights, r_extra, y_extra) in enumerate(specs):
                    if weights[i]:
                        factors = _expansion(*self._widths, c, k, r_extra, y_extra)
                        mean = _polynomial(factors, r_mean, y_mean)
                        for extra, factor in ((r_extra, r_mean), (y_extra, y_mean)):
                            if extra:
                                mean = mean * factor
                        total = np.einsum("...t,...t->...", kernel, mean)
                        result[d, k - 1] += weights[i] * total
                kernel = kernel * (t / k)
        return result * (self.unit ** np.arange(1, order + 1)).reshape(-1, *[1] * s.ndim)

    def log_moment(self, g: ArrayLike) -> NDArray[np.inexact]:
        g = np.asarray(g)
        if g.size > CHUNK:
            return np.concatenate([self.log_moment(part) for part in _chunks(g)]).reshape(g.shape)
        s = -g * self.unit
        t, w = self._nodes(s)
        # E log D − E log(a + y), each as ∫ (e^{−|t|} − E e^{−tD}) d log t − i φ on its own ray.
        size = abs(t)
        total = np.exp(-self.model.normalization * size) * _tilted(size, self.model.p_star)[0]
        y_weight, _ = _tilted((1 - s)[..., None] * t, self.model.p_star)
        for c, weight in zip(self._branches, self._direction(BULK)[0], strict=True):
            if weight:
                total = total - weight * self._branch(c, s, t)[0] * y_weight
        return (w * total).sum(axis=-1) - (1j * np.angle(t[..., 0]) if np.iscomplexobj(t) else 0)

    def _branch(self, c: float, s: NDArray, t: NDArray) -> tuple[NDArray, NDArray]:
        """E[e^{−t(a + s c r)}], and the mean of r under that weight."""
        a = self.model.normalization
        if math.isinf(self.model.p):
            # At the very end of the support rounding alone decides the sign of a + s c.
            rate = np.where(abs(a + s * c) < 1e-12 * a, 0, a + s * c)
            weight = np.exp(-rate[..., None] * t)
            return weight, np.ones_like(weight)
        weight, mean = _tilted(c * s[..., None] * t, self.model.p)
        return np.exp(-a * t) * weight, mean

    @property
    def _widths(self) -> tuple[float, int]:
        return self.model.p, self.model.p_star


def laplace_nodes(x: NDArray, step: float) -> tuple[NDArray, NDArray]:
    """Nodes t = exp(x − e^{−x}) and weights with ∫ dt/t ≈ Σ w, of equal steps in x."""
    fall = np.exp(-x)
    return np.exp(x - fall), step * (1 + fall)


@functools.cache
def _expansion(
    p: float, p_star: int, c: float, k: int, r_extra: int, y_extra: int
) -> tuple[float, ...]:
    """Factors of r̄^{n + r_extra} ȳ^{k − n + y_extra} in E[(c r − y)^k r^{r_extra} y^{y_extra}].

    r and y are Gamma variables of means r̄ and ȳ; n = 0 … k.
    """
    return tuple(
        math.comb(k, n)
        * (-1) ** (k - n)
        * c**n
        * _rising(p, n + r_extra)
        * _rising(p_star, k - n + y_extra)
        for n in range(k + 1)
    )


def _polynomial(factors: Sequence[float], r: NDArray, y: NDArray) -> NDArray:
    """Σ_n factors_n r^n y^{k−n}, with k = len(factors) − 1, by Horner's rule in r."""
    total, y_power = factors[-1] * r, y
    for factor in factors[-2:0:-1]:
        total = (total + factor * y_power) * r
        y_power = y_power * y
    return total + factors[0] * y_power


def _tilted(rate: NDArray, width: float) -> tuple[NDArray, NDArray]:
    """E[e^{−rate v}] = v̄^{width/2} for v ~ χ²_width/width, and v̄, the mean under that weight."""
    mean = 1 / (1 + 2 * rate / width)
    if width > 16:
        return np.exp(-width / 2 * np.log1p(2 * rate / width)), mean
    weight = np.sqrt(mean) if width % 2 else np.ones_like(mean)
    for _ in range(int(width) // 2):
        weight = weight * mean
    return weight, mean


def _chunks(g: NDArray) -> list[NDArray]:
    return np.array_split(g.ravel(), -(-g.size // CHUNK))


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

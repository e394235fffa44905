"""The bulk density: the curve of complex g on which z(g) is real.

Left of the bulk g is real; at an edge it turns into the lower half plane and, for a single bulk,
follows one smooth arc. ``trace_bulk`` walks that arc once, by prediction along dg/dλ = 1/z'(g) and
correction by Newton's method; densities anywhere follow from a few more Newton steps.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.model.checks import InvalidInput
from bbpscape.theory.bulk import Edge, inverse_stieltjes
from bbpscape.theory.bulks import bulks
from bbpscape.theory.law import BULK, TEACHER, CurvatureLaw, DiscreteLaw
from bbpscape.theory.roots import NoConvergence

STEP = 0.12
CROSSING = 0.05
MAX_HALVINGS = 12
MAX_POINTS = 5000
NEAREST = 1e-8
# The last Newton change; the error left behind is its square.
TOLERANCE = 1e-9
ROUNDING = 1e-12
ROUNDING_STEPS = 1e-13
# ρ below this fraction of |g| has no digits left for a ratio.
SEEN = 1e-11


@dataclass(frozen=True)
class BulkCurve:
    """Points along the bulk from its left edge: arrays of λ, g and (dz/du, d²z/du²), u = 1/g."""

    law: CurvatureLaw
    alpha: float
    right: Edge
    eigenvalue: NDArray[np.float64]
    g: NDArray[np.complex128]
    derivatives: NDArray[np.complex128]

    def stieltjes(self, eigenvalues: ArrayLike) -> NDArray[np.complex128]:
        """g(λ + i0) at each λ of the bulk, by Newton from the curve or by walking on."""
        targets = np.asarray(eigenvalues, dtype=float)
        flat = targets.ravel()
        if not ((flat >= self.eigenvalue[0]) & (flat <= self.right.value)).all():
            raise NoConvergence(
                f"density: g is complex only in the bulk, from {self.eigenvalue[0]:.6g} to "
                f"{self.right.value:.6g}"
            )
        if not flat.size:
            return np.empty(targets.shape, dtype=complex)
        guess = self._guess(flat)
        g = _newton(self.law, self.alpha, flat, guess)
        trusted = (abs(g - guess) < 0.3 * abs(guess)) & (g.imag <= ROUNDING * abs(g))
        for i in np.flatnonzero(~trusted):
            g[i] = self._walk_to(flat[i])
        return g.reshape(targets.shape)

    def _walk_to(self, target: float) -> complex:
        """g at one target by small steps from the traced point before it, on its side of 0."""
        start = int(np.searchsorted(self.eigenvalue, target))
        if self.eigenvalue[start - 1] >= 0 or target < 0:
            start -= 1
        eigenvalue, g = float(self.eigenvalue[start]), complex(self.g[start])
        # Near 0, z = A u + B u² with u = 1/g, A = 1 − α: rounding hides ρ once |B u| < NEAREST.
        b = abs((g * eigenvalue - (1 - self.alpha)) * g)
        nearest = NEAREST * (abs(1 - self.alpha) + NEAREST) / b
        if abs(target) < nearest:
            target = math.copysign(nearest, eigenvalue)
        step = STEP
        while eigenvalue != target:
            eigenvalue, g, step = _advance(self.law, self.alpha, eigenvalue, g, step, target)
        return g

    def density(self, eigenvalues: ArrayLike) -> NDArray[np.float64]:
        """ρ(λ) = −Im g(λ + i0)/π, with ∫ρ = 1 − atom; zero outside the bulk.

        At α ≤ 1, where g passes through infinity at 0, rounding hides ρ within about 1e-8 |1 − α|
        of 0 (1e-16 at α = 1, where ρ diverges): λ nearer than that takes the value there,
        although ρ may diverge logarithmically. In the tail ρ is good to 1e-16 of its largest value.
        """
        targets = _finite(eigenvalues)
        rho = np.zeros(targets.shape)
        inside = (targets > self.eigenvalue[0]) & (targets < self.right.value)
        # Rounding alone, 1e-15 of the largest ρ, makes −Im g negative.
        rho[inside] = np.maximum(-self.stieltjes(targets[inside]).imag / np.pi, 0)
        return rho

    def density_along(
        self, eigenvalues: ArrayLike, direction: str = TEACHER
    ) -> NDArray[np.float64]:
        """ρ_w(λ) = −Im[1/(z − Σ_w)]/π at z = λ + i0: the spectral measure of H in a direction.

        ∫ρ_w + Σ m² of the direction's outliers + the atom at 0 = 1. Zero outside the bulk.
        """
        targets = _finite(eigenvalues)
        rho = np.zeros(targets.shape)
        inside = (targets > self.eigenvalue[0]) & (targets < self.right.value)
        g = self.stieltjes(targets[inside])
        rho[inside] = -(g / self._along(g, direction)).imag / np.pi
        return rho

    def overlap_profile(
        self, eigenvalues: ArrayLike, direction: str = TEACHER
    ) -> NDArray[np.float64]:
        """ρ_w/ρ: what an eigenvector of the bulk knows of a direction, 1 for a random vector.

        The mean squared overlap of an eigenvector at λ with one unit vector of the direction is
        ρ_w/ρ divided by the number of eigenvalues. NaN outside the bulk, and in a tail so thin
        that rounding hides ρ. Source: THEORY.md §5.
        """
        targets = _finite(eigenvalues)
        profile = np.full(targets.shape, np.nan)
        inside = (targets > self.eigenvalue[0]) & (targets < self.right.value)
        g = self.stieltjes(targets[inside])
        along = (g / self._along(g, direction)).imag
        seen = -g.imag > SEEN * abs(g)
        profile[inside] = np.divide(along, g.imag, out=np.full(g.shape, np.nan), where=seen)
        return profile

    def _along(self, g: NDArray, direction: str) -> NDArray:
        """g (z − Σ_w) = 1 − α g (m_1^w − m_1)."""
        bulk, along = self.law.moments(g, 1, (BULK, direction))[:, 0]
        return 1 - self.alpha * g * (along - bulk)

    def fraction_below(self, eigenvalues: ArrayLike) -> NDArray[np.float64]:
        """The fraction of eigenvalues below each λ: 0 left of the bulk, 1 right of it.

        The atom at 0 is included.
        """
        targets = _finite(eigenvalues)
        inside = (targets > self.eigenvalue[0]) & (targets < self.right.value)
        result = np.where(targets >= self.right.value, 1.0, 0.0)
        result[inside] = self.cumulative(targets[inside], self.stieltjes(targets[inside]))
        return result

    def cumulative(self, eigenvalue: ArrayLike, g: NDArray) -> NDArray[np.float64]:
        """The fraction of eigenvalues below λ where g = g(λ + i0) is known.

        N(λ) = −(1/π) Im [g λ − log(−g) + α E log(1 − g f)], since the bracket is ∫ g dz.
        """
        return _cumulative(self.law, self.alpha, eigenvalue, g)

    def _guess(self, targets: NDArray) -> NDArray[np.complex128]:
        """g at each target to second order from the nearest traced point."""
        right = np.clip(np.searchsorted(self.eigenvalue, targets), 1, self.g.size - 1)
        middle = (self.eigenvalue[right - 1] + self.eigenvalue[right]) / 2
        near = np.where(targets < middle, right - 1, right)
        slope, curvature = self.derivatives[:, near]
        u = 1 / self.g[near]
        return 1 / (u + _move(slope, curvature, targets - self.eigenvalue[near], u))


def trace_bulk(law: CurvatureLaw, alpha: float, left: Edge, right: Edge, reach: float) -> BulkCurve:
    """The bulk from its ``left`` edge to its ``right`` one, or until a mass ``reach`` is passed.

    Steps are STEP times |1/g| long, shorter where Newton's method asks for it. Of a discrete law
    with several bulks, ``left`` and ``right`` are the edges of one (see ``bulks``).
    """
    if left.kind not in ("sharp", "smooth"):
        raise NoConvergence(f"density: a bulk that starts at a {left.kind} edge cannot be followed")
    if isinstance(law, DiscreteLaw):
        _check_one_bulk(law, alpha, left, right)
    eigenvalues, stieltjes = [left.value], [complex(left.g)]
    mass, step = 0.0, STEP
    while mass < reach and eigenvalues[-1] < right.value:
        if len(eigenvalues) > MAX_POINTS:
            raise NoConvergence(f"density: the bulk seems endless at λ = {eigenvalues[-1]:.6g}")
        eigenvalue, g, step = _advance(
            law, alpha, eigenvalues[-1], stieltjes[-1], step, right.value, right
        )
        eigenvalues.append(eigenvalue)
        stieltjes.append(g)
        mass = float(_cumulative(law, alpha, eigenvalue, np.array(g)))
    g_values = np.array(stieltjes)
    derivatives = _inverse_derivatives(law, alpha, g_values)
    return BulkCurve(law, alpha, right, np.array(eigenvalues), g_values, derivatives)


def _advance(
    law: CurvatureLaw,
    alpha: float,
    eigenvalue: float,
    g: complex,
    step: float,
    limit: float,
    right: Edge | None = None,
) -> tuple[float, complex, float]:
    """The next (λ, g) along the curve towards ``limit``, and the length of the next step.

    A step is predicted to second order in 1/g and halved until Newton's method confirms it. On the
    way to the ``right`` edge the eigenvalue 0 is crossed in one step, else it is never crossed.
    """
    derivatives = _inverse_derivatives(law, alpha, np.array(g))
    for _ in range(MAX_HALVINGS):
        prediction = _cross_zero(alpha, eigenvalue, g) if right is not None else None
        target, guess, slack = prediction or _predict(derivatives, eigenvalue, g, step, limit)
        if right is not None and target >= right.value:
            return right.value, complex(right.g), step
        following = complex(_newton(law, alpha, np.array([target]), np.array([guess]), 8)[0])
        size = abs(guess)
        if following.imag <= ROUNDING * size and abs(following - guess) < slack * size:
            return target, following, min(STEP, 1.5 * step)
        step /= 2
    raise NoConvergence(
        f"density: the bulk could not be followed beyond λ = {eigenvalue:.6g}; "
        "report the model and α"
    )


def _cross_zero(alpha: float, eigenvalue: float, g: complex) -> tuple[float, complex, float] | None:
    """From λ < 0 to −λ, where g is so large that it passes through infinity between (α ≤ 1).

    z = A u + B u² there, with u = 1/g and A = 1 − α, up to logarithms: hence the slack.
    """
    # g z − (1 − α) = α E[1/(1 − g f)], which is small where |g| is large for the whole law.
    short = g * eigenvalue - (1 - alpha)
    if eigenvalue >= 0 or abs(short) >= CROSSING * alpha:
        return None
    u = np.roots([short * g, 1 - alpha, eigenvalue])
    u = u[np.argmin(np.where(u.imag > 0, abs(u), np.inf))]
    return -eigenvalue, complex(1 / u), 0.5


def _predict(
    derivatives: NDArray, eigenvalue: float, g: complex, step: float, limit: float
) -> tuple[float, complex, float]:
    """The next λ towards ``limit``, g there, and by how much of itself g may be off."""
    slope, curvature = derivatives
    u = 1 / np.array(g)
    size = step * abs(u)
    length = float(abs(slope) * size + abs(curvature) * size**2 / 2)
    ahead = limit - eigenvalue
    target = limit if length >= abs(ahead) else eigenvalue + math.copysign(length, ahead)
    return target, complex(1 / (u + _move(slope, curvature, target - eigenvalue, u))), step


def _inverse_derivatives(law: CurvatureLaw, alpha: float, g: NDArray) -> NDArray:
    """dz/du and d²z/du² for u = 1/g, in which z is linear at both ends, u → 0 and u → ∞."""
    _, z1, z2 = inverse_stieltjes(law, alpha, g, order=2)
    return np.array([-(g**2) * z1, g**4 * z2 + 2 * g**3 * z1])


def _move(slope: NDArray, curvature: NDArray, length: ArrayLike, u: NDArray) -> NDArray:
    """The smallest δ with slope δ + curvature δ²/2 = length that keeps Im(u + δ) ≥ 0."""
    root = np.sqrt(slope**2 + 2 * curvature * length + 0j)
    with np.errstate(divide="ignore", invalid="ignore"):
        moves = np.nan_to_num(2 * np.asarray(length) / np.stack([slope + root, slope - root]))
    below = (u + moves).imag < -ROUNDING * abs(u)
    best = np.argmin(abs(moves) + np.where(below, 1e3 * abs(u), 0), axis=0)
    return np.take_along_axis(moves, best[None], axis=0)[0]


def _check_one_bulk(law: DiscreteLaw, alpha: float, left: Edge, right: Edge) -> None:
    found = bulks(law, alpha)
    for edges in found:
        if np.allclose([e.value for e in edges], [left.value, right.value], rtol=1e-6):
            return
    listed = ", ".join(f"{a.value:.6g} to {b.value:.6g}" for a, b in found)
    raise NoConvergence(
        f"density: {left.value:.6g} to {right.value:.6g} is not one bulk; the bulks are {listed}"
    )


def _finite(eigenvalues: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(eigenvalues, dtype=float)
    if not np.isfinite(values).all():
        raise InvalidInput("eigenvalues must be finite numbers")
    return values


def _cumulative(law: CurvatureLaw, alpha: float, eigenvalue: ArrayLike, g: NDArray) -> NDArray:
    log_g = np.log(-g)
    # A point on the real axis sits on the cut of the logarithm by rounding alone.
    phase = np.abs(log_g.imag)
    return -((g * eigenvalue).imag - phase + alpha * law.log_moment(g).imag) / np.pi


def _newton(
    law: CurvatureLaw, alpha: float, targets: NDArray, guess: NDArray, steps: int = 40
) -> NDArray:
    """g with z(g) = target, from ``guess``, all points at once; NaN where it does not settle."""
    g = guess.astype(complex)
    active = np.flatnonzero(np.isfinite(g) & (g != 0))
    for _ in range(steps):
        if not active.size:
            return g
        current = g[active]
        z, slope = inverse_stieltjes(law, alpha, current, order=1)
        residual = z - targets[active]
        # At an edge dz/dg = 0, and a residual at rounding is all that can be had.
        exact = abs(residual) <= ROUNDING_STEPS * (abs(1 / current) + abs(z - 1 / current))
        # The step in u = 1/g, relative to u; z(u) is smooth where g passes through infinity.
        change = np.divide(-residual, current * slope, out=np.zeros_like(current), where=~exact)
        size = abs(change)
        change[size > 0.5] *= 0.5 / size[size > 0.5]
        g[active] = current / (1 - change)
        # Above the real axis by more than a slip lies the second sheet.
        lost = ~(g[active].imag <= 0.01 * abs(g[active]))
        g[active[lost]] = np.nan
        active = active[~lost & ~exact & (size > TOLERANCE)]
    g[active] = np.nan
    return g

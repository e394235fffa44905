"""The bulk density: the curve of complex g on which z(g) is real.

Left of the bulk g is real; at an edge it turns into the lower half plane and, for a single bulk,
follows one smooth arc. ``trace_bulk`` walks that arc once, by prediction along dg/dλ = 1/z'(g) and
correction by Newton's method; densities anywhere follow from a few more Newton steps.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.theory.law import BULK, TEACHER, Law
from bbpscape.theory.roots import NoConvergence
from bbpscape.theory.scalar.gaps import Atomic, bulks
from bbpscape.theory.scalar.walk import ROUNDING, STEP, advance, inverse_derivatives, move, newton
from bbpscape.theory.solution import Bulk, Edge, Sampled

MAX_POINTS = 5000
BLOCK, NEAR_THE_END = 8, 0.05
NEAREST = 1e-8
HERMITE_STEPS = 3
# ρ below this fraction of |g| has no digits left for a ratio.
SEEN = 1e-11


@dataclass(frozen=True)
class BulkCurve:
    """Points along the bulk from its left edge: arrays of λ, g and (dz/du, d²z/du²), u = 1/g."""

    law: Law
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
        g = newton(self.law, self.alpha, flat, guess)
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
        step, derivatives = STEP, self.derivatives[:, start]
        while eigenvalue != target:
            eigenvalue, g, step, derivatives = advance(
                self.law, self.alpha, eigenvalue, g, step, derivatives, target
            )
        return complex(newton(self.law, self.alpha, np.array([target]), np.array([g]))[0])

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
        that rounding hides ρ. Source: theory.md §5.
        """
        targets = _finite(eigenvalues)
        profile = np.full(targets.shape, np.nan)
        inside = (targets > self.eigenvalue[0]) & (targets < self.right.value)
        profile[inside] = self.profile(self.stieltjes(targets[inside]), direction)
        return profile

    def profile(self, g: NDArray, direction: str = TEACHER) -> NDArray[np.float64]:
        """``overlap_profile`` where g = g(λ + i0) is known; NaN if the law lacks the direction."""
        profile = np.full(g.shape, np.nan)
        if direction in self.law.directions:
            along = (g / self._along(g, direction)).imag
            np.divide(along, g.imag, out=profile, where=-g.imag > SEEN * abs(g))
        return profile

    def spectral_shift(self, eigenvalue: float) -> float:
        """Eigenvalues below λ that the special directions add to the bulk's fraction of all.

        Σ_d n_d (−1/π) Im log[(z − Σ_d)/(z − Σ)] over the directions d, n_d their multiplicities:
        of order one, a correction of relative order 1/N. Other terms of that order, about half an
        eigenvalue, are left out: those of the real symmetric ensemble and of sampling M labels,
        which the theory of single draws has (``finite.draw_count``).

        Raises InvalidInput where multiplicities are infinite; λ must lie in the bulk.
        """
        if not all(map(math.isfinite, self.law.directions.values())):
            raise InvalidInput("spectral_shift needs a finite p")
        return float(self.shift(self.stieltjes([eigenvalue]))[0])

    def shift(self, g: NDArray) -> NDArray[np.float64]:
        """``spectral_shift`` where g = g(λ + i0) is known, g of shape (n,)."""
        names = tuple(self.law.directions)
        counts = np.array([self.law.directions[name] for name in names], dtype=float)
        moments = self.law.moments(g, 1, (BULK, *names))[:, 0]
        return counts @ -np.angle(1 - self.alpha * g * (moments[1:] - moments[0])) / np.pi

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
        return cumulative(self.law, self.alpha, eigenvalue, g)

    def _guess(self, targets: NDArray) -> NDArray[np.complex128]:
        """g at each target: z(u), u = 1/g, as a quintic between two traced points, inverted.

        To second order from the nearest point where that fails, as it does around g = ∞.
        """
        right = np.clip(np.searchsorted(self.eigenvalue, targets), 1, self.g.size - 1)
        middle = (self.eigenvalue[right - 1] + self.eigenvalue[right]) / 2
        near = np.where(targets < middle, right - 1, right)
        slope, curvature = self.derivatives[:, near]
        u = 1 / self.g
        taylor = u[near] + move(slope, curvature, targets - self.eigenvalue[near], u[near])
        start, width = u[right - 1], u[right] - u[right - 1]
        powers = _quintic(self.eigenvalue, self.derivatives, right, width)
        s = (taylor - start) / width
        with np.errstate(all="ignore"):
            for _ in range(HERMITE_STEPS):
                value = np.polynomial.polynomial.polyval(s, powers, tensor=False) - targets
                steep = np.polynomial.polynomial.polyval(
                    s, powers[1:] * np.arange(1, 6)[:, None], tensor=False
                )
                s = s - value / steep
            guess = start + s * width
        # A root that left its neighbourhood belongs to another branch of the quintic.
        good = np.isfinite(guess) & (abs(guess - taylor) < 0.1 * abs(width)) & (guess.imag >= 0)
        return 1 / np.where(good, guess, taylor)


def _quintic(values: NDArray, derivatives: NDArray, right: NDArray, width: NDArray) -> NDArray:
    """Coefficients in s = (u − u₀)/width of the quintic with z, z' and z'' of both ends."""
    (d0, d1), (c0, c1) = (
        (row[right - 1] * width ** (k + 1), row[right] * width ** (k + 1))
        for k, row in enumerate(derivatives)
    )
    z0 = values[right - 1]
    rise = values[right] - z0 - d0 - c0 / 2
    slope, bend = d1 - d0 - c0, c1 - c0
    return np.stack(
        [
            z0 + 0j,
            d0,
            c0 / 2,
            10 * rise - 4 * slope + bend / 2,
            -15 * rise + 7 * slope - bend,
            6 * rise - 3 * slope + bend / 2,
        ]
    )


def trace_bulk(law: Law, alpha: float, left: Edge, right: Edge, reach: float) -> BulkCurve:
    """The bulk from its ``left`` edge to its ``right`` one, or until a mass ``reach`` is passed.

    Steps are STEP times |1/g| long, shorter where Newton's method asks for it. Of a discrete law
    with several bulks, ``left`` and ``right`` are the edges of one (see ``bulks``).
    """
    if left.kind not in ("sharp", "smooth"):
        raise NoConvergence(f"density: a bulk that starts at a {left.kind} edge cannot be followed")
    if isinstance(law, Atomic):
        _check_one_bulk(law, alpha, left, right)
    eigenvalues, stieltjes = [left.value], [complex(left.g)]
    step, derivatives = STEP, inverse_derivatives(law, alpha, np.array(stieltjes[0]))[1:]
    mass = 0.0
    while mass < reach and eigenvalues[-1] < right.value:
        if len(eigenvalues) > MAX_POINTS:
            raise NoConvergence(f"density: the bulk seems endless at λ = {eigenvalues[-1]:.6g}")
        eigenvalue, g, step, derivatives = advance(
            law, alpha, eigenvalues[-1], stieltjes[-1], step, derivatives, right.value, right
        )
        eigenvalues.append(eigenvalue)
        stieltjes.append(g)
        rho = -(stieltjes[-2].imag + g.imag) / 2 / np.pi
        mass += rho * (eigenvalue - eigenvalues[-2])
        # The rough mass says when the exact one, which costs as much as a step, is worth having.
        if mass > reach - NEAR_THE_END or len(eigenvalues) % BLOCK == 0:
            mass = float(cumulative(law, alpha, eigenvalue, np.array(g)))
    points, g_values = np.array(eigenvalues), np.array(stieltjes)
    inner = slice(1, -1 if points[-1] == right.value else None)
    g_values[inner] = newton(law, alpha, points[inner], g_values[inner])
    if not np.isfinite(g_values).all():
        raise NoConvergence("density: a point of the bulk was lost; report the model and α")
    derivatives = inverse_derivatives(law, alpha, g_values)[1:]
    return BulkCurve(law, alpha, right, points, g_values, derivatives)


def sample_curve(curve: BulkCurve, points: int, *, alone: bool = False) -> Bulk:
    """The curve at ``points`` of it, dense where ρ changes fast; ``alone`` with all that it tells
    there, for a record that has to do without it."""
    # Steps along the traced curve are short where the density changes fast, and shorter at the
    # left edge, from which λ grows as the square of the position.
    traced = curve.eigenvalue
    position = (traced.size - 1) * np.linspace(0, 1, points) ** 1.5
    eigenvalue = np.interp(position, np.arange(traced.size), traced)
    first = position < 1
    eigenvalue[first] = traced[0] + (traced[1] - traced[0]) * position[first] ** 2
    g = curve.stieltjes(eigenvalue)
    rho, cumulative = np.maximum(-g.imag / np.pi, 0), curve.cumulative(eigenvalue, g)
    if not alone:
        return Bulk(eigenvalue, rho, cumulative, None, curve)
    # At its ends, and where rounding hides ρ, g may be on the support of a direction.
    seen = -g.imag > SEEN * abs(g)
    shift = np.full(points, np.nan)
    if seen.any():
        shift = np.interp(eigenvalue, eigenvalue[seen], curve.shift(g[seen]))
    return Bulk(eigenvalue, rho, cumulative, Sampled(curve.profile(g), shift), curve)


def _check_one_bulk(law: Atomic, alpha: float, left: Edge, right: Edge) -> None:
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


def cumulative(law: Law, alpha: float, eigenvalue: ArrayLike, g: NDArray) -> NDArray:
    """The fraction below λ where g = g(λ + i0), or g(z) with a complex z in place of λ."""
    log_g = np.log(-g)
    # A point on the real axis sits on the cut of the logarithm by rounding alone.
    phase = np.abs(log_g.imag)
    return -((g * eigenvalue).imag - phase + alpha * law.log_moment(g).imag) / np.pi

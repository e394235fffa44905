"""Steps along the curve of complex g on which z(g) is real, and Newton's method for z(g) = λ.

In u = 1/g the map z(u) is analytic at both ends of the bulk, where dz/du = 0, and linear as u → ∞.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.theory.law import Law
from bbpscape.theory.roots import NoConvergence, iterations
from bbpscape.theory.scalar.edges import inverse_stieltjes
from bbpscape.theory.solution import Edge

STEP = 0.12
CROSSING = 0.05
MAX_HALVINGS = 12
# A step is corrected to third order until its last change is this small.
CORRECTION, CORRECTIONS = 2e-3, 8
# The last Newton change of g: the error left behind is its square, which must be small beside
# Im g, too, in the tail.
TOLERANCE = (1e-9, 3e-8)
ROUNDING = 1e-12
LOST = "report the model and α"
ROUNDING_STEPS = 1e-13


def advance(
    law: Law,
    alpha: float,
    eigenvalue: float,
    g: complex,
    step: float,
    derivatives: NDArray,
    limit: float,
    right: Edge | None = None,
) -> tuple[float, complex, float, NDArray]:
    """The next (λ, g) along the curve towards ``limit``, the length of the next step, and there
    the ``derivatives`` (dz/du, d²z/du²).

    A step is predicted to second order in 1/g and halved until Newton's method confirms it. On the
    way to the ``right`` edge the eigenvalue 0 is crossed in one step, else it is never crossed.
    """
    for _ in iterations(MAX_HALVINGS, f"density beyond λ = {eigenvalue:.6g}", LOST):
        prediction = _cross_zero(alpha, eigenvalue, g) if right is not None else None
        target, guess, slack = prediction or _predict(derivatives, eigenvalue, g, step, limit)
        if right is not None and target >= right.value:
            return right.value, complex(right.g), step, derivatives
        size = abs(guess)
        try:
            following, there = _correct(law, alpha, target, guess)
        except NoConvergence:
            following = complex(math.nan)
        if following.imag <= ROUNDING * size and abs(following - guess) < slack * size:
            break
        step /= 2
    return target, following, min(STEP, 1.5 * step), there


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
    return target, complex(1 / (u + move(slope, curvature, target - eigenvalue, u))), step


def inverse_derivatives(law: Law, alpha: float, g: NDArray) -> NDArray:
    """z, dz/du and d²z/du² for u = 1/g, in which z is linear at both ends, u → 0 and u → ∞."""
    z, z1, z2 = inverse_stieltjes(law, alpha, g, order=2)
    return np.array([z, -(g**2) * z1, g**4 * z2 + 2 * g**3 * z1])


def _correct(law: Law, alpha: float, target: float, guess: complex) -> tuple[complex, NDArray]:
    """g with z(g) = target to about CORRECTION³, from ``guess``, and (dz/du, d²z/du²) to about
    CORRECTION²."""
    u = np.array(1 / guess)
    for _ in iterations(CORRECTIONS, "density", LOST):
        z, slope, curvature = inverse_derivatives(law, alpha, 1 / u)
        change = move(slope, curvature, target - z, u)
        u = u + change
        if not (np.isfinite(u) and u != 0):
            raise NoConvergence(f"density: Newton's method left the curve; {LOST}")
        if abs(change) < CORRECTION * abs(u):
            break
    return complex(1 / u), np.array([slope + curvature * change, curvature])


def move(slope: NDArray, curvature: NDArray, length: ArrayLike, u: NDArray) -> NDArray:
    """The smallest δ with slope δ + curvature δ²/2 = length that keeps Im(u + δ) ≥ 0."""
    root = np.sqrt(slope**2 + 2 * curvature * length + 0j)
    with np.errstate(divide="ignore", invalid="ignore"):
        moves = np.nan_to_num(2 * np.asarray(length) / np.stack([slope + root, slope - root]))
    below = (u + moves).imag < -ROUNDING * abs(u)
    best = np.argmin(abs(moves) + np.where(below, 1e3 * abs(u), 0), axis=0)
    return np.take_along_axis(moves, best[None], axis=0)[0]


def newton(law: Law, alpha: float, targets: NDArray, guess: NDArray, steps: int = 40) -> NDArray:
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
        enough = np.clip(1e-3 * np.sqrt(abs(current.imag / current)), *TOLERANCE)
        active = active[~lost & ~exact & (size > enough)]
    g[active] = np.nan
    return g

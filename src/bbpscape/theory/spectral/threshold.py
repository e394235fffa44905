"""Where a spectral method D = Σ_μ T(y_μ) x_μ x_μᵀ begins to work, and the best of a family."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize_scalar

from bbpscape.core.checks import InvalidInput, positive
from bbpscape.core.result import Result, result
from bbpscape.core.status import Diagnostics, Status
from bbpscape.model.inputs.law import STANDARD, InputLaw
from bbpscape.theory.laws.mirrored import Mirrored
from bbpscape.theory.scalar.transition import find_transition
from bbpscape.theory.spectral.channel import Channel
from bbpscape.theory.spectral.law import preprocessing_law
from bbpscape.theory.spectral.preprocessing import Preprocessing
from bbpscape.theory.spectral.structured import spectral_level, spectral_transition

# Of a quadrature error.
ACCURACY = 1e-10
# Values of t that are tried before the best of them is refined, and the α that stands for "never".
TRIED = 9
NEVER = 1e100


@result
class SpectralThreshold(Result):
    """Where a spectral method begins to work.

    ``alpha`` is the smallest α with an informative outlier right of the bulk, ``inf`` if there is
    none; ``transition`` is "continuous", "discontinuous" (m² starts at ``m2_jump``) or "none";
    ``eigenvalue`` is where the outlier leaves the bulk, in units of T; ``t`` is the parameter of T
    if it has one.

    Examples
    --------
    >>> import bbpscape as bb
    >>> teacher, T = bb.spectral.QuadraticTeacher(1), bb.spectral.subset(2.0)
    >>> found = bb.spectral.spectral_threshold(teacher, T)
    >>> found.transition, found.m2_jump
    ('continuous', 0.0)
    """

    preprocessing: str
    t: float | None
    alpha: float
    transition: str
    m2_jump: float
    eigenvalue: float | None
    diagnostics: Diagnostics

    @property
    def status(self) -> Status:
        return self.diagnostics.status

    def headline(self) -> str:
        at = "" if self.t is None else f", t = {self.t:.6g}"
        return f"Spectral method {self.preprocessing}{at}"


def spectral_threshold(
    channel: Channel,
    preprocessing: Preprocessing,
    inputs: InputLaw = STANDARD,
    N: int | None = None,
) -> SpectralThreshold:
    """The smallest α at which D has an informative outlier right of its bulk.

    With S(g) = E[(w − 1) q] and K(g) = E[q²], which grows with g, an edge at g has α = 1/K(g) and
    an outlier right of it iff S > K there. The smallest α belongs to the largest g with S ≥ K: the
    end 1/sup T if S > K there (discontinuous, at α = 1/S), else the last crossing (continuous).
    Just above it an outlier is there; for an odd T it may be gone again at a larger α.

    ``inputs`` is the law of x, ``N`` the dimension that its covariance is that of, where it needs
    one. For T = 1(y > t) at p* = 1, α = P(y > t)/(E[y; y > t] − P(y > t))²:

    Parameters
    ----------
    channel : Channel
        A teacher with its labels, such as QuadraticTeacher(1).
    preprocessing : Preprocessing
    inputs : InputLaw, optional
    N : int, optional
        Dimension, where the covariance belongs to one.

    Returns
    -------
    SpectralThreshold
        Where an outlier begins, and whether m² jumps.

    Examples
    --------
    >>> from bbpscape.theory.spectral.channel import QuadraticTeacher
    >>> from bbpscape.theory.spectral.preprocessing import subset
    >>> round(spectral_threshold(QuadraticTeacher(1), subset(2.0)).alpha, 6)
    0.912863
    """
    coarse, fine = (
        spectral_transition(spectral_level(channel, preprocessing, inputs, N, refinement))
        for refinement in (1, 2)
    )
    name, t = preprocessing.name, preprocessing.t
    if fine is None:
        return SpectralThreshold(name, t, math.inf, "none", 0.0, None, Diagnostics(0, 0.0, 0.0))
    error = math.inf if coarse is None else abs(coarse.alpha / fine.alpha - 1)
    found = fine.with_error(error, ACCURACY)
    return SpectralThreshold(
        preprocessing=name,
        t=t,
        alpha=found.alpha,
        transition=found.kind,
        m2_jump=found.m2_jump,
        eigenvalue=found.eigenvalue,
        diagnostics=found.diagnostics,
    )


def best_threshold(
    channel: Channel, family: Callable[[float], Preprocessing], low: float, high: float
) -> tuple[float, SpectralThreshold]:
    """The t in [low, high] at which ``family(t)`` starts at the smallest α, and that threshold.

    α(t) is compared at a few t, evenly spaced in their logarithm, and refined around the best.

    Parameters
    ----------
    channel : Channel
        A teacher with its labels, such as QuadraticTeacher(1).
    family : callable
        The Preprocessing of a t.
    low, high : float
        Between which t is sought.

    Returns
    -------
    (float, SpectralThreshold)
        That t, and its threshold.

    Raises
    ------
    InvalidInput
        If the t do not increase from above 0.

    Examples
    --------
    >>> import bbpscape as bb
    >>> teacher = bb.spectral.QuadraticTeacher(1)
    >>> t, best = bb.spectral.best_threshold(teacher, bb.spectral.subset, 0.5, 8.0)
    >>> best.alpha < bb.spectral.spectral_threshold(teacher, bb.spectral.subset(2 * t)).alpha
    True
    """
    if not positive("low", low) < positive("high", high):
        raise InvalidInput(f"t must be sought from a lower to a higher, got {low:g} to {high:g}")

    def alpha(log_t: float) -> float:
        law = preprocessing_law(channel, family(math.exp(log_t)))
        found = find_transition(Mirrored(law))
        return NEVER if found is None else min(found.alpha, NEVER)

    grid = np.linspace(math.log(low), math.log(high), TRIED)
    values = [alpha(x) for x in grid]
    best = int(np.argmin(values))
    ends = grid[max(best - 1, 0)], grid[min(best + 1, TRIED - 1)]
    # Wide teachers have labels, and a best t, in a range of their own width.
    close = 1e-4 * min(1.0, 4 * (ends[1] - ends[0]))
    found = minimize_scalar(alpha, bounds=ends, method="bounded", options={"xatol": close})
    t = math.exp(float(found.x))
    return t, spectral_threshold(channel, family(t))

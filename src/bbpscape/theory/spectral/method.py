"""Spectral methods D = Σ_μ T(y_μ) x_μ x_μᵀ: the curvature law with p = 1 and F = T(y).

The informative outlier lies right of the bulk. With q = g T/(1 − g T) for g ∈ (0, 1/sup T), it sits
at α E[(w − 1) q] = 1, w(y) = E[|u|²/p* | y], and a sharp right edge at α E[q²] = 1.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from bbpscape.core.checks import InvalidInput, positive
from bbpscape.core.codec import encode
from bbpscape.core.status import Diagnostics
from bbpscape.theory.law import TEACHER
from bbpscape.theory.laws.discrete import DiscreteLaw, QuadratureLaw
from bbpscape.theory.laws.mirrored import Mirrored
from bbpscape.theory.scalar.edges import right_edge
from bbpscape.theory.scalar.outliers import left_outlier
from bbpscape.theory.scalar.transition import find_transition
from bbpscape.theory.solution import Edge
from bbpscape.theory.spectral.channel import Channel
from bbpscape.theory.spectral.preprocessing import Preprocessing

# Where T at ±∞ is read off, and how far apart the two values of a limit may be.
FAR, FARTHER = 1e120, 1e240
LIMIT = 1e-9
# Of a quadrature error.
ACCURACY = 1e-10


def preprocessing_law(
    channel: Channel, preprocessing: Preprocessing, refinement: int = 1
) -> QuadratureLaw:
    """The law of T(y), with w along the teacher (its p* directions)."""
    labels = channel.labels(preprocessing.breaks, refinement)
    values = preprocessing(labels.y)
    if values.shape != labels.y.shape or not np.isfinite(values).all():
        raise InvalidInput(f"{preprocessing.name}: T must return one finite number for each label")
    # Equal values are one atom.
    atoms, which = np.unique(values, return_inverse=True)
    weights = np.bincount(which, labels.weights)
    along = np.bincount(which, labels.weights * labels.second) / weights
    nodes = DiscreteLaw(
        atoms, weights / weights.sum(), {TEACHER: along}, {TEACHER: float(channel.p_star)}
    )
    low, high = preprocessing.bounds or _bounds(channel, preprocessing, atoms)
    slack = LIMIT * (1 + abs(atoms[[0, -1]]))
    if atoms[0] < low - slack[0] or atoms[-1] > high + slack[1]:
        raise InvalidInput(
            f"{preprocessing.name}: bounds must hold all of T, which runs from {atoms[0]:.6g} "
            f"to {atoms[-1]:.6g}, got {preprocessing.bounds!r}"
        )
    return QuadratureLaw(nodes, (min(low, float(atoms[0])), max(high, float(atoms[-1]))))


def _bounds(channel: Channel, preprocessing: Preprocessing, atoms: NDArray) -> tuple[float, float]:
    """Extremes of T over the nodes, both sides of each break and both ends of the labels."""
    found = [float(atoms[0]), float(atoms[-1])]
    if channel.discrete:
        return found[0], found[1]
    low, high = channel.label_range
    for b in preprocessing.breaks:
        if low < b < high:
            sides = np.array([np.nextafter(b, -math.inf), np.nextafter(b, math.inf)])
            found.extend(preprocessing(sides).tolist())
    for end in (low, high):
        if math.isinf(end):
            with np.errstate(over="ignore"):
                near, far = preprocessing(np.array([FAR, FARTHER]) * math.copysign(1, end))
            moving = abs(far - near) > LIMIT * (1 + abs(near))
            found.append(math.copysign(math.inf, far - near) if moving else float(far))
    return min(found), max(found)


@dataclass(frozen=True)
class SpectralThreshold:
    """Where a spectral method begins to work.

    ``alpha`` is the smallest α with an informative outlier right of the bulk, ``inf`` if there is
    none; ``transition`` is "continuous", "discontinuous" (m² starts at ``m2_jump``) or "none";
    ``eigenvalue`` is where the outlier leaves the bulk.
    """

    preprocessing: str
    alpha: float
    transition: str
    m2_jump: float
    eigenvalue: float | None
    diagnostics: Diagnostics

    def to_dict(self) -> dict[str, Any]:
        """JSON values; an infinite ``alpha`` becomes None."""
        values = dict(vars(self))
        values["alpha"] = self.alpha if math.isfinite(self.alpha) else None
        values["diagnostics"] = encode(self.diagnostics)
        return values


def spectral_threshold(channel: Channel, preprocessing: Preprocessing) -> SpectralThreshold:
    """The smallest α at which D has an informative outlier right of its bulk.

    With S(g) = E[(w − 1) q] and K(g) = E[q²], which grows with g, an edge at g has α = 1/K(g) and
    an outlier right of it iff S > K there. The smallest α belongs to the largest g with S ≥ K: the
    end 1/sup T if S > K there (discontinuous, at α = 1/S), else the last crossing (continuous).
    Just above it an outlier is there; for an odd T it may be gone again at a larger α.

    For T = 1(y > t) at p* = 1, α = P(y > t)/(E[y; y > t] − P(y > t))²:

    >>> from bbpscape.theory.spectral.channel import QuadraticTeacher
    >>> from bbpscape.theory.spectral.preprocessing import subset
    >>> round(spectral_threshold(QuadraticTeacher(1), subset(2.0)).alpha, 6)
    0.912863
    """
    coarse, fine = (
        find_transition(Mirrored(preprocessing_law(channel, preprocessing, r))) for r in (1, 2)
    )
    if fine is None:
        return SpectralThreshold(
            preprocessing.name, math.inf, "none", 0.0, None, Diagnostics(0, 0.0, 0.0)
        )
    error = math.inf if coarse is None else abs(coarse.alpha / fine.alpha - 1)
    found = fine.mirrored().with_error(error, ACCURACY)
    return SpectralThreshold(
        preprocessing=preprocessing.name,
        alpha=found.alpha,
        transition=found.kind,
        m2_jump=found.m2_jump,
        eigenvalue=found.eigenvalue,
        diagnostics=found.diagnostics,
    )


@dataclass(frozen=True)
class SpectralOverlap:
    """What D looks like at one α: its right ``edge`` and the informative outlier beyond it.

    ``eigenvalue`` is None and ``m2`` is 0 without one; ``m2`` is the squared overlap of one of its
    p* eigenvectors with the p* directions of the teacher.
    """

    preprocessing: str
    alpha: float
    m2: float
    eigenvalue: float | None
    edge: Edge

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        values = dict(vars(self))
        values["edge"] = encode(self.edge)
        return values


def spectral_overlap(
    channel: Channel, preprocessing: Preprocessing, alpha: float
) -> SpectralOverlap:
    """m², eigenvalue and right edge of the bulk of D = Σ_μ T(y_μ) x_μ x_μᵀ at M = αN.

    Units: those of T. Raises InvalidInput if α is not positive.
    """
    alpha = positive("alpha", alpha)
    law = preprocessing_law(channel, preprocessing, 2)
    edge = right_edge(law, alpha)
    found = left_outlier(Mirrored(law), alpha, edge.mirrored(), TEACHER)
    return SpectralOverlap(
        preprocessing=preprocessing.name,
        alpha=alpha,
        m2=0.0 if found is None else found.m2,
        eigenvalue=None if found is None else -found.eigenvalue,
        edge=edge,
    )


def best_threshold(
    channel: Channel, family: Callable[[float], Preprocessing], low: float, high: float
) -> tuple[float, SpectralThreshold]:
    """The t in [low, high] at which ``family(t)`` starts at the smallest α, and that threshold."""

    def alpha(log_t: float) -> float:
        law = preprocessing_law(channel, family(math.exp(log_t)))
        found = find_transition(Mirrored(law))
        return math.inf if found is None else found.alpha

    grid = np.linspace(math.log(low), math.log(high), 9)
    values = [alpha(x) for x in grid]
    best = int(np.argmin(values))
    ends = grid[max(best - 1, 0)], grid[min(best + 1, 8)]
    found = minimize_scalar(alpha, bounds=ends, method="bounded", options={"xatol": 1e-4})
    t = math.exp(float(found.x))
    return t, spectral_threshold(channel, family(t))

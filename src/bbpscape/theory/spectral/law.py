"""The curvature law of a spectral method D = Σ_μ T(y_μ) x_μ x_μᵀ: p = 1 and F = T(y).

The informative outlier lies right of the bulk. With q = g T/(1 − g T) for g ∈ (0, 1/sup T), it sits
at α E[(w − 1) q] = 1, w(y) = E[|u|²/p* | y], and a sharp right edge at α E[q²] = 1.
"""

import math

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.theory.law import TEACHER
from bbpscape.theory.laws.discrete import DiscreteLaw, QuadratureLaw
from bbpscape.theory.spectral.channel import Channel
from bbpscape.theory.spectral.preprocessing import Preprocessing

# Where T at ±∞ is read off, and how far apart the two values of a limit may be.
FAR, FARTHER = 1e120, 1e240
LIMIT = 1e-9


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


def check_seen(law: QuadratureLaw, preprocessing: Preprocessing) -> QuadratureLaw:
    """``law``, refused where T varies only over labels too rare to be among the nodes."""
    low, high = law.bounds
    if law.nodes.atoms.size == 1 and high - low > LIMIT * (1 + abs(low)):
        at = "" if preprocessing.t is None else f", t = {preprocessing.t:g}"
        raise InvalidInput(
            f"{preprocessing.name}{at}: T is {law.nodes.atoms[0]:g} for every label that has a "
            "probability to speak of: choose a T that varies where labels are"
        )
    return law

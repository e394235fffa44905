"""Noisy labels and counts: sums over points of u ∈ R^{p*}, whose outputs are blurred."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.model.labels import Labels
from bbpscape.model.teacher import Teacher
from bbpscape.theory.spectral.matrix.moments import Moments, no_atoms
from bbpscape.theory.spectral.matrix.points import (
    length_points,
    line_points,
    plane_points,
    space_points,
)

# Nodes of y across the noise; cells of outputs across it, and of rates.
STEP, SPAN, CELLS, RATE = 0.5, 8.0, 8, 0.05
MOST_LABELS, MOST_COUNTS = 200_000, 20_000
BLOCK = 2**21
# Labels at which densities by the sparser points of a plane are compared, and how far they may be.
PROBES, SPARSER, RESOLVED = 101, 0.5, 1e-3


@dataclass(frozen=True, eq=False)
class Blurred:
    """y of law P(y | φ(u)): ``labels`` is noise and flips, or counts, of ``outputs`` φ, of shape
    (n,), whose weights of 1, u and u uᵀ are ``columns``, (n, 1 + p* + p*²)."""

    name: str
    labels: Labels
    columns: NDArray[np.float64]
    outputs: NDArray[np.float64]

    @property
    def p_star(self) -> int:
        return math.isqrt(self.columns.shape[1])

    @property
    def atoms(self) -> NDArray[np.float64]:
        """Counts are the nodes themselves."""
        return np.zeros(0)

    def nodes(self) -> tuple[NDArray, NDArray]:
        outputs = self.outputs
        if self.labels.poisson:
            last = float(outputs.max())
            count = math.ceil(last + 10 * math.sqrt(last) + 20)
            if count > MOST_COUNTS:
                raise InvalidInput(f"the teacher {self.name!r} has rates up to {last:.3g}: rescale")
            y = np.arange(-count if self.labels.flip else 0, count, dtype=float)
            weights = self.continuous(y).density
            return y[weights > 0], weights[weights > 0]
        sigma = math.sqrt(self.labels.noise)
        both = np.concatenate([outputs, -outputs]) if self.labels.flip else outputs
        low, high = float(both.min()) - SPAN * sigma, float(both.max()) + SPAN * sigma
        step = STEP * sigma
        if not (high - low) / step < MOST_LABELS:
            raise _too_small(self.name, self.labels)
        y = np.arange(low, high, step)
        weights = step * self.continuous(y).density
        return y[weights > 0], weights[weights > 0]

    def continuous(self, y: NDArray) -> Moments:
        n, p = y.size, self.p_star
        result = np.empty((n, self.columns.shape[1]))
        size = max(BLOCK // len(self.outputs), 1)
        for start in range(0, n, size):
            part = slice(start, start + size)
            result[part] = self.labels.density(y[part, None], self.outputs) @ self.columns
        first, second = result[:, 1 : 1 + p], result[:, 1 + p :].reshape(n, p, p)
        return Moments(result[:, 0], first, second)

    def mass(self) -> Moments:
        return no_atoms(self.p_star)


def _check_resolved(
    name: str, labels: Labels, points: tuple[NDArray, NDArray], value: Teacher
) -> None:
    """Refuse noise so narrow that labels of sparser points of the plane have another density."""
    sigma, usual = math.sqrt(labels.noise), float(np.median(abs(points[1])))
    y = (usual + sigma) * np.linspace(-2.0, 2.0, PROBES)
    fine, sparse = (
        Blurred(name, labels, *one).continuous(y).density
        for one in (points, plane_points(value, value.kinks, SPARSER))
    )
    if abs(fine - sparse).sum() > RESOLVED * fine.sum():
        raise _too_small(name, labels)


def _too_small(name: str, labels: Labels) -> InvalidInput:
    return InvalidInput(
        f"label_noise = {labels.noise:g} is too small beside the labels of {name!r}: take 0, or "
        "more"
    )


def blurred(name: str, value: Teacher, labels: Labels, p_star: int) -> Blurred:
    """The law of noisy labels or counts of a teacher that reads ``p_star`` directions.

    Raises
    ------
    InvalidInput
        If it reads more than three that are not |u| alone.
    """
    if p_star == 1:
        columns, outputs = line_points(value, value.kinks)
    elif p_star == 2:
        columns, outputs = plane_points(value, value.kinks)
        if labels.noise:
            _check_resolved(name, labels, (columns, outputs), value)
    elif value.facts(p_star).rotations:
        columns, outputs = length_points(value, p_star)
    elif p_star == 3:
        cell = RATE if labels.poisson else math.sqrt(labels.noise) / CELLS
        columns, outputs = space_points(name, value, cell)
    else:
        raise InvalidInput(
            f"weak recovery of noisy labels needs a teacher of at most 3 directions, or of |u| "
            f"alone, got {name!r} of {p_star}"
        )
    return Blurred(name, labels, columns, outputs)

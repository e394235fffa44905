"""Noisy labels and counts: sums over nodes of u ∈ R^{p*}, p* ≤ 2, whose outputs are blurred."""

import itertools
import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.model.labels import Labels
from bbpscape.theory.bayes.panels import graded, nodes_between
from bbpscape.theory.bayes.pieces import REACH, Kinks
from bbpscape.theory.spectral.matrix.moments import Moments, no_atoms
from bbpscape.theory.spectral.matrix.rays import Function, special_angles, unit

# Nodes of u across the noise, and of y.
STEP, SPAN = 0.5, 8.0
MOST_LABELS, MOST_COUNTS = 200_000, 20_000
WIDTH, BLOCK = 0.35, 2**21


@dataclass(frozen=True, eq=False)
class Blurred:
    """y of law P(y | φ(u)): ``labels`` is noise and flips, or counts."""

    name: str
    value: Function
    kinks: Kinks
    labels: Labels
    p_star: int

    @property
    def atoms(self) -> NDArray[np.float64]:
        """Counts are the nodes themselves."""
        return np.zeros(0)

    @cached_property
    def _points(self) -> tuple[NDArray, NDArray, NDArray]:
        """u, weights and φ(u)."""
        if self.p_star == 1:
            marks = _zeros_on_line(self.kinks)
            u, steps = nodes_between(graded(-REACH, REACH, marks))
            points, weights = u[:, None], steps * np.exp(-(u**2) / 2) / math.sqrt(2 * math.pi)
        else:
            marks = special_angles(self.value, self.kinks)
            ends = np.append(marks, marks[0] + 2 * math.pi)
            parts = [np.linspace(a, b, math.ceil((b - a) / WIDTH) + 1) for a, b in
                     itertools.pairwise(ends)]  # fmt: skip
            angle, turned = nodes_between(np.unique(np.concatenate(parts)), 10)
            r, steps = nodes_between(np.arange(0, REACH + WIDTH, WIDTH))
            points = (r[:, None, None] * unit(angle)).reshape(-1, 2)
            radial = steps * r * np.exp(-(r**2) / 2) / (2 * math.pi)
            weights = (radial[:, None] * turned).ravel()
        return points, weights, self.value(points)

    def nodes(self) -> tuple[NDArray, NDArray]:
        _, _, outputs = self._points
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
            raise InvalidInput(
                f"label_noise = {self.labels.noise:g} is too small beside the labels of "
                f"{self.name!r}: take 0, or more"
            )
        y = np.arange(low, high, step)
        weights = step * self.continuous(y).density
        return y[weights > 0], weights[weights > 0]

    def continuous(self, y: NDArray) -> Moments:
        u, w, outputs = self._points
        n, p = y.size, self.p_star
        columns = np.concatenate(
            [np.ones((len(u), 1)), u, (u[:, :, None] * u[:, None, :]).reshape(len(u), -1)], axis=1
        )
        columns *= w[:, None]
        result = np.empty((n, columns.shape[1]))
        size = max(BLOCK // len(u), 1)
        for start in range(0, n, size):
            part = slice(start, start + size)
            result[part] = self.labels.density(y[part, None], outputs) @ columns
        first, second = result[:, 1 : 1 + p], result[:, 1 + p :].reshape(n, p, p)
        return Moments(result[:, 0], first, second)

    def mass(self) -> Moments:
        return no_atoms(self.p_star)


def _zeros_on_line(kinks: Kinks) -> list[float]:
    grid = np.linspace(-REACH, REACH, 4001) + 1.2345e-5
    found: list[float] = []
    for one in kinks(grid[:, None]):
        rows = np.flatnonzero(np.sign(one[:-1]) * np.sign(one[1:]) < 0)
        slope = (one[rows + 1] - one[rows]) / (grid[rows + 1] - grid[rows])
        found += (grid[rows] - one[rows] / slope).tolist()
    return found

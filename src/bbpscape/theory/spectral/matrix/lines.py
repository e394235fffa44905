"""Exact labels of one direction, of |u| alone, and of a law that the teacher brings with it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bbpscape.theory.bayes.exact import ExactLabels
from bbpscape.theory.bayes.panels import graded, nodes_between
from bbpscape.theory.bayes.pieces import Function, Kinks, Piece, monotone_pieces, preimages, slopes
from bbpscape.theory.bayes.radial import gaussian_length, last_length
from bbpscape.theory.spectral.matrix.moments import Moments, no_atoms

# Labels of a law of the user's: from the smallest to the largest size, in panels of log |y|.
SMALLEST, LARGEST, PANEL = 1e-14, 1e14, 0.5


@dataclass(frozen=True, eq=False)
class Line:
    """y = φ(u), u ∈ R."""

    exact: ExactLabels
    p_star: int = 1

    @property
    def atoms(self) -> NDArray[np.float64]:
        return np.array([one.y for one in self.exact.atoms])

    def nodes(self) -> tuple[NDArray, NDArray]:
        u, weights = self.exact.true_nodes()
        return self.exact.value(u), weights

    def continuous(self, y: NDArray) -> Moments:
        places, logs = self.exact.inverse(y)
        mass = np.exp(logs - places**2 / 2) / math.sqrt(2 * math.pi)
        first, second = (mass * places).sum(axis=0), (mass * places**2).sum(axis=0)
        return Moments(mass.sum(axis=0), first[:, None], second[:, None, None])

    def mass(self) -> Moments:
        rows = [one.evidence(np.zeros(1), 1.0) for one in self.exact.atoms]
        Z, first, second = (np.array([float(row[k][0]) for row in rows]) for k in range(3))
        # Z″ = E[(u² − 1) P].
        return Moments(Z, first[:, None], (second + Z)[:, None, None])


@dataclass(frozen=True, eq=False)
class Lengths:
    """y = φ(|u|), u ∈ R^{p*}: E[u | y] = 0, C_y = E[|u|² | y]/p* 1."""

    name: str
    value: Function
    kinks: Kinks
    p_star: int

    @cached_property
    def _pieces(self) -> tuple[Piece, ...]:
        return monotone_pieces(self.name, self.value, self.kinks, 0.0, last_length(self.p_star))

    @property
    def atoms(self) -> NDArray[np.float64]:
        return np.unique([one.y_low for one in self._pieces if one.flat])

    def _truth(self, flat: bool, label: float | None = None) -> tuple[NDArray, NDArray]:
        """r and weights on the pieces that are flat, at a label, or are not."""
        found = [np.zeros((2, 0))]
        ends = np.array([y for one in self._pieces for y in (one.y_low, one.y_high)])
        for one in self._pieces:
            if one.flat == flat and label in (None, one.y_low):
                at = preimages(self.value, one, ends) if not flat else np.zeros(0)
                r, steps = nodes_between(graded(one.low, one.high, at[np.isfinite(at)].tolist()))
                found.append(np.array([r, steps * gaussian_length(self.p_star, r)]))
        r, weights = np.concatenate(found, axis=1)
        return r, weights

    def nodes(self) -> tuple[NDArray, NDArray]:
        r, weights = self._truth(False)
        return self.value(r), weights

    def continuous(self, y: NDArray) -> Moments:
        density, second = np.zeros(y.size), np.zeros(y.size)
        for one in self._pieces:
            if not one.flat:
                r = preimages(self.value, one, y)
                seen = np.isfinite(r) & (r > 0)
                mass = gaussian_length(self.p_star, r[seen]) / slopes(self.value, one, r[seen])
                density[seen] += mass
                second[seen] += mass * r[seen] ** 2 / self.p_star
        return self._isotropic(density, second)

    def mass(self) -> Moments:
        rows = [self._truth(True, label) for label in self.atoms.tolist()]
        density = np.array([w.sum() for _, w in rows])
        return self._isotropic(density, np.array([w @ r**2 / self.p_star for r, w in rows]))

    def _isotropic(self, density: NDArray, second: NDArray) -> Moments:
        p = self.p_star
        density, second = np.reshape(density, -1), np.reshape(second, -1)
        return Moments(density, np.zeros((density.size, p)), second[:, None, None] * np.eye(p))


@dataclass(frozen=True, eq=False)
class Given:
    """A teacher that brings its law: y to (density, E[u | y], E[u uᵀ | y])."""

    law: Callable[[NDArray], tuple[NDArray, NDArray, NDArray]]
    low: float
    high: float
    p_star: int

    @property
    def atoms(self) -> NDArray[np.float64]:
        return np.zeros(0)

    def nodes(self) -> tuple[NDArray, NDArray]:
        count = math.ceil(math.log(LARGEST / SMALLEST) / PANEL)
        t, steps = nodes_between(np.linspace(math.log(SMALLEST), math.log(LARGEST), count + 1))
        away, steps = np.exp(t), steps * np.exp(t)
        # Labels from 0, and from a finite end of the range, on both sides.
        found = []
        origins = {0.0, *(one for one in (self.low, self.high) if math.isfinite(one))}
        for origin in sorted(origins):
            for sign in (1.0, -1.0):
                found.append((origin + sign * away, steps, np.full(t.size, origin)))
        y, weights, of = (np.concatenate(one) for one in zip(*found, strict=True))
        others = np.unique(of)
        nearest = others[abs(y[:, None] - others).argmin(axis=1)]
        kept = (nearest == of) & (y > self.low) & (y < self.high)
        y, weights = y[kept], weights[kept]
        weights = weights * self.law(y)[0]
        return y[weights > 0], weights[weights > 0]

    def continuous(self, y: NDArray) -> Moments:
        inside = (y > self.low) & (y < self.high)
        density, first, second = (np.asarray(one, dtype=float) for one in self.law(y))
        density = np.where(inside, density, 0.0)
        return Moments(density, density[:, None] * first, density[:, None, None] * second)

    def mass(self) -> Moments:
        return no_atoms(self.p_star)

"""Exact labels of two or three directions along rays u = r e: y = φ(r e) = r^k φ(e).

Teachers of a degree k ≠ 0 have one r on each ray; those of degree 0 (a ratio, a sign of a product)
the same label on all of it, and depend on the angle alone.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bbpscape.theory.bayes.panels import nodes_between, split
from bbpscape.theory.bayes.pieces import Piece, monotone_pieces, preimages, slopes
from bbpscape.theory.spectral.matrix.moments import Moments, no_atoms
from bbpscape.theory.spectral.matrix.sphere import (
    RATIO,
    WIDTH,
    Function,
    Kinks,
    circle_rule,
    on_circle,
    special_angles,
    sphere_rule,
    unit,
)

# Panels of an angle shrink DEPTH times towards zeros and kinks of φ.
DEPTH = 20
# Nodes of log |y|: panels of a width, from the last r to a label of the least probability.
PANEL, LAST, LEAST = 0.5, 8.5, 1e-14
BLOCK = 2**21
# Two labels this close, relatively, are one.
SAME = 1e-11


def degree(value: Function, p_star: int) -> float | None:
    """k with φ(c u) = c^k φ(u) for every c > 0, or None.

    >>> degree(lambda u: u[..., 0] * u[..., 1], 2)
    2.0
    """
    u = np.random.default_rng(0).standard_normal((200, p_star))
    y, scaled = value(u), value(2 * u)
    kept = y != 0
    if not kept.any() or (scaled[~kept] != 0).any() or (scaled[kept] / y[kept] <= 0).any():
        return None
    found = np.log2(scaled[kept] / y[kept])
    k = float(np.median(found))
    k = round(k, 9) + 0.0
    thrice = np.allclose(value(3 * u), 3.0**k * y, rtol=1e-9, atol=0)
    return k if thrice and np.allclose(found, k, rtol=0, atol=1e-9) else None


@dataclass(frozen=True, eq=False)
class Homogeneous:
    """φ of degree k ≠ 0 in two or three directions."""

    value: Function
    kinks: Kinks
    k: float
    p_star: int = 2

    @property
    def atoms(self) -> NDArray[np.float64]:
        return np.zeros(1) if self._flat else np.zeros(0)

    @cached_property
    def _angles(self) -> tuple[NDArray, NDArray]:
        """Unit vectors (n, p*) and weights that sum to 1."""
        return (circle_rule if self.p_star == 2 else sphere_rule)(self.value, self.kinks)

    @cached_property
    def _rays(self) -> tuple[NDArray, NDArray, NDArray]:
        """e, weights and φ(e) where φ(e) ≠ 0."""
        e, w = self._angles
        y = self.value(e)
        kept = np.isfinite(y) & (y != 0)
        return e[kept], w[kept], y[kept]

    @cached_property
    def _flat(self) -> bool:
        """Whether φ = 0 on rays of positive probability."""
        return bool(self._angles[1][self.value(self._angles[0]) == 0].sum() > 1e-9)

    def nodes(self) -> tuple[NDArray, NDArray]:
        """By log |y|."""
        _, _, phi = self._rays
        found = []
        for sign in (1, -1):
            sizes = abs(phi[np.sign(phi) == sign])
            if not sizes.size:
                continue
            # Small r have a probability r², and labels r^k.
            usual, reach = math.log(np.median(sizes)), -math.log(LEAST) * max(1, abs(self.k) / 2)
            if self.k > 0:
                low, high = usual - reach, math.log(sizes.max()) + self.k * math.log(LAST)
            else:
                low, high = math.log(sizes.min()) + self.k * math.log(LAST), usual + reach
            width = PANEL * max(abs(self.k), 0.5)
            count = math.ceil((high - low) / width)
            t, steps = nodes_between(np.linspace(low, high, count + 1))
            found.append((sign * np.exp(t), steps * np.exp(t)))
        y, steps = (np.concatenate(one) for one in zip(*found, strict=True))
        weights = steps * self.continuous(y).density
        kept = weights > 0
        return y[kept], weights[kept]

    def continuous(self, y: NDArray) -> Moments:
        """Σ over rays of P(r) dr/dy, P(r) ∝ r^{p* − 1} e^{−r²/2}, at r = (y/φ(e))^{1/k}."""
        e, w, phi = self._rays
        outer = np.concatenate(
            [np.ones((len(e), 1)), e, (e[:, :, None] * e[:, None, :]).reshape(len(e), -1)], axis=1
        )
        n, p = y.size, self.p_star
        result = np.zeros((n, 1 + p + p * p))
        size, area = max(BLOCK // len(e), 1), 2 ** (p / 2 - 1) * math.gamma(p / 2)
        for start in range(0, n, size):
            part = slice(start, start + size)
            ratio = y[part, None] / phi
            log_r = np.log(np.where(ratio > 0, ratio, 1.0)) / self.k
            r = np.exp(np.minimum(log_r, 4.0))
            mass = np.where((ratio > 0) & (log_r < 4.0), w * r**p * np.exp(-(r**2) / 2), 0.0)
            with np.errstate(divide="ignore"):
                mass /= area * abs(self.k) * np.maximum(abs(y[part, None]), 1e-300)
            for power, columns in (
                (0, slice(0, 1)), (1, slice(1, 1 + p)), (2, slice(1 + p, None)),
            ):  # fmt: skip
                result[part, columns] = (mass * r**power) @ outer[:, columns]
        return Moments(result[:, 0], result[:, 1 : 1 + p], result[:, 1 + p :].reshape(n, p, p))

    def mass(self) -> Moments:
        if not self._flat:
            return no_atoms(self.p_star)
        e, w = self._angles
        flat = self.value(e) == 0
        return of_rays(e[flat], w[flat])


@dataclass(frozen=True, eq=False)
class Angular:
    """φ of degree 0: a function of the angle of u ∈ R² alone."""

    name: str
    value: Function
    kinks: Kinks
    p_star: int = 2

    @cached_property
    def _pieces(self) -> tuple[Piece, ...]:
        marks = [one - self._start for one in special_angles(self.value, self.kinks)[1:]]

        def kinks(turn: NDArray) -> tuple[NDArray, ...]:
            return tuple(turn - one for one in marks)

        found = monotone_pieces(self.name, self._along, kinks, 0.0, 2 * math.pi)
        return tuple(_flattened(one) for one in found)

    def _along(self, turn: NDArray) -> NDArray[np.float64]:
        return on_circle(self.value)(turn + self._start)

    @property
    def atoms(self) -> NDArray[np.float64]:
        return np.unique([one.y_low for one in self._pieces if one.flat])

    @cached_property
    def _start(self) -> float:
        return special_angles(self.value, self.kinks)[0]

    def nodes(self) -> tuple[NDArray, NDArray]:
        found = []
        for one in self._pieces:
            if not one.flat:
                away = (one.high - one.low) / 2 * RATIO ** np.arange(DEPTH)
                ends = np.unique(np.concatenate([one.low + away, one.high - away]))
                turn, steps = nodes_between(_split(ends))
                found.append((self._along(turn), steps / (2 * math.pi)))
        if not found:
            return np.zeros(0), np.zeros(0)
        y, weights = (np.concatenate(one) for one in zip(*found, strict=True))
        return y, weights

    def continuous(self, y: NDArray) -> Moments:
        total = Moments(np.zeros(y.size), np.zeros((y.size, 2)), np.zeros((y.size, 2, 2)))
        for one in self._pieces:
            if one.flat:
                continue
            turn = preimages(self._along, one, y)
            seen = np.isfinite(turn)
            at = np.where(seen, turn, one.low)
            mass = np.zeros(y.size)
            mass[seen] = 1 / slopes(self._along, one, turn[seen])
            total = total.plus(_of_angles(unit(at + self._start), mass / (2 * math.pi)))
        return total

    def mass(self) -> Moments:
        labels = self.atoms
        parts = [no_atoms(2)]
        for label in labels:
            flat = [one for one in self._pieces if one.flat and one.y_low == label]
            rays = [nodes_between(_split(np.array([one.low, one.high]))) for one in flat]
            turn, steps = (np.concatenate(x) for x in zip(*rays, strict=True))
            parts.append(of_rays(unit(turn + self._start), steps / (2 * math.pi)))
        return Moments(*(np.concatenate(one) for one in zip(*parts, strict=True)))


def _flattened(piece: Piece) -> Piece:
    """Flat where the two one-sided values are one but for rounding."""
    if abs(piece.y_low - piece.y_high) <= SAME * (abs(piece.y_low) + abs(piece.y_high)):
        return Piece(piece.low, piece.high, piece.y_low, piece.y_low)
    return piece


def _split(ends: NDArray) -> NDArray[np.float64]:
    return split(ends, WIDTH)


def _of_angles(e: NDArray, mass: NDArray) -> Moments:
    """Of u along one ray each: E r = √2 Γ((p* + 1)/2)/Γ(p*/2), E r² = p*."""
    p = e.shape[1]
    length = math.sqrt(2) * math.gamma((p + 1) / 2) / math.gamma(p / 2)
    return Moments(
        mass,
        length * mass[:, None] * e,
        p * mass[:, None, None] * e[:, :, None] * e[:, None, :],
    )


def of_rays(e: NDArray, w: NDArray) -> Moments:
    """One label for all u along the rays e."""
    each = _of_angles(e, w)
    return Moments(*(one.sum(axis=0, keepdims=True) for one in each))

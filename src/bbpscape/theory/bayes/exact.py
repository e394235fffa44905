"""Labels that are φ(u) itself, or its negative: the posterior of u lives on inverse images.

P(u | ω, y) ∝ Σ_i share_i N(u_i; ω, V)/|φ′(u_i)| over the u_i with φ(u_i) = ±y; where φ is constant
on an interval, on that interval.
"""

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from bbpscape.theory.bayes.panels import graded, nodes_between
from bbpscape.theory.bayes.pieces import REACH as LAST
from bbpscape.theory.bayes.pieces import (
    Function,
    Kinks,
    Piece,
    monotone_pieces,
    parity,
    preimages,
    slopes,
)
from bbpscape.theory.bayes.steps import Atom

# The rule of z in ω = q u + √(qV) z.
STEP, REACH = 0.25, 7.75
BLOCK = 2**17
# Stands for the logarithm of 0.
LEAST = -1e300
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class ExactLabels:
    """y = s φ(u) with s = −1 with probability ``flip``, at p* = 1."""

    name: str
    value: Function
    kinks: Kinks
    flip: float = 0.0
    steepest: float = math.inf

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        return monotone_pieces(self.name, self.value, self.kinks)

    @cached_property
    def parity(self) -> int:
        """1 of an even φ, −1 of an odd one, 0 of any other."""
        return parity(self.value)

    @property
    def signs(self) -> Sequence[tuple[float, float]]:
        """(s, its probability)."""
        both = ((1.0, 1 - self.flip), (-1.0, self.flip))
        return [one for one in both if one[1] > 0]

    @cached_property
    def pinned(self) -> float:
        """The probability of a label that leaves only separate u: V g² there tends to 1."""
        flat = sum(
            float(ndtr(_open(one.high)) - ndtr(_open(one.low))) for one in self.pieces if one.flat
        )
        return 1 - flat

    @cached_property
    def atoms(self) -> tuple[Atom, ...]:
        """The labels of flat pieces."""
        flat = [one for one in self.pieces if one.flat]
        labels = sorted({s * one.y_low + 0.0 for s, _ in self.signs for one in flat})
        found = []
        for y in labels:
            parts = [
                (one.low, one.high, share)
                for s, share in self.signs
                for one in flat
                if s * one.y_low == y
            ]
            low, high, levels = np.array(parts).T
            found.append(Atom(y, _open(low), _open(high), levels))
        return tuple(found)

    def inverse(self, y: NDArray) -> tuple[NDArray, NDArray]:
        """(u, log weight) of shape (k, n): the inverse images of each y; weight 0 if none."""
        places, weights = [], []
        for sign, share in self.signs:
            for piece in self.pieces:
                if piece.flat:
                    continue
                at, weight = self._on(piece, sign * y)
                places.append(at)
                weights.append(math.log(share) + weight)
        shape = (len(places), *y.shape)
        return np.reshape(places, shape), np.reshape(weights, shape)

    def _on(self, piece: Piece, y: NDArray) -> tuple[NDArray, NDArray]:
        """``inverse`` on one piece, of the shape of y.

        Left of 0 exactly as right of it, or what u and −u say would not cancel.
        """
        if self.parity and piece.high <= 0:
            at, weight = self._on(piece.mirrored(self.parity), self.parity * y)
            return -at, weight
        if self.parity < 0 and piece.low < 0 and (y < 0).any():
            at, weight = self._on(piece, abs(y))
            return np.where(y < 0, -at, at), weight
        u = preimages(self.value, piece, y)
        there = np.isfinite(u)
        weight = np.full(y.shape, -np.inf)
        weight[there] = -np.log(slopes(self.value, piece, u[there]))
        return np.where(there, u, 0.0), weight

    def information(self, q: float, V: float) -> float:
        """E[g_out²] at ω ~ N(0, q), V = 1 − q."""
        return self._pinned_information(q, V) + sum(one.information(q, V) for one in self.atoms)

    def scorer(self, y: NDArray) -> "ExactScore":
        """(ω, V) → g_out, ∂g_out, for labels that stay."""
        return ExactScore(self, y)

    def true_nodes(self) -> tuple[NDArray, NDArray]:
        """u and weights of all u whose labels are no atoms."""
        empty = [(np.zeros(0), np.zeros(0))]
        u, weights = (np.concatenate(one) for one in zip(*empty, *self._truth, strict=True))
        return u, weights

    @cached_property
    def _truth(self) -> list[tuple[NDArray, NDArray]]:
        """Nodes and weights of u on each piece that is not flat, by panels between special u."""
        ends = [y for one in self.pieces for y in (one.y_low, one.y_high)]
        special = {s * y for s, _ in self.signs for y in ends}
        if self.flip:
            special.add(0.0)
        labels = np.array(sorted(one for one in special if math.isfinite(one)))
        found = []
        for piece in self.pieces:
            if piece.flat:
                continue
            # Labels that its own ends have but for rounding are no others.
            own = np.array([piece.y_low, piece.y_high])[:, None]
            others = ~np.isclose(labels, own, rtol=ROUNDING, atol=ROUNDING).any(axis=0)
            at = preimages(self.value, piece, labels[others])
            u, steps = nodes_between(graded(piece.low, piece.high, at[np.isfinite(at)]))
            found.append((u, steps * np.exp(-(u**2) / 2) / math.sqrt(2 * math.pi)))
        return found

    @cached_property
    def _fibres(self) -> tuple[NDArray, NDArray, NDArray, NDArray]:
        """(u, weight, inverse images of its label, their log weights) of every true u.

        The u > 0 stand for all where φ is even or odd.
        """
        if not self._truth:
            none = np.zeros(0)
            return none, none, none[None], none[None]
        u = np.concatenate([one for one, _ in self._truth])
        weights = np.concatenate([one for _, one in self._truth])
        if self.parity:
            u, weights = u[u > 0], 2 * weights[u > 0]
        # A flip changes the label, not what is known of u: one sign stands for both.
        parts = [(u, share * weights, *self.inverse(s * self.value(u))) for s, share in self.signs]
        joined = [np.concatenate(one, axis=-1) for one in zip(*parts, strict=True)]
        return joined[0], joined[1], joined[2], joined[3]

    def _pinned_information(self, q: float, V: float) -> float:
        u, weights, places, logs = self._fibres
        if not u.size:
            return 0.0
        z = STEP * np.arange(-round(REACH / STEP), round(REACH / STEP) + 1)
        gauss = np.exp(-(z**2) / 2)
        gauss /= gauss.sum()
        total, size = 0.0, BLOCK // z.size
        for start in range(0, u.size, size):
            part = slice(start, start + size)
            omega = q * u[part, None] + math.sqrt(q * V) * z
            mean, _, _ = _posterior_mean(omega, places[:, part, None], logs[:, part, None], V)
            total += float(weights[part] @ (((mean - omega) / V) ** 2 @ gauss))
        return total


@dataclass(frozen=True, eq=False)
class ExactScore:
    """g_out of samples whose labels stay while ω and V change: inverse images are sought once."""

    labels: ExactLabels
    y: NDArray[np.float64]

    @cached_property
    def _images(self) -> tuple[NDArray, NDArray]:
        return self.labels.inverse(self.y)

    def __call__(self, omega: NDArray, V: NDArray) -> tuple[NDArray, NDArray]:
        mean, variance = posterior(omega, *self._images, V)
        g, slope = (mean - omega) / V, (variance / V - 1) / V
        for atom in self.labels.atoms:
            of = self.y == atom.y
            g[of], slope[of] = atom.score(omega[of], V[of])
        return g, slope


def posterior(
    omega: NDArray, places: NDArray, logs: NDArray, V: float | NDArray
) -> tuple[NDArray, NDArray]:
    """Mean and variance of u under N(ω, V) on k ``places``, arrays that broadcast to ω.

    ω itself where no place has a weight.
    """
    mean, shares, seen = _posterior_mean(omega, places, logs, V)
    second = sum(s * (u - mean) ** 2 for s, u in zip(shares, places, strict=True))
    return mean, np.where(seen > 0, second / np.where(seen > 0, seen, 1.0), 0.0)


def _posterior_mean(
    omega: NDArray, places: NDArray, logs: NDArray, V: float | NDArray
) -> tuple[NDArray, list[NDArray], NDArray]:
    """(mean, the shares of the places, their sum) of ``posterior``."""
    exponent = [log - (u - omega) ** 2 / (2 * V) for u, log in zip(places, logs, strict=True)]
    top = functools.reduce(np.maximum, exponent, np.full(omega.shape, LEAST))
    shares = [np.exp(one - top) for one in exponent]
    total = sum(shares, np.zeros(omega.shape))
    seen = total > 0
    safe = np.where(seen, total, 1.0)
    mean = sum(s * u for s, u in zip(shares, places, strict=True)) / safe
    return np.where(seen, mean, omega), shares, total


def _open(end: ArrayLike) -> NDArray[np.float64]:
    """Ends of flat pieces, which go on beyond where pieces are sought."""
    found = np.asarray(end, dtype=float)
    return np.where(abs(found) < LAST, found, np.copysign(np.inf, found))

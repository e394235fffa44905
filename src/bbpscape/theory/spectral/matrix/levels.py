"""Exact labels of two or three directions by their level sets: integrals over φ(u) = y.

E[f(u) δ(φ(u) − y)] = Σ_a ∫ Π_{b≠a} du_b Σ N(u) f(u) χ_a(u)/|∂_a φ|, over the u of a line along
direction a where φ = y. χ_a = (∂_a φ)^{2K}/Σ_b (∂_b φ)^{2K} sum to 1 and vanish where a line
touches the level set, so that sums over equidistant lines converge fast.
"""

import itertools
import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.theory.bayes.panels import NODES, graded, nodes_between, split
from bbpscape.theory.bayes.pieces import Kinks
from bbpscape.theory.laws.network.teacher_rule import nodes_of
from bbpscape.theory.spectral.matrix.crossings import (
    at_extrema,
    critical_coordinates,
    crossings,
)
from bbpscape.theory.spectral.matrix.moments import Moments, no_atoms
from bbpscape.theory.spectral.matrix.rays import degree, of_rays
from bbpscape.theory.spectral.matrix.sphere import Function, sphere_rule

# Distance of lines, by dimension: of one with kinks, and of three directions; widths of panels of
# lines otherwise; distance of points along them.
LINES, PANEL, ALONG = {2: 0.01, 3: 0.22}, 0.16, {2: 0.06, 3: 0.15}
REACH, LEAST, SHIFT = 7.5, 1e-13, 0.1372
K = 3
STEP = 1e-5
BLOCK = 400_000
# Panels of labels: how many at first, halvings, and the error of each: of panels of lines, and of
# lines that a kink crosses anywhere.
PANELS, DEPTH, ERROR, ROUGH = 24, 26, 2e-8, 1e-5
# Beyond so many halvings, only so many panels are: those beside singular labels.
COMMON, FEW = 5, 16
# Labels out to this many quartile distances; points that find them.
FAR, POINTS = 1e10, 40_000
# How many labels are atoms at most, and points that share one at least.
MOST_ATOMS, OFTEN_FLAT, SAME = 24, 4, 1e-11


@dataclass(frozen=True, eq=False)
class Levels:
    """y = φ(u), u ∈ R^2 or R^3."""

    name: str
    value: Function
    kinks: Kinks
    p_star: int

    @cached_property
    def _found(self) -> tuple[NDArray, NDArray]:
        """Labels of positive probability, and φ at generic points where it has none of them."""
        u = np.random.default_rng(3).standard_normal((POINTS, self.p_star))
        y = self.value(u)
        near = [self.value(u + s * 1e-4 * one) for one in np.eye(self.p_star) for s in (1, -1)]
        flat = np.all([abs(one - y) <= SAME * (1 + abs(y)) for one in near], axis=0)
        labels = np.sort(y[flat])
        groups = np.cumsum(np.append(0, np.diff(labels) > SAME * (1 + abs(labels[1:]))))
        many = np.bincount(groups[: labels.size]) >= OFTEN_FLAT
        first = np.searchsorted(groups[: labels.size], np.flatnonzero(many))
        atoms = labels[first]
        if atoms.size > MOST_ATOMS:
            raise InvalidInput(
                f"weak recovery of the teacher {self.name!r}: it has more than {MOST_ATOMS} "
                "labels of positive probability; add label_noise"
            )
        hit = np.isclose(y[:, None], atoms, rtol=SAME, atol=SAME).any(axis=1)
        return atoms, y[~hit]

    @property
    def atoms(self) -> NDArray[np.float64]:
        return self._found[0]

    @cached_property
    def _signs(self) -> NDArray[np.float64]:
        """Changes of signs of u that leave φ, shape (k, p*)."""
        u = np.random.default_rng(4).standard_normal((300, self.p_star))
        y = self.value(u)
        every = np.array(list(itertools.product((1.0, -1.0), repeat=self.p_star)))
        return np.array([s for s in every if np.allclose(self.value(s * u), y, 1e-11, 1e-11)])

    def nodes(self) -> tuple[NDArray, NDArray]:
        """By t of y = c + s sinh t, in panels that are halved until sums over them settle."""
        sample = self._found[1]
        if not sample.size:
            return np.zeros(0), np.zeros(0)
        quartiles = np.quantile(sample, (0.25, 0.5, 0.75))
        c, s = float(quartiles[1]), float(quartiles[2] - quartiles[0]) / 2
        low, high = self._range(c, s)
        ends = np.linspace(np.arcsinh((low - c) / s), np.arcsinh((high - c) / s), PANELS + 1)
        panels = np.stack([ends[:-1], ends[1:]], axis=1)
        found, before = [], None
        for depth in range(DEPTH + 1):
            t, steps = nodes_between_each(panels)
            labels, steps = c + s * np.sinh(t), steps * s * np.cosh(t)
            moments = self.continuous(labels)
            sums = _sums(moments, steps)
            weights = (steps * moments.density).reshape(-1, NODES)
            done = np.full(len(panels), depth == DEPTH)
            if before is not None:
                pairs = sums.reshape(-1, 2, sums.shape[1])
                error = abs(pairs.sum(axis=1) - before).max(axis=1)
                done |= np.repeat(error < (ERROR if self._smooth else ROUGH), 2)
            if depth >= COMMON and (~done).sum() > FEW:
                done[:] = True  # not a few singular labels, but the error of the lines
            found.append((labels.reshape(-1, NODES)[done].ravel(), weights[done].ravel()))
            left, before = panels[~done], sums[~done]
            if not len(left):
                break
            middle = left.mean(axis=1)
            panels = np.stack([left[:, 0], middle, middle, left[:, 1]], axis=1).reshape(-1, 2)
        y, w = (np.concatenate(one) for one in zip(*found, strict=True))
        return y[w > 0], w[w > 0]

    def _range(self, c: float, s: float) -> tuple[float, float]:
        generator = np.random.default_rng(5)
        u = generator.standard_normal((POINTS, self.p_star))
        u *= (REACH * generator.uniform(size=POINTS) / np.linalg.norm(u, axis=1))[:, None]
        line = np.linspace(-REACH, REACH, 601)
        axes = [line[:, None] * one for one in np.eye(self.p_star)]
        with np.errstate(all="ignore"):
            y = np.concatenate([self.value(one) for one in (u, *axes)])
        y = y[np.isfinite(y)]
        room = 1e-9 * s
        return max(y.min() - room, c - FAR * s), min(y.max() + room, c + FAR * s)

    def continuous(self, y: NDArray) -> Moments:
        d = self.p_star
        order = np.argsort(y)
        total = np.zeros((y.size, 1 + d + d * d))
        for axis in range(d if y.size else 0):
            for lines, cells in self._lines(axis):
                self._add(total, axis, lines, y[order], cells)
        whole = np.empty_like(total)
        whole[order] = total
        signs = self._signs
        first = whole[:, 1 : 1 + d] * signs.mean(axis=0)
        both = (signs[:, :, None] * signs[:, None, :]).mean(axis=0)
        return Moments(whole[:, 0], first, whole[:, 1 + d :].reshape(-1, d, d) * both)

    @cached_property
    def _smooth(self) -> bool:
        return self.p_star == 2 and not self.kinks(np.zeros((1, 2)))

    def _lines(self, axis: int) -> list[tuple[NDArray, NDArray]]:
        """Points of lines along ``axis``, blocks of shape (n, g, d), and what each stands for."""
        d = self.p_star
        if self._smooth:
            marks = critical_coordinates(self.value, d)[1 - axis]
            at, cells = nodes_between(split(graded(-REACH, REACH, marks), PANEL))
            rest = at[:, None]
        else:
            h = LINES[d]
            at = h * (np.arange(-math.ceil(REACH / h), math.ceil(REACH / h) + 1) + SHIFT)
            rest = np.stack(np.meshgrid(*[at] * (d - 1), indexing="ij"), axis=-1)
            rest = rest.reshape(-1, d - 1)
            cells = np.full(len(rest), h ** (d - 1))
        kept = np.exp(-(rest**2).sum(axis=1) / 2) > LEAST
        rest, cells = rest[kept], cells[kept]
        count = math.ceil(2 * REACH / ALONG[d])
        along = REACH * (2 * (np.arange(count + 1) + 1e-4 * SHIFT) / count - 1)
        size = max(BLOCK // along.size, 1)
        blocks = []
        for start in range(0, len(rest), size):
            part = rest[start : start + size]
            u = np.empty((len(part), along.size, d))
            u[:, :, axis] = along
            u[:, :, np.arange(d) != axis] = part[:, None]
            blocks.append((u, cells[start : start + size]))
        return blocks

    def _add(self, total: NDArray, axis: int, u: NDArray, y: NDArray, cells: NDArray) -> None:
        """What the lines ``u`` along ``axis`` see of each of the sorted labels ``y``."""
        d = self.p_star
        with np.errstate(all="ignore"):
            phi = at_extrema(self.value, u, axis)
            place = np.searchsorted(y, phi)
            low, high = (f(place[:, :-1], place[:, 1:]) for f in (np.minimum, np.maximum))
            count = (high - low).ravel()
            which = np.repeat(np.arange(count.size), count)
            offset = np.arange(which.size) - np.repeat(np.cumsum(count) - count, count)
            label = low.ravel()[which] + offset
            line, left = np.divmod(which, phi.shape[1] - 1)
            size = max(2 * BLOCK, 1)
            for start in range(0, which.size, size):
                part = slice(start, start + size)
                row, column, of = line[part], left[part], label[part]
                ends = u[row, column, axis], u[row, column + 1, axis]
                sides = phi[row, column] - y[of], phi[row, column + 1] - y[of]
                at = u[row, column].copy()
                at[:, axis], there = crossings(self.value, at, axis, y[of], ends, sides)
                at, of = at[there], of[there]
                mass = (
                    cells[row[there]] * np.exp(-(at**2).sum(axis=1) / 2) / (2 * math.pi) ** (d / 2)
                )
                mass *= self._share(at, axis)
                columns = [np.ones(len(at)), *at.T]
                columns += [at[:, i] * at[:, j] for i in range(d) for j in range(d)]
                for k, one in enumerate(columns):
                    total[:, k] += np.bincount(of, mass * one, y.size)

    def _share(self, u: NDArray, axis: int) -> NDArray[np.float64]:
        """χ_axis/|∂_axis φ|."""
        slopes = np.array([
            abs(self.value(u + STEP * one) - self.value(u - STEP * one)) / (2 * STEP)
            for one in np.eye(self.p_star)
        ])  # fmt: skip
        top = slopes.max(axis=0)
        ratios = slopes / np.where(top > 0, top, 1.0)
        share = ratios[axis] ** (2 * K - 1) / (ratios ** (2 * K)).sum(axis=0) / top
        return np.where((top > 0) & np.isfinite(share), share, 0.0)

    def mass(self) -> Moments:
        labels, d = self.atoms, self.p_star
        if not labels.size:
            return no_atoms(d)
        rays = d == 3 and degree(self.value, d) == 0
        u, w = sphere_rule(self.value, self.kinks) if rays else self._between_kinks()
        y = self.value(u)
        rows = []
        for label in labels.tolist():
            of = abs(y - label) <= SAME * (1 + abs(label))
            here, weights = u[of], w[of]
            rows.append(of_rays(here, weights) if rays else _of_points(here, weights))
        return Moments(*(np.concatenate(one) for one in zip(*rows, strict=True)))

    def _between_kinks(self) -> tuple[NDArray, NDArray]:
        count = len(self.kinks(np.zeros((1, self.p_star))))
        kinks = tuple(lambda u, k=k: self.kinks(u)[k] for k in range(count))
        return nodes_of(kinks, self.p_star, 1.0 if self.p_star == 2 else 0.7, False)


def nodes_between_each(panels: NDArray) -> tuple[NDArray, NDArray]:
    """Nodes and weights of panels (n, 2), one after the other."""
    parts = [nodes_between(one) for one in panels]
    t, steps = (np.concatenate(one) for one in zip(*parts, strict=True))
    return t, steps


def _of_points(u: NDArray, w: NDArray) -> Moments:
    return Moments(w.sum()[None], (w @ u)[None], ((u.T * w) @ u)[None])


def _sums(moments: Moments, steps: NDArray) -> NDArray[np.float64]:
    """∫ P, ∫ P C and ∫ P C² over every panel."""
    _, second = moments.means()
    n = len(steps) // NODES
    weights = (steps * moments.density)[:, None]
    square = second @ second
    columns = np.concatenate(
        [np.ones((len(steps), 1)), *(x.reshape(len(steps), -1) for x in (second, square))], axis=1
    )
    return (weights * columns).reshape(n, NODES, -1).sum(axis=1)

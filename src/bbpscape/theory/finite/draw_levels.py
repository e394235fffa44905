"""The lowest eigenvalues of the bulk of one draw, and how they lie along the special directions.

An eigenvector of the bulk at depth x has parts along the q p special ones that are Gaussian, of
covariance C(x) = −Im S_v/(N Im Tr A). The eigenvalues are those of a real symmetric Gaussian
matrix at its edge, moved to where as many eigenvalues of this bulk are expected below.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh_tridiagonal

from bbpscape.theory.finite.draw_bulk import DrawBulk
from bbpscape.theory.roots import NoConvergence

MORE, LEVELS, SETS, SIZE, SEED = 8, 24, 800, 500, 20
# No more levels than this share of all.
MOST_OF = 4
# Depths where the bulk is solved for, and of the grid they are interpolated on.
NODES, LEAST, GRID = 8, 2, 300


@functools.cache
def gaussian_edges() -> NDArray[np.float64]:
    """The LEVELS + 6 lowest levels of SETS real symmetric Gaussian matrices, (SETS, LEVELS + 6).

    In units in which (2/3π) w^{3/2} eigenvalues are expected below w, from the tridiagonal form of
    the matrix (Dumitriu and Edelman 2002), of which the last rows alone count.
    """
    generator, count = np.random.default_rng(SEED), LEVELS + 6
    # Row i lies i/n^{1/3} below the edge, and levels fade out below their own depth.
    rows = round(SIZE ** (1 / 3) * ((1.5 * np.pi * count) ** (2 / 3) + 6))
    found = []
    for _ in range(SETS):
        diagonal = np.sqrt(2) * generator.standard_normal(rows)
        beside = np.sqrt(generator.chisquare(np.arange(SIZE - 1, SIZE - rows, -1)))
        chosen = (rows - count, rows - 1)
        values = eigh_tridiagonal(
            diagonal, beside, eigvals_only=True, select="i", select_range=chosen
        )
        # The spectrum of n rows is that of n − 1/2 to the next order.
        found.append(values[::-1] / (2 * np.sqrt(SIZE - 0.5)))
    x = np.array(found)
    inside = np.clip(x, -1, 1)
    below = SIZE * (np.arccos(inside) - inside * np.sqrt(1 - inside**2)) / np.pi
    unfolded = (1.5 * np.pi * below) ** (2 / 3)
    return np.asarray(np.where(x > 1, 2 * SIZE ** (2 / 3) * (1 - x), unfolded))


@dataclass(frozen=True, eq=False)
class Levels:
    """The lowest part of the bulk of a draw on a grid of depths below its edge.

    ``depth``, ``density`` (eigenvalues per unit) and ``scaled`` depth w have shape (GRID,),
    ``coupling`` is C, (GRID, q p, q p), and
    ``share`` how the eigenvectors at the edge lie in the space of neurons, (p, p).
    """

    edge: float
    scale: float
    depth: NDArray[np.float64]
    density: NDArray[np.float64]
    scaled: NDArray[np.float64]
    coupling: NDArray[np.float64]
    share: NDArray[np.float64]

    @classmethod
    def of(cls, bulk: DrawBulk, shift: float, copies: int) -> "Levels":
        """With the edge moved by ``shift``, deep enough for the ``copies`` of an outlier."""
        law, edge, scale = bulk.law, bulk.edge, bulk.scale
        N, count = law.N, min(MORE + copies, LEVELS, law.p * law.N / MOST_OF)
        last = scale * (1.5 * np.pi * count) ** (2 / 3)
        roots = np.linspace(0, 1, NODES + 1)
        A = edge.A + 1j * np.sqrt(2 * last / bulk.bend) * roots[1] * edge.A_slope
        density = [0.0]
        coupling: list[NDArray[np.float64]] = []
        for u in roots[1:]:
            try:
                A = bulk.at_eigenvalue(edge.z + last * u**2, A)
            except NoConvergence:
                if len(coupling) < LEAST:
                    raise
                break  # between parts of the bulk: levels of the first one
            mass = N * float(np.trace(A).imag)
            if mass > 1e-9 * N * abs(A).max() or not coupling:
                coupling.append(-law.signal(A).imag / mass)
            else:  # between parts of the bulk
                coupling.append(coupling[-1])
            density.append(mass / np.pi)
        roots = roots[: len(density)]
        fine = np.linspace(0, roots[-1], GRID)
        depth = last * fine**2
        rho = np.maximum(np.interp(fine, roots, density), 0)
        below = np.append(0, np.cumsum((rho[1:] + rho[:-1]) / 2 * np.diff(depth)))
        found = cls(
            edge.z + shift,
            scale,
            depth,
            rho,
            (1.5 * np.pi * below) ** (2 / 3),
            _between(np.clip(fine, roots[1], roots[-1]), roots[1:], np.array(coupling)),
            edge.A_slope / np.trace(edge.A_slope),
        )
        return found.lowest(count)

    @property
    def _below(self) -> NDArray[np.float64]:
        """How many are expected to each depth."""
        return np.asarray(self.scaled**1.5 / (1.5 * np.pi))

    def lowest(self, count: float) -> "Levels":
        """So many of them at most."""
        kept = slice(0, int(np.searchsorted(self._below, count)) + 1)
        names = ("depth", "density", "scaled", "coupling")
        return replace(self, **{name: getattr(self, name)[kept] for name in names})

    def depths_of(self, w: NDArray) -> NDArray[np.float64]:
        """Where as many eigenvalues are expected below; left of the edge in units of the scale."""
        inside = np.interp(np.maximum(w, 0), self.scaled, self.depth)
        return np.where(w < 0, self.scale * w, inside)

    def places(self, depths: NDArray) -> NDArray[np.intp]:
        """Of depths on the grid."""
        return np.clip(np.searchsorted(self.depth, depths), 0, len(self.depth) - 1)

    def one(self, which: int) -> NDArray[np.float64]:
        """The depths of one of the sets of Gaussian levels, those on the grid."""
        w = gaussian_edges()[which % SETS]
        return self.depths_of(w[w < self.scaled[-1]])

    @cached_property
    def _all(self) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        w = gaussian_edges().ravel()
        depths = self.depths_of(w[w < self.scaled[-1]])
        return depths, self.places(depths)

    def mean(self, z: float) -> NDArray[np.float64]:
        """E Σ_k C_k/(z − λ_k) over the sets, shape (q p, q p)."""
        depths, places = self._all
        weights = np.bincount(places, 1 / (z - self.edge - depths), len(self.depth)) / SETS
        return np.einsum("k,kij->ij", weights, self.coupling)

    def ever_fewer(self) -> Iterator["Levels"]:
        """These, the lowest half of them, …, down to one."""
        count = float(self._below[-1])
        yield self
        while count > 2:
            count /= 2
            yield self.lowest(count)

    def products(self, z: float, other: float) -> NDArray[np.float64]:
        """Σ_k 1/((z − λ_k)(z' − λ_k)) by the density, as weights of the grid."""
        poles = self.density / ((z - self.edge - self.depth) * (other - self.edge - self.depth))
        steps = np.diff(self.depth)
        return poles * (np.append(steps, 0) + np.append(0, steps)) / 2


def _between(x: NDArray, nodes: NDArray, values: NDArray) -> NDArray[np.float64]:
    """Linear interpolation of arrays."""
    place = np.clip(np.searchsorted(nodes, x), 1, len(nodes) - 1)
    share = (x - nodes[place - 1]) / (nodes[place] - nodes[place - 1])
    share = share[:, None, None]
    return np.asarray((1 - share) * values[place - 1] + share * values[place])

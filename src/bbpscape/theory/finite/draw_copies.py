"""The lowest eigenvalues and eigenvectors of one draw, given its coordinates: copies and bulk.

On the q p special directions λ − S_v(λ) has the poles b_k b_kᵀ/(λ − λ_k) of the lowest levels of
the bulk, and is smooth else: S_v(λ) = S_0 + λ S_1 + Σ_k b_k b_kᵀ/(λ − λ_k), deeper levels in one
pole more. The lowest eigenpairs are those of ((S_0, b), (bᵀ, λ_k)) − λ ((1 − S_1, 0), (0, 1)): the
copies of an outlier, how they repel each other, and how they mix with the bulk, near the onset and
below it too.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from bbpscape.theory.finite.draw_bulk import DrawBulk, DrawPoint
from bbpscape.theory.finite.draw_count import count_below
from bbpscape.theory.finite.draw_law import DrawLaw
from bbpscape.theory.finite.draw_levels import SETS, Levels
from bbpscape.theory.finite.draw_noise import Fluctuations, mean_shifts
from bbpscape.theory.roots import NoConvergence

# Samples of a larger share in −d²S/dz² at the edge are special directions of their own.
SHARE, MOST_EXTREME, ROOM = 0.02, 8, 12
# Of the Tracy–Widom scale: how far from the edge S_v is taken, at the least.
NEAREST, WIDTH = 4.0, 3.0
# Of τ at the edge: where the terms of order 1/N are told from their pole there.
APART = 0.03
# Of the Tracy–Widom scale and of m², as benchmarks/draws.csv has it over random models.
ERRORS = 0.03, 0.0125
# Of how far one pole would bend S_v as it does, and the least of 1 − S_1.
DEEP, LEAST_MASS = 0.6, 0.3


@dataclass(frozen=True, eq=False)
class DrawCopies:
    """The lowest eigenvalues of a draw and their m², each for several samples of its rest.

    ``eigenvalues`` and ``m2`` have shape (samples, k). ``edge`` is where the bulk begins,
    ``scale`` the Tracy–Widom scale of its lowest eigenvalue, ``out`` how many copies of the
    teacher's outlier are left of the bulk, ``source`` the bulk itself.
    """

    eigenvalues: NDArray[np.float64]
    m2: NDArray[np.float64]
    edge: float
    scale: float
    out: int
    source: DrawBulk

    def bulk(self, position: int) -> float:
        """The mean of the eigenvalue that has so many others left of it."""
        return float(self.eigenvalues[:, position].mean())

    @property
    def errors(self) -> tuple[float, float]:
        """What eigenvalue and m² are expected to be off by (docs/explanation/finite-size.md)."""
        return ERRORS[0] * self.scale, ERRORS[1] * float(self.m2[:, 0].mean())

    def fraction_below(self, eigenvalue: float) -> float | None:
        """Of all eigenvalues, those below a λ of the bulk; None where it is not solved for."""
        try:
            return count_below(self.source, eigenvalue) / (self.source.law.p * self.source.law.N)
        except NoConvergence:
            return None

    def at(self, chosen: slice) -> tuple[float, float]:
        """The mean eigenvalue and m² at these places."""
        return float(self.eigenvalues[:, chosen].mean()), float(self.m2[:, chosen].mean())


def solve_copies(
    law: DrawLaw, count: int, generator: np.random.Generator, samples: int = 1
) -> DrawCopies:
    """The ``count`` lowest eigenpairs of a draw, for ``samples`` of its Gaussian rest."""
    bulk = DrawBulk(law)
    out = int(np.count_nonzero(strengths(bulk) > 1))
    extreme = _extreme(law, bulk.edge.A)
    if extreme.size:
        bulk = DrawBulk(law.splitting_off(extreme, generator))
    pencil = _Pencil(bulk, bulk.law.thinned(bulk.edge.A))
    found = [pencil.one(generator, count) for _ in range(samples)]
    values, m2 = np.array(found).transpose(1, 0, 2)
    return DrawCopies(values, m2, pencil.levels.edge, bulk.scale, out, bulk)


def strengths(bulk: DrawBulk) -> NDArray[np.float64]:
    """1 + τ e at the left edge of a draw, e the p p* eigenvalues of λ − S_v along the teacher,
    the largest first.

    Above 1 a copy of the outlier is out, as α g (m_1^y − m_1) has it for a scalar law. Other
    directions are eliminated, so that outliers of the student's own do not count. The edge is that
    of all samples: left of it no sample has an outlier of its own.
    """
    law, edge = bulk.law, bulk.edge
    along = np.linalg.qr(law.teacher, mode="complete")[0]
    frame = np.kron(along, np.eye(law.p))
    pencil = frame.T @ (edge.z * np.eye(law.size) - law.signal(edge.A)) @ frame
    first = law.p * law.teacher.shape[1]
    inside, beside, rest = pencil[:first, :first], pencil[:first, first:], pencil[first:, first:]
    left = inside - beside @ np.linalg.solve(rest, beside.T)
    return np.asarray(1 + edge.tau * np.linalg.eigvalsh(left)[::-1])


def _extreme(law: DrawLaw, A: NDArray) -> NDArray[np.intp]:
    T = law.resolvent(A)
    doubled = 1.0 + (law.pairs[0] != law.pairs[1])
    shares = law.shares * (doubled @ T**2)
    shares /= shares.sum()
    order = np.argsort(-shares)[: min(MOST_EXTREME, law.N // ROOM)]
    return order[shares[order] > SHARE]


class _Pencil:
    """S_0, S_1, the levels and the fluctuations of one draw."""

    def __init__(self, bulk: DrawBulk, thin: DrawLaw) -> None:
        edge, law = bulk.edge, bulk.law
        self.law, inner = thin, bulk
        if thin is not law:
            inner = DrawBulk(
                thin, law.alpha * law.moments(edge.A)[0] - thin.alpha * thin.moments(edge.A)[0]
            )
        near = [bulk.at_tau((1 - k * APART) * edge.tau, bulk.branch[-2]) for k in (1, 2)]
        shifts = [mean_shifts(inner, one)[0] for one in near if one is not None]
        shift = 2 * shifts[1] - shifts[0] if len(shifts) == 2 else 0.0
        levels = Levels.of(inner, shift, law.p * law.teacher.shape[1])
        centre, spread = self._copies(bulk.branch)
        scale = bulk.scale
        width = max(spread, WIDTH * scale)
        high = min(centre + width, edge.z - NEAREST * scale)
        low = min(centre - width, high - 2 * WIDTH * scale)
        points = [bulk.left_at(z) for z in (low, (low + high) / 2, high)]
        z = np.array([one.z for one in points])
        # Fluctuations are smooth: a line through the outer points.
        self.noise = Fluctuations(thin, points[::2], levels)
        self.levels = self.noise.levels
        smooth = [
            law.signal(one.A) + mean_shifts(inner, one)[1] - self.levels.mean(one.z)
            for one in points
        ]
        self.deep = self._deep(z, smooth)
        basis = np.stack([np.ones(3), z, 1 / (z - self.deep)], axis=1)
        *self.mean, residue = np.einsum("kn,nij->kij", np.linalg.inv(basis), smooth)
        self.residue = _root(residue)
        self.line = np.linalg.inv(basis[::2, :2])

    def _deep(self, z: NDArray, smooth: list[NDArray]) -> float:
        """Where one pole has the place of all deeper levels, by how S_v bends along the teacher."""
        low, middle, high = (float(np.sum(one * self.law.projector)) for one in smooth)
        step = float(z[1] - z[0])
        if step == 0:
            raise NoConvergence("one draw: its bulk is a point: take a larger N")
        slope, bend = (high - low) / (2 * step), (high - 2 * middle + low) / step**2
        last = self.levels.edge + self.levels.depth[-1]
        if bend >= 0 or slope >= 0:
            return float(last + (last - z[1]))
        return float(max(last, z[1] + DEEP * 2 * slope / bend))

    def _copies(self, branch: list[DrawPoint]) -> tuple[float, float]:
        """Mean and spread of the informative outliers of the mean of S_v, or the edge."""
        law, most = self.law, self.law.p * self.law.teacher.shape[1]
        z = np.array([one.z for one in branch])
        values = np.array(
            [
                np.linalg.eigvalsh(one.z * np.eye(law.size) - law.signal(one.A))[-most:]
                for one in branch
            ]
        )
        found = [np.interp(0.0, row, z) for row in values.T if row[-1] > 0 > row[0]]
        return (float(np.mean(found)), float(np.std(found))) if found else (branch[-1].z, 0.0)

    def one(self, generator: np.random.Generator, count: int) -> tuple[NDArray, NDArray]:
        """Eigenvalues and m² of one sample of the rest."""
        levels, size, noise = self.levels, self.law.size, self.noise.one(generator)
        constant, slope = (
            mean + np.tensordot(line, noise, 1)
            for mean, line in zip(self.mean, self.line, strict=True)
        )
        depths = levels.one(int(generator.integers(SETS)))
        covariance = levels.coupling[levels.places(depths)]
        values, vectors = np.linalg.eigh(covariance)
        # Symmetric: whatever signs a machine gives the eigenvectors, the sample is one.
        roots = (vectors * np.sqrt(np.maximum(values, 0))[:, None]) @ vectors.swapaxes(1, 2)
        b = np.einsum("kij,kj->ik", roots, generator.standard_normal((len(depths), size)))
        b = np.concatenate([b, self.residue], axis=1)
        places = np.concatenate([levels.edge + depths, np.full(size, self.deep)])
        matrix = np.block([[constant, b], [b.T, np.diag(places)]])
        mass = np.eye(len(matrix))
        values, vectors = np.linalg.eigh(np.eye(size) - slope)
        mass[:size, :size] = (vectors * np.maximum(values, LEAST_MASS)) @ vectors.T
        values, vectors = eigh(matrix, mass, subset_by_index=[0, min(count, len(matrix)) - 1])
        inside = vectors[:size, :count]
        return values[:count], np.einsum("ai,ab,bi->i", inside, self.law.projector, inside)


def _root(matrix: NDArray) -> NDArray[np.float64]:
    """The square root of the positive part of a symmetric matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T)

"""Outliers of a p × p law: zeros of det M(z), M(z) = z − α E[v vᵀ ⊗ F (I − G F)⁻¹].

M⁻¹ is the resolvent of H on the span of the special directions, so that M increases with z left of
the bulk: each of its sorted eigenvalues crosses 0 once at most, and there are as many outliers as
positive eigenvalues at the edge. Residues of M⁻¹ are the overlaps.
"""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bbpscape.theory.law import MIXED, STUDENT, TEACHER
from bbpscape.theory.laws.network.matrix_law import MatrixLaw
from bbpscape.theory.matrix.edges import BranchPoint, MatrixEdge, continued
from bbpscape.theory.roots import NoConvergence, Root, find_root, find_root_below
from bbpscape.theory.solution import Outlier

# Roots closer than this are one degenerate outlier; far above the accuracy of a root.
SAME = 1e-7
# In log τ, of an outlier from that of a similar law.
CLOSE = 0.01
# In log τ, along the branch.
STRIDE, SHORTEST = 0.15, 1e-4
# Eigenvectors of M with less of the teacher than this are the student's own.
DECOUPLED = 1e-6


@dataclass(frozen=True, eq=False)
class SignalSpectrum:
    """Eigenvalues of M at a point of the branch, in increasing order, and the share of each
    eigenvector that lies along the teacher."""

    values: NDArray[np.float64]
    vectors: NDArray[np.float64]
    teacher: NDArray[np.float64]


def signal_spectrum(law: MatrixLaw, alpha: float, point: BranchPoint) -> SignalSpectrum:
    """M(z) = z − α E[v vᵀ ⊗ T], diagonalized.

    Where student and teacher decouple their blocks are diagonalized apart, so that a chance
    degeneracy mixes nothing.
    """
    M = point.z * np.eye(law.p * (law.p + law.model.p_star)) - alpha * law.signal(point.A)
    split = law.p * law.p
    cross = abs(M[:split, split:]).max(initial=0)
    if cross < DECOUPLED * abs(M).max():
        blocks = [np.linalg.eigh(M[:split, :split]), np.linalg.eigh(M[split:, split:])]
        values = np.concatenate([blocks[0][0], blocks[1][0]])
        vectors = np.zeros_like(M)
        vectors[:split, :split], vectors[split:, split:] = blocks[0][1], blocks[1][1]
    else:
        values, vectors = np.linalg.eigh(M)
    order = np.argsort(values, kind="stable")
    vectors = vectors[:, order]
    return SignalSpectrum(values[order], vectors, (vectors[split:] ** 2).sum(axis=0))


def left_matrix_outliers(
    law: MatrixLaw, alpha: float, edge: MatrixEdge, near: tuple[Outlier, ...] = ()
) -> tuple[Outlier, ...]:
    """All outliers left of the bulk, by eigenvalue.

    ``near``, the outliers of about the same law at about the same α, saves the way there.
    """
    if edge.point is None:
        return ()
    at_edge = signal_spectrum(law, alpha, edge.point)
    count = int((at_edge.values > 0).sum())
    branch = {math.log(edge.point.tau): edge.point}
    spectra = {math.log(edge.point.tau): at_edge}

    def follow(log_tau: float) -> BranchPoint:
        here, stride = min(branch, key=lambda one: abs(one - log_tau)), STRIDE
        while here != log_tau:
            following = log_tau
            if abs(log_tau - here) > stride:
                following = here + math.copysign(stride, log_tau - here)
            point = continued(law, alpha, math.exp(following), branch[here])
            if point is not None:
                branch[following] = point
                here, stride = following, min(STRIDE, 1.5 * stride)
            elif (stride := stride / 2) < SHORTEST:
                raise NoConvergence(
                    f"outliers: the branch is lost at Tr G/p = {-math.exp(here):.6g}"
                )
        return branch[log_tau]

    def at(log_tau: float) -> tuple[BranchPoint, SignalSpectrum]:
        point = follow(log_tau)
        if log_tau not in spectra:
            spectra[log_tau] = signal_spectrum(law, alpha, point)
        return point, spectra[log_tau]

    def ranked(rank: int, log_tau: float) -> float:
        return float(at(log_tau)[1].values[-rank])

    groups: list[list[float]] = []
    rank = 1
    while rank <= count:
        root = _root(
            functools.partial(ranked, rank),
            math.log(edge.point.tau),
            [math.log(abs(one.g)) for one in near],
        )
        here = at(root.value)[1].values
        scale = abs(at(root.value)[0].z) + abs(here).max()
        same = int((abs(here) < SAME * scale).sum())
        groups.append([root.value, max(same, 1), root.iterations, root.residual])
        rank += max(same, 1)
    found = [
        one
        for log_tau, _, iterations, residual in groups
        for one in outliers_at(law, alpha, *at(log_tau), int(iterations), residual)
    ]
    return tuple(sorted(found, key=lambda one: one.eigenvalue))


def _root(ranked: Callable[[float], float], end: float, guesses: list[float]) -> Root:
    """log τ at the zero of a function that is positive at the end, near a guess if it is there."""
    for guess in guesses:
        low, high = guess - CLOSE, min(guess + CLOSE, end)
        if low < high and ranked(low) < 0 <= ranked(high):
            return find_root(ranked, low, high, "outlier")
    return find_root_below(ranked, end, "outlier", first=0.3, stride=0.3)


def outliers_at(
    law: MatrixLaw,
    alpha: float,
    point: BranchPoint,
    spectrum: SignalSpectrum,
    iterations: int,
    residual: float,
) -> list[Outlier]:
    """The outliers of one zero of det M; residue R = N (Nᵀ M′ N)⁻¹ Nᵀ on the null vectors N.

    ``m2`` is with the student's directions where they are alone, else with the teacher's.
    """
    scale = abs(point.z) + abs(spectrum.values).max()
    null = abs(spectrum.values) < SAME * scale
    if not null.any():
        null = abs(spectrum.values) == abs(spectrum.values).min()
    slope = law.signal_slope(point.A, point.A_slope) / point.z_slope
    slope_matrix = np.eye(len(spectrum.values)) - alpha * slope
    split = law.p * law.p
    result = []
    shares = spectrum.teacher
    kinds = {
        TEACHER: null & (shares > 1 - DECOUPLED),
        STUDENT: null & (shares < DECOUPLED),
        MIXED: null & (shares >= DECOUPLED) & (shares <= 1 - DECOUPLED),
    }
    for kind, chosen in kinds.items():
        if not chosen.any():
            continue
        N = spectrum.vectors[:, chosen]
        residue = np.linalg.inv(N.T @ slope_matrix @ N)
        along = N[:split] if kind == STUDENT else N[split:]
        overlaps = along.T @ along
        m2 = float(np.trace(residue @ overlaps)) / int(chosen.sum())
        result.append(
            Outlier(point.z, float(chosen.sum()), m2, kind, -point.tau, iterations, float(residual))
        )
    return result

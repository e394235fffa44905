"""Outliers of a p × p law: zeros of det M(z); M(z) = z − α E[v vᵀ ⊗ F (I − G F)⁻¹] where Σ = 1.

M⁻¹ is a resolvent of H on the span of the special directions, so that M increases with z left of
the bulk: each of its sorted eigenvalues crosses 0 once at most, and there are as many outliers as
positive eigenvalues at the edge. Residues of M⁻¹ are the overlaps.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bbpscape.theory.law import MEAN, STUDENT, TEACHER
from bbpscape.theory.laws.network.matrix_law import MatrixLaw
from bbpscape.theory.matrix.branch import BranchPoint, Walk
from bbpscape.theory.matrix.bulk import stieltjes
from bbpscape.theory.matrix.edges import MatrixEdge
from bbpscape.theory.matrix.frame import Frame
from bbpscape.theory.roots import Root, find_root, find_root_below
from bbpscape.theory.solution import Outlier

# Roots closer than this are one degenerate outlier; far above the accuracy of a root.
SAME = 1e-7
# In log τ, of an outlier from that of a similar law.
CLOSE = 0.01
# Eigenvectors of M with less of a direction than this have none of it.
DECOUPLED = 1e-6
KINDS = (STUDENT, TEACHER, MEAN)


# Outliers with their log τ.
Placed = tuple[tuple[float, Outlier], ...]


@dataclass(frozen=True, eq=False)
class SignalSpectrum:
    """Eigenvalues of M at a point of the branch, in increasing order, and the share of each
    eigenvector that lies along the teacher."""

    values: NDArray[np.float64]
    vectors: NDArray[np.float64]
    teacher: NDArray[np.float64]

    def null(self, z: float) -> NDArray[np.bool_]:
        """Which eigenvalues are 0 at an outlier z; the smallest one is."""
        sizes = abs(self.values)
        return (sizes < SAME * (abs(z) + sizes.max())) | (sizes == sizes.min())


def signal_spectrum(law: MatrixLaw, alpha: float, point: BranchPoint) -> SignalSpectrum:
    """M(z) diagonalized, all directions as one vector each."""
    return diagonalized(Frame(law), alpha, point)


def diagonalized(frame: Frame, alpha: float, point: BranchPoint) -> SignalSpectrum:
    """M(z), diagonalized."""
    return decoupled(frame, frame.matrix(alpha, point.z, point.A, point.S))


def decoupled(frame: Frame, M: NDArray) -> SignalSpectrum:
    """M diagonalized.

    Where directions decouple their blocks are diagonalized apart, so that a chance degeneracy mixes
    nothing.
    """
    groups = [frame.of(kind) for kind in dict.fromkeys(frame.law.directions)]
    least = DECOUPLED * abs(M).max()
    for i in range(1, len(groups)):
        for k in range(i):
            if abs(M[np.ix_(groups[i], groups[k])]).max(initial=0) >= least:
                groups[i], groups[k] = groups[i] | groups[k], np.zeros_like(groups[k])
    values, vectors = np.zeros(len(M)), np.zeros_like(M)
    for group in groups:
        inside = np.ix_(group, group)
        values[group], vectors[inside] = np.linalg.eigh(M[inside])
    order = np.argsort(values, kind="stable")
    vectors = vectors[:, order]
    teacher = (vectors[frame.of(TEACHER)] ** 2).sum(axis=0)
    return SignalSpectrum(values[order], vectors, teacher)


def left_matrix_outliers(law: MatrixLaw, alpha: float, edge: MatrixEdge) -> tuple[Outlier, ...]:
    """All outliers left of the bulk, by eigenvalue."""
    return tuple(one for _, one in placed_outliers(law, alpha, edge))


def placed_outliers(law: MatrixLaw, alpha: float, edge: MatrixEdge, near: Placed = ()) -> Placed:
    """(log τ, outlier) of all outliers left of the bulk, by eigenvalue.

    ``near``, those of about the same law at about the same α, saves the way there.
    """
    if edge.point is None:
        return ()
    frame = Frame(law)
    walk = Walk(law, alpha, edge.point)
    spectra: dict[float, SignalSpectrum] = {}

    def at(log_tau: float) -> tuple[BranchPoint, SignalSpectrum]:
        point = walk.at(log_tau)
        if log_tau not in spectra:
            spectra[log_tau] = diagonalized(frame, alpha, point)
        return point, spectra[log_tau]

    def ranked(rank: int, log_tau: float) -> float:
        return float(at(log_tau)[1].values[-rank])

    count = int((at(walk.end)[1].values > 0).sum())
    groups: list[list[float]] = []
    rank = 1
    while rank <= count:
        root = outlier_root(
            functools.partial(ranked, rank),
            walk.end,
            [log_tau for log_tau, _ in near],
        )
        point, spectrum = at(root.value)
        groups.append([root.value, root.iterations, root.residual])
        rank += int(spectrum.null(point.z).sum())
    found = [
        (log_tau, one)
        for log_tau, iterations, residual in groups
        for one in outliers_at(frame, alpha, *at(log_tau), int(iterations), residual)
    ]
    return tuple(sorted(found, key=lambda one: one[1].eigenvalue))


def outlier_root(ranked: Callable[[float], float], end: float, guesses: list[float]) -> Root:
    """log τ at the zero of a function that is positive at the end, near a guess if it is there."""
    for guess in guesses:
        low, high = guess - CLOSE, min(guess + CLOSE, end)
        if low < high and ranked(low) < 0 <= ranked(high):
            return find_root(ranked, low, high, "outlier")
    return find_root_below(ranked, end, "outlier", first=0.3, stride=0.3)


def outliers_at(
    frame: Frame,
    alpha: float,
    point: BranchPoint,
    spectrum: SignalSpectrum,
    iterations: int,
    residual: float,
) -> list[Outlier]:
    """The outliers of one zero of det M; residue R = N (Nᵀ M′ N)⁻¹ Nᵀ on the null vectors N.

    ``m2`` is with the teacher's directions where they take part, else with the mean of the inputs
    or else with the student's.
    """
    slope = frame.slope(alpha, point)
    g = stieltjes(frame.law, point.z, point.A, point.S).real
    kinds: dict[str, list[int]] = {}
    for column in np.flatnonzero(spectrum.null(point.z)).tolist():
        kinds.setdefault(_label(frame, spectrum.vectors[:, column]), []).append(column)
    result = []
    for label, columns in kinds.items():
        N = spectrum.vectors[:, columns]
        residue = np.linalg.inv(N.T @ slope @ N)
        kind = next(one for one in (TEACHER, MEAN, STUDENT) if one in label)
        along = frame.weights(kind, point.z, point.S, N)
        count = float(N.shape[1])
        m2 = float(np.trace(residue @ (along.T @ along))) / count
        result.append(Outlier(point.z, count, m2, label, g, iterations, float(residual)))
    return result


def _label(frame: Frame, vector: NDArray) -> str:
    """The directions that an eigenvector has a share of."""
    shares = {kind: float((vector[frame.of(kind)] ** 2).sum()) for kind in KINDS}
    return " and ".join(kind for kind in KINDS if shares[kind] >= DECOUPLED)

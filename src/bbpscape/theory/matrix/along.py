"""The left edge and the outliers of a p × p law followed along α, where Σ = 1.

From one α to the next a point of the branch is predicted by a polynomial in log α, and corrected by
secants in log τ: a sharp edge to excess 0, a smooth one to the end of the branch, an outlier to an
eigenvalue 0 of M. Steps that go astray are halved. How many outliers there are is counted at each
edge, and a change of it is looked into; where an edge changes its kind, the α is solved anew.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from bbpscape.theory.laws.network.matrix_law import MatrixLaw
from bbpscape.theory.matrix.branch import BranchPoint, Walk, branch_point
from bbpscape.theory.matrix.edges import END_MARGIN, MatrixEdge, margin
from bbpscape.theory.matrix.frame import Frame
from bbpscape.theory.matrix.outliers import (
    Placed,
    SignalSpectrum,
    diagonalized,
    outliers_at,
    placed_outliers,
)
from bbpscape.theory.roots import NoConvergence
from bbpscape.theory.solution import Edge, Outlier

# Of log τ: z is stationary at a sharp edge, and an error there counts as its square.
CLOSE = {"sharp": 1e-7, "smooth": END_MARGIN / 2}
AT_OUTLIER = 1e-10
# Of slopes along the branch.
SLOPES = 1e-9
# The longest correction of log τ, and by how much of itself A may leave its prediction.
LONGEST, ASTRAY = 0.1, 0.1
# In log α: the longest step, and the shortest before the α is solved anew.
STRIDE, SHORTEST = 0.3, 1e-3
SECANTS = 8
# Of the last points a prediction is made of.
MEMORY = 4

Solved = Callable[[float], tuple[MatrixEdge, Placed]]


class _OtherKind(Exception):
    """The edge is sharp where it was smooth, or the other way round."""


@dataclass(eq=False)
class _Track:
    """The last points of something followed, by log α, and d(target)/d log τ at the last one."""

    points: list[tuple[float, BranchPoint]]
    slope: float = math.nan
    rank: int = 0

    def ahead(self, log_alpha: float) -> BranchPoint:
        """Where the polynomial through the last points is at ``log_alpha``."""
        at = np.array([x for x, _ in self.points])
        last = self.points[-1][1]
        weights = [
            np.prod((log_alpha - np.delete(at, i)) / (at[i] - np.delete(at, i)))
            for i in range(at.size)
        ]
        A = sum(w * one.A for w, (_, one) in zip(weights, self.points, strict=True))
        z = sum(w * one.z for w, (_, one) in zip(weights, self.points, strict=True))
        return replace(last, tau=float(np.trace(A)) / len(A), A=np.asarray(A), z=float(z))

    def onwards(self, log_alpha: float, point: BranchPoint, slope: float) -> "_Track":
        return _Track([*self.points[1 - MEMORY :], (log_alpha, point)], slope, self.rank)


@dataclass(eq=False)
class _Place:
    """What has been found at one α."""

    log_alpha: float
    edge: _Track
    outliers: list[_Track]
    found: tuple[Outlier, ...]
    shape: Edge = field(repr=False)

    @property
    def side(self) -> tuple[Edge, tuple[Outlier, ...]]:
        return replace(self.shape, value=self.edge.points[-1][1].z), self.found


def along(
    law: MatrixLaw, alphas: NDArray[np.float64], solved: Solved
) -> Iterator[tuple[Edge, tuple[Outlier, ...]]]:
    """The left edge and the outliers left of it at each of increasing α.

    ``solved`` gives both at one α from nothing: the first, and those that cannot be followed.
    """
    place: _Place | None = None
    for alpha in alphas.tolist():
        if place is not None:
            place = _reached(law, place, math.log(alpha))
        if place is not None:
            yield place.side
            continue
        edge, placed = solved(alpha)
        yield edge.edge, tuple(one for _, one in placed)
        if edge.edge.kind in CLOSE:
            place = _begun(law, math.log(alpha), edge, placed)


def _reached(law: MatrixLaw, place: _Place, log_alpha: float) -> _Place | None:
    """The place at ``log_alpha``, in as many steps as it takes; None where the way is lost."""
    stride = STRIDE
    while (gap := log_alpha - place.log_alpha) > 0:
        target = log_alpha if gap <= stride else place.log_alpha + stride
        try:
            following = _step(law, place, target, seen=target == log_alpha)
        except NoConvergence:
            following = None
        except _OtherKind:
            return None
        if following is not None:
            place, stride = following, min(STRIDE, 1.5 * stride)
        elif (stride := min(stride, gap) / 2) < SHORTEST:
            return None
    return place


def _step(law: MatrixLaw, place: _Place, log_alpha: float, seen: bool) -> _Place | None:
    """The place at the next α; outliers are worked out where it is ``seen``."""
    frame, alpha = Frame(law), math.exp(log_alpha)
    edge = _edge_ahead(law, alpha, place, log_alpha)
    if edge is None:
        return None
    end = edge.points[-1][1]
    count = int((diagonalized(frame, alpha, end).values > 0).sum())
    spectra: dict[int, SignalSpectrum] = {}
    tracks, found, seen_count = [], [], 0
    for track in place.outliers:

        def eigenvalue(point: BranchPoint, rank: int = track.rank) -> float:
            spectra[rank] = diagonalized(frame, alpha, point)
            return float(spectra[rank].values[-rank])

        if track.rank > count:
            break
        moved = _corrected(law, alpha, track, log_alpha, eigenvalue, AT_OUTLIER)
        if moved is None or moved.points[-1][1].tau >= end.tau:
            return None
        point, spectrum = moved.points[-1][1], spectra[track.rank]
        seen_count += int(spectrum.null(point.z).sum())
        tracks.append(moved)
        if seen:
            found += outliers_at(frame, alpha, point, spectrum, 0, 0.0)
    shape = place.shape
    if seen_count != count:
        return _begun(law, log_alpha, MatrixEdge(shape, end), None, edge)
    found.sort(key=lambda one: one.eigenvalue)
    return _Place(log_alpha, edge, tracks, tuple(found), shape)


def _edge_ahead(law: MatrixLaw, alpha: float, place: _Place, log_alpha: float) -> _Track | None:
    sharp = place.shape.kind == "sharp"

    def target(point: BranchPoint) -> float:
        return point.excess if sharp else END_MARGIN / 2 - margin(law, point)

    edge = _corrected(law, alpha, place.edge, log_alpha, target, CLOSE[place.shape.kind])
    if edge is not None:
        point = edge.points[-1][1]
        if (margin(law, point) if sharp else point.excess) < 0:
            raise _OtherKind
    return edge


def _begun(
    law: MatrixLaw,
    log_alpha: float,
    edge: MatrixEdge,
    placed: Placed | None,
    known: _Track | None = None,
) -> _Place | None:
    """A place whose outliers are found from its edge, unless they are given."""
    alpha, point = math.exp(log_alpha), edge.point
    if point is None:
        return None
    if placed is None:
        placed = placed_outliers(law, alpha, edge)
    walk, frame, rank, tracks = Walk(law, alpha, point), Frame(law), 1, []
    for log_tau in dict.fromkeys(log_tau for log_tau, _ in placed):
        here = walk.at(log_tau)
        tracks.append(_Track([(log_alpha, here)], rank=rank))
        rank += int(diagonalized(frame, alpha, here).null(here.z).sum())
    track = known or _Track([(log_alpha, point)])
    return _Place(log_alpha, track, tracks, tuple(one for _, one in placed), edge.edge)


def _corrected(
    law: MatrixLaw,
    alpha: float,
    track: _Track,
    log_alpha: float,
    target: Callable[[BranchPoint], float],
    close: float,
) -> _Track | None:
    """The track one point on, where ``target`` is 0 near the prediction; None if it is not."""
    guess = track.ahead(log_alpha)
    if guess.tau <= 0:
        return None
    point = branch_point(law, alpha, guess.tau, guess, SLOPES)
    value, slope = target(point), track.slope
    if math.isnan(slope):
        other = branch_point(law, alpha, guess.tau * math.exp(-1e-4), point, SLOPES)
        slope = (value - target(other)) / 1e-4
        value = target(point)
    for _ in range(SECANTS):
        move = -value / slope
        if not abs(move) < LONGEST:
            return None
        if abs(move) < close:
            apart = abs(point.A - guess.A).max() > ASTRAY * point.tau
            inside = np.linalg.eigvalsh(point.A)[0] > 0
            return None if apart or not inside else track.onwards(log_alpha, point, slope)
        point = branch_point(law, alpha, point.tau * math.exp(move), point, SLOPES)
        last, value = value, target(point)
        if abs(move) > 10 * close:
            slope = (value - last) / move
    return None

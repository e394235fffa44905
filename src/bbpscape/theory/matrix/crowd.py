"""Outliers among those of the largest principal components of the inputs.

Each special direction has a part along every component, and next to that one's eigenvalues are
zeros of det M: the component itself, a little moved. There are as many as components times
directions, so that zeros are first looked for on polynomials through points of the branch.
"""

import functools
import math
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from bbpscape.theory.law import INPUT
from bbpscape.theory.laws.network.matrix_law import MatrixLaw
from bbpscape.theory.matrix.branch import Walk
from bbpscape.theory.matrix.bulk import stieltjes
from bbpscape.theory.matrix.edges import MatrixEdge
from bbpscape.theory.matrix.frame import Frame
from bbpscape.theory.matrix.outliers import (
    Placed,
    SignalSpectrum,
    decoupled,
    diagonalized,
    outliers_at,
    placed_outliers,
)
from bbpscape.theory.roots import find_root
from bbpscape.theory.solution import Outlier

# In log τ: of an outlier from that of a similar law, and steps in which all of them are passed.
CLOSE, FIRST = 0.01, 0.3
# Points of the polynomials, and the accuracy of a zero that is looked for on them.
POINTS, ROUGH = 32, 1e-9
# Eigenvalues of S closer than this, of the largest, are one.
SAME = 1e-9


def outliers_of_all(law: MatrixLaw, alpha: float, edge: MatrixEdge, near: Placed = ()) -> Placed:
    """(log τ, outlier) of all outliers left of the bulk, by eigenvalue, those of components too.

    ``near``, those of about the same law at about the same α, saves the way there.
    """
    if not law.apart or edge.point is None:
        return placed_outliers(law, alpha, edge, near)
    frame, walk = Frame(law, split=True), Walk(law, alpha, edge.point)
    path = _path(frame, alpha, walk)
    inputs = _input_outliers(law, path)
    known = [log_tau for log_tau, one in near if one.direction != INPUT]
    found = _outliers_near(frame, alpha, walk, known)
    if not near or len(found) != len(known):
        found = _outliers_near(frame, alpha, walk, _guesses(frame, path))
    return tuple(sorted(inputs + found, key=lambda one: one[1].eigenvalue))


def _outliers_near(
    frame: Frame, alpha: float, walk: Walk, guesses: list[float]
) -> list[tuple[float, Outlier]]:
    """The outliers next to values of log τ, without the components themselves."""
    found, high = [], -math.inf
    for guess in sorted(guesses):
        low, high = max(high, guess - CLOSE), min(guess + CLOSE, walk.end)
        if low < high:
            found += _outliers_between(frame, alpha, walk, low, high)
    return found


@dataclass(frozen=True, eq=False)
class Path:
    """z, S, A and S_v as polynomials in log τ from ``low`` to ``high``."""

    low: float
    high: float
    coefficients: NDArray[np.float64]
    p: int

    def _split(self, values: NDArray) -> tuple[float, NDArray, NDArray, NDArray]:
        p = self.p
        S, A, signal = np.split(values[1:], [p * p, 2 * p * p])
        size = math.isqrt(signal.size)
        return float(values[0]), S.reshape(p, p), A.reshape(p, p), signal.reshape(size, size)

    def at(self, log_tau: float) -> tuple[float, NDArray, NDArray, NDArray]:
        """z, S, A and S_v."""
        return self._split(np.asarray(chebyshev.chebval(self._scaled(log_tau), self.coefficients)))

    def slope(self, log_tau: float) -> tuple[float, NDArray, NDArray, NDArray]:
        """Their derivatives, up to one factor."""
        slopes = chebyshev.chebder(self.coefficients)
        return self._split(np.asarray(chebyshev.chebval(self._scaled(log_tau), slopes)))

    def _scaled(self, log_tau: float) -> float:
        return 2 * (log_tau - self.low) / (self.high - self.low) - 1


def _path(frame: Frame, alpha: float, walk: Walk) -> Path:
    """The branch with all outliers on it."""
    law, low = frame.law, walk.end
    while True:
        point = walk.at(low)
        first = law.population.sigma[0] * float(np.linalg.eigvalsh(point.S)[0])
        if point.z < first and diagonalized(frame, alpha, point).values[-1] < 0:
            break
        low -= FIRST
    x, rows = chebyshev.chebpts1(POINTS), []
    for log_tau in (low + (walk.end - low) * (x + 1) / 2).tolist():
        point = walk.at(log_tau)
        parts = point.S, point.A, alpha * law.signal(point.A)
        rows.append(np.concatenate([[point.z], *(part.ravel() for part in parts)]))
    coefficients = chebyshev.chebfit(x, np.array(rows), POINTS - 1)
    return Path(low, walk.end, coefficients, law.p)


def _input_outliers(law: MatrixLaw, path: Path) -> list[tuple[float, Outlier]]:
    """(log τ, outlier) of z = σ_i s_j for the components apart: m² = 1/(1 − σ_i ds_j/dz)."""
    found = []

    def beyond(sigma: float, rank: int, log_tau: float) -> float:
        z, S, _, _ = path.at(log_tau)
        return z - sigma * float(np.linalg.eigvalsh(S)[rank])

    for sigma in law.population.sigma[: law.apart].tolist():
        rank = 0
        while rank < law.p and beyond(sigma, rank, path.high) > 0:
            ranked = functools.partial(beyond, sigma, rank)
            root = find_root(ranked, path.low, path.high, "outlier of the inputs")
            z, S, A, _ = path.at(root.value)
            z_slope, S_slope, _, _ = path.slope(root.value)
            values, vectors = np.linalg.eigh(S)
            own = vectors[:, abs(values - values[rank]) < SAME * abs(values).max()]
            same = own.shape[1]
            inverse = np.linalg.inv(np.eye(same) - sigma * (own.T @ S_slope @ own) / z_slope)
            m2, g = float(np.trace(inverse)) / same, stieltjes(law, z, A, S).real
            one = Outlier(z, float(same), m2, INPUT, g, root.iterations, root.residual)
            found.append((root.value, one))
            rank += same
    return found


def _guesses(frame: Frame, path: Path) -> list[float]:
    """log τ of the outliers that are not components."""

    @functools.cache
    def spectrum(log_tau: float) -> SignalSpectrum:
        z, S, _, signal = path.at(log_tau)
        return decoupled(frame, frame.of_signal(z, S, signal))

    def ranked(rank: int, log_tau: float) -> float:
        return float(spectrum(log_tau).values[-rank])

    found, rank = [], 1
    count = int((spectrum(path.high).values > 0).sum())
    while rank <= count:
        root = find_root(functools.partial(ranked, rank), path.low, path.high, "outlier", ROUGH)
        z, S, _, _ = path.at(root.value)
        z_slope, S_slope, _, signal = path.slope(root.value)
        slope = frame.slope_of_signal(z, S, z_slope, S_slope, signal)
        if not _is_component(frame, spectrum(root.value), slope, z):
            found.append(root.value)
        rank += int(spectrum(root.value).null(z).sum())
    return found


def _outliers_between(
    frame: Frame, alpha: float, walk: Walk, low: float, high: float
) -> list[tuple[float, Outlier]]:
    """Those between two values of log τ."""

    @functools.cache
    def at(log_tau: float) -> SignalSpectrum:
        return diagonalized(frame, alpha, walk.at(log_tau))

    before, after = (int((at(end).values > 0).sum()) for end in (low, high))
    found, rank = [], before + 1
    while rank <= after:
        ranked = functools.partial(lambda rank, x: float(at(x).values[-rank]), rank)
        root = find_root(ranked, low, high, "outlier")
        point, spectrum = walk.at(root.value), at(root.value)
        same = int(spectrum.null(point.z).sum())
        if not _is_component(frame, spectrum, frame.slope(alpha, point), point.z):
            some = outliers_at(frame, alpha, point, spectrum, root.iterations, root.residual)
            found += [(root.value, one) for one in some]
        rank += same
    return found


def _is_component(frame: Frame, spectrum: SignalSpectrum, slope: NDArray, z: float) -> bool:
    """Whether more than half of the eigenvectors of H at a zero of det M is of the components."""
    N = spectrum.vectors[:, spectrum.null(z)]
    along = frame.components(N)
    share = np.trace(np.linalg.inv(N.T @ slope @ N) @ (along.T @ along)) / N.shape[1]
    return bool(share > 0.5)

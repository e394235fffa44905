"""Where curves of an observable at different N cross, and where one reaches a level.

A polynomial is fitted to the difference of two curves, or of a curve and the level, and its sign
change sought; errors are those of resampled draws.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from bbpscape.analysis.curves import Curve
from bbpscape.core.codec import BULKY

MOST_DEGREE = 6
LEAST_POINTS = 4
# Standard errors that a difference must be from 0 on either side of a crossing.
CLEAR = 2.0
CROSSING, UNCLEAR, NONE, SHORT = "crossing", "unclear", "none", "too few alphas"


@dataclass(frozen=True, eq=False)
class Crossing:
    """Where a difference of curves changes sign; ``sizes`` are two N, or one against ``level``.

    ``status`` is "crossing", "unclear" if the difference is less than two standard errors from 0 on
    one side, "none" if the fit does not change sign between the outermost α, or "too few alphas".
    ``alpha`` is None for the last two. ``standard_error`` and the 95 % ``interval`` are those of
    resampled draws, ``found`` is the fraction of them with a crossing. The polynomial of the
    difference has ``degree``, and ``p_value`` is the chance of a worse fit.
    """

    sizes: tuple[int, ...]
    level: float | None
    status: str
    alpha: float | None = None
    standard_error: float | None = None
    interval: tuple[float, float] | None = None
    found: float = 0.0
    degree: int | None = None
    p_value: float | None = None
    samples: NDArray[np.float64] | None = field(default=None, metadata=BULKY)

    def __str__(self) -> str:
        """'N = 100 and 400', 'N = 100 at 0.5'."""
        curves = " and ".join(map(str, self.sizes))
        return f"N = {curves}" + ("" if self.level is None else f" at {self.level:g}")


def crossings(
    curves: Sequence[Curve], resampled: Sequence[NDArray[np.float64]]
) -> tuple[Crossing, ...]:
    """The crossing of each curve with the next, and of the first with the last.

    ``resampled`` are means of resampled draws of each curve, shape (resamples, alphas).
    """
    pairs = list(zip(range(len(curves)), range(1, len(curves)), strict=False))
    if len(curves) > 2:
        pairs.append((0, len(curves) - 1))
    found = []
    for low, high in pairs:
        one, other = curves[low], curves[high]
        alphas, i, j = np.intersect1d(one.alphas, other.alphas, return_indices=True)
        found.append(
            sign_change(
                alphas,
                other.mean[j] - one.mean[i],
                other.variance[j] + one.variance[i],
                resampled[high][:, j] - resampled[low][:, i],
                (one.N, other.N),
            )
        )
    return tuple(found)


def level_points(
    curves: Sequence[Curve], resampled: Sequence[NDArray[np.float64]], level: float
) -> tuple[Crossing, ...]:
    """Where each curve reaches ``level``."""
    return tuple(
        sign_change(
            curve.alphas, curve.mean - level, curve.variance, means - level, (curve.N,), level
        )
        for curve, means in zip(curves, resampled, strict=True)
    )


def sign_change(
    alphas: NDArray[np.float64],
    difference: NDArray[np.float64],
    variance: NDArray[np.float64],
    resampled: NDArray[np.float64],
    sizes: tuple[int, ...],
    level: float | None = None,
) -> Crossing:
    """The α where ``difference`` changes sign.

    The polynomial has the degree, up to 6, of least AIC = χ² + 2 (degree + 1); of several sign
    changes, that one is taken whose two sides are farthest from 0. The degree is chosen anew for
    each resampled difference, and of its sign changes the nearest taken.
    """
    count = len(alphas)
    if count < LEAST_POINTS:
        return Crossing(sizes, level, SHORT)
    middle, half = (alphas[0] + alphas[-1]) / 2, (alphas[-1] - alphas[0]) / 2
    x, weight = (alphas - middle) / half, 1 / np.sqrt(variance)
    fits = [_Fit(x, weight, degree) for degree in range(min(MOST_DEGREE, count - 2) + 1)]
    (degree,) = _best(fits, difference[None, :])
    p_value = float(chdtrc(count - degree - 1, fits[degree].chi2(difference[None, :])[0]))
    roots = _roots(fits[degree].solve @ difference)
    if not roots.size:
        return Crossing(sizes, level, NONE, degree=int(degree), p_value=p_value)
    sides = [_clearance(x, difference, weight, roots, i) for i in range(len(roots))]
    best = int(np.argmax(sides))
    samples = np.full(len(resampled), np.nan)
    for i, (one, k) in enumerate(zip(resampled, _best(fits, resampled), strict=True)):
        again = _roots(fits[k].solve @ one)
        if again.size:
            samples[i] = middle + half * again[np.argmin(abs(again - roots[best]))]
    kept = samples[~np.isnan(samples)]
    spread = len(kept) > 1
    return Crossing(
        sizes,
        level,
        CROSSING if sides[best] >= CLEAR else UNCLEAR,
        float(middle + half * roots[best]),
        float(kept.std(ddof=1)) if spread else None,
        tuple(np.quantile(kept, (0.025, 0.975)).tolist()) if spread else None,
        len(kept) / len(samples),
        int(degree),
        p_value,
        samples,
    )


class _Fit:
    """Weighted least squares by a Chebyshev series of one degree."""

    def __init__(self, x: NDArray[np.float64], weight: NDArray[np.float64], degree: int) -> None:
        self.degree, self._weight = degree, weight
        self._design = np.polynomial.chebyshev.chebvander(x, degree)
        self.solve = np.linalg.pinv(self._design * weight[:, None]) * weight

    def chi2(self, differences: NDArray[np.float64]) -> NDArray[np.float64]:
        """χ² of each row."""
        residual = (differences - differences @ self.solve.T @ self._design.T) * self._weight
        return np.einsum("ij,ij->i", residual, residual)


def _best(fits: Sequence[_Fit], differences: NDArray[np.float64]) -> NDArray[np.int_]:
    """The degree of least AIC for each row."""
    return np.argmin([fit.chi2(differences) + 2 * fit.degree for fit in fits], axis=0)


def _roots(coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sign changes within (−1, 1) of a Chebyshev series, rising."""
    if len(coefficients) < 2:
        return np.empty(0)
    roots = np.polynomial.chebyshev.chebroots(coefficients)
    real = np.sort(roots[abs(roots.imag) < 1e-9].real)
    return real[abs(real) < 1]


def _clearance(
    x: NDArray[np.float64],
    difference: NDArray[np.float64],
    weight: NDArray[np.float64],
    roots: NDArray[np.float64],
    at: int,
) -> float:
    """How far the data on either side of a root, as far as the next one, are from 0: the nearer
    side, in standard errors of their weighted mean; 0 if both have one sign."""
    ends = np.concatenate([[-np.inf], roots, [np.inf]])
    scores = []
    for low, high in ((ends[at], roots[at]), (roots[at], ends[at + 2])):
        side = (x > low) & (x < high)
        w = weight[side] ** 2
        scores.append(float(w @ difference[side] / np.sqrt(w.sum())) if side.any() else 0.0)
    return min(abs(scores[0]), abs(scores[1])) if scores[0] * scores[1] < 0 else 0.0

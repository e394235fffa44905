"""Figure 3: where the curves of several N meet, φ and the probability of an outlier."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import chdtrc

from bbpscape.analysis.curves import Curve
from figures.kit import Data, rows

RESAMPLES = 2000
NEAR = 3.0  # half widths of the data within which a crossing is looked for
DEGREE = 3  # of φ in the scaling variable of a continuous transition
# The highest α at which φ of every N is below 0.8: up to there differences of two are lines.
STRAIGHT = {"continuous": 1.66, "discontinuous": 1.44}


def phi_curves(data: Data, case: str) -> list[Curve]:
    """Figure 3: φ(α) at each N, as draws that are 0 or 1."""
    return [
        Curve(
            N,
            np.array([row["alpha"] for row in found]),
            tuple(
                (np.arange(row["draws"]) < round(row["mean"] * row["draws"])).astype(float)
                for row in found
            ),
        )
        for N in data.parameters["N"]
        for found in [rows(data.tables["phi"], case=case, N=N)]
    ]


@dataclass(frozen=True)
class Crossing:
    """The α at which φ of ``sizes[1]`` overtakes φ of ``sizes[0]``.

    ``interval`` holds 68 % of those of resampled draws, and ``found`` is how many of them have one.
    """

    sizes: tuple[int, int]
    alpha: float
    interval: tuple[float, float]
    found: float

    @property
    def standard_error(self) -> float:
        return (self.interval[1] - self.interval[0]) / 2


def straight_curves(data: Data, case: str) -> list[Curve]:
    """Those of ``phi_curves`` up to STRAIGHT, where differences are lines."""
    found = []
    for curve in phi_curves(data, case):
        kept = int((curve.alphas <= STRAIGHT[case]).sum())
        found.append(Curve(curve.N, curve.alphas[:kept], curve.draws[:kept]))
    return found


def phi_crossings(data: Data, case: str) -> list[Crossing]:
    """Figure 3: of each N with the next, and of the first with the last.

    Where the line fitted to the difference is 0, of draws and of resampled draws.
    """
    curves, generator = straight_curves(data, case), np.random.default_rng(0)
    means = [curve.resampled(generator, RESAMPLES) for curve in curves]
    found = []
    for i, j in [*pairwise(range(len(curves))), (0, len(curves) - 1)]:
        low, high = curves[i], curves[j]
        differences = np.vstack([high.mean - low.mean, means[j] - means[i]])
        weight = 1 / np.sqrt(low.variance + high.variance)
        where = _rises(low.alphas, differences, weight)
        again = where[1:][np.isfinite(where[1:])]
        kept = again.size / (len(where) - 1)
        found.append(Crossing((low.N, high.N), float(where[0]), _interval(again), kept))
    return found


def _interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """68 % of them."""
    if not values.size:
        return math.nan, math.nan
    low, high = np.quantile(values, (0.16, 0.84)).tolist()
    return low, high


def _rises(
    alpha: NDArray[np.float64], differences: NDArray[np.float64], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Where a line fitted to each row rises through 0; NaN if it does not near the data."""
    middle, half = (alpha[0] + alpha[-1]) / 2, (alpha[-1] - alpha[0]) / 2
    level, slope = np.polynomial.polynomial.polyfit(
        (alpha - middle) / half, differences.T, 1, w=weight
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        root = -level / slope
    return np.where((abs(root) < NEAR) & (slope > 0), middle + half * root, np.nan)


@dataclass(frozen=True)
class Collapse:
    """One polynomial in x = (α/α_c − 1) N^(1/3) for φ at every N: its α_c, and how well it fits."""

    alpha: float
    standard_error: float
    chi2: float
    dof: int

    @property
    def p_value(self) -> float:
        return float(chdtrc(self.dof, self.chi2))


def phi_collapse(data: Data, case: str, least: int = 0, power: float = 1 / 3) -> Collapse:
    """Figure 3: α_c of φ = f((α/α_c − 1) N^power), f a cubic polynomial, from N = ``least`` on.

    A third is the window of a continuous transition: the outlier leaves the edge like (α − α_c)²,
    and the edge fluctuates by N^(−2/3). The error is that of resampled draws.
    """
    curves = [curve for curve in phi_curves(data, case) if least <= curve.N]
    alpha = np.concatenate([curve.alphas for curve in curves])
    size = np.concatenate([np.full(len(curve.alphas), curve.N) for curve in curves])
    error = np.sqrt(np.concatenate([curve.variance for curve in curves]))

    def misfit(centre: float, phi: NDArray[np.float64]) -> float:
        x = (alpha / centre - 1) * size**power
        design = np.polynomial.chebyshev.chebvander(x / abs(x).max(), DEGREE) / error[:, None]
        residual = np.linalg.lstsq(design, phi / error)[1]
        return float(residual.sum())

    def centre(phi: NDArray[np.float64]) -> float:
        grid = np.linspace(alpha.min(), alpha.max(), 41)
        best = int(np.argmin([misfit(one, phi) for one in grid]))
        ends = grid[max(best - 1, 0)], grid[min(best + 1, 40)]
        return float(minimize_scalar(misfit, bounds=ends, args=(phi,), method="bounded").x)

    found = np.concatenate([curve.mean for curve in curves])
    generator = np.random.default_rng(0)
    again = zip(*(curve.resampled(generator, RESAMPLES // 10) for curve in curves), strict=True)
    spread = np.std([centre(np.concatenate(means)) for means in again], ddof=1)
    best = centre(found)
    return Collapse(best, float(spread), misfit(best, found), len(alpha) - DEGREE - 2)


def outlier_crossings(data: Data, case: str) -> list[Crossing]:
    """Figure 3: where the probability of an outlier, by sampled labels, is equal at successive N.

    Straight lines between the points; the zero of the difference between its lowest and its highest
    point. NaN where one curve stays below the other while they rise, so that they meet only where
    both are below 0.05 or above 0.95.
    """
    found, generator = [], np.random.default_rng(0)
    sizes = data.parameters["scaling"]
    for pair in pairwise(sizes):
        curves = [rows(data.tables["outlier"], case=case, N=N) for N in pair]
        counts = [rows(data.tables["half"], case=case, N=N)[0]["labels"] for N in pair]
        x = [np.array([row["alpha"] for row in curve]) for curve in curves]
        y = [np.array([row["probability"] for row in curve]) for curve in curves]
        alpha = np.linspace(x[1][0], x[1][-1], 2001)

        def meets(y: list[NDArray], x: list = x, alpha: NDArray = alpha) -> float:
            low, high = (np.interp(alpha, *curve) for curve in zip(x, y, strict=True))
            first, last = sorted([int((high - low).argmin()), int((high - low).argmax())])
            best = first + int(abs(high - low)[first : last + 1].argmin())
            return float(alpha[best]) if 0.05 < high[best] < 0.95 else math.nan

        again = [
            meets([generator.binomial(n, one) / n for n, one in zip(counts, y, strict=True)])
            for _ in range(RESAMPLES // 10)
        ]
        kept = np.array(again)[np.isfinite(again)]
        found.append(Crossing(pair, meets(y), _interval(kept), kept.size / len(again)))
    return found


def phi_trend(data: Data, case: str) -> tuple[float, float]:
    """Figure 3: dφ/d log N at the α nearest to α_BBP, and its error."""
    (law,) = rows(data.tables["thresholds"], case=case)
    found = rows(data.tables["phi"], case=case)
    nearest = min((row["alpha"] for row in found), key=lambda alpha: abs(alpha - law["alpha_bbp"]))
    here = [row for row in found if row["alpha"] == nearest]
    x = np.log([row["N"] for row in here])
    w = 1 / np.array([row["standard_error"] for row in here]) ** 2
    x = x - w @ x / w.sum()
    return float(w * x @ [row["mean"] for row in here] / (w @ x**2)), float(1 / np.sqrt(w @ x**2))

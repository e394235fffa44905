"""The onset of weak recovery at finite N: where a line through m²(α) above α_BBP reaches 0."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from bbpscape.analysis.curves import Curve

LEAST_POINTS = 3
WINDOWS = (0.1, 0.2, 0.4, 0.8)


@dataclass(frozen=True)
class WindowOnset:
    """The α at which the line through the means over start ≤ α ≤ (1 + window) start reaches 0.

    ``alpha`` is None if the window has less than three α, or the line does not rise. ``found`` is
    the fraction of resampled draws whose line rises; ``standard_error`` is half of the 68 %
    interval over those: a line that is nearly flat reaches 0 anywhere.
    """

    N: int
    window: float
    points: int
    alpha: float | None = None
    standard_error: float | None = None
    found: float = 0.0
    p_value: float | None = None


@dataclass(frozen=True)
class SizeOnset:
    """The onsets of one N; ``spread`` is the largest minus the smallest over the windows."""

    derived: ClassVar[tuple[str, ...]] = ("spread",)

    N: int
    start: float
    windows: tuple[WindowOnset, ...]

    @property
    def spread(self) -> float | None:
        found = [one.alpha for one in self.windows if one.alpha is not None]
        return max(found) - min(found) if len(found) > 1 else None


def onsets(
    curves: Sequence[Curve],
    resampled: Sequence[NDArray[np.float64]],
    start: float,
    windows: Sequence[float] = WINDOWS,
) -> tuple[SizeOnset, ...]:
    """The onset of each curve by a line over each window, which weighs every α alike.

    As in ``bbpscape.linear_onset``, whose windows these are, with the α that the study has.
    ``p_value`` is the chance of a worse line, from the standard errors of the means.
    """
    return tuple(
        SizeOnset(
            curve.N, start, tuple(_onset(curve, means, start, float(width)) for width in windows)
        )
        for curve, means in zip(curves, resampled, strict=True)
    )


def _onset(curve: Curve, resampled: NDArray[np.float64], start: float, width: float) -> WindowOnset:
    # An α of the grid that is the window's end may differ from it by rounding.
    slack = 1e-9 * start
    inside = (curve.alphas >= start - slack) & (curve.alphas <= start * (1 + width) + slack)
    alphas, count = curve.alphas[inside], int(inside.sum())
    if count < LEAST_POINTS:
        return WindowOnset(curve.N, width, count)
    middle, x = alphas.mean(), alphas - alphas.mean()
    mean = curve.mean[inside]
    slope = x @ mean / (x @ x)
    residual = (mean - mean.mean() - slope * x) / np.sqrt(curve.variance[inside])
    p_value = float(chdtrc(count - 2, residual @ residual))
    if slope <= 0:
        return WindowOnset(curve.N, width, count, p_value=p_value)
    again = resampled[:, inside]
    slopes = again @ x / (x @ x)
    rising = slopes > 0
    kept = middle - again.mean(axis=1)[rising] / slopes[rising]
    return WindowOnset(
        curve.N,
        width,
        count,
        float(middle - mean.mean() / slope),
        float(np.subtract(*np.quantile(kept, (0.8413, 0.1587)))) / 2 if len(kept) > 1 else None,
        len(kept) / len(again) if len(again) else 0.0,
        p_value,
    )

"""What simulated students of one-pass SGD have at each time, as means over draws."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.statistics import Estimate
from bbpscape.simulation.descent.overlap import frobenius_magnetization, magnetization
from bbpscape.simulation.online.stream import OnlineDraw


@dataclass(frozen=True, eq=False)
class OnlineSample:
    """Means and standard errors over the draws that have not diverged, as in ``OnlinePath``."""

    gram: NDArray[np.float64]
    gram_error: NDArray[np.float64]
    overlap: NDArray[np.float64]
    overlap_error: NDArray[np.float64]
    loss: tuple[Estimate, ...]
    m2: tuple[Estimate, ...]
    m2_frobenius: tuple[Estimate, ...]
    diverged: int


def both_m2(gram: NDArray, overlap: NDArray) -> tuple[NDArray, NDArray]:
    """m² by the nuclear and by the Frobenius norm of m, along the first axes."""
    norms = np.trace(gram, axis1=-2, axis2=-1)
    width = np.full(norms.shape, float(overlap.shape[-2]))
    known = np.isfinite(norms)
    nuclear = np.full(norms.shape, math.nan)
    nuclear[known] = magnetization(overlap[known], norms[known], width[known])
    return nuclear, frobenius_magnetization(overlap, norms, width)


def sample_of(draws: list[OnlineDraw], times: int) -> OnlineSample:
    gram, overlap, loss = (
        np.array([getattr(one, name)[:times] for one in draws])
        for name in ("gram", "overlap", "loss")
    )
    kept = np.isfinite(gram).all(axis=(1, 2, 3)) & np.isfinite(loss).all(axis=1)
    gram, overlap, loss = gram[kept], overlap[kept], loss[kept]
    nuclear, frobenius = both_m2(gram, overlap)
    return OnlineSample(
        gram=_mean(gram),
        gram_error=_error(gram),
        overlap=_mean(overlap),
        overlap_error=_error(overlap),
        loss=_estimates(loss),
        m2=_estimates(nuclear),
        m2_frobenius=_estimates(frobenius),
        diverged=int((~kept).sum()),
    )


def _estimates(values: NDArray) -> tuple[Estimate, ...]:
    return tuple(Estimate.of(column) for column in values.T)


def _mean(values: NDArray) -> NDArray[np.float64]:
    return values.mean(axis=0) if len(values) else np.full(values.shape[1:], math.nan)


def _error(values: NDArray) -> NDArray[np.float64]:
    if len(values) < 2:
        return np.full(values.shape[1:], math.nan)
    return values.std(axis=0, ddof=1) / math.sqrt(len(values))

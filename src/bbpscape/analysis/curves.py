"""The curves of one observable against α, one for each N, and their resampled means."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.study.axes import PARAMETERS
from bbpscape.study.results import StudyResults
from bbpscape.study.store import SIMULATION, THEORY

MOST_AT_ONCE = 1_000_000  # values that are resampled in one array


@dataclass(frozen=True, eq=False)
class Curve:
    """Draws of an observable at every α of one N: ``draws[i]`` are those at ``alphas[i]``."""

    N: int
    alphas: NDArray[np.float64]
    draws: tuple[NDArray[np.float64], ...]

    @property
    def mean(self) -> NDArray[np.float64]:
        return np.array([values.mean() for values in self.draws])

    @property
    def variance(self) -> NDArray[np.float64]:
        """(n s² + s̄²)/(n + 1)/n, the squared standard error of each mean, never 0.

        s̄² is the mean of s² over the curve. Without it, n draws that are all 1 would have no error,
        and a fit would have to go through them.
        """
        counts = np.array([len(values) for values in self.draws])
        spread = np.array([values.var(ddof=1) for values in self.draws])
        return (counts * spread + spread.mean()) / (counts + 1) / counts

    def resampled(self, generator: np.random.Generator, count: int) -> NDArray[np.float64]:
        """Means of draws taken anew with replacement, shape (count, alphas)."""
        means = np.empty((count, len(self.draws)))
        for i, values in enumerate(self.draws):
            step = max(1, MOST_AT_ONCE // len(values))
            for first in range(0, count, step):
                size = (min(step, count - first), len(values))
                picked = generator.integers(len(values), size=size)
                means[first : first + step, i] = values[picked].mean(axis=1)
        return means


def curves_of(study: StudyResults, observable: str) -> list[Curve]:
    """The simulated curves of ``observable``, N rising.

    Raises
    ------
    InvalidInput
        If the study has no draws of it, less than two at some point, draws that are all alike, or
        several values of another parameter than α and N.
    """
    rows = [row for row in study.rows if row.source == SIMULATION]
    known = list(dict.fromkeys(row.observable for row in rows))
    if not known:
        raise InvalidInput("the study has no draws to analyse so far")
    if observable not in known:
        raise InvalidInput(f"observable must be one of {', '.join(known)}, got {observable!r}")
    for name in PARAMETERS:
        values = {row.cell.parameters.get(name) for row in study.rows}
        values.discard(None)
        if name not in ("alpha", "N") and len(values) > 1:
            listed = ", ".join(str(one) for one in sorted(values, key=str))
            raise InvalidInput(f"an analysis is of one model: select one {name} of {listed}")
    found: dict[int, dict[float, NDArray[np.float64]]] = {}
    for row in rows:
        # Where every draw failed there is nothing to resample.
        if row.observable == observable and row.values.size:
            if row.values.size < 2:
                raise InvalidInput(f"an analysis needs two draws at least, got 1 at {row.cell.key}")
            found.setdefault(row.cell.N, {})[row.cell.alpha] = row.values
    curves = []
    for n in sorted(found):
        alphas = sorted(found[n])
        curve = Curve(n, np.array(alphas), tuple(found[n][alpha] for alpha in alphas))
        if not curve.variance.all():
            raise InvalidInput(f"the draws of {observable} at N = {n} are all alike")
        curves.append(curve)
    return curves


def theory_of(study: StudyResults, observable: str) -> dict[float, float]:
    """The limits N → ∞ of ``observable`` by α, each from the largest N: M/N is nearest to α.

    Inputs that belong to a dimension have none.
    """
    limits: dict[float, tuple[float, float]] = {}
    for row in study.rows:
        if row.observable == observable and row.source == THEORY and row.cell.dimension is None:
            size = float(row.cell.parameters.get("N", math.inf))
            best = limits.get(row.cell.alpha, (0.0, 0.0))
            limits[row.cell.alpha] = max(best, (size, row.mean), key=lambda one: one[0])
    return {alpha: value for alpha, (_, value) in limits.items()}

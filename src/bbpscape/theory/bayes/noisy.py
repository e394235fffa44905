"""P(y | u) of noisy labels of a teacher: Gaussian noise, sign flips, Poisson counts."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from bbpscape.core.checks import InvalidInput
from bbpscape.model.labels import Labels
from bbpscape.theory.bayes.likelihood import Likelihood
from bbpscape.theory.bayes.panels import split
from bbpscape.theory.bayes.pieces import REACH, Function, Kinks, Piece, monotone_pieces

# Largest widths of a panel of u, in itself and in change of φ by units of its noise.
WIDTH, CHANGE = 0.4, 2.0
# Labels: step and reach, in units of the noise.
STEP, SPAN = 0.7, 7.0
LOOKS = 40_001
JUMP = 1e-6
MOST_NODES, MOST_COUNTS = 400_000, 20_000


def noisy_likelihood(
    name: str,
    value: Function,
    kinks: Kinks,
    labels: Labels,
    low: float = -REACH,
    high: float = REACH,
) -> Likelihood:
    """y = s φ(u) + √noise ξ of one variable u from ``low`` to ``high``.

    Raises
    ------
    InvalidInput
        If the noise is too small beside the range of φ.
    """
    noise, flip, sigma = labels.noise, labels.flip, math.sqrt(labels.noise)
    pieces = monotone_pieces(name, value, kinks, low, high)
    ends = _ends(name, value, pieces, sigma)
    shares = [one for one in ((1.0, 1 - flip), (-1.0, flip)) if one[1]]
    grid = np.linspace(ends[0], ends[-1], LOOKS)
    outputs = np.concatenate([s * value(grid) for s, _ in shares])
    step = STEP * sigma
    lowest = float(outputs.min()) - SPAN * sigma
    count = (float(outputs.max()) + SPAN * sigma - lowest) / step
    if not count < MOST_NODES:
        raise _too_small(name, noise)
    columns, window = math.ceil(count) + 2, math.ceil(2 * SPAN / STEP)
    offsets = np.arange(window)

    def table(u: NDArray, weights: NDArray) -> csr_array:
        data, indices = [], []
        for s, share in shares:
            center = s * value(u)
            first = np.floor((center - SPAN * sigma - lowest) / step).astype(int)
            first = np.clip(first, 0, columns - window)
            at = first[:, None] + offsets
            away = (lowest + step * at - center[:, None]) / sigma
            scale = STEP * share / math.sqrt(2 * math.pi)
            data.append(scale * weights[:, None] * np.exp(-(away**2) / 2))
            indices.append(at)
        width = window * len(shares)
        pointer = np.arange(0, width * u.size + 1, width)
        together = np.concatenate(data, axis=1).ravel(), np.concatenate(indices, axis=1).ravel()
        made = csr_array((*together, pointer), shape=(u.size, columns))
        made.sum_duplicates()
        return made

    def density(y: NDArray, u: NDArray) -> NDArray:
        return labels.density(y, value(u))

    return Likelihood(ends, table, density, _jumps(pieces))


def counts_likelihood(
    name: str,
    value: Function,
    kinks: Kinks,
    labels: Labels,
    low: float = -REACH,
    high: float = REACH,
) -> Likelihood:
    """y = s n, n a Poisson count of rate φ(u), of one variable u from ``low`` to ``high``."""
    pieces = monotone_pieces(name, value, kinks, low, high)
    highest = max(max(one.y_low, one.y_high) for one in pieces)
    last = highest + 10 * math.sqrt(highest) + 20
    if not last < MOST_COUNTS:
        raise InvalidInput(f"the teacher {name!r} has rates up to {highest:.3g}: rescale it")
    first = -math.ceil(last) if labels.flip else 0
    counts = np.arange(first, math.ceil(last))
    ends = split(np.array([pieces[0].low, *(one.high for one in pieces)]), WIDTH)

    def density(y: NDArray, u: NDArray) -> NDArray:
        return labels.density(y, np.maximum(value(u), 0.0))

    def table(u: NDArray, weights: NDArray) -> csr_array:
        return csr_array(weights[:, None] * density(counts, u[:, None]))

    return Likelihood(ends, table, density, _jumps(pieces))


def _jumps(pieces: Sequence[Piece]) -> bool:
    """Whether φ jumps from one piece to the next."""
    size = max(max(abs(one.y_low), abs(one.y_high)) for one in pieces)
    pairs = itertools.pairwise(pieces)
    return any(abs(one.y_high - other.y_low) > JUMP * size for one, other in pairs)


def _ends(name: str, value: Function, pieces: Sequence[Piece], sigma: float) -> NDArray[np.float64]:
    """Ends of panels on each of which φ changes by little more than its noise."""
    found: list[NDArray] = []
    for piece in pieces:
        u = np.linspace(piece.low, piece.high, LOOKS)
        inner = np.concatenate([[piece.y_low], value(u[1:-1]), [piece.y_high]])
        passed = np.cumsum(abs(np.diff(inner)) / (CHANGE * sigma) + np.diff(u) / WIDTH)
        count = math.ceil(passed[-1]) if passed[-1] < MOST_NODES else 0
        if not count:
            raise _too_small(name, sigma**2)
        marks = np.linspace(0, passed[-1], count + 1)
        found.append(np.interp(marks, np.concatenate([[0.0], passed]), u))
    return np.unique(np.concatenate(found))


def _too_small(name: str, noise: float) -> InvalidInput:
    return InvalidInput(
        f"label_noise = {noise:g} is too small beside the labels of {name!r}: take 0, or more"
    )

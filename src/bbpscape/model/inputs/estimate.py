"""The law of inputs that are given: their covariance, norms and mean."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.core.tables import to_rows
from bbpscape.model.inputs.covariance import CONDITION, ISOTROPIC, Covariance, Eigenvalues
from bbpscape.model.inputs.radial import GAUSSIAN, Atoms, Radial

# With fewer rows a dimension than these, the covariance is shrunk.
FEW = 5
# Norms are told by the means of so many quantiles.
QUANTILES = 12
# A spread of the norms counts from so many of its standard errors, as does the length of the mean.
SEEN = 4.0
# Of the eigenvalues of whitened rows.
ROUNDING = 1e-6
BLOCK = 2**20  # numbers of the rows that are turned at a time


@dataclass(frozen=True)
class InputEstimate:
    """The parts of a law, |μ| in the units of ``InputLaw``, and how Σ was estimated in words.

    ``components`` are the principal ones, one a column, by decreasing eigenvalue.
    """

    covariance: Covariance
    radial: Radial
    mean: float
    covariance_by: str
    components: NDArray[np.float64]


def estimate_inputs(rows: ArrayLike) -> InputEstimate:
    """Covariance, norms and mean of rows x_μ, as if they were elliptical: √τ Σ^½ ξ/√N + μ/√N.

    The covariance is that of the rows where n ≥ 5 N; with fewer rows it is shrunk towards a
    multiple of the identity (Ledoit and Wolf 2004), since the eigenvalues of few rows spread more
    than those of their law. τ is x·Σ⁻¹x/N of a centred row, its spread without that of Gaussian
    inputs (variance 2/N). Spreads and means that chance explains are left out.

    Parameters
    ----------
    rows : array, shape (n, N)

    Raises
    ------
    InvalidInput
        If there are fewer than 3 rows, or they do not vary.

    >>> rows = np.random.default_rng(0).standard_normal((2000, 40))
    >>> estimate_inputs(rows).radial, round(estimate_inputs(3 + rows).mean / 40**0.5, 1)
    (Gaussian(), 3.0)
    """
    values = to_rows(rows)
    if len(values) < 3:
        raise InvalidInput(f"inputs must have at least 3 rows, got {len(values)}")
    n, N = values.shape
    # By a power of two: squares of numbers below 1e-154 are lost otherwise.
    _, exponent = np.frexp(max(float(values.max()), -float(values.min())))
    centred = np.ldexp(values, -exponent)  # the one copy of all rows
    mean = centred.mean(axis=0)
    centred -= mean
    size = float(np.vdot(centred, centred)) / n
    if not size > 0:
        raise InvalidInput("rows must vary, got identical ones")
    centred *= math.sqrt(N / size)
    sigma, vectors = np.linalg.eigh(centred.T @ centred / n)
    sigma = np.maximum(sigma, 0.0)
    by = f"the covariance of {n} rows"
    if n < FEW * N:
        share = _shrinkage(centred, sigma)
        sigma = (1 - share) * sigma + share * sigma.mean()
        by = f"the covariance of {n} rows, shrunk by {share:.2g} towards the identity"
    radial = _norms(centred, vectors, sigma)
    length = float(np.linalg.norm(mean)) * math.sqrt(N / size)
    # A mean of nothing has |μ|² of N/n ± √(2 N)/n.
    if length**2 < N / n + SEEN * math.sqrt(2 * N) / n:
        length = 0.0
    # Of both signs that an eigenvector may have, the one whose largest entry is positive.
    largest = np.take_along_axis(vectors, abs(vectors).argmax(axis=0)[None], axis=0)
    vectors = (vectors * np.sign(largest))[:, ::-1]
    return InputEstimate(_covariance(sigma), radial, length, by, vectors)


def _covariance(sigma: NDArray[np.float64]) -> Covariance:
    if np.ptp(sigma) < ROUNDING * sigma.max():
        return ISOTROPIC
    sigma = np.where(sigma > 10 / CONDITION * sigma.max(), sigma, 0.0)
    return Eigenvalues(tuple(sigma[::-1].tolist()))


def _shrinkage(rows: NDArray[np.float64], sigma: NDArray[np.float64]) -> float:
    """The share of the identity of least expected squared error.

    b²/d² with d² = |S − 1|² and b² = (1/n²) Σ |x xᵀ − S|², both by the squared norm over N, of rows
    x with a mean variance of 1.
    """
    n, N = rows.shape
    d2 = float(((sigma - sigma.mean()) ** 2).mean())
    norms = np.einsum("ij,ij->i", rows, rows)
    b2 = (float((norms**2).mean()) / N - float((sigma**2).mean())) / n
    return min(max(b2, 0.0), d2) / d2 if d2 > 0 else 1.0


def _norms(
    rows: NDArray[np.float64], vectors: NDArray[np.float64], sigma: NDArray[np.float64]
) -> Radial:
    kept = sigma > 10 / CONDITION * sigma.max()
    rank, root = int(kept.sum()), vectors[:, kept] / np.sqrt(sigma[kept])
    parts = np.array_split(rows, max(1, rows.size // BLOCK))
    tau = np.concatenate([((part @ root) ** 2).sum(axis=1) for part in parts])
    tau /= tau.mean()
    seen, chance = float(tau.var()), 2 / rank
    spread = (seen - chance) / (1 + chance)
    if spread < SEEN * chance * math.sqrt(2 / len(tau)):
        return GAUSSIAN
    tau = np.sort(1 + (tau - 1) * math.sqrt(spread / seen))
    groups = np.array_split(tau, min(QUANTILES, len(tau)))
    return Atoms(
        tuple(float(one.mean()) for one in groups), tuple(float(one.size) for one in groups)
    )

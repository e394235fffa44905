"""Columns of centred rows: which are constant, their scales, components, and whitening."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh, qr, solve_triangular

from bbpscape.core.checks import InvalidInput

Columns = NDArray[np.float64]
ROUNDING = 64 * np.finfo(float).eps  # of a column's size; what varies less is constant
RANK_TOLERANCE = 1e-10  # of the largest variance; single-precision rounding leaves about 1e-14
BLOCK = 2**20  # numbers that are multiplied at a time
SMALL = 1e-4  # of the largest coefficient of a combination; what is below is rounding


def constant_columns(rows: Columns) -> NDArray[np.intp]:
    """The columns that vary by no more than rounding."""
    low, high = rows.min(axis=0), rows.max(axis=0)
    return np.flatnonzero(high - low <= ROUNDING * np.maximum(high, -low))


def centre(columns: Columns) -> None:
    """Take the mean of each column off, in place; a second time, what rounding left of it."""
    columns -= columns.mean(axis=0)
    columns -= columns.mean(axis=0)


def unit_size(columns: Columns) -> None:
    """Bring the largest number to [1/2, 1) by one power of two, in place and without rounding.

    Squares of numbers below 1e-154 are lost otherwise.
    """
    _, exponent = np.frexp(max(float(columns.max()), -float(columns.min())))
    np.ldexp(columns, -exponent, out=columns)


def unit_variance(columns: Columns) -> None:
    """Divide each centred column by its standard deviation, in place."""
    _, exponents = np.frexp(np.maximum(columns.max(axis=0), -columns.min(axis=0)))
    np.ldexp(columns, -exponents, out=columns)
    columns *= 1 / np.sqrt(np.einsum("ij,ij->j", columns, columns) / len(columns))


def leading_components(columns: Columns, count: int) -> tuple[Columns, float]:
    """The rows along the ``count`` leading eigenvectors of CᵀC/n, and their share of the variance.

    C are the centred columns. The signs are those at which the largest entry is positive.

    Raises
    ------
    InvalidInput
        If there are not so many components.
    """
    n, N = columns.shape
    size = min(n, N)
    gram = columns.T @ columns if n > N else columns @ columns.T
    found, axes = eigh(gram / n, subset_by_index=(size - count, size - 1), overwrite_a=True)
    variances, axes = np.maximum(found[::-1], 0.0), axes[:, ::-1]
    enough = int((variances > RANK_TOLERANCE * variances[0]).sum())
    if enough < count:
        raise InvalidInput(
            f"pca must be at most {enough}, the number of components with more than "
            f"{RANK_TOLERANCE:g} of the largest variance, got {count}: "
            "columns of different units need standardize=True"
        )
    scores = columns @ axes if n > N else axes * np.sqrt(n * variances)
    scores *= np.where(scores.max(axis=0) < -scores.min(axis=0), -1.0, 1.0)
    total = float(np.vdot(columns, columns)) / n
    return np.ascontiguousarray(scores), float(variances.sum()) / total


def whiten(columns: Columns, named: Callable[[NDArray[np.intp]], str]) -> None:
    """Columns of unit variance times R^{−1/2}, R their correlations, in place.

    Parameters
    ----------
    columns : array, shape (n, N)
        Centred, of unit variance; n > N.
    named : function
        What a message calls some of them.

    Raises
    ------
    InvalidInput
        If R has no inverse: it names the columns that are combinations of others.
    """
    n = len(columns)
    correlations = columns.T @ columns / n
    variances, axes = eigh(correlations)
    rank = int((variances > RANK_TOLERANCE * variances[-1]).sum())
    if rank < len(variances):
        raise InvalidInput(
            f"inputs cannot be whitened, their covariance has rank {rank} of {len(variances)}: "
            f"{_dependent(correlations, rank, named)}; drop what depends on others, or use "
            f"pca={rank} or whiten=False"
        )
    root = axes / np.sqrt(variances) @ axes.T
    for at in range(0, n, step := math.ceil(BLOCK / len(root))):
        columns[at : at + step] = columns[at : at + step] @ root


def _dependent(correlations: Columns, rank: int, named: Callable[[NDArray[np.intp]], str]) -> str:
    """Which columns depend on others, and the first of them on which.

    A pivoted QR puts ``rank`` independent columns first, each as far from those before it as can
    be; the rest are combinations of them.
    """
    triangle, order = qr(correlations, mode="r", pivoting=True)
    kept, rest = order[:rank], order[rank:]
    first = solve_triangular(triangle[:rank, :rank], triangle[:rank, rank])
    others = kept[np.abs(first) > SMALL * np.abs(first).max()]
    said = f"{named(rest[:1])} depends on {named(np.sort(others))}"
    return said if len(rest) == 1 else f"{named(np.sort(rest))} depend on others ({said})"

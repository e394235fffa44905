"""A quantity at several N, extrapolated to N → ∞ in N^(−2/3) and in 1/log N."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from bbpscape.core.checks import InvalidInput

POWER, LOGARITHM = "N^(-2/3)", "1/log N"
UNDECIDED, NEITHER = "undecided", "neither"
# A form is preferred from this Akaike weight on, and rejected below this chance of a worse fit.
WEIGHT, CHANCE = 0.95, 0.01


@dataclass(frozen=True)
class Fit:
    """limit + slope · ``form``, by generalized least squares.

    ``chi2`` has ``dof`` degrees of freedom, and ``p_value`` is the chance of a larger one (None
    without any); ``aic`` = χ² + 4. ``weight`` is the Akaike weight of this form against the other.
    """

    form: str
    limit: float
    standard_error: float
    slope: float
    chi2: float
    dof: int
    p_value: float | None
    aic: float
    weight: float

    def __call__(self, N: ArrayLike) -> NDArray[np.float64]:
        return self.limit + self.slope * scale(self.form, N)


@dataclass(frozen=True)
class Extrapolation:
    """Both fits of ``values`` at ``sizes``, and which is preferred.

    ``preferred`` is a form if its Akaike weight is 0.95 or more and its χ² has a chance of 0.01 or
    more; "neither" if the χ² of both have less; else "undecided", as it always is for two N.
    ``expected`` is what theory says of the limit, None where it says nothing.
    """

    what: str
    sizes: tuple[float, ...]
    values: tuple[float, ...]
    standard_errors: tuple[float, ...]
    power: Fit
    logarithm: Fit
    expected: float | None = None

    @property
    def preferred(self) -> str:
        fits = (self.power, self.logarithm)
        if all(fit.p_value is not None and fit.p_value < CHANCE for fit in fits):
            return NEITHER
        for fit in fits:
            if fit.p_value is not None and fit.p_value >= CHANCE and fit.weight >= WEIGHT:
                return fit.form
        return UNDECIDED

    def to_dict(self) -> dict[str, Any]:
        """All fields and the preference, as JSON values."""
        return {
            "what": self.what,
            "sizes": list(self.sizes),
            "values": list(self.values),
            "standard_errors": list(self.standard_errors),
            "fits": [dict(vars(fit)) for fit in (self.power, self.logarithm)],
            "preferred": self.preferred,
            "expected": self.expected,
        }


def scale(form: str, N: ArrayLike) -> NDArray[np.float64]:
    """N^(−2/3) or 1/log N.

    >>> scale("N^(-2/3)", 1000).round(12).item()
    0.01
    """
    sizes = np.asarray(N, dtype=float)
    return sizes ** (-2 / 3) if form == POWER else 1 / np.log(sizes)


def extrapolate(
    what: str,
    sizes: Sequence[float],
    values: Sequence[float],
    covariance: ArrayLike,
    expected: float | None = None,
) -> Extrapolation:
    """Fit ``values`` at ``sizes`` by limit + slope · N^(−2/3) and by limit + slope/log N.

    Parameters
    ----------
    what : str
        A name for the result.
    sizes, values : sequences of n numbers
        n ≥ 2 different N above 1.
    covariance : array, shape (n, n) or (n,)
        Of the values; one dimension are variances of independent values.
    expected : float, optional
        The limit by theory, kept beside.

    Raises
    ------
    InvalidInput
        If the sizes or the covariance are not allowed.

    >>> n = [100, 1000, 10000]
    >>> found = extrapolate("x", n, [1 + 2 / math.log(one) for one in n], [1e-4] * 3)
    >>> round(found.logarithm.limit, 9), found.preferred
    (1.0, '1/log N')
    """
    n, y, matrix = (np.asarray(one, dtype=float) for one in (sizes, values, covariance))
    if n.ndim != 1 or n.size < 2 or len(set(n.tolist())) < n.size or not (n > 1).all():
        raise InvalidInput(f"sizes must be two different N above 1 at least, got {list(sizes)}")
    matrix = np.diag(matrix) if matrix.ndim == 1 else matrix
    if y.shape != n.shape or matrix.shape != (n.size, n.size):
        raise InvalidInput(
            f"values and covariance must have shapes {n.shape} and {(n.size, n.size)}, "
            f"got {y.shape} and {matrix.shape}"
        )
    if not (np.isfinite(y).all() and np.isfinite(matrix).all()):
        raise InvalidInput(f"values and covariance must be finite, got {y.tolist()}")
    try:
        root = np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        raise InvalidInput("covariance must be positive definite") from None
    whitened = [_fit(form, n, y, root) for form in (POWER, LOGARITHM)]
    difference = min(max(whitened[0][2] - whitened[1][2], -700.0), 700.0)
    weights = (1 / (1 + math.exp(difference / 2)), 1 / (1 + math.exp(-difference / 2)))
    dof = n.size - 2
    power, logarithm = (
        Fit(
            form,
            float(solution[0]),
            float(error),
            float(solution[1]),
            chi2,
            dof,
            float(chdtrc(dof, chi2)) if dof else None,
            chi2 + 4,
            weight,
        )
        for form, (solution, error, chi2), weight in zip(
            (POWER, LOGARITHM), whitened, weights, strict=True
        )
    )
    errors = np.sqrt(np.diag(matrix)).tolist()
    sizes, values = n.tolist(), y.tolist()
    return Extrapolation(
        what, tuple(sizes), tuple(values), tuple(errors), power, logarithm, expected
    )


def _fit(
    form: str, n: NDArray[np.float64], y: NDArray[np.float64], root: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float, float]:
    """((limit, slope), standard error of the limit, χ²), with covariance root rootᵀ."""
    design = np.column_stack([np.ones_like(n), scale(form, n)])
    whitened, target = np.linalg.solve(root, design), np.linalg.solve(root, y)
    inverse = np.linalg.pinv(whitened)
    solution = inverse @ target
    residual = target - whitened @ solution
    return solution, math.sqrt(inverse[0] @ inverse[0]), float(residual @ residual)

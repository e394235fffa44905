"""A quantity at several N, extrapolated to N → ∞ in N^(−2/3) and in 1/log N."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from bbpscape.core.checks import InvalidInput
from bbpscape.core.report import Report, Table, number, with_error
from bbpscape.core.result import Result, result
from bbpscape.core.status import CONVERGED, Status

POWER, LOGARITHM = "N^(-2/3)", "1/log N"
UNDECIDED, NEITHER = "undecided", "neither"
# A form is preferred from this Akaike weight on, and rejected below this chance of a worse fit.
WEIGHT, CHANCE = 0.95, 0.01
COLUMNS = ("quantity", POWER, "p-value", LOGARITHM, "p-value", "preferred", "theory")


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

    @property
    def rejected(self) -> bool:
        return self.p_value is not None and self.p_value < CHANCE


@result
class Extrapolation(Result):
    """Two fits of ``values`` at ``sizes`` as N → ∞, by a power of N and by a logarithm.

    ``preferred`` is the form that the data favour: its Akaike weight is 0.95 or more and its χ² has
    a chance of 0.01 or more. It is "neither" if the χ² of both have less, and "undecided" in any
    other case, as it always is for two N. ``expected`` is the limit that theory predicts, or None.

    Examples
    --------
    >>> import bbpscape as bb
    >>> study = bb.Study(bb.TeacherStudent(1, 1), {"alpha": [1.0, 4.0], "N": [20, 40]}, draws=3)
    >>> found = bb.analyse(study.run(workers=1), "m2", label_draws=0, resamples=20)
    >>> found.extrapolations[-1].sizes, found.extrapolations[-1].preferred
    ((20.0, 40.0), 'undecided')
    """

    derived: ClassVar[tuple[str, ...]] = ("preferred",)

    what: str
    sizes: tuple[float, ...]
    values: tuple[float, ...]
    standard_errors: tuple[float, ...]
    power: Fit
    logarithm: Fit
    expected: float | None = None

    @property
    def fits(self) -> tuple[Fit, Fit]:
        return self.power, self.logarithm

    @property
    def preferred(self) -> str:
        if all(fit.rejected for fit in self.fits):
            return NEITHER
        for fit in self.fits:
            if fit.p_value is not None and not fit.rejected and fit.weight >= WEIGHT:
                return fit.form
        return UNDECIDED

    @property
    def status(self) -> Status:
        if self.preferred == NEITHER:
            return Status(
                f"{self.what}: neither form fits", "leave out the smallest N, or add larger ones"
            )
        if self.preferred == UNDECIDED:
            return Status(
                f"{self.what}: the two forms cannot be told apart", "add N further apart, or draws"
            )
        return CONVERGED

    def headline(self) -> str:
        return f"{self.what} as N → ∞, from N = {', '.join(f'{n:g}' for n in self.sizes)}"

    def report(self) -> Report:
        notes = () if self.status.ok else (str(self.status),)
        return Report([Table(self.headline(), COLUMNS, [self.cells()])], notes)

    def cells(self) -> list[str]:
        """What is shown of it in a row of a table: the form, the limit and how well it fits.

        Returns
        -------
        list of str
            One text a column.

        Examples
        --------
        >>> import bbpscape as bb
        >>> axes = {"alpha": [1.0, 4.0], "N": [20, 40]}
        >>> study = bb.Study(bb.TeacherStudent(1, 1), axes, ["m2"], draws=3)
        >>> found = bb.analyse(study.run(workers=1), label_draws=0, resamples=20)
        >>> len(found.extrapolations[0].cells())
        7
        """
        cells = [self.what]
        for fit in self.fits:
            cells.append(with_error(fit.limit, fit.standard_error))
            cells.append(number(fit.p_value, ".2g"))
        return [*cells, self.preferred, number(self.expected, ".3f")]

    def columns(self) -> Mapping[str, Any]:
        """The values and both fits at each N."""
        return {
            "N": self.sizes,
            "value": self.values,
            "standard_error": self.standard_errors,
            POWER: self.power(self.sizes),
            LOGARITHM: self.logarithm(self.sizes),
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
    n, y, covariances = _checked(sizes, values, covariance)
    try:
        root = np.linalg.cholesky(covariances).astype(float)
    except np.linalg.LinAlgError:
        raise InvalidInput("covariance must be positive definite") from None
    power, logarithm = (_fit(form, n, y, root) for form in (POWER, LOGARITHM))
    difference = min(max(power.aic - logarithm.aic, -700.0), 700.0)
    return Extrapolation(
        what,
        tuple(n.tolist()),
        tuple(y.tolist()),
        tuple(np.sqrt(np.diag(covariances)).tolist()),
        replace(power, weight=1 / (1 + math.exp(difference / 2))),
        replace(logarithm, weight=1 / (1 + math.exp(-difference / 2))),
        expected,
    )


def _checked(
    sizes: Sequence[float], values: Sequence[float], covariance: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """N, the values, and their covariance as a matrix."""
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
    return n, y, matrix


def _fit(
    form: str, n: NDArray[np.float64], y: NDArray[np.float64], root: NDArray[np.float64]
) -> Fit:
    """The fit of one form, with covariance root rootᵀ, as yet without its weight."""
    design = np.column_stack([np.ones_like(n), scale(form, n)])
    whitened, target = np.linalg.solve(root, design), np.linalg.solve(root, y)
    inverse = np.linalg.pinv(whitened)
    limit, slope = (inverse @ target).tolist()
    residual = target - whitened @ (inverse @ target)
    chi2, dof = float(residual @ residual), n.size - 2
    return Fit(
        form,
        limit,
        math.sqrt(inverse[0] @ inverse[0]),
        slope,
        chi2,
        dof,
        float(chdtrc(dof, chi2)) if dof else None,
        chi2 + 4,
        math.nan,
    )

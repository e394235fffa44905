"""That no eigenvalue was missed below the found ones: by inertia, or by a second random block."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from bbpscape.core.seeds import stream
from bbpscape.simulation.eigen.davidson import Stop, search, sizes
from bbpscape.simulation.samples import Product

INERTIA_SIZE = 1500  # pN up to which a factorization costs no more than the search itself
BLOCK_COLUMNS = 320  # products that a second block may take
BLOCK_TOLERANCE = 0.05  # of max|λ|: its residual when it has found the next eigenvalue


@dataclass(frozen=True)
class Certificate:
    """Whether an eigenvalue was missed below the found ones.

    ``kind`` is "inertia": H − shift has ``below`` negative pivots, and as many found values lie
    below the shift; this is a proof, up to rounding. It is "second block" where a factorization is
    too dear: an independent random block, kept orthogonal to the found pairs, was minimized, and
    ``other``, its lowest Ritz value, of residual norm ``residual``, is not below the k-th found;
    ``below`` is how many of its Ritz values are. It is "lifted" for draws that a GPU computes
    together: H − shift, lifted along the ``below`` vectors that were found below the shift, is
    positive definite, so that no more than these are there; a proof, up to rounding. It is "dense"
    where LAPACK had the whole matrix, "zero" where H is 0, and "none" where no check was asked for.
    ``passed`` is None if nothing can be said.

    Examples
    --------
    >>> import bbpscape as bb
    >>> found = bb.lowest(np.diag([3.0, 1.0, 2.0]), k=1)
    >>> found.certificate.kind, found.certificate.verdict
    ('dense', 'none missed')
    """

    kind: str
    passed: bool | None
    below: int = 0
    shift: float | None = None
    other: float | None = None
    residual: float | None = None

    @property
    def verdict(self) -> str:
        """'none missed', 'MISSED ONE' or 'not certified'."""
        return {True: "none missed", False: "MISSED ONE", None: "not certified"}[self.passed]

    def scaled(self, unit: float) -> Certificate:
        """The same, its values times ``unit``.

        Parameters
        ----------
        unit : float
            Positive.

        Returns
        -------
        Certificate
            In other units.

        Examples
        --------
        >>> import bbpscape as bb
        >>> bb.lowest(np.diag([3.0, 1.0, 2.0]), k=1).certificate.scaled(2.0).verdict
        'none missed'
        """
        names = ("shift", "other", "residual")
        given = {name: value for name in names if (value := getattr(self, name)) is not None}
        return replace(self, **{name: value * unit for name, value in given.items()})

    def negated(self) -> Certificate:
        """That of −H, whose lowest pairs are the highest of H.

        Returns
        -------
        Certificate
            Its values with the other sign.

        Examples
        --------
        >>> import bbpscape as bb
        >>> bb.lowest(np.diag([3.0, 1.0, 2.0]), k=1).certificate.negated().verdict
        'none missed'
        """
        turned = {
            name: -at for name in ("shift", "other") if (at := getattr(self, name)) is not None
        }
        return replace(self, **turned)


NOT_ASKED = Certificate("none", None)


def inertia_certificate(
    dense: NDArray[np.float64], values: NDArray[np.float64], k: int, error: float = 0.0
) -> Certificate:
    """Negative pivots of H − σ, against the values found below σ.

    σ lies in the middle of the gap above the k-th value if that is clear of rounding and of the
    ``error`` of a value, else in the last clear gap below it, or below them all if they are one.

    >>> inertia_certificate(np.diag([-2.0, 0.0, 3.0]), np.array([-2.0, 0.0, 3.0]), 2).passed
    True
    >>> inertia_certificate(np.diag([-2.0, 0.0, 3.0]), np.array([-2.0, 3.0]), 1).below
    2
    """
    size = max(float(abs(np.diag(dense)).max()), float(abs(values).max()))
    clear = max(1e3 * float(np.finfo(float).eps) * size, 2 * error)
    edges = np.concatenate([[values[0] - 4 * clear], values[: k + 1]])
    if len(values) <= k:
        edges = np.append(edges, values[-1] + size)
    expected = int(np.flatnonzero(np.diff(edges) > clear).max(initial=0))
    shift = float(edges[expected] + edges[expected + 1]) / 2
    below = negative_pivots(dense, shift)
    return Certificate("inertia", below == expected, below, shift)


def negative_pivots(dense: NDArray[np.float64], shift: float) -> int:
    """Eigenvalues of H below the shift, by Bunch–Kaufman L D Lᵀ of H − shift and Sylvester's law.

    >>> negative_pivots(np.diag([-2.0, 0.0, 3.0]), 1.0)
    2
    """
    matrix = np.array(dense, order="F")
    matrix[np.diag_indices(len(matrix))] -= shift
    factor, pivots, _ = lapack.dsytrf(matrix, lower=1, lwork=64 * len(matrix), overwrite_a=1)
    # A 2 × 2 block of D, two equal negative pivots, has one eigenvalue of each sign.
    single = pivots > 0
    return int((factor.diagonal()[single] < 0).sum()) + int((~single).sum()) // 2


def block_certificate(
    single: Product,
    precondition: Callable[[Any], Any],
    values: NDArray[np.float64],
    vectors: NDArray[np.float64],
    k: int,
    rounding: float,
    seed: int,
) -> Certificate:
    """The lowest Ritz value of an independent random block orthogonal to the pairs found.

    Parameters
    ----------
    values : array, shape (k + 1,) or (k,)
        What was found, and the next Ritz value if there is one, in the operator's units.
    vectors : array, shape (pN, k)
        Their eigenvectors.
    rounding : float
        Size of the errors that rounding makes in a value, at the operator's precision.
    """
    where = single.where
    shape = sizes(1, single.p, single.size)
    room = single.size - k
    if room < 1:
        return Certificate("second block", True)
    start = stream("certificate", seed).standard_normal((min(shape.block, room), single.size))
    locked = where.asarray(np.ascontiguousarray(vectors[:, :k].T), single.dtype)
    scale = float(abs(values[:k]).max())
    goal = Stop(1, lambda ritz: max(BLOCK_TOLERANCE * scale, rounding), BLOCK_COLUMNS)
    block = precondition(where.asarray(start, single.dtype))
    found = search(single, precondition, block, goal, shape, locked)
    below = int((found.ritz < values[k - 1] - rounding).sum())
    passed = below == 0 if found.converged else None
    if below:
        passed = False
    other, residual = float(found.ritz[0]), float(found.residuals[0])
    return Certificate("second block", passed, below, other=other, residual=residual)

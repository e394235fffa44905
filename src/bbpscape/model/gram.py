"""The Gram matrix of a student that has learnt, beside its overlaps with the teacher.

(λ, u) ~ N(0, C) with C = [[Q, mᵀ], [m, 1]], Q_kk' = w_k·w_k'/N and m_lk = w*_l·w_k/N.
"""

import numbers

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.arrays import real_array
from bbpscape.core.checks import InvalidInput, positive
from bbpscape.model.layers import MOST_ENTRIES, Rows

# Of a squared norm, and of an eigenvalue of Q − mᵀm beside the largest squared norm.
WIDEST_NORM, ROUNDING = 1e6, 1e-12


def check_student_gram(value: object, p: float, overlap: NDArray | None) -> float | Rows | None:
    """Q as a number q where it is q·1, else as rows; None stays None.

    ``overlap`` is m, shape (p_star, p), None where it is 0. InvalidInput unless C is positive
    semi-definite, and every norm between 1e-3 and 1e3.
    """
    if value is None:
        return None
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        norm = positive("student_gram", value, WIDEST_NORM)
        if overlap is None:
            return norm
        Q = norm * np.eye(int(p))
    else:
        Q = real_array("student_gram", value)
    _check_table(Q, p, value)
    if overlap is not None:
        low = np.linalg.eigvalsh(Q - overlap.T @ overlap)[0]
        if low < -ROUNDING * Q.max():
            raise InvalidInput(
                "student_gram must leave room for overlap: Q - m'm has the eigenvalue "
                f"{low:.3g} < 0; take larger norms or smaller overlaps"
            )
    rows = tuple(tuple(row) for row in ((Q + Q.T) / 2).tolist())
    return rows[0][0] if np.array_equal(Q, Q[0, 0] * np.eye(len(Q))) else rows


def _check_table(Q: NDArray, p: float, value: object) -> None:
    if Q.shape != (p, p):
        raise InvalidInput(
            f"student_gram must be a number or have shape ({p:g}, {p:g}), got {value!r}"
        )
    if Q.size > MOST_ENTRIES:
        raise InvalidInput(f"student_gram must have at most {MOST_ENTRIES} entries, got {Q.size}")
    norms = np.diagonal(Q)
    if not ((norms >= 1 / WIDEST_NORM) & (norms <= WIDEST_NORM)).all():
        raise InvalidInput(
            f"student_gram must have squared norms from {1 / WIDEST_NORM:g} to {WIDEST_NORM:g} "
            f"on its diagonal, got {norms.tolist()}"
        )
    if abs(Q - Q.T).max() > ROUNDING * norms.max():
        raise InvalidInput(f"student_gram must be symmetric, got {value!r}")
    if (low := np.linalg.eigvalsh(Q)[0]) < -ROUNDING * norms.max():
        raise InvalidInput(
            f"student_gram must be positive semi-definite, got the eigenvalue {low:.3g}"
        )

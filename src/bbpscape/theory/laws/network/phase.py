"""The phase of a determinant, without the jumps of an angle."""

import numpy as np
from numpy.typing import NDArray


def phase(matrices: NDArray) -> NDArray[np.float64]:
    """Im log det of symmetric p × p matrices of positive definite imaginary part: from 0 to p π.

    Elimination keeps that part positive, so that each pivot has an angle from 0 to π.

    >>> bool(abs(phase(np.diag([1j, -1 + 1j])) - 1.25 * np.pi) < 1e-15)
    True
    """
    rest = np.asarray(matrices)
    total = np.zeros(rest.shape[:-2])
    while rest.shape[-1]:
        pivot, column = rest[..., 0, 0], rest[..., 1:, 0]
        # An imaginary part below 0 is rounding.
        total += np.arctan2(np.maximum(pivot.imag, 0.0), pivot.real)
        rows = column[..., :, None] * column[..., None, :]
        rest = rest[..., 1:, 1:] - rows / pivot[..., None, None]
    return total

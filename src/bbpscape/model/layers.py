"""What a model is given as arrays: its second layer, and the overlaps of student and teacher."""

import numbers
from typing import Any

import numpy as np

from bbpscape.core.arrays import real_array
from bbpscape.core.checks import InvalidInput, number

# The second layer and the overlaps are tables of one entry a neuron.
MOST_ENTRIES = 10_000
SMALLEST_WEIGHT = 1e-6
UNIFORM = 1e-11  # of 1/p, which has 12 digits in a study

Rows = tuple[tuple[float, ...], ...]


def check_second_layer(value: object, p: float) -> tuple[float, ...] | None:
    """c, p numbers of sizes between 1e-6 and 1e6; None where each is 1/p."""
    if value is None:
        return None
    weights = real_array("second_layer", value)
    if weights.shape != (p,) or not weights.all():
        raise InvalidInput(f"second_layer must be p = {p:g} numbers other than 0, got {value!r}")
    if not ((abs(weights) >= SMALLEST_WEIGHT) & (abs(weights) <= 1 / SMALLEST_WEIGHT)).all():
        raise InvalidInput(
            f"second_layer must have sizes from {SMALLEST_WEIGHT:g} to {1 / SMALLEST_WEIGHT:g}, "
            f"got {value!r}"
        )
    uniform = p <= MOST_ENTRIES and np.allclose(weights, 1 / p, rtol=UNIFORM, atol=0)
    return None if uniform else tuple(weights.tolist())


def check_overlap(value: object, p: float, p_star: int, unit_norms: bool = True) -> float | Rows:
    """w*_l·w_k/N as rows of a (p_star, p) table; 0 where all are.

    With ``unit_norms`` it must be one that a random student can have.
    """
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        if value == 0:
            return 0.0
        if p * p_star > MOST_ENTRIES:
            raise InvalidInput(f"a model with an overlap needs p p_star of at most {MOST_ENTRIES}")
        table = np.full((p_star, int(p)), number("overlap", value))
    else:
        table = real_array("overlap", value)
    if table.shape != (p_star, p):
        raise InvalidInput(
            f"overlap must be a number or have shape ({p_star}, {p:g}), got {value!r}"
        )
    if unit_norms and not (np.hypot.reduce(table, axis=0) < 1).all():
        raise InvalidInput(
            "the squared overlaps of a student neuron with the teacher must sum to less than 1, "
            f"got {value!r}"
        )
    return tuple(tuple(row) for row in table.tolist()) if table.any() else 0.0


def common_overlap(rows: Any) -> Any:
    """The number that stands for every pair of a table of overlaps, else the table."""
    found = np.unique(rows)
    return float(found[0]) if found.size == 1 else rows

"""The one check of data: real, finite, unmasked numbers, in double precision."""

import math
import numbers
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.core.report import counted

LARGEST = 1e100  # squares of larger numbers overflow


def real_array(
    name: str,
    values: object,
    dimensions: int | None = None,
    *,
    labels: Sequence[Hashable] = (),
    booleans: bool = False,
) -> NDArray[np.float64]:
    """``values`` as float64, without a copy where they are that already; nothing is cast silently.

    Parameters
    ----------
    name : str
        What to call them in a message.
    values : array_like
        Integers or floats, nested lists of them included.
    dimensions : int, optional
        Axes that they must have, each of at least one entry.
    labels : sequence, optional
        What their columns are called.
    booleans : bool
        Whether False and True count as 0 and 1.

    Raises
    ------
    InvalidInput
        If they are complex, masked, boolean, no numbers or not finite, or of another shape.

    >>> real_array("inputs", [[1, 2]]).tolist()
    [[1.0, 2.0]]
    >>> real_array("inputs", [1.0, 2j])
    Traceback (most recent call last):
    ...
    bbpscape.core.checks.InvalidInput: inputs must be real numbers, got dtype complex128
    """
    if np.ma.is_masked(values):
        raise InvalidInput(f"{name} must have no masked entries: fill them or drop their rows")
    try:
        array = np.asarray(values)
    except (TypeError, ValueError):
        raise InvalidInput(f"{name} must be an array of numbers, got rows that differ") from None
    if array.dtype == object and array.ndim and all(_is_number(one) for one in array.flat):
        array = array.astype(float)
    if array.dtype == object:
        raise InvalidInput(f"{name} must be real numbers, got {_odd(array)}")
    check_kind(name, array.dtype, booleans=booleans)
    if dimensions is not None and (array.ndim != dimensions or 0 in array.shape):
        raise InvalidInput(f"{name} must have {dimensions} axes, got shape {array.shape}")
    array = array.astype(float, copy=False)
    # The extremes see nan and inf, and take no memory.
    largest = max(float(array.max()), -float(array.min())) if array.size else 0.0
    if not math.isfinite(largest):
        raise InvalidInput(f"{name} must be finite, got nan or inf in {_where(array, labels)}")
    if largest > LARGEST:
        raise InvalidInput(f"{name} must be at most {LARGEST:g} in size, got {largest:g}")
    return array


def check_kind(name: str, dtype: np.dtype, *, booleans: bool = False) -> None:
    """Refuse a dtype that is none of integers or floats, or, where they count, of booleans."""
    if dtype.kind not in ("fiub" if booleans else "fiu"):
        raise InvalidInput(f"{name} must be real numbers, got dtype {dtype}")


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _odd(array: NDArray) -> str:
    """What an array of objects is made of."""
    odd = next((one for one in array.flat if not _is_number(one)), array)
    return type(odd).__name__


def _where(array: NDArray[np.float64], labels: Sequence[Hashable]) -> str:
    if array.ndim == 0:
        return "it"
    bad = ~np.isfinite(array)
    first = np.unravel_index(int(bad.argmax()), bad.shape)
    if array.ndim == 1:
        return f"{bad.sum()} entries (the first is entry {first[0]})"
    rows = bad.reshape(len(bad), -1).any(axis=1).sum()
    place = f"row {first[0]}"
    if array.ndim == 2:
        column = int(first[1])
        place += f", column {(labels[column] if labels else column)!r}"
    return f"{counted(bad.sum(), 'place')} of {counted(rows, 'row')} (the first is {place})"

"""Rows of numbers from what Python holds: arrays, tables, tensors, datasets, sparse matrices."""

from __future__ import annotations

import math
import numbers
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.arrays import check_kind, real_array
from bbpscape.core.checks import InvalidInput
from bbpscape.core.grids import short
from bbpscape.core.memory import require_memory

NAME = "inputs"
COPIES = 2  # of the rows in double precision: as they came, and centred
BLOCK = 2**20  # numbers of a table that are converted at a time
NAMED = 3  # columns that a message names


@dataclass(frozen=True, eq=False)
class Rows:
    """n rows of N finite real numbers, and what their columns are called.

    Parameters
    ----------
    values : array, shape (n, N)
        In double precision.
    labels : tuple
        Of the columns; where there are none, a column is called by its number.
    """

    values: NDArray[np.float64]
    labels: tuple[Hashable, ...] = ()

    def label(self, column: int) -> Hashable:
        """What a column is called."""
        return self.labels[column] if self.labels else int(column)

    def named(self, columns: Iterable[int]) -> str:
        """Columns in a message.

        >>> Rows(np.eye(2), ("a", "b")).named([0]), Rows(np.eye(5)).named(range(5))
        ("column 'a'", 'columns 0, 1, 2 and 2 more')
        """
        all_of = [short(self.label(one)) for one in columns]
        more = f" and {len(all_of) - NAMED} more" if len(all_of) > NAMED else ""
        return f"column{'s' if len(all_of) > 1 else ''} {', '.join(all_of[:NAMED])}{more}"


def to_rows(data: object) -> NDArray[np.float64]:
    """Rows of shape (n, N) in double precision, without a copy where they are that already.

    Parameters
    ----------
    data : array, DataFrame, table, tensor, Dataset or sparse matrix
        Numbers or booleans of any precision and byte order. A stack (n, h, w, …) is flattened to
        (n, h·w·…). Columns of a pandas DataFrame may be nullable or sparse; tables of pyarrow or
        polars are taken too. Of a torch Dataset the first element of each item is a row.

    Returns
    -------
    array, shape (n, N)
        In double precision.

    Raises
    ------
    InvalidInput
        If there are fewer than two rows, if they are complex, masked, dates, text, objects or not
        finite, or if they would not fit in memory twice.

    Examples
    --------
    >>> to_rows([[True, False], [False, True]]).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    return rows_of(data).values


def rows_of(data: Any) -> Rows:
    """As ``to_rows``, with the labels that the columns of a table have."""
    if hasattr(data, "columns") and hasattr(data, "iloc"):
        return checked(frame_values(data), tuple(data.columns.tolist()))
    if hasattr(data, "columns") and hasattr(data, "__arrow_c_stream__"):
        import pyarrow

        return rows_of(pyarrow.table(data).to_pandas())
    if isinstance(data, Rows):
        return data
    if hasattr(data, "toarray"):
        return checked(_dense(data))
    if hasattr(data, "detach"):
        return checked(_of_tensor(data))
    if hasattr(data, "tensors"):
        return rows_of(data.tensors[0])
    if _is_dataset(data):
        return checked(_of_items(data))
    return checked(data)


def checked(values: object, labels: tuple[Hashable, ...] = ()) -> Rows:
    """``values`` as rows, if they are at least two of finite real numbers or booleans."""
    if isinstance(values, np.ndarray) and values.ndim > 2:
        values = values.reshape(len(values), math.prod(values.shape[1:]))
    if isinstance(values, np.ndarray) and values.ndim == 2 and values.dtype not in (float, object):
        check_kind(NAME, values.dtype, booleans=True)
        require_room(*values.shape)
    array = real_array(NAME, values, labels=labels, booleans=True)
    if array.ndim > 2:
        array = array.reshape(len(array), -1)
    if array.ndim != 2 or array.shape[1] == 0:
        raise InvalidInput(f"{NAME} must have shape (n, N), got {array.shape}")
    if len(array) < 2:
        raise InvalidInput(f"{NAME} must have at least 2 rows, got {len(array)}")
    return Rows(array, labels)


def require_room(n: int, N: int) -> None:
    """Refuse n rows of N numbers that would not fit in memory, as they are and prepared."""
    require_memory(lambda count: 8 * COPIES * count * N, n, "rows", "fewer columns")


def frame_values(frame: Any) -> NDArray[np.float64]:
    """The numbers of a DataFrame, shape (n, N), nan where there is none.

    Raises
    ------
    InvalidInput
        With the names of the columns that hold no numbers.
    """
    from pandas.api.types import is_complex_dtype, is_numeric_dtype

    odd = [
        j
        for j, dtype in enumerate(frame.dtypes)
        if not is_numeric_dtype(dtype) or is_complex_dtype(dtype)
    ]
    if odd and len(frame):
        labels = frame.columns.tolist()
        shown = ", ".join(f"{labels[j]!r} ({_example(frame.iloc[:, j])})" for j in odd[:NAMED])
        more = f" and {len(odd) - NAMED} more" if len(odd) > NAMED else ""
        raise InvalidInput(
            f"{NAME} must be real numbers, and these columns are not: {shown}{more}; "
            "drop them or turn them into numbers"
        )
    n, N = frame.shape
    require_room(n, N)
    values = np.empty((n, N))
    for at in range(0, n, step := max(1, BLOCK // max(1, N))):
        part = frame.iloc[at : at + step]
        values[at : at + step] = part.to_numpy(dtype=float, na_value=np.nan)
    return values


def _example(column: Any) -> str:
    """What a column of a DataFrame holds that is no number."""
    import pandas

    there = column.dropna()
    if pandas.api.types.is_string_dtype(there):
        words = there[pandas.to_numeric(there, errors="coerce").isna()]
        there = words if len(words) else there
    return short(there.tolist()[0]) if len(there) else "empty"


def _dense(matrix: Any) -> NDArray[np.float64]:
    """A sparse matrix with its zeros."""
    check_kind(NAME, matrix.dtype, booleans=True)
    if len(matrix.shape) != 2:
        raise InvalidInput(f"{NAME} must have shape (n, N), got {matrix.shape}")
    require_room(*matrix.shape)
    if hasattr(matrix, "check_format"):
        try:
            matrix.check_format()  # an index beyond the shape would write anywhere
        except ValueError as error:
            raise InvalidInput(f"{NAME} must be a sound sparse matrix: {error}") from None
    return matrix.astype(float).toarray()


def _of_tensor(tensor: Any) -> NDArray:
    """A tensor of torch, from whatever device and layout."""
    tensor = tensor.detach()
    if tensor.is_complex():
        raise InvalidInput(f"{NAME} must be real numbers, got dtype {tensor.dtype}")
    if tensor.ndim > 1:
        require_room(len(tensor), math.prod(tensor.shape[1:]))
    if tensor.is_floating_point():
        tensor = tensor.double()  # numpy has no bfloat16
    return tensor.to_dense().cpu().numpy()


def _is_dataset(data: Any) -> bool:
    """Whether it has items by number, and is no array, list, text or dictionary."""
    known = isinstance(data, list | tuple | str | bytes) or hasattr(data, "keys")
    items = hasattr(data, "__len__") and hasattr(data, "__getitem__")
    return items and not known and not hasattr(data, "__array__")


def _of_items(dataset: Any) -> NDArray[np.float64]:
    """A row of each item of a dataset."""
    n = len(dataset)
    if n < 2:
        raise InvalidInput(f"{NAME} must have at least 2 rows, got {n}")
    first = _row(dataset[0])
    require_room(n, first.size)
    values = np.empty((n, first.size))
    values[0] = first
    for index in range(1, n):
        row = _row(dataset[index])
        if row.size != first.size:
            raise InvalidInput(
                f"{NAME} must have rows of one length: item 0 of the dataset has {first.size} "
                f"numbers, item {index} has {row.size}"
            )
        values[index] = row
    return values


def _row(item: Any) -> NDArray:
    """The numbers of an item, or of its first element where it is (row, label)."""
    if isinstance(item, list | tuple) and item and not isinstance(item[0], numbers.Real):
        item = item[0]
    if hasattr(item, "keys"):
        raise InvalidInput(
            f"{NAME} must be a dataset whose items are rows or (row, label), got items that are "
            f"dictionaries with {short(list(item.keys()))}"
        )
    row = _of_tensor(item) if hasattr(item, "detach") else np.asarray(item)
    check_kind(NAME, row.dtype, booleans=True)
    return row.ravel()

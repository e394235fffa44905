"""Rows from files: .npy, .npz with arrays or a sparse matrix, .csv, .parquet.

What a file says of its size is held against the size that it has before anything is allocated.
"""

from __future__ import annotations

import csv
import warnings
import zipfile
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.core.files import check_input_path
from bbpscape.core.memory import require_memory
from bbpscape.core.npy import check_header, read_npy, readable
from bbpscape.core.tables import (
    BLOCK,
    NAME,
    Rows,
    checked,
    frame_values,
    require_room,
    rows_of,
)

SPARSE = {"format", "shape", "data"}  # arrays of an .npz that scipy.sparse.save_npz wrote
DELIMITERS = ("\t", ";", ",", "|", " ")
SNIFFED = 20  # lines
GROUPS = 20  # of the columns of a .parquet file, decoded one after the other
LONGEST = 2**24  # characters of a line
MISSING = {"", "na", "n/a", "nan", "null", "none", "true", "false"}


def load_inputs(path: str | PathLike[str], key: str | None = None) -> NDArray[np.float64]:
    """Rows of shape (n, N) from a file, in double precision.

    Parameters
    ----------
    path : path
        - .npy: an array (numpy.save) of numbers of any kind; a stack (n, h, w) is flattened.
        - .npz: one of its arrays (numpy.savez), or a sparse matrix (scipy.sparse.save_npz).
        - .csv: text in UTF-8 with commas, semicolons, tabs, bars or spaces; a first line that is
          not of numbers has the names of the columns; lines at the top that begin with # are
          passed over.
        - .parquet: a table of numbers.
    key : str, optional
        Which array of an .npz file with several.

    Returns
    -------
    array, shape (n, N)
        In double precision.

    Raises
    ------
    InvalidInput
        If the file is not there, is damaged, is not what its name says, holds anything but finite
        real numbers in at least two rows, or would not fit in memory twice.

    Examples
    --------
    >>> import bbpscape as bb
    >>> np.savetxt("rows.csv", [[1.0, 2.0], [3.0, 4.0]], delimiter=",")
    >>> bb.data.load_inputs("rows.csv").tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    return read_rows(path, key).values


def read_rows(path: str | PathLike[str], key: str | None = None) -> Rows:
    """As ``load_inputs``, with the names of the columns that a table has."""
    target = Path(path)
    read = READERS.get(target.suffix.lower())
    if read is None:
        raise InvalidInput(f"{NAME} must be a file {', '.join(READERS)}, got {str(path)!r}")
    check_input_path(NAME, path)
    if key is not None and read is not _archive:
        raise InvalidInput(f"key is for an array of an .npz file, got {key!r} for {str(path)!r}")
    return read(target, key)


def _array(path: Path, _: str | None) -> Rows:
    return checked(read_npy(NAME, path))


def _archive(path: Path, key: str | None) -> Rows:
    with readable(path, "an .npz file"), zipfile.ZipFile(path) as archive:
        sizes = {one.filename.removesuffix(".npy"): one.file_size for one in archive.infolist()}
        sparse = key is None and sizes.keys() >= SPARSE
        name = "data" if sparse else _chosen(sizes, key)
        for one in sizes if sparse else [name]:
            with archive.open(f"{one}.npy") as file:
                check_header(NAME, file, sizes[one], numbers=not sparse)
        if sparse:
            require_memory(lambda count: count, sum(sizes.values()), "bytes of the .npz file")
            return rows_of(_sparse(path))
        with archive.open(f"{name}.npy") as file:
            array = npy.read_array(file, allow_pickle=False)
    return checked(array)


def _sparse(path: Path) -> Any:
    import scipy.sparse

    return scipy.sparse.load_npz(path)


def _chosen(names: dict[str, int], key: str | None) -> str:
    """The name of the array to read."""
    listed = ", ".join(sorted(names))
    if key is None and len(names) != 1:
        raise InvalidInput(f"key must say which array of the .npz file: {listed or 'it has none'}")
    if key is not None and key not in names:
        raise InvalidInput(f"key must be an array of the .npz file, {listed}, got {key!r}")
    return key or next(iter(names))


def _text(path: Path, _: str | None) -> Rows:
    import pandas

    with readable(path, "a .csv file in UTF-8"):
        skipped, separator, width, header = _layout(path)
        with path.open("rb") as file:
            lines = 1 + sum(part.count(b"\n") for part in iter(lambda: file.read(BLOCK), b""))
        require_room(lines, width)
        values, labels, found = np.empty((lines, width)), (), 0
        # Every digit counts, which needs no word from pandas 3.1 on.
        old = tuple(map(int, pandas.__version__.split(".")[:2])) < (3, 1)
        exact = {"float_precision": "round_trip"} if old else {}
        warnings.simplefilter("error", pandas.errors.ParserWarning)  # lines that are too long
        for part in pandas.read_csv(
            path,
            sep=separator,
            header=0 if header else None,
            skiprows=skipped,
            index_col=False,
            chunksize=max(1, BLOCK // width),
            encoding="utf-8-sig",
            **exact,
        ):
            values[found : found + len(part)] = frame_values(part)
            labels, found = tuple(part.columns), found + len(part)
    rows = checked(values[:found], labels if header else ())
    if str(rows.label(0)).startswith("Unnamed:") and (rows.values[:, 0] == np.arange(found)).all():
        raise InvalidInput(
            f"{NAME} must not have an index: the first column of {str(path)!r} has no name and "
            "counts the rows; write the file without it (index=False)"
        )
    return rows


def _layout(path: Path) -> tuple[int, str, int, bool]:
    """(lines before the table, separator, columns, whether the first line has names)."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines, skipped = [file.readline(LONGEST)], 0
        while lines[-1].startswith("#") or lines[-1].isspace():
            lines, skipped = [file.readline(LONGEST)], skipped + 1
        lines += [line for _ in range(SNIFFED) if (line := file.readline(LONGEST)).strip()]
    if not lines[0] or "\0" in lines[0]:
        raise InvalidInput(f"{NAME} must be a .csv file with a table in text, got {str(path)!r}")
    splits = {one: _split(lines, one) for one in DELIMITERS}
    likely = [one for one, cells in splits.items() if len(cells[0]) > 1] or [","]
    even = [one for one in likely if len(set(map(len, splits[one]))) == 1]
    separator = (even or likely)[0]
    cells = splits[separator][0]
    names, counted = [cell.strip() for cell in cells], [str(j) for j in range(len(cells))]
    if names == counted != ["0"]:
        raise InvalidInput(
            f"{NAME} must have column names or none: the first line of {str(path)!r} counts the "
            "columns, and may be either; name them, or write the file without it (header=False)"
        )
    header = names == ["", *counted[:-1]] or not all(map(_is_number, names))
    return skipped, r"\s+" if separator == " " else separator, len(cells), header


def _split(lines: list[str], delimiter: str) -> list[list[str]]:
    return list(csv.reader(map(str.strip, lines), delimiter=delimiter, skipinitialspace=True))


def _is_number(cell: str) -> bool:
    if cell.lower() in MISSING:
        return True
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _parquet(path: Path, _: str | None) -> Rows:
    from pyarrow import parquet

    with readable(path, "a .parquet file"), parquet.ParquetFile(path, pre_buffer=False) as file:
        schema, n = file.schema_arrow, file.metadata.num_rows
        index = (schema.pandas_metadata or {}).get("index_columns", [])
        names = [name for name in schema.names if name not in index]
        require_room(n, len(names))
        values = np.empty((n, len(names)))
        # Some columns at a time: a batch of rows decodes a whole group of them.
        for at in range(0, len(names), step := max(1, len(names) // GROUPS)):
            part = names[at : at + step]
            table = file.read(columns=part, use_threads=False)
            if table.column_names != part:
                raise InvalidInput(f"{NAME} must have columns of different names, got {part[0]!r}")
            values[:, at : at + step] = frame_values(table.to_pandas())
    return checked(values, tuple(names))


READERS = {".npy": _array, ".npz": _archive, ".csv": _text, ".parquet": _parquet}

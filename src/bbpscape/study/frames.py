"""The rows of a study as one table, as an array with a dimension an axis, and as a file."""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bbpscape.core.checks import InvalidInput
from bbpscape.simulation.data.instance import sample_count
from bbpscape.study.axes import DESCENT, INPUTS, OWN, PARAMETERS, column
from bbpscape.study.definition import Definition
from bbpscape.study.observables import subjects
from bbpscape.study.rows import Row

if TYPE_CHECKING:
    import pandas
    import xarray

MEASURES = ("mean", "standard_error", "draws", "failed", "undecided", "z")
COUNTS = ("draws", "failed", "undecided")


def parameters_shown(definition: Definition, rows: Sequence[Row]) -> list[str]:
    """The parameters that have a column: those of descents and sizes where there are any."""
    read = {name for one in subjects(definition.observables) for name in one.parameters}
    absent = set(DESCENT) - read
    if not any("N" in row.cell.parameters for row in rows):
        absent.add("N")
    for name in ("second_layer", "teacher", "poisson", "student_gram", OWN, *INPUTS):
        usual = PARAMETERS[name].default
        if all(row.cell.parameters.get(name) == usual for row in rows):
            absent.add(name)
    return [name for name in PARAMETERS if name not in absent]


def columns_of(definition: Definition, rows: Sequence[Row]) -> dict[str, list[Any]]:
    """One entry a row: the parameters, M, and what is known of the observable."""
    names = parameters_shown(definition, rows)
    where: dict[str, dict[str, Any]] = {}
    columns: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        if (key := row.cell.key) not in where:
            where[key] = _position(row, names)
        for name, value in where[key].items():
            columns[column(name)].append(value)
        simulated, estimate = row.draws is not None, row.estimate
        columns["observable"].append(row.observable)
        columns["source"].append(row.source)
        columns["mean"].append(estimate.mean)
        columns["standard_error"].append(estimate.standard_error)
        columns["draws"].append(row.draws)
        columns["failed"].append(row.failed if simulated else None)
        columns["undecided"].append(row.undecided if simulated else None)
        columns["z"].append(row.z)
    return columns


def _position(row: Row, names: Sequence[str]) -> dict[str, Any]:
    values = row.cell.parameters
    shown = {}
    for name in names:
        value = values.get(name)
        shown[name] = json.dumps(value) if isinstance(value, tuple) else value
        if name == "N":
            shown["M"] = sample_count(row.cell.alpha, value) if value is not None else None
    return shown


def frame_of(columns: dict[str, list[Any]]) -> "pandas.DataFrame":
    """The columns with the types of the table: counts may be missing, numbers are floats."""
    import pandas

    kinds: dict[str, Any] = {"p": float, "alpha": float, "p_star": "Int64"}
    kinds |= dict.fromkeys(("mean", "standard_error", "z"), float)
    kinds |= dict.fromkeys([*COUNTS, *(name for name in ("N", "M") if name in columns)], "Int64")
    frame = pandas.DataFrame(columns)
    return frame.astype({name: kind for name, kind in kinds.items() if name in frame})


def array_of(definition: Definition, frame: "pandas.DataFrame") -> "xarray.Dataset":
    """The table with one dimension an axis (zipped axes share one), observable and source."""
    import xarray

    dims: dict[str, list[str]] = {}
    for group in definition.groups:
        varying = [name for name in map(column, group) if frame[name].nunique() > 1]
        if varying:
            dims["_".join(varying)] = varying
    taken = {name for names in dims.values() for name in names}
    positions, coordinates = [], {}
    for dim, names in dims.items():
        keys = list(dict.fromkeys(frame[names].itertuples(index=False, name=None)))
        index = {key: i for i, key in enumerate(keys)}
        rows = frame[names].itertuples(index=False, name=None)
        positions.append(np.array([index[key] for key in rows], dtype=int))
        for name, values in zip(names, zip(*keys, strict=True), strict=True):
            coordinates[name] = (dim, list(values))
    for name in ("observable", "source"):
        labels = list(dict.fromkeys(frame[name]))
        positions.append(np.array([labels.index(one) for one in frame[name]], dtype=int))
        coordinates[name] = (name, labels)
    every = [*dims, "observable", "source"]
    lengths = {dim: len(values) for dim, values in coordinates.values()}
    variables = {}
    for name in MEASURES:
        cube = np.full([lengths[dim] for dim in every], np.nan)
        cube[tuple(positions)] = frame[name].astype(float)
        variables[name] = (every, cube)
    known = set(map(column, PARAMETERS))
    constants = {
        name: frame[name].iloc[0] for name in frame.columns if name in known and name not in taken
    }
    attributes = {
        name: value.item() if hasattr(value, "item") else value for name, value in constants.items()
    }
    attributes["definition"] = json.dumps(definition.to_dict())
    return xarray.Dataset(variables, coordinates, attributes)


# How a table is written, by the name of the format.
def _csv(results: Any, path: Path) -> None:
    results.to_dataframe().to_csv(path, index=False)


def _parquet(results: Any, path: Path) -> None:
    results.to_dataframe().to_parquet(path, index=False)


def _netcdf(results: Any, path: Path) -> None:
    results.to_xarray().to_netcdf(path, engine="scipy")


WRITERS: dict[str, tuple[str, Callable[[Any, Path], None]]] = {
    "csv": (".csv", _csv),
    "parquet": (".parquet", _parquet),
    "netcdf": (".nc", _netcdf),
}


def writer(path: Path, to: str | None) -> Callable[[Any, Path], None]:
    """What writes the format ``to``, or that of the suffix of ``path``.

    Raises
    ------
    InvalidInput
        If there is no such format.
    """
    if to is None:
        to = {suffix: kind for kind, (suffix, _) in WRITERS.items()}.get(path.suffix)
    if to not in WRITERS:
        suffixes = ", ".join(suffix for suffix, _ in WRITERS.values())
        raise InvalidInput(
            f"the format must be one of {', '.join(WRITERS)}, or follow from a suffix {suffixes}; "
            f"got {str(path)!r}"
        )
    return WRITERS[to][1]

"""A study as one table: theory and simulation row by row, with standard errors and z-scores."""

import json
import math
import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.core.files import check_output_path, replacing
from bbpscape.study.axes import DESCENT, PARAMETERS, check_value
from bbpscape.study.cells import Cell
from bbpscape.study.definition import Definition, define
from bbpscape.study.observables import subjects
from bbpscape.study.store import SIMULATION, THEORY, Store

if TYPE_CHECKING:
    import pandas
    import xarray

SUFFIXES = {"csv": ".csv", "parquet": ".parquet", "netcdf": ".nc"}
MEASURES = ("mean", "standard_error", "draws", "z")


@dataclass(frozen=True)
class Row:
    """The values of one observable at one cell: ``values`` over draws, or one of theory."""

    cell: Cell
    observable: str
    source: str
    values: NDArray[np.float64]
    theory: float | None

    @property
    def mean(self) -> float:
        # Most rows of a wide study are single numbers, and a mean takes microseconds.
        return float(self.values[0] if self.values.size == 1 else self.values.mean())

    @property
    def standard_error(self) -> float | None:
        """s/√n; None for theory or one draw."""
        if self.source == THEORY or self.values.size < 2:
            return None
        return float(self.values.std(ddof=1) / math.sqrt(self.values.size))

    @property
    def z(self) -> float | None:
        """(mean − theory)/standard error; None where one of them is missing, or there is no
        spread."""
        return _z(self.mean, self.standard_error, self.theory)


@dataclass(frozen=True, eq=False)
class Study:
    """What a study has so far. ``rows`` are in the order of the axes, theory before simulation."""

    path: Path
    definition: Definition
    rows: tuple[Row, ...]

    def select(self, **parameters: object) -> "Study":
        """The part of the study where the parameters have these values.

        Raises
        ------
        InvalidInput
            If a name is no parameter, or no row has the value.
        """
        wanted = {name: check_value(name, value) for name, value in parameters.items()}
        rows = []
        for row in self.rows:
            values = row.cell.parameters
            if all(values.get(name) == value for name, value in wanted.items()):
                rows.append(row)
        if not rows:
            raise InvalidInput(f"the study has no results at {wanted}")
        return replace(self, rows=tuple(rows))

    def to_dataframe(self) -> "pandas.DataFrame":
        """One row a cell, observable and source, sorted as the axes are.

        Columns: the parameters, ``observable``, ``source`` ("theory" or "simulation"), ``mean``,
        ``standard_error`` of the mean, ``draws`` and ``z`` = (mean − theory)/standard error; the
        last three are missing for theory, which is that of M/N samples per dimension at N → ∞.
        """
        import pandas

        absent = set() if self._has_n else {"N"}
        read_off = subjects(self.definition.measured)
        absent |= set(DESCENT) - {name for one in read_off for name in one.parameters}
        names = [name for name in PARAMETERS if name not in absent]
        cells: dict[str, int] = {}
        parameters: list[dict[str, Any]] = []
        positions: list[int] = []
        columns: dict[str, list[Any]] = defaultdict(list)
        for row in self.rows:
            if (position := cells.setdefault(row.cell.key, len(cells))) == len(parameters):
                parameters.append(row.cell.parameters)
            positions.append(position)
            mean, error = row.mean, row.standard_error
            columns["observable"].append(row.observable)
            columns["source"].append(row.source)
            columns["mean"].append(mean)
            columns["standard_error"].append(error)
            columns["draws"].append(row.values.size if row.source == SIMULATION else None)
            columns["z"].append(_z(mean, error, row.theory))
        values = {name: [one.get(name) for one in parameters] for name in names}
        where = pandas.DataFrame(values, columns=names).iloc[positions].reset_index(drop=True)
        measured = pandas.DataFrame(columns, columns=["observable", "source", *MEASURES])
        frame = pandas.concat([where, measured], axis=1)
        for name in ("mean", "standard_error", "z"):
            frame[name] = frame[name].astype(float)
        integers = ["draws", "p_star", *(["N"] if self._has_n else [])]
        return frame.astype(dict.fromkeys(integers, "Int64") | {"p": float, "alpha": float})

    def to_xarray(self) -> "xarray.Dataset":
        """The table with one dimension an axis (zipped axes share one), observable and source.

        Variables are mean, standard_error, draws and z, NaN where there is no value; parameters
        with one value are attributes.
        """
        import xarray

        frame = self.to_dataframe()
        dims: dict[str, list[str]] = {}
        for group in self.definition.groups:
            varying = [name for name in group if frame[name].nunique() > 1]
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
        constants = {
            name: frame[name].iloc[0]
            for name in frame.columns
            if name in PARAMETERS and name not in taken
        }
        attributes = {
            name: value.item() if hasattr(value, "item") else value
            for name, value in constants.items()
        }
        attributes["definition"] = json.dumps(self.definition.to_dict())
        return xarray.Dataset(variables, coordinates, attributes)

    def export(self, path: str | os.PathLike[str], to: str | None = None) -> Path:
        """Write the table as "csv", "parquet" or "netcdf", by the suffix if ``to`` is not given.

        Raises
        ------
        InvalidInput
            If the format or the path is not allowed, or the study is empty.
        """
        target = check_output_path(path)
        if to is None:
            to = {suffix: kind for kind, suffix in SUFFIXES.items()}.get(target.suffix)
        if to not in SUFFIXES:
            raise InvalidInput(
                f"the format must be one of {', '.join(SUFFIXES)}, or follow from a suffix "
                f"{', '.join(SUFFIXES.values())}; got {str(path)!r}"
            )
        if not self.rows:
            raise InvalidInput("the study has no finished points yet")
        with replacing(target) as temporary:
            if to == "csv":
                self.to_dataframe().to_csv(temporary, index=False)
            elif to == "parquet":
                self.to_dataframe().to_parquet(temporary, index=False)
            else:
                self.to_xarray().to_netcdf(temporary, engine="scipy")
        return target

    @property
    def _has_n(self) -> bool:
        return any("N" in row.cell.parameters for row in self.rows)


def open_study(path: str | os.PathLike[str]) -> Study:
    """The results of a study, from its definition (.toml) or its file (.sqlite).

    Everything that is finished is there, also while a run goes on.

    Raises
    ------
    InvalidInput
        If there is no study, or the file holds something else.
    """
    given = Path(path)
    with Store(given.with_suffix(".sqlite")) as store:
        values = store.definition()
        if values is None:
            raise InvalidInput(f"the study at {str(path)!r} has not begun")
        definition, results = define(values), store.results()
    return Study(given.with_suffix(".sqlite"), definition, tuple(_rows(definition, results)))


def _rows(definition: Definition, results: list[tuple[str, str, int, int, str]]) -> Iterator[Row]:
    theory: dict[str, dict[str, float]] = {}
    draws: dict[str, dict[str, list]] = {}
    for source, key, _, count, text in results:
        values = _result(text, source == THEORY, count)
        if source == THEORY:
            theory[key] = values
            continue
        if not set(values) <= set(definition.observables):
            raise InvalidInput(f"the study holds a result of other observables: {text[:60]!r}")
        kept = draws.setdefault(key, {name: [] for name in definition.observables})
        for name in definition.observables:
            kept[name] += values.get(name, [None] * count)
    for cell, _ in definition.cells():
        limit = cell.theory() if "N" in cell.parameters else cell
        expected = theory.get(limit.key, {})
        for name, value in expected.items():
            yield Row(cell, name, THEORY, np.array([value]), None)
        for name, measured in draws.get(cell.key, {}).items():
            # None: a draw that nothing decides, such as a phi whose bounds stay open.
            decided = np.array([value for value in measured if value is not None], dtype=float)
            if decided.size:
                yield Row(cell, name, SIMULATION, decided, expected.get(name))


def _result(text: str, theory: bool, count: int) -> dict[str, Any]:
    """A stored result, checked: a file may have been written by anyone."""
    try:
        values = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        values = None
    if not isinstance(values, dict) or not all(
        _is_number(value)
        if theory
        else isinstance(value, list)
        and len(value) == count
        and all(one is None or _is_number(one) for one in value)
        for value in values.values()
    ):
        raise InvalidInput(f"the study holds a result that is none: {str(text)[:60]!r}")
    return values


def _z(mean: float, error: float | None, theory: float | None) -> float | None:
    return (mean - theory) / error if error and theory is not None else None


def _is_number(value: object) -> bool:
    return isinstance(value, float | int) and not isinstance(value, bool) and math.isfinite(value)

"""The results of a study: theory and simulation row by row, as a table, a figure or a file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bbpscape.core.checks import InvalidInput
from bbpscape.core.codec import UNRECORDED
from bbpscape.core.files import check_output_path, replacing
from bbpscape.core.report import Report, Table, counted, number
from bbpscape.core.result import Result, result
from bbpscape.core.status import CONVERGED, Status
from bbpscape.study.axes import PARAMETERS, check_value, column
from bbpscape.study.definition import Definition
from bbpscape.study.frames import array_of, columns_of, frame_of, writer
from bbpscape.study.paths import check_no_study
from bbpscape.study.rows import Row, read_rows
from bbpscape.study.runner import RunSummary
from bbpscape.study.store import FINITE, SIMULATION, Store

if TYPE_CHECKING:
    import pandas
    import xarray

MOST_SHOWN = 40  # rows of a report


@result
class StudyResults(Result):
    """What a study has so far. ``rows`` are in the order of the axes, theory, simulation, finite N.

    ``path`` is the file of the study, or None if nothing was kept, and ``last_run`` what the
    call that made these results did.

    Examples
    --------
    >>> import bbpscape as bb
    >>> study = bb.Study(bb.TeacherStudent(1, 1), {"alpha": [1.0, 2.0]}, draws=0)
    >>> found = study.run(workers=1)
    >>> found.to_dataframe()["observable"].unique().tolist(), found.path is None
    (['lowest', 'm2', 'total_m2', 'edge', 'alpha_bbp'], True)
    """

    path: Path | None
    definition: Definition
    rows: tuple[Row, ...]
    last_run: RunSummary | None = field(default=None, metadata=UNRECORDED)

    @property
    def failed(self) -> int:
        """How many draws could not be computed."""
        return sum({(row.cell.key, row.source): row.failed for row in self.rows}.values())

    @property
    def status(self) -> Status:
        if not self.failed:
            return CONVERGED
        return Status(
            f"{counted(self.failed, 'draw')} failed and are not in the means",
            "the study's status says why; run it with retry_failed to try again",
        )

    def select(self, **parameters: object) -> StudyResults:
        """The part of the study where the parameters have these values.

        Parameters
        ----------
        **parameters
            Names and values, as ``alpha=2.0``.

        Returns
        -------
        StudyResults
            With those rows.

        Raises
        ------
        InvalidInput
            If a name is no parameter, or no row has the value.

        Examples
        --------
        >>> import bbpscape as bb
        >>> study = bb.Study(bb.TeacherStudent(1, 1), {"alpha": [1.0, 2.0]}, draws=0)
        >>> [row.observable for row in study.run(workers=1).select(alpha=2.0).rows]
        ['lowest', 'm2', 'total_m2', 'edge', 'alpha_bbp']
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

    def columns(self) -> Mapping[str, Any]:
        """One entry a cell, observable and source; see ``to_dataframe``."""
        return columns_of(self.definition, self.rows)

    def to_dataframe(self) -> pandas.DataFrame:
        """One row a cell, observable and source, sorted as the axes are.

        Columns: the parameters and M, ``observable``, ``source`` ("theory", "simulation" or
        "finite N"),
        ``mean``, its ``standard_error``, the ``draws`` that it is over, the draws that ``failed``
        and those ``undecided``, and ``z`` = (mean − theory)/standard error. The last five are
        missing for theory, which is that of M/N samples per dimension at N → ∞.

        Returns
        -------
        pandas.DataFrame
            A tidy table.

        Examples
        --------
        >>> import bbpscape as bb
        >>> study = bb.Study(bb.TeacherStudent(1, 1), {"alpha": [1.0, 2.0]}, draws=0)
        >>> study.run(workers=1).to_dataframe()["alpha"].unique().tolist()
        [1.0, 2.0]
        """
        return frame_of(dict(self.columns()))

    def to_xarray(self) -> xarray.Dataset:
        """The table with one dimension an axis (zipped axes share one), observable and source.

        Variables are mean, standard_error, draws, failed, undecided and z, NaN for a missing value;
        parameters with one value are attributes.

        Returns
        -------
        xarray.Dataset
            A grid.

        Examples
        --------
        >>> import bbpscape as bb
        >>> study = bb.Study(bb.TeacherStudent(1, 1), {"alpha": [1.0, 2.0]}, ["m2"], draws=0)
        >>> study.run(workers=1).to_xarray().sizes["alpha"]
        2
        """
        return array_of(self.definition, self.to_dataframe())

    def export(self, path: str | os.PathLike[str], to: str | None = None) -> Path:
        """Write the table as "csv", "parquet" or "netcdf", by the suffix if ``to`` is not given.

        Parameters
        ----------
        path : path
            The file to write.
        to : str, optional
            "csv", "parquet" or "netcdf".

        Returns
        -------
        Path
            Where it lies.

        Raises
        ------
        InvalidInput
            If the format or the path is not allowed, as that of a study, or this one is empty.

        Examples
        --------
        >>> import bbpscape as bb
        >>> study = bb.Study(bb.TeacherStudent(1, 1), {"alpha": [1.0, 2.0]}, ["m2"], draws=0)
        >>> study.run(workers=1).export("first.csv").name
        'first.csv'
        """
        target = check_output_path(path)
        check_no_study(target, self.path)
        write = writer(target, to)
        if not self.rows:
            raise InvalidInput("the study has no finished points yet")
        with replacing(target) as temporary:
            write(self, temporary)
        return target

    def headline(self) -> str:
        return f"Study of {self.definition.label()}"

    def report(self) -> Report:
        """The simulated rows with their theory, or those of theory where there are no others."""
        simulated = [row for row in self.rows if row.source == SIMULATION]
        shown = simulated or list(self.rows)
        seen = [row.cell.parameters for row in shown]
        varying = [
            name for name in PARAMETERS if len({str(values.get(name)) for values in seen}) > 1
        ]
        beside = {(row.cell.key, row.observable): row for row in self.rows if row.source == FINITE}
        lines = [
            (
                row.observable,
                *(_value(row.cell.parameters.get(name)) for name in varying),
                str(row.estimate),
                number(row.theory),
                number(row.z, ".2f"),
                *(_beside(beside.get((row.cell.key, row.observable))) if beside else ()),
            )
            for row in shown[:MOST_SHOWN]
        ]
        columns = ("observable", *map(column, varying), "mean", "theory", "z")
        columns += ("finite N", "z (finite N)") if beside else ()
        notes = [] if self.status.ok else [str(self.status)]
        if any(map(_splits, shown)):
            notes.append(
                "theory of lowest and m2 is that of p p* outliers, equal at N → ∞; at finite N "
                "they split and the lowest lies below it, which z counts too (total_m2 sums all)"
            )
        if len(shown) > MOST_SHOWN:
            notes.append(f"{len(shown) - MOST_SHOWN} more rows are in the table")
        return Report([Table(self.headline(), columns, lines)], notes)


def read_results(
    definition: Definition, path: Path, last_run: RunSummary | None = None
) -> StudyResults:
    """What the file at ``path`` has of ``definition``."""
    with Store(path) as store:
        return StudyResults(path, definition, tuple(read_rows(definition, store)), last_run)


def _splits(row: Row) -> bool:
    """Whether a mean over draws is of one of several outliers that theory has at one place."""
    values = row.cell.parameters
    copies = values["p"] * values["p_star"]
    square = values["activation"] == PARAMETERS["activation"].default
    return row.theory is not None and row.observable in ("lowest", "m2") and copies > 1 and square


def _beside(row: Row | None) -> tuple[str, str]:
    """Of finite N, and z of the simulation beside it."""
    return ("", "") if row is None else (str(row.estimate), number(row.z, ".2f"))


def _value(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)

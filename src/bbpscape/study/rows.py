"""What a study's file says of each observable at each cell, checked: anyone may have written it."""

from __future__ import annotations

import functools
import json
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.core.codec import BULKY
from bbpscape.core.statistics import Estimate
from bbpscape.study.cells import Cell
from bbpscape.study.definition import Definition
from bbpscape.study.store import FINITE, SIMULATION, THEORY, Store


@dataclass(frozen=True)
class Row:
    """The values of one observable at one cell: ``values`` over draws, or one of theory.

    ``source`` is "simulation", "theory" as N → ∞, or "finite N", theory over draws of its own.
    ``theory`` is the limit that the draws are compared with, ``measured`` what the simulation has
    beside a row of finite N, ``failed`` counts draws that could not
    be computed, ``undecided`` those without a value: a φ whose bounds stay open, the step of a
    recovery that does not come.

    Examples
    --------
    >>> import bbpscape as bb
    >>> study = bb.Study(bb.TeacherStudent(1, 1), {"alpha": [2.0], "N": [20]}, ["m2"], draws=3)
    >>> found = study.run(workers=1).rows[-1]
    >>> found.source, found.draws, found.values.shape
    ('simulation', 3, (3,))
    """

    cell: Cell
    observable: str
    source: str
    values: NDArray[np.float64] = field(metadata=BULKY)
    theory: float | None
    failed: int = 0
    undecided: int = 0
    measured: Estimate | None = None

    derived: ClassVar[tuple[str, ...]] = ("mean", "standard_error", "draws", "z")

    @cached_property
    def estimate(self) -> Estimate:
        # Most rows of a wide study are single numbers, and a mean takes microseconds.
        if self.values.size == 1:
            return Estimate(float(self.values[0]), None, 1)
        return Estimate.of(self.values)

    @property
    def mean(self) -> float:
        """NaN where no draw has a value."""
        mean = self.estimate.mean
        return math.nan if mean is None else mean

    @property
    def standard_error(self) -> float | None:
        """s/√n; None for theory and for a single draw."""
        return self.estimate.standard_error

    @property
    def draws(self) -> int | None:
        """How many draws the mean is over; None for theory."""
        return None if self.source == THEORY else self.values.size

    @property
    def z(self) -> float | None:
        """(mean − theory)/standard error; None if one of them is missing, or the error is 0.

        Of finite N, (measured − mean) over the standard error of both.
        """
        if self.source == FINITE:
            return _joint_z(self.measured, self.estimate)
        return self.estimate.z(self.theory)


def _joint_z(measured: Estimate | None, predicted: Estimate) -> float | None:
    if measured is None or measured.mean is None or predicted.mean is None:
        return None
    if measured.standard_error is None or predicted.standard_error is None:
        return None
    error = math.hypot(measured.standard_error, predicted.standard_error)
    return (measured.mean - predicted.mean) / error if error else None


def read_rows(definition: Definition, store: Store) -> Iterator[Row]:
    """The rows of all that is finished, in the order of the axes: theory, simulation, finite N."""

    @functools.cache
    def cell_of(key: str) -> str:
        return Cell.read(key, definition.objects).key

    names = {
        SIMULATION: [one.name for one in definition.observables],
        FINITE: [one.name for one in definition.observables if one.finite is not None],
    }
    theory: dict[str, dict[str, float]] = {}
    draws: dict[tuple[str, str], dict[str, list[float | None]]] = {}
    failed: dict[tuple[str, str], int] = {}
    # Of one cell the draws come in their order, whether its key has more digits in some points.
    for source, key, _, count, text in sorted(store.results(), key=lambda one: one[2]):
        values = _result(text, source == THEORY, count)
        if source == THEORY:
            theory[cell_of(key)] = values
            continue
        if not set(values) <= set(names[source]):
            raise InvalidInput(f"the study holds a result of other observables: {text[:60]!r}")
        kept = draws.setdefault((source, cell_of(key)), {name: [] for name in names[source]})
        for name in names[source]:
            kept[name] += values.get(name, [None] * count)
    for source in names:
        for key, count in store.failed_draws(source).items():
            at = source, cell_of(key)
            failed[at] = failed.get(at, 0) + count
    for cell, _ in definition.cells():
        expected = theory.get(cell.theory().key, {})
        for name, value in expected.items():
            yield Row(cell, name, THEORY, np.array([value]), None)
        measured: dict[str, Estimate] = {}
        for source in names:
            at = source, cell.key
            if at not in draws and at not in failed:
                continue
            for name, found in draws.get(at, {name: [] for name in names[source]}).items():
                decided = np.array([value for value in found if value is not None], dtype=float)
                undecided, limit = len(found) - decided.size, expected.get(name)
                beside = measured.get(name) if source == FINITE else None
                row = Row(cell, name, source, decided, limit, failed.get(at, 0), undecided, beside)
                if source == SIMULATION:
                    measured[name] = row.estimate
                yield row


def _result(text: str, theory: bool, count: int) -> dict[str, Any]:
    """A stored result, checked."""
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


def _is_number(value: object) -> bool:
    # Integers in a file may have hundreds of digits.
    if isinstance(value, bool) or not isinstance(value, float | int):
        return False
    return abs(value) <= sys.float_info.max

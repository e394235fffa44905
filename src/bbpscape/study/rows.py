"""What a study's file says of each observable at each cell, checked: anyone may have written it."""

from __future__ import annotations

import functools
import json
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bbpscape.core.checks import InvalidInput
from bbpscape.core.codec import BULKY
from bbpscape.core.statistics import Estimate
from bbpscape.study.cells import Cell
from bbpscape.study.definition import Definition
from bbpscape.study.store import SIMULATION, THEORY, Store


@dataclass(frozen=True)
class Row:
    """The values of one observable at one cell: ``values`` over draws, or one of theory.

    ``theory`` is the limit that the draws are compared with, ``failed`` counts draws that could not
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

    derived: ClassVar[tuple[str, ...]] = ("mean", "standard_error", "draws", "z")

    @property
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
        return self.values.size if self.source == SIMULATION else None

    @property
    def z(self) -> float | None:
        """(mean − theory)/standard error; None if one of them is missing, or the error is 0."""
        return self.estimate.z(self.theory)


def read_rows(definition: Definition, store: Store) -> Iterator[Row]:
    """The rows of all that is finished, in the order of the axes, theory before simulation."""

    @functools.cache
    def cell_of(key: str) -> str:
        return Cell.read(key, definition.objects).key

    names = [one.name for one in definition.observables]
    theory: dict[str, dict[str, float]] = {}
    draws: dict[str, dict[str, list[float | None]]] = {}
    failed: dict[str, int] = {}
    # Of one cell the draws come in their order, whether its key has more digits in some points.
    for source, key, _, count, text in sorted(store.results(), key=lambda one: one[2]):
        values = _result(text, source == THEORY, count)
        if source == THEORY:
            theory[cell_of(key)] = values
            continue
        if not set(values) <= set(names):
            raise InvalidInput(f"the study holds a result of other observables: {text[:60]!r}")
        kept = draws.setdefault(cell_of(key), {name: [] for name in names})
        for name in names:
            kept[name] += values.get(name, [None] * count)
    for key, count in store.failed_draws().items():
        failed[cell_of(key)] = failed.get(cell_of(key), 0) + count
    for cell, _ in definition.cells():
        expected = theory.get(cell.theory().key, {})
        for name, value in expected.items():
            yield Row(cell, name, THEORY, np.array([value]), None)
        if cell.key not in draws and cell.key not in failed:
            continue
        for name, measured in draws.get(cell.key, {name: [] for name in names}).items():
            decided = np.array([value for value in measured if value is not None], dtype=float)
            undecided = len(measured) - decided.size
            limit = expected.get(name)
            yield Row(cell, name, SIMULATION, decided, limit, failed.get(cell.key, 0), undecided)


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

"""What a benchmark is: a function that yields rows, each beside an alternative and a floor.

Seconds are CPU seconds of this process, so that other programs on the machine count little, and
medians over repetitions after one that is not counted. A floor is what the same numbers take at
least: operations at the rate of a large matrix product, bytes at that of reading memory, both
measured in the same run, or what the row says.
"""

import functools
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

HEADER = ("what", "ours", "alternative", "its", "ratio", "asked", "floor", "over it", "note")


@dataclass(frozen=True)
class Row:
    """One line of the table: seconds, or ``unit``.

    Parameters
    ----------
    what : str
    ours : float
    alternative : str
        Its name, or why it is not here.
    theirs, floor : float, optional
    asked : float, optional
        The ratio theirs/ours that is wanted.
    note : str
        What the floor is, residuals, agreement.
    unit : str
    """

    what: str
    ours: float
    alternative: str = ""
    theirs: float | None = None
    floor: float | None = None
    asked: float | None = None
    note: str = ""
    unit: str = "s"

    def cells(self) -> tuple[str, ...]:
        ratio = None if self.theirs is None else self.theirs / self.ours
        over = None if not self.floor else self.ours / self.floor
        asked = "" if self.asked is None else f"{self.asked:g}"
        if ratio is not None and self.asked is not None and ratio < self.asked:
            asked += ", missed"
        return (
            self.what,
            quantity(self.ours, self.unit),
            self.alternative,
            quantity(self.theirs, self.unit),
            plain(ratio),
            asked,
            quantity(self.floor, self.unit),
            plain(over),
            self.note,
        )


Rows = Iterable[Row]
Benchmark = Callable[[], Rows]


def plain(value: float | None) -> str:
    return "" if value is None else f"{value:.2g}" if value < 100 else f"{value:.0f}"


def quantity(value: float | None, unit: str) -> str:
    """Three digits, seconds in the unit that fits.

    >>> quantity(0.00123, "s"), quantity(2.5, "GiB"), quantity(None, "s")
    ('1.23 ms', '2.5 GiB', '')
    """
    if value is None:
        return ""
    if unit == "s":
        for size, name in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
            if value >= size:
                return f"{value / size:.3g} {name}"
    return f"{value:.3g} {unit}"


def line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def table(rows: Rows) -> Iterator[str]:
    """Lines of a table in Markdown, as its rows come."""
    yield line(HEADER)
    yield "|" + "---|" * len(HEADER)
    for row in rows:
        yield line(row.cells())


def spent(function: Callable[[], object], repeats: int = 3, *, warm: bool = True) -> float:
    """Median CPU seconds of a call."""
    return taking_turns([function], repeats, warm=warm)[0]


def taking_turns(
    functions: Iterable[Callable[[], object]], repeats: int = 3, *, warm: bool = True
) -> list[float]:
    """Median CPU seconds of each, one after the other in every round."""
    calls = list(functions)
    times: list[list[float]] = [[] for _ in calls]
    for turn in range(repeats + warm):
        for call, found in zip(calls, times, strict=True):
            began = time.process_time()
            call()
            if turn >= warm:
                found.append(time.process_time() - began)
    return [statistics.median(found) for found in times]


@functools.cache
def flops(dtype: str = "float64") -> float:
    """Operations a CPU second of a matrix product of 1500 columns."""
    a = np.random.default_rng(0).standard_normal((1500, 1500)).astype(dtype)
    return 2 * 1500**3 / spent(lambda: a @ a, 5)


@functools.cache
def bandwidth() -> float:
    """Bytes a CPU second of reading what is far larger than the caches."""
    a = np.ones(2**25)
    return a.nbytes / spent(a.sum, 5)

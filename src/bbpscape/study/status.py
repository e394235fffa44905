"""What a study has done so far, and what failed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from bbpscape.core.report import Report, Table, counted, duration
from bbpscape.core.result import Result, result
from bbpscape.core.status import CONVERGED, Status
from bbpscape.study.paths import store_path
from bbpscape.study.store import DONE, FAILED, FINITE, PENDING, RUNNING, SIMULATION, THEORY, Store


@dataclass(frozen=True)
class Count:
    """Points, their draws, and the seconds that they took."""

    points: int = 0
    draws: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Failure:
    """A point without a result: ``where`` it is, and the ``reason``."""

    where: str
    reason: str


@result
class StudyStatus(Result):
    """``points`` by status and source, and what failed.

    ``pace`` is the time that points took, divided by what was predicted for them, or None before
    any is done; ``cost_left`` is the predicted time of what is not, on one core. ``has_digests``
    says whether damage to a result would be noticed: a file of an earlier version has no digests.

    Examples
    --------
    >>> import bbpscape as bb
    >>> study = bb.Study(bb.TeacherStudent(1, 1), {"alpha": [1.0, 2.0]}, ["lowest"], draws=0)
    >>> kept = study.run("first.sqlite", workers=1)
    >>> found = bb.study_status("first.sqlite")
    >>> found.done, found.left, found.failed
    (2, 0, 0)
    """

    path: Path
    points: dict[str, dict[str, Count]]
    failures: tuple[Failure, ...]
    pace: float | None
    cost_left: float
    has_digests: bool

    @property
    def done(self) -> int:
        return self._points(DONE)

    @property
    def failed(self) -> int:
        return self._points(FAILED)

    @property
    def left(self) -> int:
        return self._points(PENDING) + self._points(RUNNING)

    @property
    def status(self) -> Status:
        if not self.failed:
            return CONVERGED
        return Status(f"{counted(self.failed, 'point')} failed", self.failures[0].reason)

    def _points(self, status: str) -> int:
        return sum(one.points for one in self.points[status].values())

    def headline(self) -> str:
        return f"Study {self.path}"

    def report(self) -> Report:
        rows = []
        for name, counts in self.points.items():
            theory, simulation = counts[THEORY], counts[SIMULATION]
            seconds = sum(one.seconds for one in counts.values())
            spent = duration(seconds) if name in (DONE, FAILED) else ""
            numbers = (theory.points, simulation.points, simulation.draws)
            finite = [counts[FINITE].points] if FINITE in counts else []
            rows.append((name, *map(str, (*numbers, *finite)), spent))
        more = (FINITE,) if any(FINITE in counts for counts in self.points.values()) else ()
        columns = ("points", "theory", "simulation", "draws", *more, "core time")
        notes = [f"{one.where}: {one.reason}" for one in self.failures]
        if not self.has_digests:
            notes.append("written by an earlier version, without digests: the next run adds them")
        return Report([Table(self.headline(), columns, rows)], notes)


def study_status(path: str | os.PathLike[str]) -> StudyStatus:
    """The status of a study, from its definition (.toml) or its file (.sqlite).

    Parameters
    ----------
    path : path
        The study's .toml or .sqlite file.

    Returns
    -------
    StudyStatus
        How many points are done, left and failed, and why.

    Raises
    ------
    InvalidInput
        If there is no study.

    Examples
    --------
    >>> import bbpscape as bb
    >>> study = bb.Study(bb.TeacherStudent(1, 1), {"alpha": [1.0, 2.0]}, ["lowest"], draws=0)
    >>> kept = study.run("first.sqlite", workers=1)
    >>> bb.study_status("first.sqlite").left
    0
    """
    target = store_path(path)
    with Store(target) as store:
        rows, failed, left = store.counts(), store.failures(), store.remaining()[2]
        pace, has_digests = store.pace(), store.has_digests
    sources = [THEORY, SIMULATION, *({FINITE} & {row[0] for row in rows})]
    points = {
        status: {source: Count() for source in sources}
        for status in (DONE, RUNNING, PENDING, FAILED)
    }
    for source, status, count, draws, _, seconds in rows:
        points[status][source] = Count(count, draws, seconds)
    failures = []
    for source, cell, first, count, reason in failed:
        what = "theory" if source == THEORY else f"draws {first} to {first + count - 1}"
        what = f"finite N of {what}" if source == FINITE else what
        failures.append(Failure(f"{what} at {cell}", reason))
    return StudyStatus(target, points, tuple(failures), pace, left, has_digests)

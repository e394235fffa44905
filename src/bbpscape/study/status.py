"""What a study has done so far, and what failed."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bbpscape.study.store import DONE, FAILED, PENDING, RUNNING, SIMULATION, THEORY, Store


@dataclass(frozen=True)
class StudyStatus:
    """Points, draws and seconds by status and source; ``failures`` are (where, reason).

    ``pace`` is the time that points took over the time that was predicted for them, None before
    any is done; ``cost_left`` is the predicted time of what is not, on one core.
    """

    path: Path
    by_status: dict[str, dict[str, dict[str, float]]]
    failures: tuple[tuple[str, str], ...]
    pace: float | None
    cost_left: float

    @property
    def done(self) -> int:
        return self._points(DONE)

    @property
    def failed(self) -> int:
        return self._points(FAILED)

    @property
    def left(self) -> int:
        return self._points(PENDING) + self._points(RUNNING)

    def _points(self, status: str) -> int:
        return int(sum(one["points"] for one in self.by_status[status].values()))

    def to_dict(self) -> dict[str, Any]:
        return {
            "path": str(self.path),
            "points": self.by_status,
            "failures": [{"where": where, "reason": reason} for where, reason in self.failures],
            "pace": self.pace,
            "cost_left": self.cost_left,
        }


def study_status(path: str | os.PathLike[str]) -> StudyStatus:
    """The status of a study, from its definition (.toml) or its file (.sqlite).

    Raises
    ------
    InvalidInput
        If there is no study.
    """
    target = Path(path).with_suffix(".sqlite")
    with Store(target) as store:
        rows, failed, left = store.counts(), store.failures(), store.remaining()[2]
    by_status: dict[str, dict[str, dict[str, float]]] = {
        status: {
            source: {"points": 0, "draws": 0, "seconds": 0.0} for source in (THEORY, SIMULATION)
        }
        for status in (DONE, RUNNING, PENDING, FAILED)
    }
    spent = predicted = 0.0
    for source, status, points, draws, cost, seconds in rows:
        by_status[status][source] = {"points": points, "draws": draws, "seconds": seconds}
        if status == DONE:
            spent, predicted = spent + seconds, predicted + cost
    failures = []
    for source, cell, first, count, reason in failed:
        what = "theory" if source == THEORY else f"draws {first} to {first + count - 1}"
        failures.append((f"{what} at {cell}", reason))
    pace = spent / predicted if predicted else None
    return StudyStatus(target, by_status, tuple(failures), pace, left)

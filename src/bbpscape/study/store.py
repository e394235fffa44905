"""What the file of a study holds: its definition, its points and the runs that computed them.

Nothing is ever updated but by the run that holds it.
"""

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bbpscape.core.checks import InvalidInput
from bbpscape.study.layout import (
    CHANGED,
    DONE,
    FAILED,
    FINITE,
    FORMAT,
    PENDING,
    RESULT_ONLY,
    RUNNING,
    SIMULATION,
    THEORY,
    check_definition,
    digest,
    sign,
)
from bbpscape.study.runs import Runs

__all__ = [
    "DONE",
    "FAILED",
    "FINITE",
    "PENDING",
    "RUNNING",
    "SIMULATION",
    "THEORY",
    "New",
    "Point",
    "Store",
]


@dataclass(frozen=True)
class Point:
    """Draws ``first`` … ``first + count − 1`` of a cell, or its theory; ``cost`` in seconds, as
    the model of costs has it."""

    id: int
    source: str
    cell: str
    first: int
    count: int
    cost: float


@dataclass(frozen=True)
class New:
    """A point to add."""

    source: str
    cell: str
    first: int
    count: int
    cost: float


class Store(Runs):
    """The definition, points and runs in the file of a study; ``with`` closes it."""

    # Definition and points

    def definition(self) -> dict[str, Any] | None:
        """The stored definition; None in a new file."""
        with self._explained():
            if self.has_digests:
                check_definition(self._db)
            row = self._db.execute("SELECT definition FROM study").fetchone()
        if row is None:
            return None
        try:
            return dict(json.loads(row[0]))
        except (ValueError, TypeError, RecursionError) as error:
            raise InvalidInput(f"the study's definition cannot be read: {error}") from None

    def created(self) -> float | None:
        """When the study began, which tells it from others; None in a new file."""
        with self._explained():
            row = self._db.execute("SELECT created FROM study").fetchone()
        return None if row is None else float(row[0])

    def write_definition(self, values: dict[str, Any]) -> None:
        text = json.dumps(values, allow_nan=False)
        if self._db.execute("UPDATE study SET definition = ?", (text,)).rowcount == 0:
            self._db.execute(
                "INSERT INTO study (format, created, definition) VALUES (?, ?, ?)",
                (FORMAT, time.time(), text),
            )
        sign(self._db)

    def covered(self) -> dict[tuple[str, str], int]:
        """For each (source, cell), how many draws have points, whatever their status."""
        with self._explained():
            rows = self._db.execute(
                "SELECT source, cell, max(first + count) FROM points NOT INDEXED "
                "GROUP BY cell, source"
            ).fetchall()
        return {(source, cell): count for source, cell, count in rows}

    def add(self, points: Iterable[New]) -> None:
        self._db.executemany(
            "INSERT INTO points (source, cell, first, count, cost, digest) "
            "VALUES (?1, ?2, ?3, ?4, ?5, digest(?1, ?2, ?3, ?4, NULL))",
            ((one.source, one.cell, one.first, one.count, one.cost) for one in points),
        )
        sign(self._db)

    # Computing them

    def retry_failed(self) -> None:
        """Make points pending that failed, or whose result is not what was written."""
        with self.extending():
            self._db.execute(
                "UPDATE points SET status = ?, reason = NULL WHERE status = ?", (PENDING, FAILED)
            )
            self._db.execute(
                "UPDATE points SET status = ?, result = NULL, "
                "digest = digest(source, cell, first, count, NULL) "
                f"WHERE id IN ({CHANGED} AND {RESULT_ONLY})",
                (PENDING,),
            )

    def claim(self, run: int, count: int) -> list[Point]:
        """Take up to ``count`` pending points, the longest first."""
        with self._writing():
            rows = self._db.execute(
                "UPDATE points SET status = ?, run = ?, attempts = attempts + 1 WHERE id IN "
                "(SELECT id FROM points WHERE status = ? ORDER BY cost DESC, id LIMIT ?) "
                "RETURNING id, source, cell, first, count, cost",
                (RUNNING, run, PENDING, count),
            ).fetchall()
        return sorted((Point(*row) for row in rows), key=lambda one: (-one.cost, one.id))

    def finish(self, run: int, point: Point, seed: str, seconds: float, result: object) -> bool:
        """Record a result; False if the point is no longer this run's."""
        text = json.dumps(result, allow_nan=False, separators=(",", ":"))
        return self._close(run, point, (DONE, seed, seconds, None, text))

    def fail(self, run: int, point: Point, seed: str, seconds: float, reason: str) -> bool:
        """Record why a point has no result; False if the point is no longer this run's."""
        return self._close(run, point, (FAILED, seed, seconds, reason, None))

    def _close(self, run: int, point: Point, row: tuple[Any, ...]) -> bool:
        signed = digest(point.source, point.cell, point.first, point.count, row[-1])
        with self._writing():
            cursor = self._db.execute(
                "UPDATE points SET status = ?, seed = ?, seconds = ?, reason = ?, result = ?, "
                "digest = ?, finished = ? WHERE id = ? AND run = ? AND status = ?",
                (*row, signed, time.time(), point.id, run, RUNNING),
            )
        return cursor.rowcount == 1

    # What is there

    def counts(self) -> list[tuple[str, str, int, int, float, float]]:
        """(source, status, points, draws, predicted cost, seconds taken) of each kind of point."""
        with self._explained():
            return self._db.execute(
                "SELECT source, status, count(*), sum(count), sum(cost), sum(coalesce(seconds, 0))"
                " FROM points NOT INDEXED GROUP BY source, status ORDER BY source, status"
            ).fetchall()

    def pace(self) -> float | None:
        """The time that points took over the time predicted for them; None before any is done."""
        with self._explained():
            spent, predicted = self._db.execute(
                "SELECT sum(seconds), sum(cost) FROM points NOT INDEXED WHERE status = ?", (DONE,)
            ).fetchone()
        return spent / predicted if spent is not None and predicted else None

    def remaining(self) -> tuple[int, int, float]:
        """(pending, running, predicted cost of both)."""
        with self._explained():
            rows = self._db.execute(
                "SELECT status, count(*), sum(cost) FROM points WHERE status IN (?, ?) "
                "GROUP BY status",
                (PENDING, RUNNING),
            ).fetchall()
        found = {status: (count, cost) for status, count, cost in rows}
        pending, running = found.get(PENDING, (0, 0.0)), found.get(RUNNING, (0, 0.0))
        return pending[0], running[0], pending[1] + running[1]

    def results(self) -> list[tuple[str, str, int, int, str]]:
        """(source, cell, first, count, result) of every point that is done, in order.

        InvalidInput unless all is what was written.
        """
        with self._explained(), self._transaction("DEFERRED"):
            self._verify("quick_check")
            return self._db.execute(
                "SELECT source, cell, first, count, result FROM points NOT INDEXED "
                "WHERE status = ? ORDER BY cell, source, first",
                (DONE,),
            ).fetchall()

    def failed_draws(self, source: str) -> dict[str, int]:
        """For each cell of a source, how many draws are in points that failed."""
        with self._explained():
            rows = self._db.execute(
                "SELECT cell, sum(count) FROM points NOT INDEXED WHERE status = ? AND source = ? "
                "GROUP BY cell",
                (FAILED, source),
            ).fetchall()
        return dict(rows)

    def failures(self, limit: int = 100) -> list[tuple[str, str, int, int, str]]:
        """(source, cell, first, count, reason) of points that failed."""
        with self._explained():
            return self._db.execute(
                "SELECT source, cell, first, count, reason FROM points NOT INDEXED "
                "WHERE status = ? ORDER BY id LIMIT ?",
                (FAILED, limit),
            ).fetchall()

    def rows(self, columns: Sequence[str]) -> list[tuple[Any, ...]]:
        """Columns of every point, for provenance: seed, seconds, attempts, run and others."""
        with self._explained():
            known = {row[1] for row in self._db.execute("PRAGMA table_info(points)")}
            if not set(columns) <= known:
                raise InvalidInput(
                    f"columns must be among {', '.join(sorted(known))}, got {columns}"
                )
            names = ", ".join(columns)
            return self._db.execute(f"SELECT {names} FROM points ORDER BY id").fetchall()

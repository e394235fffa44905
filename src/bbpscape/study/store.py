"""What the file of a study holds: its definition, its points and the runs that computed them.

Nothing is ever updated but by the run that holds it.
"""

import json
import os
import platform
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import psutil

from bbpscape.core.checks import InvalidInput
from bbpscape.study.database import FORMAT, Database

STALE = 120.0  # seconds without a heartbeat after which a run is taken to be gone

SIMULATION, THEORY = "simulation", "theory"
PENDING, RUNNING, DONE, FAILED = "pending", "running", "done", "failed"


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


class Store(Database):
    """The definition, points and runs in the file of a study; ``with`` closes it."""

    # Runs of this process that go on, by file and number: another one of its process id is over.
    _here: ClassVar[set[tuple[Path, int]]] = set()

    # Definition and points

    def definition(self) -> dict[str, Any] | None:
        """The stored definition; None in a new file."""
        with self._explained():
            row = self._db.execute("SELECT definition FROM study").fetchone()
        if row is None:
            return None
        try:
            return dict(json.loads(row[0]))
        except (ValueError, TypeError, RecursionError) as error:
            raise InvalidInput(f"the study's definition cannot be read: {error}") from None

    @contextmanager
    def extending(self) -> Iterator[None]:
        """One transaction to read what is there, and write what is new."""
        with self._explained(), self._transaction():
            yield

    def write_definition(self, values: dict[str, Any]) -> None:
        text = json.dumps(values, allow_nan=False)
        if self._db.execute("UPDATE study SET definition = ?", (text,)).rowcount == 0:
            self._db.execute("INSERT INTO study VALUES (?, ?, ?)", (FORMAT, time.time(), text))

    def covered(self) -> dict[tuple[str, str], int]:
        """For each (source, cell), how many draws have points, whatever their status."""
        with self._explained():
            rows = self._db.execute(
                "SELECT source, cell, max(first + count) FROM points GROUP BY cell, source"
            ).fetchall()
        return {(source, cell): count for source, cell, count in rows}

    def add(self, points: Iterable[New]) -> None:
        self._db.executemany(
            "INSERT INTO points (source, cell, first, count, cost) VALUES (?, ?, ?, ?, ?)",
            ((one.source, one.cell, one.first, one.count, one.cost) for one in points),
        )

    # Runs

    def start_run(self, executor: str) -> int:
        """Note a run of this process; claims are made in its name."""
        me = psutil.Process()
        now = time.time()
        with self._explained():
            cursor = self._db.execute(
                "INSERT INTO runs (started, beat, host, pid, process, executor, versions) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (now, now, socket.gethostname(), me.pid, me.create_time(), executor, versions()),
            )
        run = int(cursor.lastrowid or 0)
        self._here.add((self.path.resolve(), run))
        return run

    def beat(self, run: int) -> None:
        """Say that the run is alive."""
        with self._explained():
            self._db.execute("UPDATE runs SET beat = ? WHERE id = ?", (time.time(), run))

    def end_run(self, run: int) -> None:
        """Give back what the run did not finish."""
        self._here.discard((self.path.resolve(), run))
        with self.extending():
            self._release(run)

    def _release(self, run: int) -> None:
        self._db.execute(
            "UPDATE points SET status = ?, run = NULL WHERE status = ? AND run = ?",
            (PENDING, RUNNING, run),
        )
        self._db.execute("UPDATE runs SET ended = ? WHERE id = ?", (time.time(), run))

    def release_dead(self, run: int) -> int:
        """Give back the points of runs that are gone; how many runs there were."""
        with self._explained():
            others = self._db.execute(
                "SELECT id, host, pid, process, beat FROM runs WHERE ended IS NULL AND id != ?",
                (run,),
            ).fetchall()
        dead = [other for other, *record in others if not self._alive(other, *record)]
        if dead:
            with self.extending():
                for other in dead:
                    self._release(other)
        return len(dead)

    def _alive(self, run: int, host: str, pid: int, process: float, beat: float) -> bool:
        """Whether a run goes on: heard of lately and, on this host, by a process still there."""
        if time.time() - beat > STALE:
            return False
        if host != socket.gethostname():
            return True
        if pid == os.getpid():
            return (self.path.resolve(), run) in self._here
        try:
            return abs(psutil.Process(pid).create_time() - process) < 1.0
        except psutil.NoSuchProcess:
            return False

    def retry_failed(self) -> None:
        with self._explained():
            self._db.execute(
                "UPDATE points SET status = ?, reason = NULL WHERE status = ?", (PENDING, FAILED)
            )

    def claim(self, run: int, count: int) -> list[Point]:
        """Take up to ``count`` pending points, the longest first."""
        with self._explained():
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
        with self._explained():
            cursor = self._db.execute(
                "UPDATE points SET status = ?, seed = ?, seconds = ?, reason = ?, result = ?, "
                "finished = ? WHERE id = ? AND run = ? AND status = ?",
                (*row, time.time(), point.id, run, RUNNING),
            )
        return cursor.rowcount == 1

    # What is there

    def counts(self) -> list[tuple[str, str, int, int, float, float]]:
        """(source, status, points, draws, predicted cost, seconds taken) of each kind of point."""
        with self._explained():
            return self._db.execute(
                "SELECT source, status, count(*), sum(count), sum(cost), sum(coalesce(seconds, 0))"
                " FROM points GROUP BY source, status ORDER BY source, status"
            ).fetchall()

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
        """(source, cell, first, count, result) of every point that is done, in order."""
        with self._explained():
            return self._db.execute(
                "SELECT source, cell, first, count, result FROM points WHERE status = ? "
                "ORDER BY cell, source, first",
                (DONE,),
            ).fetchall()

    def failures(self, limit: int = 100) -> list[tuple[str, str, int, int, str]]:
        """(source, cell, first, count, reason) of points that failed."""
        with self._explained():
            return self._db.execute(
                "SELECT source, cell, first, count, reason FROM points WHERE status = ? "
                "ORDER BY id LIMIT ?",
                (FAILED, limit),
            ).fetchall()

    def rows(self, columns: Sequence[str]) -> list[tuple[Any, ...]]:
        """Columns of every point, for provenance: seed, seconds, attempts, run and others."""
        known = {row[1] for row in self._db.execute("PRAGMA table_info(points)")}
        if not set(columns) <= known:
            raise InvalidInput(f"columns must be among {', '.join(sorted(known))}, got {columns}")
        with self._explained():
            names = ", ".join(columns)
            return self._db.execute(f"SELECT {names} FROM points ORDER BY id").fetchall()


def versions() -> str:
    """The versions that results depend on, as JSON."""
    names = ("bbpscape", "numpy", "scipy")
    return json.dumps(
        {name: version(name) for name in names}
        | {"python": platform.python_version(), "machine": platform.machine()}
    )

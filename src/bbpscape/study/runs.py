"""The runs that compute a study's points, and which of them go on."""

import json
import os
import platform
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar

import psutil

from bbpscape.study.database import Database
from bbpscape.study.layout import PENDING, RUNNING

STALE = 120.0  # seconds without a heartbeat after which a run is taken to be gone


class Runs(Database):
    """The runs in the file of a study; each holds the points that it has claimed."""

    # Runs of this process that go on, by file and number: another one of its process id is over.
    _here: ClassVar[set[tuple[Path, int]]] = set()

    @contextmanager
    def extending(self) -> Iterator[None]:
        """One transaction to read what is there, and write what is new; folded into the file."""
        with self._writing(), self._transaction():
            yield
        self.fold()

    def start_run(self, executor: str) -> int:
        """Note a run of this process; claims are made in its name.

        InvalidInput unless all that is there is what was written.
        """
        self.verify()
        me = psutil.Process()
        now = time.time()
        with self._writing():
            cursor = self._db.execute(
                "INSERT INTO runs (started, beat, host, pid, process, executor, versions) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (now, now, socket.gethostname(), me.pid, me.create_time(), executor, versions()),
            )
        run = int(cursor.lastrowid or 0)
        self._here.add((self._real, run))
        return run

    def beat(self, run: int) -> None:
        """Say that the run is alive."""
        with self._writing():
            self._db.execute("UPDATE runs SET beat = ? WHERE id = ?", (time.time(), run))

    def end_run(self, run: int) -> None:
        """Give back what the run did not finish."""
        self._here.discard((self._real, run))
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
            return (self._real, run) in self._here
        try:
            found = psutil.Process(pid)
            if found.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
                return False  # it was killed, and its parent has not asked for it yet
            return abs(found.create_time() - process) < 1.0
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:
            return True


def versions() -> str:
    """The versions that results depend on, as JSON."""
    names = ("bbpscape", "numpy", "scipy")
    return json.dumps(
        {name: version(name) for name in names}
        | {"python": platform.python_version(), "machine": platform.machine()}
    )

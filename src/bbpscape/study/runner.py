"""Running a study: claim a point, compute it, write it down, until none is left."""

import contextlib
import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bbpscape.core.checks import InvalidInput
from bbpscape.study.cells import Cell
from bbpscape.study.database import StoreError
from bbpscape.study.definition import StudyFile, load_definition
from bbpscape.study.executors import Crew, WorkerLost, crew
from bbpscape.study.plan import extend
from bbpscape.study.store import SIMULATION, Point, Store
from bbpscape.study.work import Job, Outcome, Task

BEAT = 20.0  # seconds between heartbeats
POLL = 0.5  # seconds between looks at a run beside this one
DEATHS = 2  # workers that a point may take with it, when it runs alone
CLAIM = 0.25  # seconds of work that are claimed ahead, at the pace so far


@dataclass(frozen=True)
class Progress:
    """Where a run stands; ``remaining`` is in seconds, NaN before there is a pace to go by.

    It is the predicted time of all that is left, at the pace of what this run has done.
    """

    done: int
    failed: int
    left: int
    elapsed: float
    remaining: float


@dataclass(frozen=True)
class RunSummary:
    """Points that a run finished, those that failed, and those sent again for a lost worker."""

    path: Path
    done: int
    failed: int
    retried: int
    seconds: float
    executor: str

    def to_dict(self) -> dict[str, Any]:
        return {**vars(self), "path": str(self.path)}


def run_study(
    path: str | os.PathLike[str],
    workers: int | None = None,
    *,
    executor: Executor | None = None,
    scheduler: str | None = None,
    retry_failed: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> RunSummary:
    """Compute what a study lacks, and keep it in the file beside its definition.

    Parameters
    ----------
    path : path
        A TOML file; results go to the same name with the suffix ``.sqlite``.
    workers : int, optional
        Local processes of one BLAS thread each, as many as there are cores by default; 1 is this
        process. More of them have to be started under ``if __name__ == "__main__"``.
    executor : Executor, optional
        Any other ``concurrent.futures.Executor``, left open.
    scheduler : str, optional
        Address of a Dask scheduler, such as "tcp://127.0.0.1:8786".
    retry_failed : bool
        Compute anew what failed before.
    progress : function, optional
        Called with a ``Progress`` after every point.

    Raises
    ------
    InvalidInput
        If the definition is wrong, or no extension of what the file was begun with.
    StoreError
        If the file cannot be written. What was finished is in it.
    """
    file = load_definition(path)
    began = time.monotonic()
    job = Job(file.definition.seed, file.definition.measured, file.definition.numerics)
    with (
        crew(job, workers, executor, scheduler) as members,
        Store(file.store, create=True) as store,
    ):
        extend(file.definition, store)
        if retry_failed:
            store.retry_failed()
        if any(store.remaining()[:2]):
            members.start()
        run = store.start_run(members.name)
        loop = _Loop(file, store, run, members, progress)
        try:
            with _Heartbeat(file.store, run):
                loop.run()
        finally:
            # A second Ctrl-C may come while the workers are ended.
            try:
                members.stop()
            finally:
                _give_back(store, run)
    seconds = time.monotonic() - began
    return RunSummary(file.store, loop.done, loop.failed, loop.retried, seconds, members.name)


class _Loop:
    """One run over the points of a store."""

    def __init__(
        self,
        file: StudyFile,
        store: Store,
        run: int,
        members: Crew,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self._definition, self._store, self._run, self._crew = file.definition, store, run, members
        self._report = progress
        self._began = time.monotonic()
        self._queue: deque[Point] = deque()
        self._suspects: deque[Point] = deque()
        self._deaths: dict[int, int] = {}
        self._alone = False
        self._cost = 0.0
        self._first: float | None = None
        self._left, self._left_cost, self._looked = 0, 0.0, -math.inf
        self.done = self.failed = self.retried = 0

    def run(self) -> None:
        self._store.release_dead(self._run)
        while True:
            self._submit()
            if len(self._crew):
                for point, outcome in self._crew.next():
                    self._record(point, outcome)
                continue
            pending, running, _ = self._store.remaining()
            if pending == running == 0:
                return
            if pending == 0:
                # The rest is with another run: take over what it loses.
                time.sleep(POLL)
                self._store.release_dead(self._run)

    def _submit(self) -> None:
        """Keep the crew busy; what may have killed a worker goes alone."""
        if self._suspects:
            if not len(self._crew):
                self._alone = True
                self._send(self._suspects.popleft())
            return
        if self._alone and len(self._crew):
            return
        self._alone = False
        while len(self._crew) < self._crew.width:
            if not self._queue:
                pace = self.done / max(time.monotonic() - self._began, 1e-3)
                wanted = self._crew.width - len(self._crew)
                wanted = max(wanted, min(256, round(CLAIM * pace)))
                self._queue.extend(self._store.claim(self._run, wanted))
            if not self._queue:
                return
            self._send(self._queue.popleft())

    def _send(self, point: Point) -> None:
        first = point.first if point.source == SIMULATION else None
        self._crew.submit(point, Task(point.cell, first, point.count))

    def _record(self, point: Point, outcome: Outcome | WorkerLost) -> None:
        if isinstance(outcome, WorkerLost):
            self.retried += 1
            self._deaths[point.id] = self._deaths.get(point.id, 0) + self._alone
            if self._deaths[point.id] < DEATHS:
                self._suspects.append(point)
                return
            outcome = Outcome(None, f"WorkerLost: it took {DEATHS} workers with it", math.nan)
        seed = ""
        if point.source == SIMULATION:
            seed = " ".join(map(str, Cell(point.cell).entropy(self._definition.seed)))
        seconds = 0.0 if math.isnan(outcome.seconds) else outcome.seconds
        if outcome.values is None:
            self.failed += self._store.fail(self._run, point, seed, seconds, outcome.reason)
        else:
            self.done += self._store.finish(self._run, point, seed, seconds, outcome.values)
        self._cost += point.cost
        self._tell(point)

    def _tell(self, point: Point) -> None:
        if self._report is None:
            return
        now = time.monotonic()
        self._left, self._left_cost = self._left - 1, self._left_cost - point.cost
        if now - self._looked > 1.0:
            pending, running, self._left_cost = self._store.remaining()
            self._left, self._looked = pending + running, now
        elapsed = now - self._began
        remaining = elapsed * max(self._left_cost, 0.0) / self._cost if self._cost else math.nan
        self._report(Progress(self.done, self.failed, max(self._left, 0), elapsed, remaining))


class _Heartbeat:
    """Says every BEAT seconds that a run is alive, through a connection of its own."""

    def __init__(self, path: Path, run: int) -> None:
        self._path, self._run = path, run
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _beat(self) -> None:
        # A full disk, or a file that is gone: the run meets it too, and says so.
        with contextlib.suppress(StoreError, InvalidInput), Store(self._path, write=True) as store:
            while not self._stop.wait(BEAT):
                with contextlib.suppress(StoreError):
                    store.beat(self._run)


def _give_back(store: Store, run: int) -> None:
    """What this run holds becomes pending; a full disk leaves that to the next run."""
    try:
        store.end_run(run)
    except StoreError:
        return

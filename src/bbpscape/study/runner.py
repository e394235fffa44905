"""Running a study: claim a point, compute it, write it down, until none is left."""

from __future__ import annotations

import contextlib
import functools
import math
import os
import threading
import time
from collections import deque
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from bbpscape.core.checks import InvalidInput
from bbpscape.core.interruption import held
from bbpscape.core.progress import Telling
from bbpscape.core.report import Report, Table, duration
from bbpscape.core.result import Result, result
from bbpscape.study.cells import Cell
from bbpscape.study.crew import Crew, WorkerLost
from bbpscape.study.database import StoreError
from bbpscape.study.definition import Definition
from bbpscape.study.executors import crew
from bbpscape.study.paths import store_path
from bbpscape.study.plan import extend
from bbpscape.study.store import FINITE, SIMULATION, THEORY, Point, Store
from bbpscape.study.work import Outcome, Task

BEAT = 20.0  # seconds between heartbeats
POLL = 0.5  # seconds between looks at a run beside this one
DEATHS = 2  # workers that a point may take with it, when it runs alone
CLAIM = 0.25  # seconds of work that are claimed ahead, at the pace so far


@dataclass(frozen=True)
class Progress:
    """Where a run stands; ``remaining`` is in seconds, NaN before there is a pace to go by.

    ``remaining`` is the predicted time of all that is left, at the pace of what this run has done.
    While there is no worker, ``waits`` says what the run waits for.

    Examples
    --------
    >>> import bbpscape as bb
    >>> str(bb.study.Progress(done=7, failed=1, left=792, elapsed=3.0, remaining=300.0))
    '7 done, 792 left, 1 failed, about 5 min to go'
    """

    done: int
    failed: int
    left: int
    elapsed: float
    remaining: float
    waits: str = ""

    def __str__(self) -> str:
        if self.waits:
            return f"{self.left} left, {self.waits}"
        failed = f", {self.failed} failed" if self.failed else ""
        to_go = "" if math.isnan(self.remaining) else f", about {duration(self.remaining)} to go"
        return f"{self.done} done, {self.left} left{failed}{to_go}"


@result
class RunSummary(Result):
    """Points that a run finished, those that failed, and those sent again for a lost worker.

    Examples
    --------
    >>> import bbpscape as bb
    >>> study = bb.Study(bb.TeacherStudent(1, 1), {"alpha": [1.0, 2.0]}, ["lowest"], draws=0)
    >>> study.run(workers=1).last_run.done
    2
    """

    path: Path
    done: int
    failed: int
    retried: int
    seconds: float
    executor: str

    def headline(self) -> str:
        return f"Run of {self.path}, {self.executor}"

    def report(self) -> Report:
        rows = [(name, str(getattr(self, name))) for name in ("done", "failed", "retried")]
        rows.append(("time", duration(self.seconds)))
        return Report([Table(self.headline(), ("quantity", "value"), rows)])


def run_points(
    definition: Definition,
    path: str | os.PathLike[str],
    workers: int | None = None,
    *,
    executor: Executor | None = None,
    scheduler: str | None = None,
    retry_failed: bool = False,
    progress: Telling = None,
) -> RunSummary:
    """Compute what the study's file lacks; see ``Study.run``.

    Raises
    ------
    InvalidInput
        If the definition is no extension of what the file was begun with, or cannot be computed.
    StoreError
        If the file cannot be written. What was finished is in it.
    ExecutorLost
        If there are no workers, or no longer.
    """
    began = time.monotonic()
    with (
        crew(definition.job, workers, executor, scheduler) as members,
        Store(store_path(path), create=True) as store,
    ):
        extend(definition, store)
        if retry_failed:
            store.retry_failed()
        if left := sum(store.remaining()[:2]):
            members.start(functools.partial(_waits, progress, left, began))
        run = store.start_run(members.name)
        loop = _Loop(definition, store, run, members, progress)
        try:
            with _Heartbeat(store.path, run):
                loop.run()
        finally:
            # A second Ctrl-C may come while the workers are ended.
            with held():
                try:
                    members.stop()
                finally:
                    _give_back(store, run)
    seconds = time.monotonic() - began
    return RunSummary(store.path, loop.done, loop.failed, loop.retried, seconds, members.name)


def _waits(progress: Telling, left: int, began: float, what: str) -> None:
    if progress:
        progress(Progress(0, 0, left, time.monotonic() - began, math.nan, what))


class _Loop:
    """One run over the points of a store."""

    def __init__(
        self,
        definition: Definition,
        store: Store,
        run: int,
        members: Crew,
        progress: Telling,
    ) -> None:
        self._definition, self._store, self._run, self._crew = definition, store, run, members
        self._report = progress
        self._began = time.monotonic()
        self._queue: deque[Point] = deque()
        self._suspects: deque[Point] = deque()
        self._deaths: dict[int, int] = {}
        self._alone = False
        self._cost = 0.0
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
        first = None if point.source == THEORY else point.first
        task = Task(point.cell, first, point.count, point.source == FINITE)
        self._crew.submit(point, task)

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
            cell = Cell(point.cell, self._definition.objects)
            seed = " ".join(map(str, cell.entropy(self._definition.seed)))
        seconds = 0.0 if math.isnan(outcome.seconds) else outcome.seconds
        if outcome.values is None:
            self.failed += self._store.fail(self._run, point, seed, seconds, outcome.reason)
        else:
            self.done += self._store.finish(self._run, point, seed, seconds, outcome.values)
        self._cost += point.cost
        self._tell(point)

    def _tell(self, point: Point) -> None:
        if not self._report:
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

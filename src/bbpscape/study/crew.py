"""Tasks in flight on any executor: outcomes as they end, and what is lost with a worker.

A ``Crew`` takes tasks and gives outcomes back in whatever order they end; what a task returns does
not depend on it.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    wait,
)
from typing import Any, ClassVar

from bbpscape.core.checks import InvalidInput
from bbpscape.simulation.scheduler import ExecutorLost
from bbpscape.study.work import Job, Outcome, Task, execute, ready


class WorkerLost(Exception):
    """The worker of a task died; whether the task is to blame is known if it ran alone."""


class Crew:
    """Tasks in flight on an executor, up to ``width`` at once.

    Parameters
    ----------
    name : str
        For the record of the run.
    executor : Executor
        Left open.
    job : Job, or bytes of one
        What all tasks share, as the workers get it.
    width : int
        How many tasks are kept in flight.
    """

    # Seconds that a result may be waited for before the executor is looked after.
    patience: ClassVar[float | None] = None
    # How many workers are asked whether they can work, so that all of them start at once.
    asked: int = 1

    def __init__(self, name: str, executor: Executor, job: Job | bytes, width: int) -> None:
        self.name, self._executor, self._job, self._width = name, executor, job, width
        self._waiting: dict[Future, Any] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def width(self) -> int:
        """How many tasks are kept in flight."""
        return self._width

    def start(self, waits: Callable[[str], None] = lambda what: None) -> None:
        """Wait for a worker that can do the work; ``waits`` is told what for.

        Raises
        ------
        InvalidInput
            If a worker lacks a package, the device, or what the tasks are made of.
        ExecutorLost
            If none can be started.
        """
        waits("workers are starting")
        try:
            futures = {self._executor.submit(ready, self._job) for _ in range(self.asked)}
            problem = next(iter(self._first(futures))).result()
        except Exception as error:
            if _is_loss(error):
                raise self.unstarted() from None
            if isinstance(error, InvalidInput | ExecutorLost):
                raise
            raise InvalidInput(
                f"a worker cannot do this work ({type(error).__name__}: {error}): it needs the "
                "packages that this process has"
            ) from None
        if problem:
            raise InvalidInput(problem)

    def submit(self, tag: Any, task: Task) -> None:
        """Give a task to a worker; ``tag`` comes back with its outcome."""
        try:
            future = self._executor.submit(execute, self._job, task)
        except BrokenExecutor as error:
            future = Future()
            future.set_exception(error)
        self._waiting[future] = tag

    def next(self) -> list[tuple[Any, Outcome | WorkerLost]]:
        """Wait for the next tasks to end."""
        ended: list[tuple[Any, Outcome | WorkerLost]] = []
        broken = False
        for future in self._first(self._waiting):
            tag = self._waiting.pop(future)
            error = CancelledError() if future.cancelled() else future.exception()
            if error is not None and not _is_loss(error):
                self.complain()
                raise error
            broken |= isinstance(error, BrokenExecutor)
            ended.append((tag, future.result() if error is None else WorkerLost()))
        if broken:
            # Every task in flight is lost with the pool, and none says which one broke it.
            ended += [(tag, WorkerLost()) for tag in self._waiting.values()]
            self._waiting.clear()
            self.recover()
        elif any(isinstance(one, WorkerLost) for _, one in ended):
            self.require_life()
        return ended

    def _first(self, futures: Any) -> set[Future]:
        while not (done := wait(futures, self.patience, FIRST_COMPLETED).done):
            self.require_life()
        return done

    def complain(self) -> None:
        """ExecutorLost if an error of a task is that of an executor which is gone."""

    def require_life(self) -> None:
        """ExecutorLost unless an executor that lost a worker goes on by itself."""
        raise self.lost()

    def recover(self) -> None:
        """Make a new executor after a worker's death has broken it, or raise ExecutorLost."""
        raise self.lost()

    def unstarted(self) -> ExecutorLost:
        return ExecutorLost(
            f"no worker could be started ({self.name}): use workers=1 to compute in this process, "
            'or a pool of your own under if __name__ == "__main__"'
        )

    def lost(self) -> ExecutorLost:
        return ExecutorLost(
            f"the executor is gone ({self.name}); what was finished is kept: run again to go on"
        )

    def stop(self) -> None:
        """Drop what is in flight."""
        for future in self._waiting:
            future.cancel()


def _is_loss(error: BaseException) -> bool:
    """Whether the worker is gone, rather than the task wrong."""
    names = ("KilledWorker", "CommClosedError", "FutureCancelledError")  # of distributed
    return isinstance(error, BrokenExecutor | CancelledError) or type(error).__name__ in names

"""All of a study's parallelism: this process, local processes, any Executor, a Dask cluster.

A ``Crew`` takes tasks and gives outcomes back in whatever order they end; what a task returns does
not depend on it.
"""

import math
import time
from collections.abc import Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    wait,
)
from contextlib import contextmanager
from typing import Any, ClassVar

from bbpscape.core.checks import InvalidInput
from bbpscape.simulation.parallel import available_cpus, check_workers
from bbpscape.simulation.processes import end_processes, pack, process_pool
from bbpscape.study.work import Job, Outcome, Task, execute, ready

LOOK = 5.0  # seconds between looks at the size of a cluster
CONNECT = 10.0  # seconds that a scheduler has to answer


class WorkerLost(Exception):
    """The worker of a task died; whether the task is to blame is known if it ran alone."""


class ExecutorLost(RuntimeError):
    """No worker is left, nor can any be made; the message says what to do."""


class Serial(Executor):
    """Runs a task in this process when it is submitted."""

    def submit(self, fn, /, *args, **kwargs):
        future: Future = Future()
        future.set_result(fn(*args, **kwargs))
        return future


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

    def start(self) -> None:
        """Wait for a worker that can do the work.

        Raises
        ------
        InvalidInput
            If a worker lacks a package, the device, or what the tasks are made of.
        ExecutorLost
            If none can be started.
        """
        try:
            futures = {self._executor.submit(ready, self._job) for _ in range(self.asked)}
            problem = next(iter(self._first(futures))).result()
        except Exception as error:
            if _is_loss(error):
                raise ExecutorLost(
                    f"no worker could be started ({self.name}): use workers=1 to compute in this "
                    'process, or a pool of your own under if __name__ == "__main__"'
                ) from None
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

    def lost(self) -> ExecutorLost:
        return ExecutorLost(
            f"the executor is gone ({self.name}); what was finished is kept: run again to go on"
        )

    def stop(self) -> None:
        """Drop what is in flight."""
        for future in self._waiting:
            future.cancel()


class LocalProcesses(Crew):
    """Processes of this machine, which are replaced when one dies, and ended at once."""

    def __init__(self, count: int, job: Job) -> None:
        # A few more than the workers, so that none waits for this process.
        packed = pack(job, "an observable or the model")
        super().__init__(f"{count} processes", process_pool(count), packed, count + 2)
        self.asked = count

    def recover(self) -> None:
        self.stop()
        self._executor = process_pool(self.asked)
        self.start()

    def stop(self) -> None:
        super().stop()
        end_processes(self._executor)


class Cluster(Crew):
    """The workers of a Dask scheduler, which may grow and shrink: twice their threads in flight."""

    patience = LOOK

    def __init__(self, client: Any, job: Job) -> None:
        # pure=False: a task that is asked for again is computed again.
        pool = client.get_executor(pure=False)
        super().__init__("Dask", pool, pack(job, "an observable or the model"), 1)
        self._client, self._looked = client, -math.inf

    @property
    def width(self) -> int:
        if time.monotonic() - self._looked > LOOK:
            self._looked = time.monotonic()
            try:
                threads = sum(self._client.nthreads().values())
            except (OSError, ValueError) as error:  # ValueError: the client has closed
                raise self.lost() from error
            self._width = 2 * max(threads, 1)
        return self._width

    def complain(self) -> None:
        # A lost scheduler leaves errors of many kinds in its futures.
        self.require_life()

    def require_life(self) -> None:
        if self._client.status != "running":
            raise self.lost()


@contextmanager
def crew(
    job: Job,
    workers: int | None = None,
    executor: Executor | None = None,
    scheduler: str | None = None,
) -> Iterator[Crew]:
    """The workers of a run: ``executor``, else a Dask ``scheduler``, else local processes.

    Local processes are as many as there are cores, one for a GPU; one worker is this process.

    Raises
    ------
    InvalidInput
        If two of them are given, the device is not here, what the job is made of cannot be sent,
        or Dask is not installed or does not answer.
    """
    if executor is not None and scheduler is not None:
        raise InvalidInput("give an executor or a scheduler, not both")
    if scheduler is not None:
        with _client(scheduler) as client, _ending(Cluster(client, job)) as members:
            yield members
        return
    if executor is not None:
        if not isinstance(executor, Executor):
            raise InvalidInput(f"executor must be a concurrent.futures.Executor, got {executor!r}")
        width = check_workers(workers or getattr(executor, "_max_workers", available_cpus()))
        packed = pack(job, "an observable or the model")
        members = Crew(type(executor).__name__, executor, packed, 2 * width)
    else:
        if problem := ready(job):
            raise InvalidInput(problem)
        count = 1 if job.numerics.device == "cuda" and workers is None else workers
        count = available_cpus() if count is None else check_workers(count)
        members = Crew("serial", Serial(), job, 1) if count == 1 else LocalProcesses(count, job)
    with _ending(members):
        yield members


@contextmanager
def _ending(members: Crew) -> Iterator[Crew]:
    try:
        yield members
    finally:
        members.stop()


@contextmanager
def _client(address: str) -> Iterator[Any]:
    try:
        from distributed import Client
    except ImportError:
        raise InvalidInput(
            "a scheduler needs Dask: install bbpscape with the extra cluster"
        ) from None
    try:
        client = Client(address, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise InvalidInput(f"no Dask scheduler answers at {address!r}: {error}") from None
    with client:
        yield client


def _is_loss(error: BaseException) -> bool:
    """Whether the worker is gone, rather than the task wrong."""
    names = ("KilledWorker", "CommClosedError", "FutureCancelledError")  # of distributed
    return isinstance(error, BrokenExecutor | CancelledError) or type(error).__name__ in names

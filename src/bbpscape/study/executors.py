"""All of a study's parallelism: this process, local processes, any Executor, a Dask cluster.

A ``Crew`` takes tasks and gives outcomes back in whatever order they end; what a task returns does
not depend on it.
"""

import math
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import contextmanager
from typing import Any

from bbpscape.core.checks import InvalidInput
from bbpscape.simulation.parallel import available_cpus, check_workers
from bbpscape.study.work import Outcome, Task, execute

LOOK = 5.0  # seconds between looks at the size of a cluster
CONNECT = 10.0  # seconds that a scheduler has to answer

Work = Callable[[Task], Outcome]


class WorkerLost(Exception):
    """The worker of a task died; whether the task is to blame is known if it ran alone."""


class ExecutorLost(RuntimeError):
    """No worker is left, nor can any be made."""

    def __init__(self, name: str):
        super().__init__(f"the executor is gone ({name}); what was finished is kept")


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
    width : int or callable
        How many tasks are kept in flight.
    executor : Executor
    remake : callable, optional
        Makes a new executor when a worker's death has broken it.
    stop : callable, optional
        Ends the workers at once.
    alive : callable, optional
        Whether an executor that lost a worker goes on by itself; False ends the run, and so does a
        worker's death where there is neither this nor ``remake``.
    """

    def __init__(
        self,
        name: str,
        width: int | Callable[[], int],
        executor: Executor,
        remake: Callable[[], Executor] | None = None,
        stop: Callable[[Executor], None] | None = None,
        alive: Callable[[], bool] | None = None,
        work: Work = execute,
    ) -> None:
        self.name, self._width = name, width
        self._executor, self._remake, self._stop, self._work = executor, remake, stop, work
        self._alive = alive
        self._waiting: dict[Future, Any] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def width(self) -> int:
        """How many tasks are kept in flight."""
        return self._width() if callable(self._width) else self._width

    def submit(self, tag: Any, task: Task) -> None:
        """Give a task to a worker; ``tag`` comes back with its outcome."""
        try:
            future = self._executor.submit(self._work, task)
        except BrokenExecutor as error:
            future = Future()
            future.set_exception(error)
        self._waiting[future] = tag

    def next(self) -> list[tuple[Any, Outcome | WorkerLost]]:
        """Wait for the next tasks to end."""
        ended: list[tuple[Any, Outcome | WorkerLost]] = []
        broken = False
        for future in self._first_to_end():
            tag = self._waiting.pop(future)
            error = CancelledError() if future.cancelled() else future.exception()
            if error is not None and not _is_loss(error):
                # A lost scheduler leaves errors of many kinds in its futures.
                if self._alive is not None:
                    self._require_life()
                raise error
            broken |= isinstance(error, BrokenExecutor)
            ended.append((tag, future.result() if error is None else WorkerLost()))
        if broken:
            # Every task in flight is lost with the pool, and none says which one broke it.
            ended += [(tag, WorkerLost()) for tag in self._waiting.values()]
            self._waiting.clear()
        if broken and self._remake is not None:
            self.stop()
            self._executor = self._remake()
        elif broken or any(isinstance(one, WorkerLost) for _, one in ended):
            self._require_life()
        return ended

    def _first_to_end(self) -> set[Future]:
        # A cluster that is gone may leave its futures pending for ever.
        every = None if self._alive is None else LOOK
        while not (done := wait(self._waiting, every, FIRST_COMPLETED).done):
            self._require_life()
        return done

    def _require_life(self) -> None:
        if self._alive is None or not self._alive():
            raise ExecutorLost(self.name)

    def stop(self) -> None:
        """Drop what is in flight."""
        for future in self._waiting:
            future.cancel()
        if self._stop is not None:
            self._stop(self._executor)


@contextmanager
def crew(
    workers: int | None = None,
    executor: Executor | None = None,
    scheduler: str | None = None,
    device: str = "cpu",
) -> Iterator[Crew]:
    """The workers of a run: ``executor``, else a Dask ``scheduler``, else local processes.

    Local processes are as many as there are cores, one for a GPU; one worker is this process.

    Raises
    ------
    InvalidInput
        If two of them are given, or Dask is not installed or does not answer.
    """
    if executor is not None and scheduler is not None:
        raise InvalidInput("give an executor or a scheduler, not both")
    if executor is not None:
        if not isinstance(executor, Executor):
            raise InvalidInput(f"executor must be a concurrent.futures.Executor, got {executor!r}")
        width = check_workers(workers or getattr(executor, "_max_workers", available_cpus()))
        members = Crew(type(executor).__name__, 2 * width, executor)
    elif scheduler is not None:
        with _dask(scheduler) as members:
            yield members
        return
    else:
        count = 1 if device == "cuda" and workers is None else workers
        count = available_cpus() if count is None else check_workers(count)
        members = Crew("serial", 1, Serial()) if count == 1 else _processes(count)
    try:
        yield members
    finally:
        members.stop()


def _processes(count: int) -> Crew:
    # "spawn": a fork would copy the state of the BLAS threads, and of torch.
    context = multiprocessing.get_context("spawn")

    def make() -> Executor:
        return ProcessPoolExecutor(count, context, initializer=_start_worker)

    # A few more than the workers, so that none waits for this process.
    return Crew(f"{count} processes", count + 2, make(), remake=make, stop=_end_processes)


def _start_worker() -> None:
    """A worker leaves Ctrl-C to its parent, and ends with it even if that is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _end_processes(pool: Executor) -> None:
    processes = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.kill()
    for process in processes:
        process.join()


@contextmanager
def _dask(address: str) -> Iterator[Crew]:
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
        # pure=False: a task that is asked for again is computed again.
        pool = client.get_executor(pure=False)
        members = Crew("Dask", _Threads(client), pool, alive=lambda: client.status == "running")
        try:
            yield members
        finally:
            members.stop()


class _Threads:
    """Twice the threads of a cluster, looked up now and then: it may grow and shrink."""

    def __init__(self, client: Any) -> None:
        self._client, self._count, self._looked = client, 1, -math.inf

    def __call__(self) -> int:
        if time.monotonic() - self._looked > LOOK:
            self._looked = time.monotonic()
            try:
                self._count = sum(self._client.nthreads().values())
            except (OSError, ValueError) as error:  # ValueError: the client has closed
                raise ExecutorLost("Dask") from error
        return 2 * max(self._count, 1)


def _is_loss(error: BaseException) -> bool:
    """Whether the worker is gone, rather than the task wrong."""
    names = ("KilledWorker", "CommClosedError", "FutureCancelledError")  # of distributed
    return isinstance(error, BrokenExecutor | CancelledError) or type(error).__name__ in names

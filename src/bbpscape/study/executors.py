"""All of a study's parallelism: this process, local processes, any Executor, a Dask cluster."""

from collections.abc import Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager

from bbpscape.core.checks import InvalidInput
from bbpscape.simulation.parallel import available_cpus, check_workers
from bbpscape.simulation.processes import end_processes, pack, process_pool
from bbpscape.study.cluster import cluster
from bbpscape.study.crew import Crew
from bbpscape.study.work import Job, ready


class Serial(Executor):
    """Runs a task in this process when it is submitted."""

    def submit(self, fn, /, *args, **kwargs):
        future: Future = Future()
        future.set_result(fn(*args, **kwargs))
        return future


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
        with cluster(scheduler, job) as connected, _ending(connected):
            yield connected
        return
    members: Crew
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

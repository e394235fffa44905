"""Independent tasks over processes of one BLAS thread each, in order, whatever their number."""

import functools
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from threadpoolctl import threadpool_limits

from bbpscape.core.checks import InvalidInput, positive_integer
from bbpscape.simulation.processes import end_processes, pack, process_pool, unpack

Task = TypeVar("Task")
Result = TypeVar("Result")


def available_cpus() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_workers(workers: object) -> int:
    """``workers`` as an int from 1 to 1024."""
    count = int(positive_integer("workers", workers))
    if count > 1024:
        raise InvalidInput(f"workers must be at most 1024, got {workers!r}")
    return count


def ordered_map(
    function: Callable[[Task], Result], tasks: Sequence[Task], workers: int
) -> Iterator[Result]:
    """function(task) for each task, in order, with one BLAS thread a task.

    One worker is this process; more are processes of their own.

    Raises
    ------
    InvalidInput
        If ``function`` cannot be sent to a process, or processes cannot be started.
    """
    workers = min(check_workers(workers), len(tasks))
    if workers == 1:
        for task in tasks:
            with threadpool_limits(limits=1):
                result = function(task)
            yield result
        return
    packed = pack(function, "the computation")
    pool = process_pool(workers)
    try:
        yield from pool.map(functools.partial(_call, packed), tasks)
        pool.shutdown()
    except BrokenProcessPool:
        raise InvalidInput(
            "a worker process has ended without a word, perhaps for want of memory: use fewer "
            "workers, or workers=1 to compute in this process"
        ) from None
    finally:
        end_processes(pool)


def _call(packed: bytes, task: Any) -> Any:
    with threadpool_limits(limits=1):
        return unpack(packed)(task)

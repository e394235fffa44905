"""Independent tasks over processes of one BLAS thread each, in order, whatever their number."""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

from threadpoolctl import threadpool_limits

from bbpscape.core.checks import InvalidInput, positive_integer

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

    One worker is this process; more are processes of their own, which a script has to start under
    ``if __name__ == "__main__"``.
    """
    workers = min(check_workers(workers), len(tasks))
    if workers == 1:
        for task in tasks:
            with threadpool_limits(limits=1):
                result = function(task)
            yield result
        return
    # "spawn": a fork would copy the state of the BLAS threads, and of torch.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_one_thread) as pool:
        yield from pool.map(function, tasks)


def _one_thread() -> None:
    threadpool_limits(limits=1)

"""Independent tasks over processes of one BLAS thread each, in order, whatever their number."""

import os
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from itertools import islice
from typing import Any, TypeVar

from bbpscape.core.checks import InvalidInput, positive_integer
from bbpscape.core.progress import Telling
from bbpscape.simulation.processes import end_processes, pack, process_pool, unpack
from bbpscape.simulation.threads import one_thread

AHEAD = 16  # tasks for each worker that are handed out ahead of the results
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
) -> Generator[Result, None, None]:
    """function(task) for each task, in order, with one BLAS thread a task.

    One worker is this process; more are processes of their own, which end when the generator is
    closed, as ``gathered`` does.

    Raises
    ------
    InvalidInput
        If ``function`` cannot be sent to a process, or processes cannot be started.
    """
    workers = min(check_workers(workers), len(tasks))
    if workers == 1:
        for task in tasks:
            with one_thread():
                result = function(task)
            yield result
        return
    packed = pack(function, "the computation")
    pool = process_pool(workers)
    try:
        waiting = iter(tasks)
        ahead = deque(pool.submit(_call, packed, one) for one in islice(waiting, AHEAD * workers))
        while ahead:
            result = ahead.popleft().result()
            ahead.extend(pool.submit(_call, packed, one) for one in islice(waiting, 1))
            yield result
        pool.shutdown()
    except BrokenProcessPool:
        raise InvalidInput(
            "a worker process has ended without a word, perhaps for want of memory: use fewer "
            "workers, or workers=1 to compute in this process"
        ) from None
    finally:
        end_processes(pool)


def gathered(
    parts: Generator[Sequence[Result], None, None],
    total: int,
    progress: Telling,
) -> list[Result]:
    """All results of lists of them; ``progress`` is called with their number and the total."""
    found: list[Result] = []
    # Where progress is interrupted, nothing else would end the processes.
    with closing(parts):
        for part in parts:
            found += part
            if progress:
                progress(len(found), total)
    return found


def _call(packed: bytes, task: Any) -> Any:
    # Unpacked first: a limit holds for the libraries that are loaded, and this may load the BLAS.
    function = unpack(packed)
    with one_thread():
        return function(task)

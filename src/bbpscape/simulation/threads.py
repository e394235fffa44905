"""How many threads the BLAS takes, and limits on it: they hold in the whole process."""

import functools
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from threadpoolctl import OpenBLASController, ThreadpoolController


@functools.lru_cache(maxsize=1)
def _controller(modules: int) -> ThreadpoolController:
    return ThreadpoolController()


def _libraries() -> ThreadpoolController:
    """Looking for them takes milliseconds: it is done once while no more modules are loaded."""
    return _controller(len(sys.modules))


def blas_threads() -> int:
    """Threads that the BLAS may take now: all cores, OPENBLAS_NUM_THREADS, or a limit set here.

    >>> with blas_limit(1):
    ...     blas_threads()
    1
    """
    counts = [one["num_threads"] for one in _libraries().info() if one["user_api"] == "blas"]
    return max(counts, default=1)


def blas_limit(threads: int) -> AbstractContextManager[object]:
    """A context in which the BLAS takes this many threads, in the whole process."""
    return _libraries().limit(limits=threads, user_api="blas")


_lock, _users = threading.Lock(), 0
_limit: Any = None


@contextmanager
def one_thread() -> Iterator[None]:
    """One BLAS thread while any thread of this process is in here.

    Results depend on the number of threads in their last digits. The first that comes sets the
    limit and the last that goes lifts it, which need not be the same thread.
    """
    global _users, _limit
    with _lock:
        if _users == 0:
            _take_control()
            _limit = _libraries().limit(limits=1)
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                _take_control()
                _limit.restore_original_limits()
                _take_control()


def _take_control() -> None:
    """From threadpoolctl 3.8 on, a limit is ignored while another thread has set one."""
    release = getattr(OpenBLASController, "clear_controlling_thread", None)
    if release is not None:
        release(force=True)

"""How many threads the BLAS takes, and a limit on it where threads of our own do better."""

import functools
from contextlib import AbstractContextManager

from threadpoolctl import ThreadpoolController


@functools.cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def blas_threads() -> int:
    """Threads that the BLAS may take now: all cores, OPENBLAS_NUM_THREADS, or a limit set here.

    >>> with blas_limit(1):
    ...     blas_threads()
    1
    """
    counts = [one["num_threads"] for one in _controller().info() if one["user_api"] == "blas"]
    return max(counts, default=1)


def blas_limit(threads: int) -> AbstractContextManager[object]:
    """A context in which the BLAS takes this many threads, in the whole process."""
    return _controller().limit(limits=threads, user_api="blas")

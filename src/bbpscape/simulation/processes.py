"""Processes that compute: they start from any script, notebook or prompt, and end with it.

A worker does not run the script that started it, so none needs ``if __name__ == "__main__"``; what
was defined there, lambdas among it, is sent to it as a whole.
"""

import functools
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import types
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.process import BaseProcess
from typing import Any

from bbpscape.core.checks import InvalidInput
from bbpscape.core.interruption import held

_starting = threading.Lock()


class _Worker(SpawnProcess):
    """A new interpreter that imports what its tasks need and not the script of its parent."""

    def start(self) -> None:
        with _starting:
            script = sys.modules["__main__"]
            # Python tells a new process to run the file of the module of this name.
            sys.modules["__main__"] = types.ModuleType("__main__")
            try:
                with _deaf():
                    super().start()
            finally:
                sys.modules["__main__"] = script


@contextmanager
def _deaf() -> Iterator[None]:
    """Processes that this thread starts here never hear of Ctrl-C, from their first moment on."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # To start it later would let Ctrl-C through.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Context(SpawnContext):
    Process = _Worker


def process_pool(workers: int) -> ProcessPoolExecutor:
    """An executor of processes of their own, which leave Ctrl-C to this one and end with it."""
    # Not forks, which would copy the state of the BLAS threads, and of torch.
    return ProcessPoolExecutor(workers, _Context(), initializer=_follow)


def start_process(target: Callable[[Connection], None], connection: Connection) -> BaseProcess:
    """A process of its own that runs ``target`` with its end of a pipe, and ends with this one."""
    process = _Worker(target=_followed, args=(target, connection), daemon=True)
    process.start()
    return process


def end_processes(pool: Executor) -> None:
    """End the workers of a pool at once, whatever they are doing."""
    with held():
        processes = list((getattr(pool, "_processes", None) or {}).values())
        for process in processes:
            process.kill()
        pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.join()


def pack(value: object, what: str) -> bytes:
    """``value`` for other processes, with what it needs of the script that runs.

    Raises
    ------
    InvalidInput
        If it holds something that belongs to this process, such as a file or a lock.
    """
    import cloudpickle

    try:
        return cloudpickle.dumps(value)
    except Exception as error:
        raise InvalidInput(
            f"{what} cannot be sent to other processes ({' '.join(str(error).split())}): leave out "
            "what belongs to this process, or use workers=1"
        ) from None


@functools.lru_cache(maxsize=8)
def unpack(data: bytes) -> Any:
    """The value of ``pack``, kept for the tasks that follow."""
    return pickle.loads(data)


def _followed(target: Callable[[Connection], None], connection: Connection) -> None:
    _follow()
    target(connection)


def _follow() -> None:
    """Leave Ctrl-C to the parent, and end with it even if that is killed."""
    # Where it could not be blocked from the start on.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()

"""Processes that answer the page: lent for one question at a time, and told when to drop it."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import Pipe

from bbpscape.explore.worker import DROP, END, serve
from bbpscape.simulation.parallel import available_cpus
from bbpscape.simulation.processes import start_process

PATIENCE = 2.0  # seconds for a question to be dropped; then its process is ended
MOST = 4


class Worker:
    """One process and the line to it."""

    def __init__(self) -> None:
        self.line, other = Pipe()
        self.process = start_process(serve, other)
        other.close()
        self.client = ""
        # It says so when it is ready.
        self.free = False

    @property
    def alive(self) -> bool:
        return self.process.is_alive()

    def ask(self, view: str, query: str) -> None:
        if not self.free:
            self.settle(60.0)
        self.free = False
        self.line.send((view, query))

    def drop(self) -> None:
        """End what it does: by a signal, or with the process."""
        if DROP is None or not self.alive:
            self.end()
            return
        until = time.monotonic() + PATIENCE
        while not self.free and time.monotonic() < until:
            # Again and again: the question may be on its way still.
            os.kill(self.process.pid or 0, DROP)
            if not self.settle(0.1):
                return
        if not self.free:
            self.end()

    def settle(self, patience: float) -> bool:
        """Read up to the last message of a question; whether the process lives on."""
        try:
            while self.line.poll(patience):
                if self.line.recv() == END:
                    self.free = True
                    break
        except (EOFError, OSError):
            self.end()
            return False
        return True

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.line.close()


class Pool:
    """A question more at once than there are cores, within limits; others wait for their turn."""

    def __init__(self) -> None:
        self.size = min(MOST, available_cpus() + 1)
        self._turn = threading.BoundedSemaphore(self.size)
        self._lock = threading.Lock()
        self._idle: list[Worker] = [Worker()]
        self._all = set(self._idle)
        self._closed = False

    @property
    def lent(self) -> set[Worker]:
        """Those that answer a question now."""
        with self._lock:
            return {one for one in self._all if one.alive} - set(self._idle)

    @contextmanager
    def lend(self, client: str, gone: Callable[[], bool]) -> Iterator[Worker | None]:
        """A worker, the one that knows the client best; None if the client has gone meanwhile."""
        while not self._turn.acquire(timeout=0.1):
            if gone() or self._closed:
                yield None
                return
        try:
            worker = self._take(client)
            try:
                yield worker
            finally:
                if not worker.free:
                    worker.drop()
                self._put(worker)
        finally:
            self._turn.release()

    def _take(self, client: str) -> Worker:
        with self._lock:
            known = [one for one in self._idle if one.alive]
            best = next((one for one in known if one.client == client), None)
            chosen = best or (known[-1] if known else Worker())
            self._idle = [one for one in known if one is not chosen]
            self._all = {one for one in self._all if one.alive} | {chosen}
        chosen.client = client
        return chosen

    def _put(self, worker: Worker) -> None:
        with self._lock:
            if worker.alive and not self._closed:
                self._idle.append(worker)
            else:
                self._all.discard(worker)

    def close(self) -> None:
        """End all processes."""
        self._closed = True
        with self._lock:
            for worker in self._all:
                worker.process.kill()
            for worker in self._all:
                worker.process.join()

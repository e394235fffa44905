"""Processes that answer the page: lent for one question at a time, and told when to drop it."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing import Pipe
from multiprocessing.sharedctypes import RawValue
from typing import Any

import psutil

from bbpscape.explore.worker import DROP, END, REST, serve
from bbpscape.simulation.parallel import available_cpus
from bbpscape.simulation.processes import start_process

PATIENCE = 2.0  # seconds for a question to be dropped; then its process is ended
START = 60.0  # seconds for a process to be ready
MOST = 4
SPARE = 2  # processes beyond those, for urgent questions that have waited
LARGE = 400 * 2**20  # bytes of a process between two questions
TRIES = 3  # processes that end before they are ready, after which it is said
# Seconds; then a slow question is to be asked again, and an urgent one gets a process: another if
# that which knows the model has not dropped its last question.
TURNS = 1.0
KEPT = 0.5  # seconds for which a process that dropped a question is its client's: it asks again
TURN = 0.1  # seconds between two looks whether somebody waits still


class Worker:
    """One process and the line to it."""

    def __init__(self) -> None:
        self.line, other = Pipe()
        # Whether it is to rest within what it does.
        self.resting = RawValue("b", 0)
        self.process = start_process(partial(serve, resting=self.resting), other)
        other.close()
        # Of two threads that wait for a process at once, one would take it for alive.
        self._waiting = threading.Lock()
        self.client = ""
        self.slow = self.urgent = False
        self.kept = 0.0  # until then for its client alone
        # It says so when it is ready.
        self.free = False

    @property
    def alive(self) -> bool:
        with self._waiting:
            return self.process.is_alive()

    @property
    def large(self) -> bool:
        """Whether what it remembers of many models takes too much: another begins afresh."""
        try:
            return psutil.Process(self.process.pid).memory_info().rss > LARGE
        except psutil.Error:
            return True

    def ask(self, view: str, query: str) -> None:
        self.free = False
        try:
            self.line.send((view, query))
        except OSError as error:
            raise EOFError from error

    def hear(self) -> dict[str, Any]:
        """Its next message; EOFError if it has ended."""
        try:
            found: dict[str, Any] = self.line.recv()
        except OSError as error:
            raise EOFError from error
        return found

    def rest(self, resting: bool) -> None:
        """Rest within whatever it does, or go on."""
        if REST is not None and resting != bool(self.resting.value) and self.alive:
            self.resting.value = resting
            if resting:
                with suppress(ProcessLookupError):
                    os.kill(self.process.pid or 0, REST)

    def drop(self) -> None:
        """End what it does: by a signal, or with the process."""
        if DROP is None or not self.alive:
            self.end()
            return
        until = time.monotonic() + PATIENCE
        while not self.free and time.monotonic() < until:
            # Again and again: the question may be on its way still.
            with suppress(ProcessLookupError):
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
        self.stop()
        self.line.close()

    def stop(self) -> None:
        self.process.kill()
        with self._waiting:
            self.process.join()


class Unavailable(Exception):
    """No process answers, for the reason given; without one the question may be asked again."""


class Pool:
    """A question more at once than there are cores, within limits; others wait for their turn.

    One process begins with the pool. Others follow when it has answered, so that the first
    picture need not share the cores with them, one more than are busy. Slow questions leave one
    process to quick ones; and where some of these take long after all, urgent ones get another.
    While an urgent question is answered, of a slider that moves, all that are not urgent rest.
    """

    def __init__(self) -> None:
        self.size = max(2, min(MOST, available_cpus() + 1))
        self._changed = threading.Condition()
        self._idle: list[Worker] = []
        self._all: set[Worker] = set()
        self._closed = self._warm = False
        self._failed = self._hurry = 0  # processes that did not start; urgent questions that wait
        with self._changed:
            self._add(self.size)

    @property
    def lent(self) -> set[Worker]:
        """Those that answer a question now."""
        with self._changed:
            return {one for one in self._all if one.client and one.alive} - set(self._idle)

    @contextmanager
    def lend(
        self, client: str, gone: Callable[[], bool], slow: bool = False, urgent: bool = False
    ) -> Iterator[Worker | None]:
        """A worker, the one that knows the client best; None if the client has gone meanwhile.

        Raises
        ------
        Unavailable
            If none can be started, or others ask slow questions too.
        """
        with self._changed:
            self._hurry += urgent
        try:
            worker = self._wait(client, gone, slow, urgent)
        finally:
            with self._changed:
                self._hurry -= urgent
        try:
            yield worker
        finally:
            if worker is not None:
                if not worker.free:
                    worker.drop()
                    worker.kept = time.monotonic() + KEPT * urgent
                self._put(worker)

    def _wait(
        self, client: str, gone: Callable[[], bool], slow: bool, urgent: bool
    ) -> Worker | None:
        until = time.monotonic() + TURNS
        while not (self._closed or gone()):
            with self._changed:
                if self._failed >= TRIES:
                    self._failed = 0
                    raise Unavailable("no process could be started to compute with")
                late = time.monotonic() > until
                if slow and self._crowded and late:
                    # A browser has few connections: a slow question that waits must hold none.
                    raise Unavailable
                worker = None
                first = urgent or not self._hurry
                if first and (late or not self._returns(client)):
                    most = self.size + SPARE * (late and urgent)
                    worker = self._take(client, slow, most)
                if worker is not None:
                    worker.urgent = urgent
                    self._let_rest()
                    return worker
                self._changed.wait(TURN)
        return None

    def _returns(self, client: str) -> bool:
        """Whether the process that knows the client best is about to drop its last question."""
        return any(one.client == client and one not in self._idle for one in self._all)

    def _let_rest(self) -> None:
        lent = [one for one in self._all if one.client and one not in self._idle]
        urgent = any(one.urgent for one in lent)
        for one in lent:
            one.rest(urgent and not one.urgent)

    def _take(self, client: str, slow: bool, most: int) -> Worker | None:
        self._all = {one for one in self._all if one.alive}
        known = [one for one in self._idle if one in self._all]
        chosen = None
        if known and not (slow and self._crowded):
            now = time.monotonic()
            free = [one for one in known if one.client == client or one.kept < now]
            mine = (one for one in free if one.client == client)
            chosen = next(mine, free[-1] if free else None)
        if chosen is not None:
            chosen.client, chosen.slow = client, slow
            # While it is busy, quick questions need another.
            self._warm |= slow
        self._idle = [one for one in known if one is not chosen]
        if not self._all or (self._warm and not self._idle and self._starting == 0):
            self._add(most)
        return chosen

    @property
    def _crowded(self) -> bool:
        """Whether slow questions take all processes but one."""
        return sum(one.slow for one in self._all if one not in self._idle) >= self.size - 1

    @property
    def _starting(self) -> int:
        return sum(not one.client for one in self._all if one not in self._idle)

    def _add(self, most: int) -> None:
        """Begin a process unless there are so many; it is one of the idle when it is ready."""
        if len(self._all) >= most or self._closed:
            return
        worker = Worker()
        self._all.add(worker)

        def ready() -> None:
            worker.settle(START)
            self._failed = 0 if worker.free else self._failed + 1
            self._put(worker)

        threading.Thread(target=ready, daemon=True).start()

    def _put(self, worker: Worker) -> None:
        with self._changed:
            self._warm |= bool(worker.client)
            worker.urgent = False
            worker.rest(False)
            kept = worker.free and worker.alive and not (worker.client and worker.large)
            # One more than usual goes when another is free too.
            spare = len(self._all) > self.size and bool(self._idle)
            if kept and not spare and not self._closed:
                self._idle.append(worker)
            else:
                self._all.discard(worker)
                worker.stop()
            self._let_rest()
            self._changed.notify_all()

    def close(self) -> None:
        """End all processes."""
        with self._changed:
            self._closed = True
            for worker in self._all:
                worker.process.kill()
            for worker in self._all:
                worker.stop()
            self._changed.notify_all()

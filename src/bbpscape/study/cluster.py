"""The workers of a Dask scheduler, which may come and go."""

import logging
import math
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bbpscape.core.checks import InvalidInput, text
from bbpscape.simulation.processes import pack
from bbpscape.study.crew import Crew, ExecutorLost
from bbpscape.study.work import Job

LOOK = 5.0  # seconds between looks at the size of a cluster
CONNECT = 10.0  # seconds that a scheduler has to answer
WAIT = 0.2  # seconds between looks for the first worker
PORT = 8786  # of a scheduler, unless it is told another
GREETING = b"pickle-protocol"  # in the first words of a scheduler
# What Dask tells of a scheduler that is gone: dozens of lines, where one is enough.
LOGGERS = ("distributed", "distributed.client", "distributed.core", "tornado.application")


class Cluster(Crew):
    """The workers of a Dask scheduler, which may grow and shrink: twice their threads in flight."""

    patience = LOOK

    def __init__(self, client: Any, job: Job) -> None:
        # pure=False: a task that is asked for again is computed again.
        pool = client.get_executor(pure=False)
        super().__init__("Dask", pool, pack(job, "an observable or the model"), 1)
        self._client, self._looked = client, -math.inf

    @property
    def width(self) -> int:
        if time.monotonic() - self._looked > LOOK:
            self._looked = time.monotonic()
            try:
                threads = sum(self._client.nthreads().values())
            except (OSError, ValueError) as error:  # ValueError: the client has closed
                raise self.lost() from error
            self._width = 2 * max(threads, 1)
        return self._width

    def start(self, waits: Callable[[str], None] = lambda what: None) -> None:
        while not self._client.nthreads():
            self.require_life()
            waits("no Dask worker has come yet")
            time.sleep(WAIT)
        told = self._client.run(_what_is_lacking())
        for address, reason in told.items():
            if reason:
                raise InvalidInput(
                    f"the Dask worker {address} cannot do this work ({reason}): install bbpscape "
                    "on each node"
                )
        super().start(waits)

    def unstarted(self) -> ExecutorLost:
        return self.lost()

    def complain(self) -> None:
        # A lost scheduler leaves errors of many kinds in its futures.
        self.require_life()

    def require_life(self) -> None:
        if self._client.status != "running":
            raise self.lost()


def check_address(address: str) -> None:
    """InvalidInput unless a scheduler is there, of which Dask itself would never be sure."""
    found = re.fullmatch(r"(?:(tcp|tls)://)?(\[[0-9a-fA-F:.]+\]|[^\s:/\[\]]+):(\d{1,5})/?", address)
    if found is None or not 0 < int(found[3]) < 2**16:
        raise InvalidInput(f"a scheduler is an address such as tcp://HOST:{PORT}, got {address!r}")
    try:
        with socket.create_connection((found[2].strip("[]"), int(found[3])), CONNECT) as link:
            # A scheduler speaks first, unless it waits for a client's TLS.
            if found[1] != "tls" and GREETING not in link.recv(4096):
                raise OSError("what listens there is no Dask scheduler")
    except OSError as error:
        reason = error.strerror or error
        raise InvalidInput(f"no Dask scheduler answers at {address!r}: {reason}") from None


@contextmanager
def cluster(address: str, job: Job) -> Iterator[Cluster]:
    """The workers of the scheduler at ``address``, "tcp://HOST:8786" or "HOST:8786".

    Raises
    ------
    InvalidInput
        If it is no such address, nothing answers there, or Dask is not installed.
    """
    check_address(text("scheduler", address))
    try:
        from distributed import Client
    except ImportError:
        raise InvalidInput(
            "a scheduler needs Dask: install bbpscape with the extra cluster"
        ) from None
    with _quiet():
        try:
            client = Client(address, timeout=CONNECT, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise InvalidInput(f"no Dask scheduler answers at {address!r}: {error}") from None
        with client:
            yield Cluster(client, job)


@contextmanager
def _quiet() -> Iterator[None]:
    """What is wrong with a cluster is said by this process, in one line."""
    levels = {one: one.level for one in map(logging.getLogger, LOGGERS)}
    for one in levels:
        one.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for one, level in levels.items():
            one.setLevel(level)


def _what_is_lacking() -> Callable[[], str]:
    """A function that a node can run without the package, for it is sent as a whole."""

    def lacking() -> str:
        try:
            import bbpscape.study.work  # noqa: F401
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return ""

    return lacking

"""The workers of a Dask scheduler, which may come and go."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bbpscape.simulation.processes import pack
from bbpscape.simulation.scheduler import ExecutorLost, await_workers, connected
from bbpscape.study.crew import Crew
from bbpscape.study.work import Job

LOOK = 5.0  # seconds between looks at the size of a cluster


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
        await_workers(self._client, "bbpscape.study.work", waits, self.require_life)
        super().start(waits)

    def unstarted(self) -> ExecutorLost:
        return self.lost()

    def complain(self) -> None:
        # A lost scheduler leaves errors of many kinds in its futures.
        self.require_life()

    def require_life(self) -> None:
        if self._client.status != "running":
            raise self.lost()


@contextmanager
def cluster(address: str, job: Job) -> Iterator[Cluster]:
    """The workers of the scheduler at ``address``; see ``connected``."""
    with connected(address) as client:
        yield Cluster(client, job)

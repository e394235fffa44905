"""Consecutive rows on the workers of a Dask scheduler, and sums over them.

A shard is the result of a task that needs the stream's state at its first row and nothing else, so
that Dask makes it anew, and what follows from it, when its worker is lost.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bbpscape.simulation.data.sampler import Sampler
from bbpscape.simulation.samples import PANEL_ROWS
from bbpscape.simulation.scheduler import ExecutorLost
from bbpscape.simulation.sharded import tasks

LOOK = 5.0  # seconds after which a scheduler that says nothing is looked after
LOST = ("KilledWorker", "CommClosedError", "FutureCancelledError", "CancelledError")


class Crew:
    """Tasks on the workers of a client.

    Parameters
    ----------
    client : distributed.Client
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def submit(self, task: Any, *arguments: Any, at: str | None = None) -> Any:
        """A future; the task goes to the worker ``at``, or wherever if that is gone."""
        where = {} if at is None else {"workers": [at], "allow_other_workers": True}
        return self._client.submit(task, *arguments, pure=False, **where)

    def result(self, future: Any) -> Any:
        """What a task gave.

        Raises
        ------
        ExecutorLost
            If the scheduler is gone, or workers died of the task again and again.
        """
        while True:
            try:
                return future.result(timeout=LOOK)
            except TimeoutError:
                self._require_life()
            except Exception as error:
                self._require_life()
                if type(error).__name__ in LOST:
                    raise ExecutorLost(
                        "workers died again and again at their rows of X: use more of them, or "
                        "give them more memory"
                    ) from None
                raise

    def total(self, parts: Sequence[Any]) -> Any:
        """The future of a sum, by pairs."""
        while len(parts) > 1:
            pairs = zip(parts[::2], parts[1::2], strict=False)
            parts = [*(self.submit(tasks.add, *pair) for pair in pairs), *parts[len(parts) & ~1 :]]
        return parts[0]

    def _require_life(self) -> None:
        if self._client.status != "running":
            raise ExecutorLost("the Dask scheduler is gone: start one, and run again")


def spread(samples: int, threads: dict[str, int]) -> Iterator[tuple[str, slice]]:
    """(worker, rows): whole panels of rows, in turn and as evenly as can be, one run a thread.

    >>> list(spread(1600, {"a": 1, "b": 2}))
    [('a', slice(0, 1024, None)), ('b', slice(1024, 1536, None)), ('b', slice(1536, 1600, None))]
    """
    panels = -(-samples // PANEL_ROWS)
    places = [name for name, count in threads.items() for _ in range(count)][:panels]
    for place, part in zip(places, np.array_split(np.arange(panels), len(places)), strict=True):
        first, last = int(part[0]), int(part[-1])
        yield place, slice(first * PANEL_ROWS, min((last + 1) * PANEL_ROWS, samples))


class Shards:
    """X of M rows, from the next numbers of a generator, which is left behind the last of them.

    The shards are drawn one after the other, each from the state that the one before it left: that
    takes as long as on one machine, and no number is drawn twice.

    Parameters
    ----------
    crew : Crew
    threads : dict
        Of each worker, by its address.
    sampler : Sampler
    samples : int
    generator : Generator
    """

    def __init__(
        self,
        crew: Crew,
        threads: dict[str, int],
        sampler: Sampler,
        samples: int,
        generator: np.random.Generator,
    ) -> None:
        self.crew = crew
        self.rows: list[slice] = []
        self.drawn: list[Any] = []
        bits = generator.bit_generator
        shared = crew.submit(tasks.kept, sampler)
        for place, rows in spread(samples, threads):
            shard = crew.submit(tasks.drawn, shared, type(bits), bits.state, rows, at=place)
            bits.state = crew.result(crew.submit(tasks.state_after, shard))
            self.rows.append(rows)
            self.drawn.append(shard)

    def split(self, array: NDArray) -> list[NDArray]:
        """The rows of an array, as those of X."""
        return [array[rows] for rows in self.rows]

    def each(self, task: Any, *arguments: Sequence[Any]) -> list[Any]:
        """Futures of a task of each shard, with its own of each of the arguments."""
        return [self.crew.submit(task, *one) for one in zip(*arguments, strict=True)]

    def joined(self, futures: Sequence[Any]) -> NDArray:
        """Rows of all shards."""
        return np.concatenate([self.crew.result(one) for one in futures])

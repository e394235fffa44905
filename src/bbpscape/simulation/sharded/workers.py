"""The workers that share the rows of a draw: whether they can, and whether they have the room."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bbpscape.core.checks import InvalidInput, choice
from bbpscape.core.memory import GIB
from bbpscape.core.progress import line
from bbpscape.simulation.data.source import Source
from bbpscape.simulation.eigen.cost_model import CostModel
from bbpscape.simulation.scheduler import ExecutorLost, await_workers, connected
from bbpscape.simulation.sharded import tasks
from bbpscape.simulation.sharded.shards import spread


def check_sharded(
    source: Source, method: str, device: str, stream: bool, workers: int | None
) -> None:
    """InvalidInput where an option does not go with rows on the workers of a scheduler."""
    if source.inputs is not None:
        raise InvalidInput("rows of your own are on this machine: leave out scheduler")
    choice("method with a scheduler", method, ("auto", "iterative"))
    if device != "cpu" or stream or workers is not None:
        raise InvalidInput(
            "a scheduler's workers hold the inputs and multiply by them: leave out device, stream "
            "and workers"
        )


@contextmanager
def workers_of(address: str, cost: CostModel) -> Iterator[Any]:
    """A client of the scheduler whose workers will hold a draw.

    Raises
    ------
    InvalidInput
        If there is no scheduler, or a worker has no room for its rows.
    ExecutorLost
        If the scheduler goes before a worker comes.
    """
    with connected(address) as client:

        def require_life() -> None:
            if client.status != "running":
                raise ExecutorLost("the Dask scheduler is gone: start one, and run again")

        with line(logged=True) as shown:
            await_workers(client, tasks.__name__, shown.show, require_life)
        _require_room(client, cost)
        yield client


def _require_room(client: Any, cost: CostModel) -> None:
    """InvalidInput where the workers of a node need more memory than it has left."""
    needed: dict[str, int] = {}
    known = client.scheduler_info(n_workers=-1)["workers"]
    host = {address: entry["host"] for address, entry in known.items()}
    for address, rows in spread(cost.M, client.nthreads()):
        node = host.get(address, address)
        needed[node] = needed.get(node, 0) + cost.share_bytes(rows.stop - rows.start)
    for address, free in client.run(tasks.free_bytes).items():
        node = host.get(address, address)
        if needed.get(node, 0) > free:
            raise InvalidInput(
                f"N = {cost.N} needs {needed[node] / GIB:.3g} GiB on the Dask workers of {node}, "
                f"where {free / GIB:.3g} GiB is available: start workers on more machines"
            )
